//! Closing all cells in the order of their dependencies.

use crate::declared::any_cell::AnyCell;
use crate::error::SharedError;
use crate::flight::single_flight::Flight;
use crate::info::CellInfo;
use crate::observe::log;
use crate::observe::observer::{CloseResult, CloseStatus};
use crate::observe::user_panic::catch_user_panic;
use crate::payload::disposer::Abandoned;
use crate::program::all_cells;
use crate::program::graph::{Graph, graph};
use crate::program::jobs::{Tasks, Threads};
use crate::program::schedule::{Progress, Schedule};
use crate::program::table::Table;
use crate::sync::clock::{self, deadline};
use crate::sync::executor::{BoxFuture, Executor};
use crate::sync::timer;
use parking_lot::Mutex;
use std::any::TypeId;
use std::cell::Cell;
use std::fmt;
use std::future::poll_fn;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long after the limit a close may still tell its end: enough for one that begins only then and has a disposer
/// that blocks on nothing, and for one whose own wait for leases has just ended.
const PATIENCE: Duration = Duration::from_millis(100);

/// Closes all declared cells for good, dependents before what they depend on.
///
/// From the start of it no flight begins any more: a call that would need one gets
/// [`Error::Unavailable`](crate::Error::Unavailable) (shut down). Flights under way are superseded and waited for.
/// A payload that is published still serves until its cell's turn comes; it is then retired, drained and
/// disposed. Cells that do not depend on each other are closed in parallel, on threads of their own.
///
/// `limit` bounds the waiting, for leases, factories and disposers, of all cells together. What is not done by
/// then is in the report, goes on on its own, and holds up nobody any more: the rest is closed without waiting.
///
/// A second call, on any thread, waits for the first and returns the same report; inside a disposer that a shutdown
/// runs it returns an empty one at once. An asynchronous disposer runs on the tokio runtime that its payload was
/// built on, which must not be blocked by this call: in a task use [`shutdown_async`].
pub fn shutdown(limit: Duration) -> ShutdownReport {
    if CLOSING.get() {
        return ShutdownReport { cells: Vec::new(), took: Duration::ZERO };
    }
    begin();
    // One at a time: who comes later finds the report.
    let _turn = TURN.lock();
    if let Some(report) = &*REPORT.lock() {
        return report.clone();
    }
    done(close_all(limit))
}

/// [`shutdown`] in a task, where asynchronous disposers run to their end.
///
/// Its calls do not wait for each other: each closes what is there to close, and returns the first report. A
/// synchronous disposer runs in this task and blocks it. What is not done by the limit goes on in the tokio runtime of
/// the caller (feature `tokio`); where there is none, an asynchronous disposer is given up, and its payload dropped.
pub async fn shutdown_async(limit: Duration) -> ShutdownReport {
    if CLOSING.get() {
        return ShutdownReport { cells: Vec::new(), took: Duration::ZERO };
    }
    begin();
    if let Some(report) = &*REPORT.lock() {
        return report.clone();
    }
    done(close_all_async(limit).await)
}

static TURN: Mutex<()> = Mutex::new(());
static REPORT: Mutex<Option<ShutdownReport>> = Mutex::new(None);

/// Keeps the first report, and returns it.
fn done(report: ShutdownReport) -> ShutdownReport {
    let mut first = REPORT.lock();
    if let Some(first) = &*first {
        return first.clone();
    }
    *first = Some(report.clone());
    drop(first);
    let told = std::mem::take(&mut *SUPERSEDED.lock());
    drop(told); // after unlocking: what was made too late is the user's
    catch_user_panic("", || log::shut_down(report.is_ok(), report.cells.len(), report.took, &report));
    report
}

thread_local! {
    /// Whether this thread closes a cell on behalf of a shutdown, or polls what does.
    static CLOSING: Cell<bool> = const { Cell::new(false) };
}

/// The flights that were superseded when the shutdown began, each with its cell: kept, so that the report tells of
/// them even if they end before their cells' turn.
static SUPERSEDED: Mutex<Vec<(TypeId, Arc<Flight>)>> = Mutex::new(Vec::new());

/// Lets no flight begin any more.
fn begin() {
    for cell in all_cells::all() {
        let flights = cell.shut_down();
        SUPERSEDED.lock().extend(flights.into_iter().map(|flight| (cell.info().id, flight)));
    }
}

fn was_superseded(cell: &CellInfo) -> bool {
    SUPERSEDED.lock().iter().any(|(id, _)| *id == cell.id)
}

