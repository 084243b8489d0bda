//! A7: dependencies and cycles among tasks.

use cells::{BoxFuture, Error, RuntimeCell, runtime_cell};
use cells_test_support::{
    Boom, Executor, Futures, Gate, Pollster, Smol, Stage, TokioCurrent, TokioMulti, cell, leak, poll,
    poll_to_rest, spawn, yield_now,
};
use futures::executor::block_on;
use futures::future::{join, join_all, try_join_all};

/// The texts of an error and all its causes.
fn story(error: &Error) -> String {
    let mut story = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(at) = cause {
        story = format!("{story}: {at}");
        cause = at.source();
    }
    story
}

type Cell = &'static RuntimeCell<u32>;

fn get<'a>(cells: &'a [Cell], stage: Option<&'static Stage>) -> BoxFuture<'a, Result<u32, Error>> {
    let (cell, rest) = cells.split_first().expect("a cell");
    Box::pin(async move {
        let factory = move || async move {
            if let Some(stage) = stage {
                stage.pause_async().await;
            }
            yield_now().await;
            if rest.is_empty() { Ok(0) } else { get(rest, None).await }
        };
        cell.get_or_initialize_async(factory).await.map(|lease| *lease)
    })
}

/// Two tasks that each build what the other needs.
fn circle<X: Executor, Y: Executor>() {
    let [a, b] = ["a", "b"].map(|name| leak(cell::<u32>(name)));
    let stages = [Stage::new(), Stage::new()];
    let jobs = [X::spawn(get(leak([a, b]), Some(stages[0]))), Y::spawn(get(leak([b, a]), Some(stages[1])))];
    for stage in stages {
        stage.reached();
    }
    for stage in stages {
        stage.release();
    }
    // These cells wait without limit, so only the check for circles ends this.
    let answers = jobs.map(|job| job.join().map_err(|error| story(&error)));
    let names_the_circle = |answer: &Result<u32, String>| {
        answer.as_ref().is_err_and(|story| story.contains("a -> b -> a") || story.contains("b -> a -> b"))
    };
    assert!(answers.iter().any(names_the_circle), "{answers:?}");
}

#[test]
fn a7_a_circle_of_two_tasks_is_found_at_once_on_any_executor() {
    for _ in 0..20 {
        circle::<Pollster, Futures>();
        circle::<Smol, Smol>();
        circle::<TokioMulti, TokioMulti>();
        circle::<TokioCurrent, TokioCurrent>();
        circle::<TokioMulti, Pollster>();
        circle::<TokioCurrent, Smol>();
    }
}

#[test]
fn a7_a_circle_of_three_tasks_that_move_between_threads_is_found() {
    for _ in 0..50 {
        let [a, b, c] = ["a", "b", "c"].map(|name| leak(cell::<u32>(name)));
        let stages = [Stage::new(), Stage::new(), Stage::new()];
        let ways = [leak([a, b]), leak([b, c]), leak([c, a])];
        let jobs: Vec<_> = ways
            .into_iter()
            .zip(stages)
            .map(|(way, stage)| TokioMulti::spawn(get(way, Some(stage))))
            .collect();
        for stage in &stages {
            stage.reached();
        }
        for stage in &stages {
            stage.release();
        }
        let answers = jobs.into_iter().map(|job| job.join().map_err(|error| story(&error)));
        let stories: Vec<_> = answers.filter_map(Result::err).collect();
        assert!(
            stories.iter().any(|story| ["a -> b -> c -> a", "b -> c -> a -> b", "c -> a -> b -> c"]
                .iter()
                .any(|way| story.contains(way))),
            "{stories:?}"
        );
    }
}

#[test]
fn a7_a_circle_of_a_task_and_a_thread_is_found() {
    let [a, b] = ["a", "b"].map(|name| leak(cell::<u32>(name)));
    let stages = [Stage::new(), Stage::new()];
    let task = TokioMulti::spawn(get(leak([a, b]), Some(stages[0])));
    let thread = spawn(move || {
        let inner = || {
            stages[1].pause();
            a.get_or_initialize(|| Ok::<_, Error>(1)).map(|lease| *lease)
        };
        b.get_or_initialize(inner).map(|lease| *lease)
    });
    for stage in &stages {
        stage.reached();
    }
    for stage in &stages {
        stage.release();
    }
    let (task, thread) = (task.join(), thread.join());
    let stories: Vec<_> =
        [task, thread].into_iter().filter_map(Result::err).map(|error| story(&error)).collect();
    assert!(
        stories.iter().any(|story| story.contains("a -> b -> a") || story.contains("b -> a -> b")),
        "{stories:?}"
    );
}

#[test]
fn a7_two_tasks_that_need_the_same_cells_in_two_orders_are_no_circle() {
    for _ in 0..50 {
        let [a, b, c, d] = ["a", "b", "c", "d"].map(|name| leak(cell::<u32>(name)));
        let jobs = [leak([a, c]), leak([b, c]), leak([d, c])].map(|way| TokioMulti::spawn(get(way, None)));
        for job in jobs {
            assert_eq!(job.join().unwrap(), 0);
        }
    }
}

