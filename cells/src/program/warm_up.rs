//! Building cells before anybody asks for them.

use crate::cell::wait_budget::Purpose;
use crate::declared::any_cell::AnyCell;
use crate::error::{Error, LifecycleError, Panic, SharedError};
use crate::flight::frames::Behalf;
use crate::info::DependencyKind;
use crate::observe::context::RequestContext;
use crate::program::graph::{Graph, graph};
use crate::program::jobs::{Tasks, Threads};
use crate::program::schedule::{Progress, Schedule};
use crate::program::warm_up_report::{WarmUpOutcome, WarmUpReport, WarmedCell};
use std::any::Any;
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
    /// A failure skips only the cells into which the failed one is injected. Factories run in the caller's
    /// [`RequestContext`]; a panic of a factory is a failure of its cell. The factories of asynchronous cells run on
    /// these threads too, inside the caller's tokio runtime if there is one. In a task use
    /// [`run_async`](Self::run_async): this function blocks the task's thread.
    pub fn run(self) -> WarmUpReport {
        let threads = Threads::new("cells-warm-up");
        let inherited = Inherited::from_caller();
        let mut work = Work::plan(&self);
        loop {
            while let Some((node, cell)) = work.begin() {
                let inherited = inherited.clone();
                threads.start(node, move || inherited.build(cell));
            }
            if work.running == 0 {
                return work.report();
            }
            if let Some((node, outcome)) = threads.next(None) {
                work.finish(node, outcome);
            }
        }
    }

    /// [`run`](Self::run) in a task, which polls all factories itself; the number of threads is how many run at once.
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

/// What factories on other threads inherit from the caller.
#[derive(Clone)]
struct Inherited {
    context: Option<RequestContext>,
    behalf: Behalf,
    #[cfg(feature = "tokio")]
    runtime: Option<tokio::runtime::Handle>,
}

impl Inherited {
    fn from_caller() -> Self {
        Self {
            context: RequestContext::current(),
            behalf: Behalf::of_caller(),
            #[cfg(feature = "tokio")]
            runtime: tokio::runtime::Handle::try_current().ok(),
        }
    }

    fn build(&self, cell: AnyCell) -> Result<(), Error> {
        #[cfg(feature = "tokio")]
        let _runtime = self.runtime.as_ref().map(tokio::runtime::Handle::enter);
        let _context = self.context.as_ref().map(RequestContext::enter);
        let _behalf = self.behalf.enter();
        catch_unwind(AssertUnwindSafe(|| cell.get(Purpose::WarmUp).map(drop)))
            .unwrap_or_else(|panic| panicked(cell, panic))
    }
}

async fn build_async(cell: AnyCell) -> Result<(), Error> {
    let mut warm = pin!(cell.get_async(Purpose::WarmUp));
    poll_fn(|cx| {
        let polled = catch_unwind(AssertUnwindSafe(|| warm.as_mut().poll(cx)));
        polled.map_or_else(|panic| Poll::Ready(panicked(cell, panic)), |polled| polled.map_ok(drop))
    })
    .await
}

fn panicked(cell: AnyCell, panic: Box<dyn Any + Send>) -> Result<(), Error> {
    let source = SharedError::new(Panic::caught(panic));
    Err(Error::Lifecycle(LifecycleError::Panicked { cell: cell.info().name, source }))
}

/// Which cells to build when, and what became of them.
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
        // What is injected into a wanted cell is wanted too.
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

    /// The cell to build for a node whose turn has come; `None` if there is nothing to do.
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
        let mut warmed = WarmedCell::ready(cell.info());
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

    fn finish(&mut self, node: usize, outcome: Result<(), Error>) {
        let cell = self.graph.nodes[node].cell;
        let mut warmed = WarmedCell::ready(cell.info());
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
        // Again, with the dependencies that this very warm-up has observed. The nodes stay where they are.
        let schedule = &Schedule::to_build(&graph());
        // The longest path to each node: its own time after the longest of those before it.
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