/// Closes all declared cells in the order of [`shutdown`]; they stay usable.
pub fn close_all(limit: Duration) -> ShutdownReport {
    let threads = Threads::new("cells-close");
    let mut closes = Closes::plan(limit);
    let until = closes.until;
    loop {
        while let Some((node, cell)) = closes.begin() {
            threads.start(node, move || {
                CLOSING.set(true);
                let result = cell.drain_until(until);
                CLOSING.set(false);
                result
            });
        }
        if closes.running.is_empty() {
            return closes.report();
        }
        match threads.next(closes.due()) {
            Some((node, result)) => closes.finish(node, &result),
            None => drop(closes.give_up()),
        }
    }
}

/// [`close_all`] in a task, where asynchronous disposers run to their end.
pub async fn close_all_async(limit: Duration) -> ShutdownReport {
    let mut tasks = Tasks::new();
    let mut closes = Closes::plan(limit);
    let until = closes.until;
    loop {
        while let Some((node, cell)) = closes.begin() {
            tasks.start(node, Box::pin(on_behalf(Box::pin(cell.drain_until_async(until)))));
        }
        if closes.running.is_empty() {
            return closes.report();
        }
        match timer::until(closes.due(), tasks.next()).await {
            Some((node, result)) => closes.finish(node, &result),
            None => {
                for node in closes.give_up() {
                    // Without a runtime to go on in, it is dropped.
                    if let Some(job) = tasks.take(node)
                        && Executor::current().spawn(async { drop(job.await) }).is_err()
                    {
                        closes.dropped(node);
                    }
                }
            }
        }
    }
}

/// Runs a close as part of a shutdown.
async fn on_behalf(mut close: BoxFuture<'static, CloseResult>) -> CloseResult {
    poll_fn(|cx| {
        let outer = CLOSING.replace(true);
        let polled = close.as_mut().poll(cx);
        CLOSING.set(outer);
        polled
    })
    .await
}

/// Which cells are to be closed when, and what became of them.
struct Closes {
    started: Instant,
    until: Option<Instant>,
    graph: Graph,
    progress: Progress,
    running: Vec<Running>,
    done: Vec<Option<ClosedCell>>,
}

struct Running {
    node: usize,
    info: &'static CellInfo,
    since: Instant,
}

impl Closes {
    fn plan(limit: Duration) -> Self {
        let graph = graph();
        Self {
            started: clock::now(),
            until: deadline(limit),
            progress: Progress::new(&Schedule::to_close(&graph)),
            running: Vec::new(),
            done: graph.nodes.iter().map(|_| None).collect(),
            graph,
        }
    }

    /// The next cell to close; `None` until another one is finished.
    fn begin(&mut self) -> Option<(usize, AnyCell)> {
        loop {
            let node = self.progress.next()?;
            let cell = self.graph.nodes[node].cell;
            if cell.is_untouched() && !was_superseded(cell.info()) {
                self.progress.done(node);
                continue;
            }
            let since = clock::now();
            self.running.push(Running { node, info: cell.info(), since });
            return Some((node, cell));
        }
    }

    /// When the first of the closes that have begun is overdue.
    fn due(&self) -> Option<Instant> {
        self.running.iter().filter_map(|running| self.overdue_at(running)).min()
    }

    fn overdue_at(&self, running: &Running) -> Option<Instant> {
        self.until.map(|until| until.max(running.since) + PATIENCE)
    }

    fn finish(&mut self, node: usize, result: &CloseResult) {
        let mut outcome = ShutdownOutcome::of(result);
        if outcome == ShutdownOutcome::Empty && was_superseded(self.graph.nodes[node].cell.info()) {
            outcome = ShutdownOutcome::Superseded;
        }
        if let Some(closed) = &mut self.done[node] {
            // Given up, and now here after all.
            closed.outcome = outcome;
            closed.error.clone_from(&result.error);
        } else if let Some(index) = self.running.iter().position(|running| running.node == node) {
            let running = self.running.swap_remove(index);
            self.end(&running, outcome, result.error.clone());
        }
    }

    /// Stops waiting for the closes that are overdue, and lets begin what waits for them.
    fn give_up(&mut self) -> Vec<usize> {
        let now = clock::now();
        let (overdue, running) = std::mem::take(&mut self.running)
            .into_iter()
            .partition(|running| self.overdue_at(running).is_some_and(|due| due <= now));
        self.running = running;
        let overdue: Vec<Running> = overdue;
        for running in &overdue {
            self.end(running, ShutdownOutcome::Overdue, None);
        }
        overdue.iter().map(|running| running.node).collect()
    }

