//! Closing all cells in the order of their dependencies, within a limit.
//!
//! The order is planned from the dependencies that are known at the beginning, and again whenever a factory that still
//! runs was seen to use another cell: that orders what has not begun.

use crate::declared::any_cell::AnyCell;
use crate::error::SharedError;
use crate::flight::observed_calls;
use crate::flight::single_flight::Flight;
use crate::info::CellInfo;
use crate::observe::observer::CloseResult;
use crate::payload::disposer::Abandoned;
use crate::payload::drain::Drain;
use crate::program::graph::{self, Graph};
use crate::program::jobs::{Tasks, Threads};
use crate::program::progress::{Listener, Watch};
use crate::program::schedule::{Progress, Schedule};
use crate::program::shutdown_report::{ClosedCell, ShutdownOutcome, ShutdownReport};
use crate::sync::clock::{self, deadline};
use crate::sync::executor::{BoxFuture, Executor};
use crate::sync::timer;
use crate::sync::world;
use parking_lot::Mutex;
use std::any::TypeId;
use std::cell::Cell;
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::future::poll_fn;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long after the limit a close may still report its end: enough for one that begins only then and has a disposer
/// that does not block, and for one whose own wait for leases has just ended.
const GRACE: Duration = Duration::from_millis(100);

thread_local! {
    /// Whether this thread closes a cell as part of a shutdown, or polls a task that does.
    static CLOSING: Cell<bool> = const { Cell::new(false) };
}

/// Whether the caller runs inside a disposer that `close_all` or a shutdown runs.
pub(crate) fn is_closing() -> bool {
    CLOSING.get()
}

/// Runs something as part of a shutdown, which does not unwind.
fn as_closing<R>(run: impl FnOnce() -> R) -> R {
    let outer = CLOSING.replace(true);
    let result = run();
    CLOSING.set(outer);
    result
}

/// What is kept for the report of a shutdown: one for the process, and one for each sandbox.
#[derive(Default)]
pub(crate) struct Kept {
    /// The flights that were superseded when the shutdown began, by their cells. They are kept so that the report mentions
    /// them even if they end before their cells' turn.
    superseded: Mutex<BTreeMap<TypeId, Vec<Arc<Flight>>>>,
    /// The disposals of shutdowns whose futures were dropped before there was a report.
    cut_short: Mutex<Vec<ClosedCell>>,
}

static KEPT: Kept = Kept { superseded: Mutex::new(BTreeMap::new()), cut_short: Mutex::new(Vec::new()) };

impl Kept {
    /// That of the caller's world.
    pub(crate) fn here() -> &'static Self {
        world::own(&KEPT)
    }

    pub(crate) fn superseded(&self, cell: &CellInfo, flights: Vec<Arc<Flight>>) {
        if !flights.is_empty() {
            self.superseded.lock().entry(cell.id()).or_default().extend(flights);
        }
    }

    /// Forgets all of it.
    pub(crate) fn forget(&self) {
        let flights = std::mem::take(&mut *self.superseded.lock());
        let closed = std::mem::take(&mut *self.cut_short.lock());
        drop((flights, closed)); // after unlocking: outcomes and errors are values of the program
    }

    /// Whether there is nothing to close, and was nothing when the shutdown began.
    fn is_untouched(&self, cell: AnyCell) -> bool {
        cell.is_untouched() && !self.was_superseded(cell.info())
    }

    fn was_superseded(&self, cell: &CellInfo) -> bool {
        self.superseded.lock().contains_key(&cell.id())
    }
}

/// How long it may take. Planning counts too.
#[derive(Clone, Copy)]
pub(crate) struct Limit {
    started: Instant,
    until: Option<Instant>,
}

impl Limit {
    pub(crate) fn from_now(limit: Duration) -> Self {
        Self { started: clock::now(), until: deadline(limit) }
    }
}

/// What the cells are closed for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum For {
    Reuse,
    Good,
}

/// Closes all declared cells in the order of [`shutdown`](crate::shutdown); they stay usable.
///
/// ```
/// use cells::runtime_cell;
/// use std::time::Duration;
///
/// #[runtime_cell]
/// fn limit() -> u32 {
///     100
/// }
///
/// drop(limit());
/// assert!(cells::close_all(Duration::from_secs(5)).is_ok());
/// assert_eq!(*limit(), 100); // built again
/// ```
pub fn close_all(limit: Duration) -> ShutdownReport {
    close(Limit::from_now(limit), For::Reuse, None)
}

