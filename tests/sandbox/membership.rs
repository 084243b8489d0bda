//! T2: who is inside.

use crate::graph::{LIMIT, TWICE, limit, twice};
use cells::testing::{Sandbox, SandboxHandle};
use cells::{Error, State, UnavailableError, runtime_cell};
use cells_test_support::{Stage, message, panic_of, spawn};
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

#[test]
fn t2_the_thread_that_entered_and_no_other() {
    let _cells = Sandbox::only([LIMIT.any()]).put(&LIMIT, 1).enter();
    assert_eq!(*twice(), 2);
    let other = spawn(|| {
        let _cells = Sandbox::new().put(&LIMIT, 2).enter();
        (*limit(), *twice())
    });
    assert_eq!(other.join(), (2, 4));
    assert_eq!((*limit(), *twice()), (1, 2));
}

#[test]
fn t2_sandboxes_nest() {
    let _outer = Sandbox::new().put(&LIMIT, 1).enter();
    assert_eq!(*twice(), 2);
    {
        let _inner = Sandbox::new().put(&LIMIT, 2).enter();
        assert_eq!(*twice(), 4);
    }
    assert_eq!((*limit(), *twice()), (1, 2));
}

#[test]
fn t2_a_handle_takes_other_threads_and_executors_inside() {
    let cells = Sandbox::new().put(&LIMIT, 3).enter();
    let handle: SandboxHandle = cells.handle();
    let (scope, future) = (handle.clone(), handle.clone());
    assert_eq!(thread::spawn(move || scope.in_scope(|| *twice())).join().expect("no panic"), 6);
    assert_eq!(handle.spawn(|| *twice()).join().expect("no panic"), 6);
    let polled = thread::spawn(move || pollster::block_on(future.instrument(async { *twice() })));
    assert_eq!(polled.join().expect("no panic"), 6);
}

#[test]
fn t2_a_late_call_by_a_handle_finds_cells_that_are_shut_down() {
    let handle = Sandbox::new().put(&LIMIT, 3).enter().handle();
    // As far as this thread knows, nobody is in a sandbox any more.
    let late = handle.in_scope(|| (LIMIT.state(), TWICE.try_get().map(|lease| *lease)));
    assert_eq!(late.0, State::Closed);
    assert!(matches!(late.1, Err(Error::Unavailable(UnavailableError::ShutDown { cell: "twice" }))));
}

#[test]
fn t2_a_factory_that_runs_on_finds_cells_that_are_shut_down() {
    #[runtime_cell]
    fn late(stage: &&'static Stage) -> u32 {
        stage.pause();
        TWICE.try_get().map_or(0, |_| 1)
    }

    #[runtime_cell]
    fn stage() -> &'static Stage {
        Stage::new()
    }

    let stop = Stage::new();
    let cells = Sandbox::new().put(&STAGE, stop).limit(Duration::ZERO).enter();
    let builder = {
        let handle = cells.handle();
        spawn(move || handle.in_scope(|| LATE.try_get().map(|lease| *lease)))
    };
    stop.reached();
    let complaint = panic_of(|| drop(cells));
    assert!(message(&*complaint).contains("cell `late`: still in use"), "{}", message(&*complaint));
    stop.release();
    // It was superseded, and its caller cannot begin again.
    assert!(builder.join().is_err_and(|error| error.is_unavailable()));
    assert_eq!(TWICE.state(), State::Empty, "nobody has built the process's cell");
}

#[test]
fn t2_what_the_library_starts_is_inside() {
    /// Two that are warmed up on threads of their own.
    #[runtime_cell(eager)]
    fn left(limit: &u32) -> u32 {
        *limit
    }

    #[runtime_cell(eager, dispose = note)]
    fn right(limit: &u32, after: &Told) -> u32 {
        let _ = after;
        *limit
    }

    struct Told(Option<std::sync::Mutex<std::sync::mpsc::Sender<u32>>>);

    #[runtime_cell]
    fn after() -> Told {
        Told(None)
    }

    fn note(_: u32) {
        // The sandbox's, in a thread that closes the cells.
        if let Some(told) = &AFTER.peek().expect("it is closed later").0 {
            let told = told.lock().expect("no panic").clone();
            told.send(*LIMIT.peek().expect("it is closed later")).expect("the test waits");
        }
    }

    let (tell, told) = channel();
    let cells = Sandbox::new().put(&LIMIT, 8).put(&AFTER, Told(Some(tell.into()))).enter();
    let report = cells::warm_up();
    assert!(report.is_ok(), "{report}");
    assert_eq!((LEFT.peek().as_deref(), RIGHT.peek().as_deref()), (Some(&8), Some(&8)));
    drop(cells);
    assert_eq!(told.recv(), Ok(8));
}

