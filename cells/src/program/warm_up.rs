//! Building cells before anybody asks for them.

use crate::declared::any_cell::AnyCell;
use crate::error::{Error, LifecycleError, Panic, SharedError};
use crate::info::{CellInfo, DependencyKind};
use crate::observe::context::RequestContext;
use crate::program::graph::{Graph, graph};
use crate::program::jobs::{Tasks, Threads};
use crate::program::schedule::{Progress, Schedule};
use crate::program::table::{Table, chain};
use std::any::Any;
use std::fmt;
use std::future::poll_fn;
use std::num::NonZero;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::Poll;
use std::thread;
use std::time::{Duration, Instant};

/// Builds all cells declared `eager`, and what they depend on: [`WarmUp::run`] with its defaults.
pub fn warm_up() -> WarmUpReport {
    WarmUp::new().run()
}

/// Builds all declared cells of the program: [`WarmUp::run`] of [`all`](WarmUp::all).
pub fn warm_up_all() -> WarmUpReport {
    WarmUp::new().all().run()
}

/// Which cells to build, and on how many threads.
///
/// ```
/// let report = cells::WarmUp::new().all().threads(2).run();
/// println!("{report}");
/// assert!(report.is_ok());
/// ```
#[derive(Clone, Debug)]
pub struct WarmUp {
    all: bool,
    threads: usize,
}

impl Default for WarmUp {
    fn default() -> Self {
        Self::new()
    }
}

impl WarmUp {
    /// Takes the cells declared `eager`, and as many threads as the machine runs at once.
    #[must_use]
    pub fn new() -> Self {
        Self { all: false, threads: thread::available_parallelism().map_or(1, NonZero::get) }
    }

    /// Takes all declared cells.
    #[must_use]
    pub fn all(mut self) -> Self {
        self.all = true;
        self
    }

    /// Uses at most `n` threads, at least one.
    #[must_use]
    pub fn threads(mut self, n: usize) -> Self {
        self.threads = n.max(1);
        self
    }

    /// Builds the cells in parallel, each after what it depends on.
    ///
    /// A failure stops only the cells into which the failed one is injected. Factories run in the caller's
    /// [`RequestContext`]; a panic of one is a failure of its cell. The factories of asynchronous cells run on these
    /// threads too, and where they need a runtime find the caller's: in a task use [`run_async`](Self::run_async).
    pub fn run(self) -> WarmUpReport {
        let threads = Threads::new("cells-warm-up");
        let caller = Caller::here();
        let mut work = Work::plan(&self);
        loop {
            while let Some((node, cell)) = work.begin() {
                let caller = caller.clone();
                threads.start(node, move || caller.build(cell));
            }
            if work.running == 0 {
                return work.report();
            }
            if let Some((node, outcome)) = threads.next(None) {
                work.finish(node, outcome);
            }
        }
    }

    /// [`run`](Self::run) in a task, which polls all factories itself; the number of threads says how many at once.
    pub async fn run_async(self) -> WarmUpReport {
        let mut tasks = Tasks::new();
        let mut work = Work::plan(&self);
        loop {
            while let Some((node, cell)) = work.begin() {
                tasks.start(node, Box::pin(build_async(cell)));
            }
            if work.running == 0 {
                return work.report();
            }
            let (node, outcome) = tasks.next().await;
            work.finish(node, outcome);
        }
    }
}

type Outcome = Result<(), Error>;

/// What the factories find of the caller on other threads.
#[derive(Clone)]
struct Caller {
    context: Option<RequestContext>,
    #[cfg(feature = "tokio")]
    runtime: Option<tokio::runtime::Handle>,
}

impl Caller {
    fn here() -> Self {
        Self {
            context: RequestContext::current(),
            #[cfg(feature = "tokio")]
            runtime: tokio::runtime::Handle::try_current().ok(),
        }
    }

    fn build(&self, cell: AnyCell) -> Outcome {
        #[cfg(feature = "tokio")]
        let _runtime = self.runtime.as_ref().map(tokio::runtime::Handle::enter);
        let _context = self.context.as_ref().map(RequestContext::enter);
        catch_unwind(AssertUnwindSafe(|| cell.get().map(drop))).unwrap_or_else(|panic| panicked(cell, panic))
    }
}