/// Does what [`close_all`] does in a task, where asynchronous disposers run to their end.
///
/// ```
/// # pollster::block_on(async {
/// # #[cells::runtime_cell]
/// # async fn session() -> String { "s-1".to_owned() }
/// drop(session().await);
/// let report = cells::close_all_async(std::time::Duration::from_secs(5)).await;
/// assert!(report.is_ok() && report.cells[0].info.name == "session");
/// # });
/// ```
pub async fn close_all_async(limit: Duration) -> ShutdownReport {
    close_async(Limit::from_now(limit), For::Reuse, None).await
}

pub(crate) fn close(limit: Limit, what_for: For, on_progress: Option<Listener>) -> ShutdownReport {
    let threads = Threads::new("cells-close");
    let mut closes = Closes::plan(limit, what_for, on_progress);
    loop {
        while let Some((node, cell)) = closes.begin() {
            threads.start(node, move || as_closing(|| cell.drain_until(limit.until)));
        }
        as_closing(|| closes.watch.report());
        if closes.running.is_empty() {
            return closes.report();
        }
        match threads.next(closes.due()) {
            Some((node, result)) => closes.finish(node, &result),
            None => drop(closes.give_up()),
        }
    }
}

pub(crate) async fn close_async(
    limit: Limit,
    what_for: For,
    on_progress: Option<Listener>,
) -> ShutdownReport {
    let mut polled = Polled { tasks: Tasks::new(), closes: Closes::plan(limit, what_for, on_progress) };
    loop {
        let Polled { tasks, closes } = &mut polled;
        while let Some((node, cell)) = closes.begin() {
            tasks.start(node, Box::pin(on_behalf(Box::pin(cell.drain_until_async(limit.until)))));
        }
        as_closing(|| closes.watch.report());
        if closes.running.is_empty() {
            return closes.report();
        }
        match timer::until(closes.due(), tasks.next()).await {
            Some((node, result)) => closes.finish(node, &result),
            None => {
                for node in closes.give_up() {
                    // Without a runtime to go on in, it is dropped.
                    if let Some(job) = tasks.take(node) {
                        if Executor::current().spawn(async { drop(job.await) }).is_err() {
                            closes.dropped(node);
                        }
                    }
                }
            }
        }
    }
}

/// Polls a close as part of a shutdown.
async fn on_behalf(mut close: BoxFuture<'static, CloseResult>) -> CloseResult {
    poll_fn(|cx| as_closing(|| close.as_mut().poll(cx))).await
}

/// Closes that one task polls. If it is dropped before the report, its disposals are kept for the next one.
struct Polled {
    tasks: Tasks<CloseResult>,
    closes: Closes,
}

impl Drop for Polled {
    fn drop(&mut self) {
        let Self { tasks, closes } = self;
        // The closes know their payloads only for as long as they exist.
        let drains: Vec<(usize, Vec<Arc<Drain>>)> =
            closes.running.keys().map(|&node| (node, closes.graph.nodes[node].cell.known_drains())).collect();
        tasks.clear();
        for (node, drains) in drains {
            // Without one, the next shutdown finds the flight that this one waited for.
            if let Some(result) = drains.iter().map(|drain| drain.look()).reduce(CloseResult::graver) {
                closes.finish(node, &result);
            }
        }
        if closes.what_for == For::Good {
            use ShutdownOutcome::{Disposed, Failed};
            // The next shutdown finds everything else, unless it has ended by then.
            let closed = closes.done.drain(..).flatten();
            let kept = closed.filter(|cell| matches!(cell.outcome, Disposed | Failed)).collect::<Vec<_>>();
            let mut cut_short = closes.kept.cut_short.lock();
            let earlier = cut_short.len();
            cut_short.extend(kept.into_iter().map(|cell| cell.after(earlier)));
        }
    }
}

/// Which cells to close when, and what became of them.
struct Closes {
    limit: Limit,
    what_for: For,
    kept: &'static Kept,
    graph: Graph,
    /// How many observed dependencies the graph takes into account.
    observed: usize,
    progress: Progress,
    watch: Watch,
    /// When each began.
    running: HashMap<usize, Instant>,
    /// In which order they began.
    positions: HashMap<usize, usize>,
    /// Those that have begun, in that order, apart from some that are finished.
    begun: VecDeque<usize>,
    done: Vec<Option<ClosedCell>>,
}

impl Closes {
    fn plan(limit: Limit, what_for: For, on_progress: Option<Listener>) -> Self {
        let observed = observed_calls::count();
        let graph = graph::of_own();
        let kept = Kept::here();
        let touched = (0..graph.nodes.len()).filter(|&node| !kept.is_untouched(graph.nodes[node].cell));
        let watch = Watch::new(on_progress, touched);
        Self {
            limit,
            what_for,
            kept,
            observed,
            watch,
            progress: Progress::new(&Schedule::to_close(&graph)),
            running: HashMap::new(),
            positions: HashMap::new(),
            begun: VecDeque::new(),
            done: graph.nodes.iter().map(|_| None).collect(),
            graph,
        }
    }