#[test]
fn t2_a_factory_belongs_to_the_sandbox_of_its_cell_on_whatever_thread() {
    #[runtime_cell]
    fn slow(stops: &Vec<&'static Stage>) -> u32 {
        for stop in stops {
            stop.pause();
        }
        *limit()
    }

    #[runtime_cell]
    fn stops() -> Vec<&'static Stage> {
        Vec::new()
    }

    let stop = Stage::new();
    let cells = Sandbox::new().put(&LIMIT, 4).put(&STOPS, vec![stop]).enter();
    let builder = cells.handle().spawn(|| *slow());
    stop.reached();
    // Who asks in another sandbox does not wait for this flight.
    let other = spawn(|| {
        let _cells = Sandbox::new().put(&LIMIT, 5).enter();
        *slow()
    });
    assert_eq!(other.join(), 5);
    stop.release();
    assert_eq!(builder.join().expect("no panic"), 4);
}

#[cfg(feature = "tokio")]
mod on_tokio {
    use super::*;
    use crate::graph::four_times;
    use cells_test_support::{Gate, multi_thread};
    use std::sync::Arc;
    use tokio::task::{spawn, spawn_blocking, yield_now};

    async fn everywhere(value: u32) {
        assert_eq!(*twice(), 2 * value);
        assert_eq!(*four_times().await, 4 * value);
        let tasks: Vec<_> = (0..50)
            .map(|_| {
                spawn(async move {
                    for _ in 0..20 {
                        yield_now().await;
                        assert_eq!((*limit(), *twice()), (value, 2 * value));
                        assert_eq!(*four_times().await, 4 * value);
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await.expect("no panic");
        }
        assert_eq!(spawn_blocking(|| *twice()).await.expect("no panic"), 2 * value);
    }

    #[tokio::test]
    async fn t2_everything_on_a_runtime_of_one_thread() {
        let cells = Sandbox::new().put(&LIMIT, 11).enter();
        everywhere(11).await;
        cells.leave().await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn t2_everything_on_a_runtime_of_several_threads() {
        let cells = Sandbox::new().put(&LIMIT, 12).enter();
        everywhere(12).await;
        cells.leave().await;
    }

    #[test]
    fn t2_a_runtime_that_was_adopted() {
        let runtime = multi_thread();
        let cells = Sandbox::new().put(&LIMIT, 13).enter();
        cells.handle().adopt(runtime.handle());
        runtime.block_on(everywhere(13));
        drop(cells);
        drop(runtime);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn t2_what_runs_on_after_leaving_gets_shut_down_and_never_the_processs_cell() {
        #[runtime_cell]
        fn never() -> u32 {
            unreachable!("nobody builds it")
        }

        let cells = Sandbox::new().factory(&NEVER, || 1).enter();
        let gate = Arc::new(tokio::sync::Semaphore::new(0));
        let wait = Arc::clone(&gate);
        let late = spawn(async move {
            let early = NEVER.try_get().map(|lease| *lease);
            drop(wait.acquire().await);
            (early, NEVER.try_get().map(|lease| *lease), LIMIT.try_get().map(|lease| *lease))
        });
        while !NEVER.is_ready() {
            yield_now().await;
        }
        cells.leave().await;
        gate.add_permits(1);
        let (early, late, other) = late.await.expect("no panic");
        assert_eq!(early.expect("it is built"), 1);
        for late in [late, other] {
            assert!(matches!(late, Err(Error::Unavailable(UnavailableError::ShutDown { .. }))));
        }
        // Another sandbox may follow on the same runtime.
        let cells = Sandbox::new().factory(&NEVER, || 2).enter();
        assert_eq!(spawn(async { *never() }).await.expect("no panic"), 2);
        cells.leave().await;
    }

    #[test]
    fn t2_one_sandbox_at_a_time_a_runtime() {
        let runtime = multi_thread();
        let (entered, leave) = (Gate::new(), Gate::new());
        thread::scope(|scope| {
            scope.spawn(|| {
                runtime.block_on(async {
                    let _cells = Sandbox::new().enter();
                    entered.open();
                    tokio::task::block_in_place(|| leave.wait());
                });
            });
            entered.wait();
            let refused = panic_of(|| runtime.block_on(async { drop(Sandbox::new().enter()) }));
            let message = message(&*refused);
            assert!(message.starts_with("this runtime is in another sandbox"), "{message}");
            leave.open();
        });
    }
}
