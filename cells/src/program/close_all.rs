//! Closing all cells in the order of their dependencies, within a limit.

use crate::declared::any_cell::AnyCell;
use crate::error::SharedError;
use crate::flight::frames::Behalf;
use crate::flight::single_flight::Flight;
use crate::info::CellInfo;
use crate::observe::observer::CloseResult;
use crate::payload::disposer::Abandoned;
use crate::program::graph::{Graph, graph};
use crate::program::jobs::{Tasks, Threads};
use crate::program::schedule::{Progress, Schedule};
use crate::program::shutdown_report::{ClosedCell, ShutdownOutcome, ShutdownReport};
use crate::sync::clock::{self, deadline};
use crate::sync::executor::{BoxFuture, Executor};
use crate::sync::timer;
use parking_lot::Mutex;
use std::any::TypeId;
use std::cell::Cell;
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

/// The flights that were superseded when the shutdown began, each with its cell. They are kept so that the report
/// mentions them even if they end before their cells' turn.
static SUPERSEDED: Mutex<Vec<(TypeId, Arc<Flight>)>> = Mutex::new(Vec::new());

pub(crate) fn keep_superseded(cell: &CellInfo, flights: Vec<Arc<Flight>>) {
    SUPERSEDED.lock().extend(flights.into_iter().map(|flight| (cell.id, flight)));
}

pub(crate) fn forget_superseded() {
    let flights = std::mem::take(&mut *SUPERSEDED.lock());
    drop(flights); // after unlocking: their outcomes are values of the program
}

fn was_superseded(cell: &CellInfo) -> bool {
    SUPERSEDED.lock().iter().any(|(id, _)| *id == cell.id)
}

/// Closes all declared cells in the order of [`shutdown`](crate::shutdown); they stay usable.
pub fn close_all(limit: Duration) -> ShutdownReport {
    let threads = Threads::new("cells-close");
    let mut closes = Closes::plan(limit);
    let (until, behalf) = (closes.until, Behalf::of_caller());
    loop {
        while let Some((node, cell)) = closes.begin() {
            let behalf = behalf.clone();
            threads.start(node, move || {
                // A flight of a factory that closes all cells itself would be waited for in vain.
                let _behalf = behalf.enter();
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

/// Polls a close as part of a shutdown.
async fn on_behalf(mut close: BoxFuture<'static, CloseResult>) -> CloseResult {
    poll_fn(|cx| {
        let outer = CLOSING.replace(true);
        let polled = close.as_mut().poll(cx);
        CLOSING.set(outer);
        polled
    })
    .await
}

/// Which cells to close when, and what became of them.
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
        self.until.map(|until| until.max(running.since) + GRACE)
    }

    fn finish(&mut self, node: usize, result: &CloseResult) {
        let mut outcome = ShutdownOutcome::of(result);
        if outcome == ShutdownOutcome::Empty && was_superseded(self.graph.nodes[node].cell.info()) {
            outcome = ShutdownOutcome::Superseded;
        }
        // The close did not wait for a factory that waits for this very call.
        if outcome == ShutdownOutcome::Superseded && self.graph.nodes[node].cell.snapshot().flights > 0 {
            outcome = ShutdownOutcome::Draining;
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

    /// Stops waiting for the closes that are overdue, so that what waits for them may begin.
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
