//! Closing and refreshing a cell together with what was built on it.

use crate::cell::close::Closing;
use crate::cell::provide::ProvideError;
use crate::cell::raw_cell::RawCell;
use crate::declared::any_cell::AnyCell;
use crate::declared::async_cell::{AsyncCell, DeclaredAsync};
use crate::declared::provided::Provided;
use crate::declared::static_cell::{Declared, StaticCell};
use crate::error::Error;
use crate::info::{CellInfo, DependencyKind};
use crate::payload::lease::Ref;
use crate::payload::payload_type::Payload;
use crate::program::graph::{self, Graph};
use crate::program::schedule::Schedule;
use std::collections::VecDeque;
use std::future::Future;

impl<T: Payload, D: Declared<T>> StaticCell<T, D> {
    /// Closes all cells that were built on this one, directly or through others, and then this one.
    ///
    /// Dependents are the declared ones and those that were observed. All payloads are out of reach before the first is
    /// disposed. So nothing that was built on this one stays reachable or is disposed after it, except that a lease
    /// which is out delays the disposal of its payload.
    ///
    /// ```
    /// use cells::runtime_cell;
    ///
    /// #[runtime_cell]
    /// fn limit() -> u32 {
    ///     100
    /// }
    ///
    /// #[runtime_cell]
    /// fn twice(limit: &u32) -> u32 {
    ///     2 * limit
    /// }
    ///
    /// drop(twice());
    /// LIMIT.invalidate_with_dependents();
    /// assert!(!TWICE.is_ready() && !LIMIT.is_ready());
    /// ```
    pub fn invalidate_with_dependents(&'static self) {
        for closing in unpublish(D::INFO, vec![self.raw().unpublish()]) {
            let _ = closing.settle();
        }
    }

    /// Does the same if `generation` is the published one; otherwise changes nothing.
    ///
    /// So when many callers find at the same time that a payload does not work, it is built again once. One of them ends what
    /// was built on it; the others may return before it has.
    ///
    /// ```
    /// use cells::{Ref, runtime_cell};
    ///
    /// # #[runtime_cell]
    /// # fn connection() -> u32 { 1 }
    /// # #[runtime_cell]
    /// # fn statements(connection: &u32) -> u32 { *connection }
    /// drop(statements());
    /// let broken = connection();
    /// // Closes both, unless somebody else has connected again.
    /// CONNECTION.invalidate_generation_with_dependents(Ref::generation(&broken));
    /// assert!(!STATEMENTS.is_ready());
    /// ```
    pub fn invalidate_generation_with_dependents(&'static self, generation: u64) {
        for closing in unpublish_generation(D::INFO, self.raw(), generation) {
            let _ = closing.settle();
        }
    }