async fn build_async(cell: AnyCell) -> Outcome {
    let mut warm = pin!(cell.get_async());
    poll_fn(|cx| {
        let polled = catch_unwind(AssertUnwindSafe(|| warm.as_mut().poll(cx)));
        polled.map_or_else(|panic| Poll::Ready(panicked(cell, panic)), |polled| polled.map_ok(drop))
    })
    .await
}

fn panicked(cell: AnyCell, panic: Box<dyn Any + Send>) -> Outcome {
    let source = SharedError::new(Panic::caught(panic));
    Err(Error::Lifecycle(LifecycleError::Panicked { cell: cell.info().name, source }))
}

/// What is to be built when, and what became of it.
struct Work {
    started: Instant,
    at_once: usize,
    graph: Graph,
    progress: Progress,
    wanted: Vec<bool>,
    running: usize,
    done: Vec<Option<WarmedCell>>,
}

impl Work {
    fn plan(what: &WarmUp) -> Self {
        let started = Instant::now();
        let graph = graph();
        let mut wanted: Vec<_> = graph.nodes.iter().map(|node| what.all || node.cell.info().eager).collect();
        // What a wanted cell gets injected is wanted, and so on.
        let mut stack: Vec<_> = (0..wanted.len()).filter(|&node| wanted[node]).collect();
        while let Some(node) = stack.pop() {
            for edge in graph.edges.iter().filter(|edge| edge.from == node) {
                if edge.kind == DependencyKind::Injected && !std::mem::replace(&mut wanted[edge.to], true) {
                    stack.push(edge.to);
                }
            }
        }
        let done = wanted.iter().map(|_| None).collect();
        let progress = Progress::new(&Schedule::to_build(&graph));
        Self { started, at_once: what.threads, graph, progress, wanted, running: 0, done }
    }

    /// The next cell to build; `None` until another one is finished.
    fn begin(&mut self) -> Option<(usize, AnyCell)> {
        while self.running < self.at_once {
            let node = self.progress.next()?;
            if let Some(cell) = self.prepare(node) {
                self.running += 1;
                return Some((node, cell));
            }
            self.progress.done(node);
        }
        None
    }

    /// The cell to build for a node whose turn has come; `None` where nothing is to be done.
    fn prepare(&mut self, node: usize) -> Option<AnyCell> {
        let graph = &self.graph;
        let cell = graph.nodes[node].cell;
        if !self.wanted[node] {
            return None;
        }
        let failed = graph.edges.iter().find(|edge| {
            let dependency = self.done[edge.to].as_ref();
            edge.from == node
                && edge.kind == DependencyKind::Injected
                && dependency.is_some_and(|cell| cell.error.is_some() || cell.skipped_for.is_some())
        });
        let mut warmed = WarmedCell::new(cell.info());
        if let Some(edge) = failed {
            warmed.outcome = WarmUpOutcome::Skipped;
            warmed.skipped_for = Some(graph.nodes[edge.to].cell.info());
        } else if cell.snapshot().generation.is_some() {
            warmed.outcome = WarmUpOutcome::Ready;
        } else {
            return Some(cell);
        }
        self.done[node] = Some(warmed);
        None
    }

    fn finish(&mut self, node: usize, outcome: Outcome) {
        let cell = self.graph.nodes[node].cell;
        let mut warmed = WarmedCell::new(cell.info());
        match outcome {
            Ok(()) => {
                let snapshot = cell.snapshot();
                warmed.outcome = WarmUpOutcome::Built;
                warmed.own = snapshot.own.unwrap_or_default();
                warmed.waiting = snapshot.waiting.unwrap_or_default();
            }
            Err(error) => {
                warmed.outcome = WarmUpOutcome::Failed;
                warmed.error = Some(error);
            }
        }
        self.done[node] = Some(warmed);
        self.running -= 1;
        self.progress.done(node);
    }

