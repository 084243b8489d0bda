//! Sandboxes: tests of one process that share no cell.
//!
//! # Protocol
//!
//! What there is of a sandbox is its [`World`] and the [`Twins`] in it. What this file does is to begin and to end it:
//!
//! | step | what it does |
//! |---|---|
//! | a sandbox is entered | keeps sandboxes open ([`Open`]), as every handle and every bound runtime does; binds the thread, and the runtime; publishes what was put |
//! | it is left | lets nothing begin in it any more; closes what is there, dependents first; unbinds the thread |
//! | its runtime ends | unbinds the runtime |
//!
//! While anything is open, no read of a declared cell of the process takes the fast path. The first [`Open`] shuts the
//! slots of all cells, and the last one opens them; both under one lock, in which they are counted. A
//! runtime stays bound after its sandbox was left, so that a task which runs on finds cells that are shut down, and not
//! those of the process.

use crate::cell::raw_cell::RawCell;
use crate::cell::seed::SeedRefusal;
use crate::cell::twin::{Members, TwinFactory, Twins};
use crate::declared::any_cell::AnyCell;
use crate::declared::factory_output::FactoryOutput;
use crate::declared::sandboxed::{AsyncSandboxCell, SandboxCell};
use crate::error::{SharedError, find_error};
use crate::flight::observed_calls;
use crate::info::{CellInfo, DependencyKind};
use crate::payload::lease::AnyPayload;
use crate::program::all_cells;
use crate::program::close_all::{self, For, Limit};
use crate::program::shutdown;
use crate::program::shutdown_report::{ShutdownOutcome, ShutdownReport};
use crate::sync::executor::{BoxFuture, RuntimeBlocked, TaskId};
use crate::sync::world::{Bound, Scope, World, is_any_held, is_any_open, set_open};
use parking_lot::Mutex;
use std::any::TypeId;
use std::collections::{HashMap, HashSet};
use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;
#[cfg(feature = "tokio")]
use tokio::runtime::Handle;

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
    pub fn put<C: SandboxCell>(mut self, cell: &'static C, payload: C::Payload) -> Self {
        self.payloads.push((C::__any(cell), C::__published(payload)));
        self
    }

    /// Builds the payload of a cell by another factory than the declared one. It may be called several times, and what it
    /// asks for is the sandbox's. The cell's adjuster is applied to it, and the payload is disposed as always.
    pub fn factory<C: SandboxCell, R: FactoryOutput<C::Payload>>(
        self,
        cell: &'static C,
        factory: impl Fn() -> R + Send + Sync + 'static,
    ) -> Self {
        let build = move || R::into_result(factory(), None).map(C::__built);
        self.with_factory(C::__any(cell), TwinFactory::Sync(Arc::new(build)))
    }

    /// Does the same as [`factory`](Self::factory) for a cell whose factory is asynchronous.
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
    pub fn share<C: SandboxCell>(mut self, cell: &'static C) -> Self {
        self.shared.push(C::__any(cell));
        self
    }

    /// Sets how long leaving may take altogether, for leases and disposers; 10 s if this is not called.
    pub fn limit(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// Enters: from now on the calling thread is inside, and with the feature `tokio`, if it is called on a runtime,
    /// everything that runs there.
    ///
    /// The sandbox is left when the guard is dropped, or by [`leave`](EnteredSandbox::leave) in a task.
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

/// How many [`Open`] there are.
static OPEN: Mutex<usize> = Mutex::new(0);

/// Keeps sandboxes possible: that of an entered one, of a handle, and of a runtime that is bound.
struct Open(());

impl Open {
    fn new() -> Self {
        let mut count = OPEN.lock();
        *count += 1;
        if !is_any_open() {
            set_open(true);
            shut_all();
        }
        Self(())
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        let mut count = OPEN.lock();
        *count -= 1;
        // Whoever still holds a world finds it. What that costs others ends with the next sandbox.
        if *count == 0 && !is_any_held() {
            set_open(false);
            shut_all();
        }
    }
}

/// Shuts or opens the slots of all cells of the process.
fn shut_all() {
    for cell in all_cells::listed() {
        cell.all().into_iter().for_each(RawCell::shut_for_sandboxes);
    }
}

/// A sandbox that the calling thread is in, until this is dropped.
///
/// It stays on its thread; other threads get a [`handle`](Self::handle).
#[must_use = "dropped at once, it leaves at once: bind it, as in `let _cells = ..`"]
pub struct EnteredSandbox {
    world: &'static World,
    limit: Duration,
    /// `None` once it was left.
    inside: Option<Inside>,
    open: Arc<Open>,
}

/// The membership of a thread; `None` if it was entered in a task, which may move to other threads of its runtime.
struct Inside(#[expect(dead_code, reason = "its drop is what counts")] Option<Bound>);

impl EnteredSandbox {
    #[track_caller]
    fn new(world: &'static World, limit: Duration) -> Self {
        let (in_task, open) = (TaskId::current().is_any(), Arc::new(Open::new()));
        #[cfg(feature = "tokio")]
        if let Ok(runtime) = Handle::try_current() {
            // Of a task nobody knows whether it means to be in the sandbox of its runtime or beside it.
            let outer = if in_task { None } else { Scope::bound().world() };
            SandboxHandle { world, open: Arc::clone(&open) }.bind(&runtime, outer);
        }
        let inside = Inside((!in_task).then(|| Scope::of(world).enter()));
        Self { world, limit, inside: Some(inside), open }
    }

    #[track_caller]
    fn put(&self, cell: AnyCell, payload: AnyPayload) {
        let _inside = Scope::of(self.world).enter();
        let (here, mut payload) = (cell.here(), Some(payload));
        let mut place = || payload.take().unwrap_or_else(|| unreachable!("a payload is placed once"));
        if let Err(refusal) = here.seed(&mut place) {
            let name = here.name();
            let why = match refusal {
                SeedRefusal::Ready => "the sandbox has a payload for it already; `put` one",
                _ => "it is not empty",
            };
            panic!("cell `{name}`: {why}");
        }
    }

    /// Returns a handle by which other threads and executors get inside.
    #[must_use]
    pub fn handle(&self) -> SandboxHandle {
        SandboxHandle { world: self.world, open: Arc::clone(&self.open) }
    }

    /// Moves the clock of the sandbox's cells forward, for cooldowns, wait limits and `linger`. Who waits for a limit
    /// notices that within some milliseconds; a payload that nobody has used for so long is closed in this call.
    pub fn advance(&self, by: Duration) {
        let look = || Twins::of(self.world).all().into_iter().for_each(|cell| cell.raw.look_now());
        // First as of now: what nobody uses has begun to rest before.
        look();
        self.world.advance(by);
        look();
    }

    /// Leaves in a task: closes what the sandbox has built, dependents first, awaits asynchronous disposers, and gives what
    /// still runs no cells any more.
    ///
    /// # Panics
    /// If a disposer failed, or a payload is still in use or disposed after the [limit](Sandbox::limit).
    pub async fn leave(mut self) {
        let scope = Scope::of(self.world);
        let limit = Limit::from_now(self.limit);
        let mut closes = pin!(async {
            shutdown::begin();
            close_all::close_async(limit, For::Good).await
        });
        let report = poll_fn(|cx| {
            let _inside = scope.enter();
            closes.as_mut().poll(cx)
        });
        let report = report.await;
        self.end(report);
    }

    /// Ends the membership, and says what is wrong with the report.
    #[track_caller]
    fn end(&mut self, report: ShutdownReport) {
        if self.inside.take().is_none() {
            return;
        }
        self.world.leave();
        let in_use = report.cells.iter().any(|cell| cell.outcome == ShutdownOutcome::Draining);
        let Err(error) = report.into_result() else { return };
        if thread::panicking() {
            return;
        }
        let blocked = error.report().errors().any(|(_, error)| is_blocked(error));
        let remedy = match (blocked, in_use) {
            (true, _) => "; in a task leave the sandbox by `leave().await`",
            (false, true) => "; drop all leases before the sandbox is left",
            (false, false) => "",
        };
        panic!("a sandbox was left, and {error}{remedy}");
    }
}

fn is_blocked(error: &SharedError) -> bool {
    find_error::<RuntimeBlocked>(&**error).is_some()
}

/// Leaves, and blocks the thread meanwhile.
impl Drop for EnteredSandbox {
    fn drop(&mut self) {
        if self.inside.is_none() {
            return;
        }
        let inside = Scope::of(self.world).enter();
        shutdown::begin();
        let report = close_all::close(Limit::from_now(self.limit), For::Good);
        drop(inside);
        self.end(report);
    }
}

impl fmt::Debug for EnteredSandbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EnteredSandbox").finish_non_exhaustive()
    }
}

