//! Building cells before anybody asks for them.

use crate::cell::wait_budget::Purpose;
use crate::declared::any_cell::AnyCell;
use crate::error::Error;
use crate::image;
use crate::info::{CellInfo, DependencyKind};
use crate::program::caught::{caught, caught_async};
use crate::program::critical;
use crate::program::graph::{self, Graph};
use crate::program::jobs::{Tasks, Threads};
use crate::program::progress::{self, Listener, Watch};
use crate::program::schedule::{Progress, Schedule};
use crate::program::warm_up_report::{WarmUpOutcome, WarmUpReport, WarmedCell};
use std::num::NonZero;
use std::thread;
use std::time::{Duration, Instant};

/// Builds all cells declared `eager`, and what they depend on: [`WarmUp::run`] with its defaults.
///
/// ```
/// use cells::runtime_cell;
///
/// #[runtime_cell(eager)]
/// fn limit() -> u32 {
///     100
/// }
///
/// let report = cells::warm_up(); // when the program begins
/// println!("{report}");
/// assert!(report.is_ok() && LIMIT.is_ready());
/// ```
#[doc(alias("preload", "eager initialization"))]
#[inline]
pub fn warm_up() -> WarmUpReport {
    WarmUp::new().run()
}

/// Builds all declared cells of the program: [`WarmUp::run`] of [`all`](WarmUp::all).
///
/// [`WarmUp`] has an example.
#[inline]
pub fn warm_up_all() -> WarmUpReport {
    WarmUp::new().all().run()
}

/// Which cells to build, and on how many threads.
///
/// ```standalone_crate
/// use cells::{WarmUp, runtime_cell};
///
/// #[runtime_cell]
/// fn limit() -> u32 {
///     100
/// }
///
/// let report = WarmUp::new().all().threads(2).run(); // also what is not declared `eager`
/// println!("{report}");
/// assert!(report.is_ok() && LIMIT.is_ready());
/// ```
#[derive(Clone, Debug)]
pub struct WarmUp {
    all: bool,
    threads: usize,
    on_progress: Option<Listener>,
}

impl Default for WarmUp {
    fn default() -> Self {
        Self::new()
    }
}

impl WarmUp {
    /// Takes the cells declared `eager`, and as many threads as the machine runs at once.
    ///
    /// The [type](Self) has an example.
    #[must_use]
    #[inline]
    pub fn new() -> Self {
        image::note(image::here());
        let threads = thread::available_parallelism().map_or(1, NonZero::get);
        Self { all: false, threads, on_progress: None }
    }

    /// Takes all declared cells.
    ///
    /// The [type](Self) has an example.
    #[must_use]
    pub fn all(mut self) -> Self {
        self.all = true;
        self
    }

    /// Uses at most `n` threads, at least one.
    ///
    /// The [type](Self) has an example.
    #[must_use]
    pub fn threads(mut self, n: usize) -> Self {
        self.threads = n.max(1);
        self
    }

    /// Calls `listener` each time that builds have begun or ended, at the beginning and at the end included, with nothing
    /// locked: on the thread or in the task that runs the warm-up.
    ///
    /// What it does delays the warm-up. A panic of it is caught and logged.
    ///
    /// ```
    /// let report = cells::WarmUp::new().on_progress(|progress| eprintln!("{progress}")).run();
    /// assert!(report.is_ok());
    /// ```
    #[must_use]
    pub fn on_progress(mut self, listener: impl Fn(&progress::Progress) + Send + Sync + 'static) -> Self {
        self.on_progress = Some(Listener::new(listener));
        self
    }

    /// Builds the cells in parallel, each after what it depends on.
    ///
    /// A failure skips only the cells into which the failed one is injected. Factories run in the caller's
    /// [`RequestContext`](crate::RequestContext); a panic of a factory is a failure of its cell. The factories of
    /// asynchronous cells run on these threads too, inside the caller's tokio runtime if there is one. In a task use
    /// [`run_async`](Self::run_async): this function blocks the task's thread. On the only thread of a tokio runtime the
    /// asynchronous cells that are not ready fail with [`RuntimeBlocked`](crate::RuntimeBlocked).
    ///
    /// The [type](Self) has an example.
    pub fn run(self) -> WarmUpReport {
        let threads = Threads::new("cells-warm-up");
        let mut work = Work::plan(self);
        loop {
            while let Some((node, cell)) = work.begin() {
                threads.start(node, move || {
                    let started = Instant::now();
                    Ended::now(started, build(cell))
                });
            }
            work.watch.report();
            if work.running == 0 {
                return work.report();
            }
            if let Some((node, ended)) = threads.next(None) {
                work.finish(node, ended);
            }
        }
    }

