//! Sandboxes: tests of one process that share no cell. Here a test says which cells it has of its own and what is in them;
//! [`entered`](crate::program::entered) is what follows.

use crate::cell::twin::{Members, TwinFactory, Twins};
use crate::declared::any_cell::AnyCell;
use crate::declared::factory_output::FactoryOutput;
use crate::declared::sandboxed::{AsyncSandboxCell, SandboxCell};
use crate::flight::observed_calls;
use crate::info::{CellInfo, DependencyKind};
use crate::payload::lease::AnyPayload;
use crate::program::all_cells;
use crate::program::entered::EnteredSandbox;
use crate::sync::executor::BoxFuture;
use crate::sync::world::World;
use std::any::TypeId;
use std::collections::{HashMap, HashSet};
use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

/// Cells that are a test's own, before it [enters](Self::enter).
///
/// Inside, every declared cell is the sandbox's: empty at first, built when it is first asked for, and closed at the end.
/// Two sandboxes never see each other's cells, so tests run in parallel in one process, although the program names its
/// cells by statics. See the [module](crate::testing).
///
/// ```
/// use cells::runtime_cell;
/// use cells::testing::Sandbox;
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
/// let test = |limit| {
///     std::thread::spawn(move || {
///         let _cells = Sandbox::new().put(&LIMIT, limit).enter();
///         *twice()
///     })
/// };
/// let (one, two) = (test(1), test(2));
/// assert_eq!((one.join().unwrap(), two.join().unwrap()), (2, 4));
/// assert_eq!(*twice(), 200);
/// ```
#[doc(alias("mock", "fake", "test isolation", "override"))]
#[must_use = "a sandbox does nothing until it is entered"]
pub struct Sandbox {
    /// The cells that it has alone, if it does not have all; those that depend on them are added.
    only: Option<HashSet<TypeId>>,
    shared: Vec<AnyCell>,
    factories: HashMap<TypeId, (AnyCell, TwinFactory)>,
    payloads: Vec<(AnyCell, AnyPayload)>,
    limit: Duration,
}

/// How long leaving may take, if the test does not say.
const DEFAULT_LIMIT: Duration = Duration::from_secs(10);

impl Default for Sandbox {
    fn default() -> Self {
        Self::new()
    }
}

impl Sandbox {
    /// Creates a sandbox that has every declared cell of its own.
    ///
    /// The [type](Self) has an example.
    pub fn new() -> Self {
        Self {
            only: None,
            shared: Vec::new(),
            factories: HashMap::new(),
            payloads: Vec::new(),
            limit: DEFAULT_LIMIT,
        }
    }

    /// Creates a sandbox that has these cells of its own, and all that depend on them: by declaration, or as the process
    /// has observed so far. All others are the process's.
    ///
    /// ```
    /// # use cells::runtime_cell;
    /// # use cells::testing::Sandbox;
    /// # #[runtime_cell]
    /// # fn clock() -> u32 { 1 }
    /// let _cells = Sandbox::only([CLOCK.any()]).enter();
    /// ```
    pub fn only(cells: impl IntoIterator<Item = AnyCell>) -> Self {
        let only = cells.into_iter().map(|cell| cell.info().id()).collect();
        Self { only: Some(only), ..Self::new() }
    }

    /// Puts a ready-made payload into a cell, when the sandbox is entered. If the test closes or refreshes the cell, its
    /// factory builds the next payload.
    ///
    /// The [type](Self) has an example.
    pub fn put<C: SandboxCell>(mut self, cell: &'static C, payload: C::Payload) -> Self {
        self.payloads.push((C::__any(cell), C::__published(payload)));
        self
    }

    /// Builds the payload of a cell by another factory than the declared one. It may be called several times, and what it
    /// asks for is the sandbox's. The cell's adjuster is applied to it, and the payload is disposed as always.
    ///
    /// ```
    /// use cells::runtime_cell;
    /// use cells::testing::Sandbox;
    ///
    /// #[runtime_cell(cooldown = "5s")]
    /// fn port() -> Result<u16, std::num::ParseIntError> {
    ///     "8080".parse()
    /// }
    ///
    /// // How does the program take it that its configuration is broken?
    /// let _cells = Sandbox::new().factory(&PORT, || "http".parse()).enter();
    /// assert!(port().is_err());
    /// assert!(port().unwrap_err().is_cooldown());
    /// ```
    pub fn factory<C: SandboxCell, R: FactoryOutput<C::Payload>>(
        self,
        cell: &'static C,
        factory: impl Fn() -> R + Send + Sync + 'static,
    ) -> Self {
        let build = move || R::into_result(factory(), None).map(C::__built);
        self.with_factory(C::__any(cell), TwinFactory::Sync(Arc::new(build)))
    }