    /// Refreshes this cell, and then all cells that were built on it, each after what it depends on.
    ///
    /// Every payload is built before it is swapped in, so readers always get one. Dependents without a payload stay
    /// without one. What depends on a cell that could not be rebuilt keeps its old payload. Asynchronous dependents are
    /// built on this thread, which blocks until they are; not on the only thread of a tokio runtime, where they fail with
    /// [`RuntimeBlocked`](crate::RuntimeBlocked).
    ///
    /// ```
    /// use cells::runtime_cell;
    /// use std::sync::atomic::{AtomicU32, Ordering};
    ///
    /// static FILE: AtomicU32 = AtomicU32::new(100); // as it were
    ///
    /// #[runtime_cell]
    /// fn limit() -> u32 {
    ///     FILE.load(Ordering::Relaxed)
    /// }
    ///
    /// #[runtime_cell]
    /// fn twice(limit: &u32) -> u32 {
    ///     2 * limit
    /// }
    ///
    /// assert_eq!(*twice(), 200);
    /// FILE.store(150, Ordering::Relaxed);
    /// LIMIT.refresh_with_dependents()?;
    /// assert_eq!(*twice(), 300);
    /// # Ok::<(), cells::Error>(())
    /// ```
    ///
    /// # Errors
    /// Those of [`refresh`](Self::refresh), or the first error of a dependent.
    ///
    /// # Panics
    /// With the panic of the first factory that panics.
    pub fn refresh_with_dependents(&'static self) -> Result<Ref<'static, T>, Error> {
        let lease = self.refresh()?;
        rebuild(D::INFO, AnyCell::rebuild).map(|()| lease)
    }

    /// Provides a value in the place of what is there, and then refreshes all cells that were built on this one, as
    /// [`refresh_with_dependents`](Self::refresh_with_dependents) does.
    ///
    /// ```
    /// use cells::runtime_cell;
    ///
    /// #[runtime_cell(provided)]
    /// fn limit() -> u32 {
    ///     100
    /// }
    ///
    /// #[runtime_cell]
    /// fn twice(limit: &u32) -> u32 {
    ///     2 * limit
    /// }
    ///
    /// assert_eq!(*twice(), 200);
    /// LIMIT.replace_with_dependents(150)?;
    /// assert_eq!(*twice(), 300);
    /// # Ok::<(), cells::BoxError>(())
    /// ```
    ///
    /// # Errors
    /// Outside that the value was refused, as by [`replace`](Self::replace); nothing is refreshed then. Inside the first
    /// error of a dependent. So a function that may return either calls this with `??`.
    ///
    /// # Panics
    /// With the panic of the first factory that panics.
    pub fn replace_with_dependents(&'static self, value: T) -> Result<Result<(), Error>, ProvideError<T>>
    where
        D: Provided,
    {
        self.replace(value).map(|()| rebuild(D::INFO, AnyCell::rebuild))
    }
}

impl<T: Payload, D: DeclaredAsync<T>> AsyncCell<T, D> {
    /// Does what [`StaticCell::invalidate_with_dependents`] does, in a task.
    pub async fn invalidate_with_dependents(&'static self) {
        for closing in unpublish(D::INFO, vec![self.any().here().unpublish()]) {
            let _ = closing.settle_async().await;
        }
    }

    /// Does what [`StaticCell::invalidate_generation_with_dependents`] does, in a task.
    pub async fn invalidate_generation_with_dependents(&'static self, generation: u64) {
        for closing in unpublish_generation(D::INFO, self.any().here(), generation) {
            let _ = closing.settle_async().await;
        }
    }

    /// Does what [`StaticCell::refresh_with_dependents`] does, in a task.
    ///
    /// # Errors
    /// Those of [`refresh`](Self::refresh), or the first error of a dependent.
    ///
    /// # Panics
    /// With the panic of the first factory that panics.
    pub async fn refresh_with_dependents(&'static self) -> Result<Ref<'static, T>, Error> {
        let lease = self.refresh().await?;
        rebuild_async(D::INFO, AnyCell::rebuild_async).await.map(|()| lease)
    }

    /// Does what [`StaticCell::replace_with_dependents`] does, in a task.
    ///
    /// # Errors
    /// Outside that the value was refused, as by [`replace`](Self::replace); inside the first error of a dependent.
    ///
    /// # Panics
    /// With the panic of the first factory that panics.
    pub async fn replace_with_dependents(
        &'static self,
        value: T,
    ) -> Result<Result<(), Error>, ProvideError<T>>
    where
        D: Provided,
    {
        self.replace(value)?;
        Ok(rebuild_async(D::INFO, AnyCell::rebuild_async).await)
    }
}

/// Refreshes the dependents of a cell, each after what it depends on, by a function that rebuilds one of them; returns their
/// first error.
pub(crate) fn rebuild(cell: &CellInfo, one: impl Fn(AnyCell) -> Result<(), Error>) -> Result<(), Error> {
    let mut dependents = Dependents::of(cell);
    while let Some((node, cell)) = dependents.next_to_rebuild() {
        dependents.rebuilt(node, one(cell));
    }
    dependents.first_error.map_or(Ok(()), Err)
}

/// The same in a task.
pub(crate) async fn rebuild_async<F: Future<Output = Result<(), Error>>>(
    cell: &CellInfo,
    one: impl Fn(AnyCell) -> F,
) -> Result<(), Error> {
    let mut dependents = Dependents::of(cell);
    while let Some((node, cell)) = dependents.next_to_rebuild() {
        let outcome = one(cell).await;
        dependents.rebuilt(node, outcome);
    }
    dependents.first_error.map_or(Ok(()), Err)
}

/// Unpublishes a generation, and then the payloads of all dependents, if it is the published one.
pub(crate) fn unpublish_generation(
    cell: &CellInfo,
    raw: &'static RawCell,
    generation: u64,
) -> Vec<Closing<'static>> {
    let mut is_published = false;
    let own = raw.close_if(|published| {
        is_published = published == Some(generation);
        is_published
    });
    if is_published { unpublish(cell, vec![own]) } else { vec![own] }
}

/// Unpublishes the payloads of all dependents of a cell whose own payload is unpublished already; returns what is left to
/// do, in order.
///
/// Each follows what it depends on: a dependent that is built again meanwhile is built on new payloads, or unpublished
/// after that. Meanwhile a factory may be observed to use a cell for the first time, and may have got an old payload. So
/// this is repeated until there is nothing new.
pub(crate) fn unpublish(cell: &CellInfo, own: Vec<Closing<'static>>) -> Vec<Closing<'static>> {
    let mut closings = own;
    let mut known = 0;
    loop {
        let Dependents { graph, to_rebuild, dependent, .. } = Dependents::of(cell);
        let dependents: Vec<_> = to_rebuild.into_iter().filter(|&node| dependent[node]).collect();
        if dependents.len() == known {
            closings.reverse();
            return closings;
        }
        known = dependents.len();
        for node in dependents {
            closings.extend(graph.nodes[node].cell.unpublish());
        }
    }
}

/// The cells whose payloads may have been built on that of one cell, directly or through others.
struct Dependents {
    graph: Graph,
    schedule: Schedule,
    dependent: Vec<bool>,
    /// The nodes that are left, in the order of their dependencies.
    to_rebuild: VecDeque<usize>,
    /// The nodes that keep an old payload.
    stale: Vec<bool>,
    first_error: Option<Error>,
}

impl Dependents {
    fn of(cell: &CellInfo) -> Self {
        let graph = graph::of_listed();
        let schedule = Schedule::to_build(&graph);
        Self {
            dependent: dependents(&graph, cell),
            to_rebuild: schedule.sequence().into(),
            stale: vec![false; graph.nodes.len()],
            first_error: None,
            schedule,
            graph,
        }
    }

    /// The next dependent all of whose dependencies are rebuilt.
    fn next_to_rebuild(&mut self) -> Option<(usize, AnyCell)> {
        loop {
            let node = self.to_rebuild.pop_front()?;
            if self.dependent[node] {
                self.stale[node] = self.schedule.before(node).iter().any(|&before| self.stale[before]);
                if !self.stale[node] {
                    return Some((node, self.graph.nodes[node].cell));
                }
            }
        }
    }

    fn rebuilt(&mut self, node: usize, outcome: Result<(), Error>) {
        if let Err(error) = outcome {
            self.stale[node] = true;
            self.first_error.get_or_insert(error);
        }
    }
}

/// For each node, whether its payload may have been built on that of `cell`, directly or through others.
fn dependents(graph: &Graph, cell: &CellInfo) -> Vec<bool> {
    let mut dependents = vec![false; graph.nodes.len()];
    let mut stack: Vec<_> =
        (0..graph.nodes.len()).filter(|&node| graph.nodes[node].cell.info().id() == cell.id()).collect();
    let mut directly = vec![Vec::new(); graph.nodes.len()];
    for edge in graph.edges.iter().filter(|edge| edge.kind != DependencyKind::After) {
        directly[edge.to].push(edge.from);
    }
    while let Some(at) = stack.pop() {
        stack.extend(directly[at].iter().filter(|&&on| !std::mem::replace(&mut dependents[on], true)));
    }
    // Observed edges may lead around a circle.
    for (node, dependent) in dependents.iter_mut().enumerate() {
        *dependent &= graph.nodes[node].cell.info().id() != cell.id();
    }
    dependents
}