impl fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sandbox").finish_non_exhaustive()
    }
}

/// The way into a sandbox for other threads and executors. After the sandbox was left, a cell that is asked for by this
/// way is shut down.
#[derive(Clone)]
pub struct SandboxHandle {
    world: &'static World,
    #[cfg_attr(not(feature = "tokio"), expect(dead_code, reason = "its drop is what counts"))]
    open: Arc<Open>,
}

impl SandboxHandle {
    /// Runs `f` inside, for example a job of a thread pool.
    pub fn in_scope<R>(&self, f: impl FnOnce() -> R) -> R {
        let _inside = Scope::of(self.world).enter();
        f()
    }

    /// Starts a thread that is inside.
    ///
    /// # Panics
    /// If the thread cannot be started, as [`std::thread::spawn`].
    pub fn spawn<R: Send + 'static>(&self, f: impl FnOnce() -> R + Send + 'static) -> JoinHandle<R> {
        let handle = self.clone();
        thread::spawn(move || handle.in_scope(f))
    }

    /// Runs a future inside, from whatever thread polls it.
    pub async fn instrument<F: Future>(self, future: F) -> F::Output {
        let mut future = pin!(future);
        poll_fn(|cx| self.in_scope(|| future.as_mut().poll(cx))).await
    }

    /// Puts everything inside that runs on a tokio runtime, from now until the runtime ends.
    ///
    /// # Panics
    /// If the runtime is in another sandbox.
    #[cfg(feature = "tokio")]
    #[track_caller]
    pub fn adopt(&self, runtime: &Handle) {
        self.bind(runtime, None);
    }

    /// The runtime may be in the sandbox `outer`.
    #[cfg(feature = "tokio")]
    #[track_caller]
    fn bind(&self, runtime: &Handle, outer: Option<&'static World>) {
        use crate::sync::executor::on_runtime_end;
        use crate::sync::world::{bind_runtime, unbind_runtime};
        let (world, id) = (self.world, runtime.id());
        assert!(
            bind_runtime(id, world, outer),
            "this runtime is in another sandbox, and in one at a time; enter it where that one was entered, or use a \
             runtime for each"
        );
        let open = Arc::clone(&self.open);
        let _ = on_runtime_end(runtime, move || {
            unbind_runtime(id, world);
            let _ = &open;
        });
    }
}

impl fmt::Debug for SandboxHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SandboxHandle").finish_non_exhaustive()
    }
}