    /// Does the same as [`factory`](Self::factory) for a cell whose factory is asynchronous.
    ///
    /// ```
    /// # pollster::block_on(async {
    /// use cells::runtime_cell;
    /// use cells::testing::Sandbox;
    ///
    /// #[runtime_cell]
    /// async fn session() -> String {
    ///     "s-1".to_owned()
    /// }
    ///
    /// let cells = Sandbox::new().factory_async(&SESSION, async || "of a test".to_owned()).enter();
    /// assert_eq!(session().await, "of a test");
    /// cells.leave().await;
    /// # });
    /// ```
    pub fn factory_async<C: AsyncSandboxCell, R: FactoryOutput<C::Payload>, F>(
        self,
        cell: &'static C,
        factory: impl Fn() -> F + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = R> + Send + 'static,
    {
        let build = move || -> BoxFuture<'static, _> {
            let built = factory();
            Box::pin(async { R::into_result(built.await, None).map(C::__built) })
        };
        self.with_factory(C::__any(cell), TwinFactory::Async(Arc::new(build)))
    }

    fn with_factory(mut self, cell: AnyCell, factory: TwinFactory) -> Self {
        self.factories.insert(cell.info().id(), (cell, factory));
        self
    }

    /// Leaves a cell to the process, and what it is declared to depend on. Its factory runs among the process's cells,
    /// whoever asks, and leaving the sandbox leaves it alone.
    ///
    /// ```
    /// use cells::runtime_cell;
    /// use cells::testing::Sandbox;
    ///
    /// #[runtime_cell]
    /// fn model() -> Vec<f32> {
    ///     vec![0.5; 8] // takes a minute
    /// }
    ///
    /// drop(model());
    /// let cells = Sandbox::new().share(&MODEL).enter();
    /// assert!(MODEL.is_ready()); // the process's
    /// drop(cells);
    /// assert!(MODEL.is_ready());
    /// ```
    pub fn share<C: SandboxCell>(mut self, cell: &'static C) -> Self {
        self.shared.push(C::__any(cell));
        self
    }

    /// Sets how long leaving may take altogether, for leases and disposers; 10 s if this is not called.
    ///
    /// ```
    /// use cells::testing::Sandbox;
    /// use std::time::Duration;
    ///
    /// let _cells = Sandbox::new().limit(Duration::from_secs(60)).enter(); // a disposer takes its time
    /// ```
    pub fn limit(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// Enters: from now on the calling thread is inside, and with the feature `tokio`, if it is called on a runtime,
    /// everything that runs there.
    ///
    /// The sandbox is left when the guard is dropped, or by [`leave`](EnteredSandbox::leave) in a task.
    ///
    /// The [type](Self) has an example.
    ///
    /// # Panics
    /// If a cell is both shared and put or given a factory; if two payloads are put into one cell; if the runtime is in a
    /// sandbox that was entered elsewhere.
    #[track_caller]
    pub fn enter(self) -> EnteredSandbox {
        let Self { only, shared, factories, payloads, limit } = self;
        let named: Vec<_> = factories
            .values()
            .map(|(cell, _)| *cell)
            .chain(payloads.iter().map(|(cell, _)| *cell))
            .map(|cell| cell.info())
            .collect();
        let members = members(only, &shared, &named);
        if let Some(cell) = named.iter().find(|cell| !members.has(cell)) {
            let name = cell.name;
            panic!(
                "cell `{name}` is shared with the process, by itself or with a cell that depends on it, so the \
                    sandbox has no payload or factory of its own for it: share it, or `put` it, not both"
            );
        }
        let world = World::create();
        let factories = factories.into_iter().map(|(id, (_, factory))| (id, factory)).collect();
        Twins::of(world).found(members, factories);
        let entered = EnteredSandbox::new(world, limit);
        for (cell, payload) in payloads {
            entered.put(cell, payload);
        }
        entered
    }
}

/// Which cells a sandbox has: those it was made for, without what is shared.
fn members(only: Option<HashSet<TypeId>>, shared: &[AnyCell], named: &[&CellInfo]) -> Members {
    let shared = closure(shared.iter().map(|cell| cell.info().id()).collect(), |from, to| (from, to));
    match only {
        None => Members::AllBut(shared),
        Some(mut only) => {
            only.extend(named.iter().map(|cell| cell.id()));
            let mut members = closure(only, |from, to| (to, from));
            members.retain(|cell| !shared.contains(cell));
            Members::Only(members)
        }
    }
}

/// Adds to some cells all that edges lead to, directly or through others; `direct` says which way an edge leads.
fn closure(
    mut cells: HashSet<TypeId>,
    direct: impl Fn(TypeId, TypeId) -> (TypeId, TypeId),
) -> HashSet<TypeId> {
    let declared = all_cells::listed().into_iter().flat_map(|cell| {
        let from = cell.info().id();
        let injected = |kind: DependencyKind| kind != DependencyKind::After;
        let dependencies =
            cell.info().dependencies.iter().filter(move |dependency| injected(dependency.kind));
        dependencies.map(move |dependency| (from, dependency.cell.id()))
    });
    let observed = observed_calls::all().into_iter().map(|(from, to)| (from.id(), to.id()));
    let edges: Vec<_> = declared.chain(observed).map(|(from, to)| direct(from, to)).collect();
    loop {
        let known = cells.len();
        for (from, to) in &edges {
            if cells.contains(from) {
                cells.insert(*to);
            }
        }
        if cells.len() == known {
            return cells;
        }
    }
}

impl fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sandbox").finish_non_exhaustive()
    }
}