    fn info(&self, node: usize) -> &'static CellInfo {
        self.graph.nodes[node].cell.info()
    }

    /// The next cell to close; `None` until another one is finished.
    fn begin(&mut self) -> Option<(usize, AnyCell)> {
        loop {
            self.follow_late_dependencies();
            let node = self.progress.next()?;
            let cell = self.graph.nodes[node].cell;
            if self.kept.is_untouched(cell) {
                self.progress.done(node);
                self.watch.untouched(node);
                continue;
            }
            self.running.insert(node, clock::now());
            self.watch.begun(node, cell.info());
            self.positions.insert(node, self.positions.len() + 1);
            self.begun.push_back(node);
            return Some((node, cell));
        }
    }

    /// Orders what has not begun by the dependencies that were observed meanwhile, too.
    fn follow_late_dependencies(&mut self) {
        let observed = observed_calls::count();
        if std::mem::replace(&mut self.observed, observed) != observed {
            self.graph.edges = graph::edges(&self.graph.nodes);
            self.progress.follow(&Schedule::to_close(&self.graph));
        }
    }

    /// When the first of the closes that have begun is overdue.
    fn due(&mut self) -> Option<Instant> {
        self.first().map(|(_, since)| since).and_then(|since| self.overdue_at(since))
    }

    /// The one of the closes under way that began first, and so is overdue first.
    fn first(&mut self) -> Option<(usize, Instant)> {
        loop {
            let node = *self.begun.front()?;
            if let Some(&since) = self.running.get(&node) {
                return Some((node, since));
            }
            self.begun.pop_front();
        }
    }

    fn overdue_at(&self, since: Instant) -> Option<Instant> {
        self.limit.until.map(|until| until.max(since) + GRACE)
    }

    fn finish(&mut self, node: usize, result: &CloseResult) {
        let mut outcome = ShutdownOutcome::of(result);
        if outcome == ShutdownOutcome::Empty && self.kept.was_superseded(self.info(node)) {
            outcome = ShutdownOutcome::Superseded;
        }
        // The close did not wait for a factory that waits for this very call.
        if outcome == ShutdownOutcome::Superseded && self.graph.nodes[node].cell.snapshot().flights > 0 {
            outcome = ShutdownOutcome::Draining;
        }
        if let Some(since) = self.running.remove(&node) {
            self.end(node, since, outcome, result.error.clone());
        } else if let Some(closed) = &mut self.done[node] {
            // Given up, and now here after all.
            closed.outcome = outcome;
            closed.error.clone_from(&result.error);
        }
    }

    /// Stops waiting for the closes that are overdue, so that what waits for them may begin.
    fn give_up(&mut self) -> Vec<usize> {
        let now = clock::now();
        let mut overdue = Vec::new();
        while let Some((node, since)) = self.first() {
            if self.overdue_at(since).is_none_or(|due| due > now) {
                break;
            }
            self.running.remove(&node);
            self.end(node, since, ShutdownOutcome::Overdue, None);
            overdue.push(node);
        }
        overdue
    }

    /// Records that a close that was given up does not go on.
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

    fn end(&mut self, node: usize, since: Instant, outcome: ShutdownOutcome, error: Option<SharedError>) {
        let closed = ClosedCell {
            info: self.info(node),
            outcome,
            position: self.positions[&node],
            began_after: since.saturating_duration_since(self.limit.started),
            duration: clock::now().saturating_duration_since(since),
            error,
        };
        self.watch.ended(node, closed.info, closed.is_ok());
        self.done[node] = Some(closed);
        self.progress.done(node);
    }

    fn report(&mut self) -> ShutdownReport {
        let mut done = std::mem::take(&mut self.done);
        if self.what_for == For::Good {
            let earlier = self.kept.cut_short.lock().clone();
            if !earlier.is_empty() {
                let closed_before = earlier.len();
                done = done.into_iter().map(|cell| Some(cell?.after(closed_before))).collect();
                let index: HashMap<TypeId, usize> =
                    (0..done.len()).map(|node| (self.info(node).id(), node)).collect();
                for closed in earlier {
                    if let Some(&node) = index.get(&closed.info.id()) {
                        let latest = done[node].take();
                        done[node] = Some(closed.followed_by(latest));
                    }
                }
            }
        }
        let took = clock::now().saturating_duration_since(self.limit.started);
        ShutdownReport { cells: done.into_iter().flatten().collect(), took }
    }
}
