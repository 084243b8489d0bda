//! The shutdown of a process: it happens once, and every call learns what it did.

#[cfg(feature = "testing")]
use crate::cell::twin::Twins;
use crate::observe::log;
use crate::observe::user_panic::catch_user_panic;
use crate::program::all_cells;
use crate::program::close_all::{For, Kept, Limit, close, close_async, is_closing};
use crate::program::ending;
use crate::program::progress::Listener;
use crate::program::shutdown_report::ShutdownReport;
use crate::sync::world;
#[cfg(feature = "testing")]
use crate::sync::world::Scope;
use parking_lot::Mutex;
use std::time::Duration;

/// The shutdown of the process, or of a sandbox.
#[derive(Default)]
struct Shutdown {
    /// Held by the synchronous call that closes the cells; the next one finds the report.
    turn: Mutex<()>,
    report: Mutex<Option<ShutdownReport>>,
}

static SHUTDOWN: Shutdown = Shutdown { turn: Mutex::new(()), report: Mutex::new(None) };

/// Closes all declared cells for good, dependents before what they depend on.
///
/// From its start no flight begins any more: a call that would need one gets
/// [`Error::Unavailable`](crate::Error::Unavailable) (shut down). Flights under way are superseded and waited for. A
/// published payload still serves until its cell's turn comes; it is then retired, drained and disposed. Cells that do
/// not depend on each other are closed in parallel, on threads of their own.
///
/// `limit` bounds the waiting, for leases, factories and disposers, of all cells together. What is not done by then is
/// in the report and goes on on its own, but delays nothing any more: the rest is closed without waiting.
///
/// A second call, on any thread, waits for the first and returns the same report; inside a disposer that a shutdown
/// runs, it returns an empty report at once. An asynchronous disposer runs on the tokio runtime that its payload was
/// built on. If this call blocks the only thread of that runtime, the disposer can run only after it: it is not waited
/// for, and the report says so with a [`RuntimeBlocked`](crate::RuntimeBlocked). In a task use [`shutdown_async`].
///
/// ```
/// use cells::runtime_cell;
/// use std::time::Duration;
///
/// struct Pool;
///
/// impl Pool {
///     fn disconnect(self) {
///         println!("disconnecting");
///     }
/// }
///
/// #[runtime_cell(dispose = Pool::disconnect)]
/// fn pool() -> Pool {
///     Pool
/// }
///
/// drop(pool());
/// let report = cells::shutdown(Duration::from_secs(5)); // the last line of `main`
/// println!("{report}");
/// assert!(report.is_ok() && report.cells[0].info.name == "pool");
/// ```
#[doc(alias = "graceful shutdown")]
pub fn shutdown(limit: Duration) -> ShutdownReport {
    shutdown_watched(limit, None)
}

pub(crate) fn shutdown_watched(limit: Duration, on_progress: Option<Listener>) -> ShutdownReport {
    if is_closing() {
        return ShutdownReport::empty();
    }
    let limit = Limit::from_now(limit);
    let this = world::own(&SHUTDOWN);
    begin();
    let _turn = this.turn.lock();
    if let Some(report) = &*this.report.lock() {
        return report.clone();
    }
    this.end(close(limit, For::Good, on_progress))
}

/// Does what [`shutdown`] does in a task, where asynchronous disposers run to their end.
///
/// Calls of this do not wait for each other: each closes what is there to close, and returns the first report. A
/// synchronous disposer runs in this task and blocks it. What is not done by the limit goes on in the caller's tokio
/// runtime (feature `tokio`); without one, an asynchronous disposer is given up, and its payload dropped.
///
/// If the future is dropped before it is ready, so are the disposers that it polls, and their payloads with them. The
/// next shutdown closes the rest, and its report says of those that they failed.
///
/// ```
/// # pollster::block_on(async {
/// use cells::runtime_cell;
/// use std::time::Duration;
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
/// drop(session().await);
/// let report = cells::shutdown_async(Duration::from_secs(10)).await; // awaits `log_out`
/// assert!(report.is_ok());
/// # });
/// ```
#[doc(alias = "graceful shutdown")]
pub async fn shutdown_async(limit: Duration) -> ShutdownReport {
    shutdown_watched_async(limit, None).await
}

pub(crate) async fn shutdown_watched_async(limit: Duration, on_progress: Option<Listener>) -> ShutdownReport {
    if is_closing() {
        return ShutdownReport::empty();
    }
    let limit = Limit::from_now(limit);
    let this = world::own(&SHUTDOWN);
    begin();
    if let Some(report) = &*this.report.lock() {
        return report.clone();
    }
    this.end(close_async(limit, For::Good, on_progress).await)
}

/// Lets no flight begin any more.
pub(crate) fn begin() {
    #[cfg(feature = "testing")]
    if let Some(world) = Scope::current().world() {
        Twins::of(world).shut_down();
    }
    for cell in all_cells::own() {
        Kept::here().superseded(cell.info(), cell.shut_down());
    }
    ending::begun();
}

impl Shutdown {
    /// Keeps the first report, and returns it.
    fn end(&self, report: ShutdownReport) -> ShutdownReport {
        let mut first = self.report.lock();
        if let Some(first) = &*first {
            return first.clone();
        }
        *first = Some(report.clone());
        drop(first);
        Kept::here().forget();
        catch_user_panic("", || log::shut_down(report.is_ok(), report.cells.len(), report.took, &report));
        report
    }
}

/// Returns a guard that [shuts down](shutdown) when it is dropped: at the end of `main`, on early return and on panic
/// alike.
///
/// Bind it before the first lease: what is declared later is dropped earlier, and a lease that lives longer than the guard
/// is waited for in vain. In an `async fn main` await [`shutdown_async`] instead.
///
/// ```
/// let _cells = cells::shutdown_on_drop(std::time::Duration::from_secs(5));
/// // the program
/// ```
pub fn shutdown_on_drop(limit: Duration) -> ShutdownGuard {
    ShutdownGuard { limit }
}

/// Shuts down when dropped; [`shutdown_on_drop`] returns it, and has an example.
#[derive(Debug)]
#[must_use = "dropped at once, it shuts down at once: bind it to a name"]
pub struct ShutdownGuard {
    limit: Duration,
}

impl Drop for ShutdownGuard {
    fn drop(&mut self) {
        // What went wrong is in the log.
        let _ = shutdown(self.limit);
    }
}
