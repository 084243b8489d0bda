//! A sandbox while a test is in it: who is inside, and how it ends.
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
use crate::cell::twin::Twins;
use crate::declared::any_cell::AnyCell;
use crate::error::find_error;
use crate::payload::lease::AnyPayload;
use crate::program::all_cells::{self, Names};
use crate::program::close_all::{self, For, Limit};
use crate::program::shutdown;
use crate::program::shutdown_report::{ShutdownOutcome, ShutdownReport};
use crate::sync::executor::{RuntimeBlocked, TaskId};
use crate::sync::world::{Bound, Scope, World, is_any_held, is_any_open, set_open};
use crate::text::on_one_line;
use parking_lot::Mutex;
use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;
#[cfg(feature = "tokio")]
use tokio::runtime::Handle;

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
/// let cells = Sandbox::new().put(&LIMIT, 2).enter();
/// // A thread of the program's own is outside, unless it is taken in.
/// assert_eq!(std::thread::spawn(|| *limit()).join().unwrap(), 100);
/// assert_eq!(cells.handle().spawn(|| *limit()).join().unwrap(), 2);
/// drop(cells);
/// assert_eq!(*limit(), 100);
/// ```
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
    pub(crate) fn new(world: &'static World, limit: Duration) -> Self {
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

    /// Publishes a payload in a cell that is empty.
    #[track_caller]
    pub(crate) fn put(&self, cell: AnyCell, payload: AnyPayload) {
        let _inside = Scope::of(self.world).enter();
        let (here, mut payload) = (cell.here(), Some(payload));
        let ages = payload.as_ref().and_then(|payload| here.ages_of(payload.payload()));
        let mut place = || payload.take().unwrap_or_else(|| unreachable!("a payload is placed once"));
        if let Err(refusal) = here.seed(ages, &mut place) {
            let name = here.name();
            let why = match refusal {
                SeedRefusal::Ready => "the sandbox has a payload for it already; `put` one",
                _ => "it is not empty",
            };
            panic!("cell `{name}`: {why}");
        }
        here.watch_payload();
    }

    /// Returns a handle by which other threads and executors get inside.
    ///
    /// The [type](Self) has an example.
    #[must_use]
    pub fn handle(&self) -> SandboxHandle {
        SandboxHandle { world: self.world, open: Arc::clone(&self.open) }
    }

    /// Moves the clock of the sandbox's cells forward, for cooldowns, wait limits, `linger`, `fresh` and `expires`. Who waits
    /// for a limit notices that within some milliseconds. A payload that nobody has used for so long, or that has reached
    /// its end, is closed in this call, and an `eager_refresh` begins.
    ///
    /// ```
    /// use cells::runtime_cell;
    /// use cells::testing::Sandbox;
    /// use std::time::{Duration, Instant};
    ///
    /// #[runtime_cell(expires = Duration::from_secs(3600))]
    /// fn token() -> Instant {
    ///     Instant::now()
    /// }
    ///
    /// let cells = Sandbox::new().enter();
    /// drop(token());
    /// cells.advance(Duration::from_secs(3600)); // an hour that the test does not wait
    /// assert!(TOKEN.peek().is_none());
    /// ```
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
    /// ```
    /// # pollster::block_on(async {
    /// use cells::runtime_cell;
    /// use cells::testing::Sandbox;
    ///
    /// #[runtime_cell(dispose = log_out)]
    /// async fn session() -> String {
    ///     "s-1".to_owned()
    /// }
    ///
    /// async fn log_out(session: String) {
    ///     println!("goodbye, {session}");
    /// }
    ///
    /// let cells = Sandbox::new().enter();
    /// assert_eq!(session().await, "s-1");
    /// cells.leave().await; // awaits `log_out`
    /// # });
    /// ```
    ///
    /// # Panics
    /// If a disposer failed, or a payload is still in use or disposed after the [limit](crate::testing::Sandbox::limit).
    pub async fn leave(mut self) {
        let scope = Scope::of(self.world);
        let limit = Limit::from_now(self.limit);
        let mut closes = pin!(async {
            shutdown::begin();
            close_all::close_async(limit, For::Good, None).await
        });
        let report = poll_fn(|cx| {
            let _inside = scope.enter();
            closes.as_mut().poll(cx)
        });
        let report = report.await;
        self.end(&report);
    }

    /// Ends the membership, and says what is wrong with the report.
    #[track_caller]
    fn end(&mut self, report: &ShutdownReport) {
        if self.inside.take().is_none() {
            return;
        }
        self.world.leave();
        assert!(report.is_ok() || thread::panicking(), "{}", complaint(report));
    }
}

