//! The kinds of callers: threads, and tasks of several executors.

use cells::{BoxError, BoxFuture, CloseResult, Disposer, RuntimeCell};
use cells_test_support::{Answer, Counted, Executor, Job, Stage, eventually, spawn, yield_now};
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

/// What a factory returns, after it may have stopped at a stage.
pub(crate) trait Outcome<T>: Fn() -> Result<T, BoxError> + Send + Sync + 'static {}

impl<T, F: Fn() -> Result<T, BoxError> + Send + Sync + 'static> Outcome<T> for F {}

/// One without its type. With it, every call in every test would be compiled again for each executor.
type AnyOutcome<T> = Arc<dyn Outcome<T>>;

/// How callers use a cell. What their factories do, with a stop at `stage` if there is one, is the same for all kinds.
pub(crate) trait Kind: 'static {
    /// The disposer of counted payloads.
    const DISPOSER: Disposer<Counted>;

    fn call<T: Send + Sync>(
        cell: &'static RuntimeCell<T>,
        refresh: bool,
        stage: Option<&'static Stage>,
        outcome: AnyOutcome<T>,
    ) -> Job<Answer<T>>;

    /// Asks each cell from inside the factory of the one before it.
    fn nested(cells: Vec<&'static RuntimeCell<u32>>) -> Job<Answer<u32>>;

    fn close<T: Send + Sync>(cell: &'static RuntimeCell<T>) -> Job<CloseResult>;

    fn drain<T: Send + Sync>(cell: &'static RuntimeCell<T>, limit: Duration) -> Job<CloseResult>;

    fn start<T: Send + Sync>(
        cell: &'static RuntimeCell<T>,
        refresh: bool,
        stage: Option<&'static Stage>,
        outcome: impl Outcome<T>,
    ) -> Job<Answer<T>> {
        Self::call(cell, refresh, stage, Arc::new(outcome))
    }

    fn get<T: Send + Sync>(cell: &'static RuntimeCell<T>, outcome: impl Outcome<T>) -> Job<Answer<T>> {
        Self::start(cell, false, None, outcome)
    }

    fn refresh<T: Send + Sync>(cell: &'static RuntimeCell<T>, outcome: impl Outcome<T>) -> Job<Answer<T>> {
        Self::start(cell, true, None, outcome)
    }

    /// A call whose factory has stopped at `stage`.
    fn start_flight<T: Send + Sync>(
        cell: &'static RuntimeCell<T>,
        stage: &'static Stage,
        outcome: impl Outcome<T>,
    ) -> Job<Answer<T>> {
        let job = Self::start(cell, false, Some(stage), outcome);
        stage.reached();
        job
    }

    /// Callers that wait for the flight under way; their own factories never run.
    fn wait<T: Send + Sync>(cell: &'static RuntimeCell<T>, count: usize) -> Vec<Job<Answer<T>>> {
        let before = cell.snapshot().waiters;
        let jobs = (0..count).map(|_| Self::get(cell, || unreachable!("a waiter builds nothing"))).collect();
        eventually("the waiters", || cell.snapshot().waiters == before + count);
        jobs
    }
}

pub(crate) struct Threads;

impl Kind for Threads {
    const DISPOSER: Disposer<Counted> = Disposer::with(Counted::dispose);

    fn call<T: Send + Sync>(
        cell: &'static RuntimeCell<T>,
        refresh: bool,
        stage: Option<&'static Stage>,
        outcome: AnyOutcome<T>,
    ) -> Job<Answer<T>> {
        spawn(move || {
            let factory = || {
                stage.inspect(|stage| stage.pause());
                outcome()
            };
            if refresh { cell.refresh(factory) } else { cell.get_or_initialize(factory) }
        })
    }

    fn nested(cells: Vec<&'static RuntimeCell<u32>>) -> Job<Answer<u32>> {
        fn get(cells: &[&'static RuntimeCell<u32>]) -> Answer<u32> {
            let (cell, rest) = cells.split_first().expect("a cell");
            cell.get_or_initialize(|| if rest.is_empty() { Ok(1) } else { get(rest).map(|lease| *lease + 1) })
        }
        spawn(move || get(&cells))
    }

    fn close<T: Send + Sync>(cell: &'static RuntimeCell<T>) -> Job<CloseResult> {
        spawn(|| cell.close())
    }

    fn drain<T: Send + Sync>(cell: &'static RuntimeCell<T>, limit: Duration) -> Job<CloseResult> {
        spawn(move || cell.close_and_drain(limit))
    }
}

async fn call_async<T: Send + Sync>(
    cell: &'static RuntimeCell<T>,
    refresh: bool,
    stage: Option<&'static Stage>,
    outcome: AnyOutcome<T>,
) -> Answer<T> {
    let factory = || async {
        if let Some(stage) = stage {
            stage.pause_async().await;
        }
        outcome()
    };
    if refresh { cell.refresh_async(factory).await } else { cell.get_or_initialize_async(factory).await }
}

/// Tasks of one executor.
pub(crate) struct Tasks<X>(PhantomData<X>);

impl<X: Executor> Kind for Tasks<X> {
    const DISPOSER: Disposer<Counted> = Disposer::with_async(Counted::dispose_async);

    fn call<T: Send + Sync>(
        cell: &'static RuntimeCell<T>,
        refresh: bool,
        stage: Option<&'static Stage>,
        outcome: AnyOutcome<T>,
    ) -> Job<Answer<T>> {
        X::spawn(call_async(cell, refresh, stage, outcome))
    }

    fn nested(cells: Vec<&'static RuntimeCell<u32>>) -> Job<Answer<u32>> {
        fn get<'a>(cells: &'a [&'static RuntimeCell<u32>]) -> BoxFuture<'a, Answer<u32>> {
            let (cell, rest) = cells.split_first().expect("a cell");
            let factory = move || async move {
                yield_now().await;
                if rest.is_empty() { Ok(1) } else { get(rest).await.map(|lease| *lease + 1) }
            };
            Box::pin(cell.get_or_initialize_async(factory))
        }
        X::spawn(async move { get(&cells).await })
    }

    fn close<T: Send + Sync>(cell: &'static RuntimeCell<T>) -> Job<CloseResult> {
        X::spawn(cell.close_async())
    }

    fn drain<T: Send + Sync>(cell: &'static RuntimeCell<T>, limit: Duration) -> Job<CloseResult> {
        X::spawn(cell.close_and_drain_async(limit))
    }
}

/// Declares each of these tests for every kind.
macro_rules! kinds {
    ($($name:ident)*) => {
        mod threads { $(#[test] fn $name() { super::$name::<$crate::kinds::Threads>(); })* }
        mod pollster { $(#[test] fn $name() { super::$name::<$crate::kinds::Tasks<cells_test_support::Pollster>>(); })* }
        mod futures { $(#[test] fn $name() { super::$name::<$crate::kinds::Tasks<cells_test_support::Futures>>(); })* }
        mod smol { $(#[test] fn $name() { super::$name::<$crate::kinds::Tasks<cells_test_support::Smol>>(); })* }
        mod tokio_multi { $(#[test] fn $name() { super::$name::<$crate::kinds::Tasks<cells_test_support::TokioMulti>>(); })* }
        mod tokio_current { $(#[test] fn $name() { super::$name::<$crate::kinds::Tasks<cells_test_support::TokioCurrent>>(); })* }
    };
}

pub(crate) use kinds;