    fn report(self) -> WarmUpReport {
        let took = self.started.elapsed();
        // Anew, with the dependencies that were first seen in this very warm-up. The nodes stay where they are.
        let schedule = &Schedule::to_build(&graph());
        // The longest way to each node: its own time after the longest of those that come before it.
        let mut longest = vec![(Duration::ZERO, None); self.done.len()];
        for node in schedule.sequence() {
            let before = schedule.before(node).iter().max_by_key(|&&first| longest[first].0).copied();
            let own = self.done[node].as_ref().map_or(Duration::ZERO, |cell| cell.own);
            longest[node] = (before.map_or(Duration::ZERO, |first| longest[first].0) + own, before);
        }
        let mut at = (0..longest.len()).max_by_key(|&node| longest[node].0);
        let critical_time = at.map_or(Duration::ZERO, |last| longest[last].0);
        let mut critical_path = Vec::new();
        while let Some(node) = at {
            let built = self.done[node].as_ref().filter(|cell| cell.outcome == WarmUpOutcome::Built);
            critical_path.extend(built.map(|cell| cell.info));
            at = longest[node].1;
        }
        critical_path.reverse();
        let cells = self.done.into_iter().flatten().collect();
        WarmUpReport { cells, critical_path, critical_time, took }
    }
}

/// What a warm-up did.
#[derive(Clone, Debug)]
#[must_use = "a warm-up reports failures here and nowhere else"]
#[non_exhaustive]
pub struct WarmUpReport {
    /// The cells that were wanted, in the order of [`all`](crate::all).
    pub cells: Vec<WarmedCell>,
    /// The chain of dependencies that took longest: more threads cannot make a warm-up shorter than this.
    pub critical_path: Vec<&'static CellInfo>,
    /// The own times on the critical path, added up.
    pub critical_time: Duration,
    /// How long the whole warm-up took.
    pub took: Duration,
}

/// What a warm-up did with one cell.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct WarmedCell {
    /// The cell.
    pub info: &'static CellInfo,
    /// What became of it.
    pub outcome: WarmUpOutcome,
    /// How long its factory ran, without what it waited for other cells.
    pub own: Duration,
    /// How long its factory waited for other cells.
    pub waiting: Duration,
    /// Why it failed.
    pub error: Option<Error>,
    /// The failed dependency for which it was left out.
    pub skipped_for: Option<&'static CellInfo>,
}

/// What became of a cell in a warm-up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum WarmUpOutcome {
    /// It was built.
    Built,
    /// It was there already.
    Ready,
    /// Its factory failed.
    Failed,
    /// Something that is injected into it failed.
    Skipped,
}

impl WarmedCell {
    fn new(info: &'static CellInfo) -> Self {
        let zero = Duration::ZERO;
        let outcome = WarmUpOutcome::Ready;
        Self { info, outcome, own: zero, waiting: zero, error: None, skipped_for: None }
    }
}

impl WarmUpReport {
    /// Returns `true` if every cell that was wanted is there.
    pub fn is_ok(&self) -> bool {
        self.cells.iter().all(|cell| matches!(cell.outcome, WarmUpOutcome::Built | WarmUpOutcome::Ready))
    }
}

/// A table, a cell a line, and the critical path below it.
impl fmt::Display for WarmUpReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut table = Table::new(["cell", "outcome", "own", "waiting", ""]);
        for cell in &self.cells {
            let (outcome, note) = match (cell.outcome, &cell.error, cell.skipped_for) {
                (WarmUpOutcome::Built, ..) => ("built", String::new()),
                (WarmUpOutcome::Ready, ..) => ("was ready", String::new()),
                (WarmUpOutcome::Failed, error, _) => {
                    ("failed", error.as_ref().map(|error| chain(error)).unwrap_or_default())
                }
                (WarmUpOutcome::Skipped, _, needs) => {
                    ("skipped", needs.map(|needs| format!("needs {needs}")).unwrap_or_default())
                }
            };
            let (own, waiting) = (format!("{:.1?}", cell.own), format!("{:.1?}", cell.waiting));
            table.row([cell.info.name.to_owned(), outcome.to_owned(), own, waiting, note]);
        }
        write!(f, "{table}")?;
        let path: Vec<_> = self.critical_path.iter().map(|info| info.name).collect();
        write!(f, "took {:.1?}", self.took)?;
        if !path.is_empty() {
            write!(f, "; critical path {} ({:.1?})", path.join(" -> "), self.critical_time)?;
        }
        Ok(())
    }
}