/// Which cells did not close cleanly, and what to do about it, on one line.
fn complaint(report: &ShutdownReport) -> String {
    let names = Names::of_all();
    let failed = report.cells.iter().filter(|cell| !cell.is_ok());
    let lines: Vec<_> = failed
        .map(|cell| {
            let name = names.apart(cell.info, "` in `");
            let why = match (&cell.error, cell.outcome) {
                (Some(error), _) if find_error::<RuntimeBlocked>(&**error).is_some() => {
                    "its disposer needs the runtime whose only thread leaves here; leave by `leave().await`"
                        .into()
                }
                (Some(error), outcome) => format!("{outcome}: {error:#}"),
                (None, ShutdownOutcome::Draining) => {
                    "still in use; drop all leases, and let its factory end, before the sandbox is left"
                        .into()
                }
                (None, outcome) => outcome.to_string(),
            };
            on_one_line(format!("cell `{name}`: {why}"))
        })
        .collect();
    format!(
        "in a sandbox {} of {} cells did not close cleanly: {}",
        lines.len(),
        report.cells.len(),
        lines.join("; ")
    )
}

/// Leaves, and blocks the thread meanwhile.
impl Drop for EnteredSandbox {
    fn drop(&mut self) {
        if self.inside.is_none() {
            return;
        }
        let inside = Scope::of(self.world).enter();
        shutdown::begin();
        let report = close_all::close(Limit::from_now(self.limit), For::Good, None);
        drop(inside);
        self.end(&report);
    }
}

impl fmt::Debug for EnteredSandbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EnteredSandbox").finish_non_exhaustive()
    }
}

/// The way into a sandbox for other threads and executors. After the sandbox was left, a cell that is asked for by this
/// way is shut down.
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
/// let cells = Sandbox::new().put(&LIMIT, 2).enter();
/// let handle = cells.handle();
/// std::thread::scope(|scope| {
///     scope.spawn(|| assert_eq!(handle.in_scope(|| *limit()), 2)); // a job of a pool, for example
///     scope.spawn(|| {
///         let future = handle.clone().instrument(async { *limit() });
///         assert_eq!(pollster::block_on(future), 2);
///     });
/// });
/// ```
#[derive(Clone)]
pub struct SandboxHandle {
    world: &'static World,
    #[cfg_attr(not(feature = "tokio"), expect(dead_code, reason = "its drop is what counts"))]
    open: Arc<Open>,
}

impl SandboxHandle {
    /// Runs `f` inside, for example a job of a thread pool.
    ///
    /// The [type](Self) has an example.
    pub fn in_scope<R>(&self, f: impl FnOnce() -> R) -> R {
        let _inside = Scope::of(self.world).enter();
        f()
    }

    /// Starts a thread that is inside.
    ///
    /// [`EnteredSandbox`] has an example.
    ///
    /// # Panics
    /// If the thread cannot be started, as [`std::thread::spawn`].
    pub fn spawn<R: Send + 'static>(&self, f: impl FnOnce() -> R + Send + 'static) -> JoinHandle<R> {
        let handle = self.clone();
        thread::spawn(move || handle.in_scope(f))
    }

    /// Runs a future inside, from whatever thread polls it.
    ///
    /// The [type](Self) has an example.
    pub async fn instrument<F: Future>(self, future: F) -> F::Output {
        let mut future = pin!(future);
        poll_fn(|cx| self.in_scope(|| future.as_mut().poll(cx))).await
    }

    /// Puts everything inside that runs on a tokio runtime, from now until the runtime ends.
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
    /// let runtime = tokio::runtime::Runtime::new()?; // of the program that is tested
    /// let cells = Sandbox::new().put(&LIMIT, 2).enter();
    /// cells.handle().adopt(runtime.handle());
    /// assert_eq!(runtime.block_on(runtime.spawn(async { *limit() })).unwrap(), 2);
    /// # std::io::Result::Ok(())
    /// ```
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