    /// Does what [`run`](Self::run) does in a task, which polls all factories itself; the number of threads is how many run at
    /// once.
    ///
    /// ```
    /// # pollster::block_on(async {
    /// use cells::{WarmUp, runtime_cell};
    ///
    /// #[runtime_cell(eager)]
    /// async fn session() -> String {
    ///     "s-1".to_owned()
    /// }
    ///
    /// let report = WarmUp::new().run_async().await; // or as a task, while a server already answers
    /// assert!(report.is_ok() && SESSION.is_ready());
    /// # });
    /// ```
    pub async fn run_async(self) -> WarmUpReport {
        let mut tasks = Tasks::new();
        let mut work = Work::plan(self);
        loop {
            while let Some((node, cell)) = work.begin() {
                tasks.start(
                    node,
                    Box::pin(async move {
                        let started = Instant::now();
                        Ended::now(started, build_async(cell).await)
                    }),
                );
            }
            work.watch.report();
            if work.running == 0 {
                return work.report();
            }
            let (node, ended) = tasks.next().await;
            work.finish(node, ended);
        }
    }
}

/// When a cell was built, and how that ended.
struct Ended {
    started: Instant,
    at: Instant,
    outcome: Result<(), Error>,
}

impl Ended {
    fn now(started: Instant, outcome: Result<(), Error>) -> Self {
        Self { started, at: Instant::now(), outcome }
    }
}

fn build(cell: AnyCell) -> Result<(), Error> {
    caught(cell, || cell.get(Purpose::WarmUp).map(drop))
}

async fn build_async(cell: AnyCell) -> Result<(), Error> {
    caught_async(cell, cell.get_async(Purpose::WarmUp)).await.map(drop)
}

/// Which cells to build when, and what became of them.
struct Work {
    started: Instant,
    at_once: usize,
    graph: Graph,
    /// For each node, what is injected into it.
    injected: Vec<Vec<usize>>,
    progress: Progress,
    watch: Watch,
    wanted: Vec<bool>,
    running: usize,
    done: Vec<Option<WarmedCell>>,
    /// When each node was built, from when until when.
    times: Vec<Option<(Instant, Instant)>>,
}

impl Work {
    fn plan(what: WarmUp) -> Self {
        let started = Instant::now();
        let graph = graph::of_listed();
        let mut injected = vec![Vec::new(); graph.nodes.len()];
        for edge in graph.edges.iter().filter(|edge| edge.kind == DependencyKind::Injected) {
            injected[edge.from].push(edge.to);
        }
        let mut wanted: Vec<_> = graph.nodes.iter().map(|node| what.all || node.cell.info().eager).collect();
        // What is injected into a wanted cell is wanted too.
        let mut stack: Vec<_> = (0..wanted.len()).filter(|&node| wanted[node]).collect();
        while let Some(node) = stack.pop() {
            stack.extend(injected[node].iter().filter(|&&on| !std::mem::replace(&mut wanted[on], true)));
        }
        let watch = Watch::new(what.on_progress, (0..wanted.len()).filter(|&node| wanted[node]));
        Self {
            started,
            watch,
            at_once: what.threads,
            progress: Progress::new(&Schedule::to_build(&graph)),
            running: 0,
            done: wanted.iter().map(|_| None).collect(),
            times: vec![None; wanted.len()],
            graph,
            injected,
            wanted,
        }
    }

    /// The next cell to build; `None` until another one is finished.
    fn begin(&mut self) -> Option<(usize, AnyCell)> {
        while self.running < self.at_once {
            let node = self.progress.next()?;
            if let Some(cell) = self.prepare(node) {
                self.running += 1;
                self.watch.begun(node, cell.info());
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
        let failed = self.injected[node].iter().find(|&&on| {
            let dependency = self.done[on].as_ref();
            dependency.is_some_and(|cell| cell.error.is_some() || cell.skipped_for.is_some())
        });
        let mut warmed = WarmedCell::ready(cell.info());
        if let Some(&on) = failed {
            warmed.outcome = WarmUpOutcome::Skipped;
            warmed.skipped_for = Some(graph.nodes[on].cell.info());
        } else if cell.is_ready() {
            warmed.outcome = WarmUpOutcome::Ready;
        } else {
            return Some(cell);
        }
        self.watch.ended(node, warmed.info, warmed.skipped_for.is_none());
        self.done[node] = Some(warmed);
        None
    }

    fn finish(&mut self, node: usize, ended: Ended) {
        let cell = self.graph.nodes[node].cell;
        let mut warmed = WarmedCell::ready(cell.info());
        match ended.outcome {
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
        warmed.started = Some(ended.started.saturating_duration_since(self.started));
        warmed.took = ended.at.saturating_duration_since(ended.started);
        self.times[node] = Some((ended.started, ended.at));
        self.watch.ended(node, warmed.info, warmed.error.is_none());
        self.done[node] = Some(warmed);
        self.running -= 1;
        self.progress.done(node);
    }

    fn report(self) -> WarmUpReport {
        let (critical_path, critical_time) = self.critical_path();
        let took = self.started.elapsed();
        let cells = self.done.into_iter().flatten().collect();
        WarmUpReport { cells, critical_path, critical_time, took }
    }

    fn critical_path(&self) -> (Vec<&'static CellInfo>, Duration) {
        // With the dependencies that this very warm-up has observed.
        let mut dependencies = vec![Vec::new(); self.graph.nodes.len()];
        for edge in graph::edges(&self.graph.nodes) {
            dependencies[edge.from].push(edge.to);
        }
        let (path, took) = critical::chain(&self.times, &dependencies);
        (path.into_iter().map(|node| self.graph.nodes[node].cell.info()).collect(), took)
    }
}