#[test]
fn a7_one_factory_may_wait_for_several_cells_at_once() {
    let [a, b, c] = ["a", "b", "c"].map(|name| leak(cell::<u32>(name)));
    let both = a.get_or_initialize_async(|| async {
        // `b` needs `c`, which the same task builds at the same time.
        let (b, c) = join(get(leak([b, c]), None), get(leak([c]), None)).await;
        Ok::<_, Error>(b? + c? + 1)
    });
    assert_eq!(*Smol::spawn(both).join().unwrap(), 1);
}

#[test]
fn a7_a_dropped_wait_leaves_no_edge() {
    let [a, b] = ["a", "b"].map(|name| leak(cell::<u32>(name)));
    let stage = Stage::new();
    let slow = Smol::spawn(b.get_or_initialize_async(|| async {
        stage.pause_async().await;
        // Nobody builds `a` any longer, so this closes no circle.
        a.get_or_initialize_async(async || Ok::<_, Boom>(2)).await.map(|lease| *lease)
    }));
    stage.reached();
    let mut waits = Box::pin(get(leak([a, b]), None));
    assert!(poll_to_rest(&mut waits).is_pending());
    assert_eq!(b.snapshot().waiters, 1);
    drop(waits);
    stage.release();
    assert_eq!(*slow.join().unwrap(), 2);
}

#[test]
fn a7_what_goes_on_after_its_caller_is_over_stands_in_nobody_elses_way() {
    let gate = Gate::new();
    let [caller, carried] = ["caller", "carried"].map(|name| leak(cell::<usize>(name)));
    let others: &[_] = leak([(); 64].map(|()| cell::<usize>("other")));
    let other = |cell: &'static RuntimeCell<usize>| {
        Box::pin(cell.get_or_initialize_async(async || {
            gate.wait_async().await;
            Ok::<_, Boom>(1)
        }))
    };
    let mut carried = Box::pin(carried.get_or_initialize_async(async || {
        yield_now().await;
        let all = try_join_all(others.iter().map(other)).await?;
        Ok::<_, Error>(all.iter().map(|lease| **lease).sum())
    }));
    // A factory begins another cell's flight, and returns before that is over.
    let begin = caller.get_or_initialize_async(|| {
        assert!(poll(&mut carried).is_pending());
        async { Ok::<_, Boom>(0) }
    });
    assert_eq!(*block_on(begin).unwrap(), 0);
    // One of these may reuse whatever identified the caller's flight.
    let mut under_way: Vec<_> = others.iter().map(other).collect();
    assert!(under_way.iter_mut().all(|flight| poll(flight).is_pending()));
    assert!(poll_to_rest(&mut carried).is_pending(), "it waits for them all");
    gate.open();
    assert!(block_on(join_all(under_way)).iter().all(Result::is_ok));
    assert_eq!(*block_on(carried).unwrap(), 64);
}

#[test]
fn a7_async_factories_depend_on_cells_of_both_kinds() {
    #[runtime_cell]
    fn base() -> u32 {
        1
    }
    #[runtime_cell]
    async fn middle(base: &u32) -> Result<u32, Boom> {
        yield_now().await;
        Ok(base + 1)
    }
    #[runtime_cell]
    async fn top(middle: &u32, base: &u32) -> Result<u32, Boom> {
        yield_now().await;
        Ok(middle + base)
    }
    assert_eq!(*TokioMulti::spawn(top()).join().unwrap(), 3);
    assert!(BASE.is_ready() && MIDDLE.is_ready());
}

#[test]
fn a7_a_failed_dependency_is_told_as_such() {
    #[runtime_cell]
    async fn broken() -> Result<u32, Boom> {
        yield_now().await;
        Err(Boom(5))
    }
    #[runtime_cell]
    async fn needs(broken: &u32) -> Result<u32, Boom> {
        Ok(*broken)
    }
    let error = Smol::spawn(needs()).join().unwrap_err();
    assert!(matches!(error, Error::Lifecycle(cells::LifecycleError::Dependency { .. })), "{error}");
    assert_eq!(error.downcast_ref(), Some(&Boom(5)));
}

#[test]
fn x31_a_future_that_is_finished_elsewhere_may_ask_for_the_callers_cell() {
    let [caller, child] = ["caller", "child"].map(|name| leak(cell::<u32>(name)));
    let stage = Stage::new();
    let mut moved = Box::pin(child.get_or_initialize_async(|| async {
        stage.pause_async().await;
        caller.get_or_initialize_async(async || Ok::<_, Boom>(7)).await.map(|lease| *lease + 1)
    }));
    let begin = caller.get_or_initialize_async(|| {
        assert!(poll(&mut moved).is_pending());
        async { Ok::<_, Boom>(0) }
    });
    assert_eq!(*block_on(begin).unwrap(), 0);
    let _ = caller.close();
    stage.release();
    assert_eq!(*block_on(moved).unwrap(), 8);
}