    /// Says that a close that was given up does not go on.
    fn dropped(&mut self, node: usize) {
        let draining = self.graph.nodes[node].cell.snapshot().draining > 0;
        if let Some(closed) = &mut self.done[node] {
            if draining {
                closed.outcome = ShutdownOutcome::Draining;
            } else {
                closed.outcome = ShutdownOutcome::Failed;
                closed.error = Some(SharedError::new(Abandoned));
            }
        }
    }

    fn end(&mut self, running: &Running, outcome: ShutdownOutcome, error: Option<SharedError>) {
        let duration = clock::now().saturating_duration_since(running.since);
        self.done[running.node] = Some(ClosedCell { info: running.info, outcome, duration, error });
        self.progress.done(running.node);
    }

    fn report(self) -> ShutdownReport {
        let took = clock::now().saturating_duration_since(self.started);
        ShutdownReport { cells: self.done.into_iter().flatten().collect(), took }
    }
}

/// What closing all cells did.
#[derive(Clone, Debug)]
#[must_use = "failed disposals and leases that are still out are reported here"]
#[non_exhaustive]
pub struct ShutdownReport {
    /// The cells that had anything to close, in the order of [`all`](crate::all).
    pub cells: Vec<ClosedCell>,
    /// How long it took.
    pub took: Duration,
}

/// What closing all cells did with one of them.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ClosedCell {
    /// The cell.
    pub info: &'static CellInfo,
    /// What became of it.
    pub outcome: ShutdownOutcome,
    /// How long its close took, or was waited for.
    pub duration: Duration,
    /// The disposer's error or panic.
    pub error: Option<SharedError>,
}

/// What became of a cell when all were closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ShutdownOutcome {
    /// Its payload is disposed.
    Disposed,
    /// Its payload is gone, and its disposer failed or panicked.
    Failed,
    /// A lease is still out, or a superseded factory still runs.
    Draining,
    /// Its disposer still runs.
    Overdue,
    /// It had a flight under way and no payload; what the factory made is disposed.
    Superseded,
    /// It had nothing any more when its turn came.
    Empty,
}

impl ShutdownOutcome {
    fn of(result: &CloseResult) -> Self {
        match result.status {
            CloseStatus::Ok => Self::Disposed,
            CloseStatus::Error => Self::Failed,
            CloseStatus::Draining => Self::Draining,
            CloseStatus::Superseded => Self::Superseded,
            CloseStatus::Noop => Self::Empty,
        }
    }
}

impl fmt::Display for ShutdownOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Disposed => "disposed",
            Self::Failed => "failed",
            Self::Draining => "still in use",
            Self::Overdue => "still disposing",
            Self::Superseded => "superseded",
            Self::Empty => "empty",
        })
    }
}

impl ShutdownReport {
    /// Returns the errors and panics of the disposers.
    pub fn errors(&self) -> impl Iterator<Item = (&'static CellInfo, &SharedError)> {
        self.cells.iter().filter_map(|cell| Some((cell.info, cell.error.as_ref()?)))
    }

    /// Returns `true` if nothing failed and nothing is left.
    pub fn is_ok(&self) -> bool {
        use ShutdownOutcome::{Disposed, Empty, Superseded};
        self.cells.iter().all(|cell| matches!(cell.outcome, Disposed | Superseded | Empty))
    }
}

/// A table, a cell a line.
impl fmt::Display for ShutdownReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut table = Table::new(["cell", "outcome", "took", ""]);
        for cell in &self.cells {
            let error = cell.error.as_ref().map(ToString::to_string).unwrap_or_default();
            let took = format!("{:.1?}", cell.duration);
            table.row([cell.info.name.to_owned(), cell.outcome.to_string(), took, error]);
        }
        write!(f, "{table}took {:.1?}", self.took)
    }
}

/// Returns a guard that [shuts down](shutdown) when it is dropped: at the end of `main`, on early return and on
/// panic alike.
///
/// ```
/// let _cells = cells::shutdown_on_drop(std::time::Duration::from_secs(5));
/// // the program
/// ```
pub fn shutdown_on_drop(limit: Duration) -> ShutdownGuard {
    ShutdownGuard { limit }
}

/// Shuts down when dropped; made by [`shutdown_on_drop`].
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
