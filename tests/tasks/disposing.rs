//! A6: asynchronous disposers.

use cells::{
    Abandoned, BoxError, BoxFuture, CloseResult, CloseStatus, Disposer, Panic, RuntimeCell, runtime_cell,
};
use cells_test_support::{
    Boom, Counted, Executor, Futures, Gate, LONG, OnDrop, Pollster, Recorder, Smol, Stage, Tally,
    TokioCurrent, TokioMulti, Wakes, cell, eventually, leak, poll, poll_to_rest, poll_with, spawn, yield_now,
};
use std::task::Poll;
use std::time::Duration;

fn counted(name: &'static str) -> &'static RuntimeCell<Counted> {
    leak(cell(name).disposer(Disposer::with_async(Counted::dispose_async)))
}

fn put(cell: &'static RuntimeCell<Counted>, payload: impl Fn() -> Counted) {
    drop(cell.get_or_initialize(|| Ok::<_, Boom>(payload())));
}

fn was_abandoned(result: &CloseResult) -> bool {
    let error = result.error.as_ref().is_some_and(|error| error.is::<Abandoned>());
    result.status == CloseStatus::Error && result.had_payload && error
}

fn runs_to_its_end<X: Executor>() {
    let (tally, stage, cell) = (Tally::new(), Stage::new(), counted("db"));
    put(cell, || tally.make(1).staged(stage));
    let recorder = Recorder::on(cell);
    let close = X::spawn(cell.close_async());
    stage.reached();
    assert!(cell.peek().is_none() && tally.disposed().is_empty() && recorder.closes().is_empty());
    stage.release();
    let result = close.join();
    assert_eq!((result.status, result.close_called, result.generation), (CloseStatus::Ok, true, Some(1)));
    assert_eq!((tally.disposed(), recorder.closes().len()), (vec![1], 1));

    put(cell, || tally.make(2));
    assert_eq!(X::spawn(cell.close_and_drain_async(LONG)).join().status, CloseStatus::Ok);
    assert_eq!(tally.disposed(), [1, 2]);
}

#[test]
fn a6_a_close_runs_the_disposer_to_its_end() {
    runs_to_its_end::<Pollster>();
    runs_to_its_end::<Futures>();
    runs_to_its_end::<Smol>();
    runs_to_its_end::<TokioMulti>();
    runs_to_its_end::<TokioCurrent>();
}

#[test]
fn a6_the_key_names_an_async_function() {
    static TALLY: std::sync::LazyLock<&'static Tally> = std::sync::LazyLock::new(Tally::new);
    async fn shut(payload: Counted) -> Result<(), BoxError> {
        yield_now().await;
        payload.dispose()
    }
    #[runtime_cell(dispose = shut)]
    async fn pool() -> Counted {
        yield_now().await;
        TALLY.make(1)
    }
    drop(pollster::block_on(pool()));
    let result = pollster::block_on(POOL.close());
    assert_eq!((result.status, result.close_called), (CloseStatus::Ok, true));
    drop(pollster::block_on(pool()));
    assert_eq!(pollster::block_on(POOL.close_and_drain(LONG)).status, CloseStatus::Ok);
    assert_eq!(TALLY.disposed(), [1, 1]);
    assert_eq!(POOL.info().disposer, "shut");
}

#[test]
fn a6_a_close_that_is_dropped_drops_the_payload_plainly_and_says_so_wherever_that_is() {
    for polls in 0..6 {
        let (tally, cell) = (Tally::new(), counted("db"));
        put(cell, || tally.make(1));
        let recorder = Recorder::on(cell);
        let mut close = Box::pin(cell.close_async());
        let ended = (0..polls).any(|_| poll(&mut close).is_ready());
        drop(close);
        if polls == 0 {
            assert!(cell.is_ready() && tally.dropped() == 0);
            continue;
        }
        assert_eq!((tally.dropped(), recorder.closes().len()), (1, 1), "after {polls} polls");
        assert_eq!(
            (tally.disposed().len(), !was_abandoned(&recorder.closes()[0])),
            (usize::from(ended), ended)
        );
        assert!(!cell.is_ready() && cell.snapshot().draining == 0);
    }
}

#[test]
fn a6_who_waits_beside_a_dropped_closer_hears_of_it() {
    let (tally, cell) = (Tally::new(), counted("db"));
    put(cell, || tally.make(1).staged(Stage::new()));
    let mut close = Box::pin(cell.close_and_drain_async(LONG));
    assert!(poll(&mut close).is_pending());
    let wakes = Wakes::new();
    let mut other = Box::pin(cell.close_and_drain_async(LONG));
    assert!(poll_with(&mut other, &wakes.waker()).is_pending());
    drop(close);
    assert_eq!(wakes.get(), 1);
    assert!(matches!(poll(&mut other), Poll::Ready(result) if was_abandoned(&result)));
}

#[test]
fn a6_the_last_lease_hands_the_payload_to_the_closer_that_waits() {
    let (tally, cell) = (Tally::new(), counted("db"));
    let lease = cell.get_or_initialize(|| tally.build(1)).unwrap();
    let mut close = Box::pin(cell.close_and_drain_async(LONG));
    assert!(poll(&mut close).is_pending());
    drop(lease);
    assert_eq!(tally.dropped(), 0, "the drop of a lease runs no asynchronous code");
    assert!(matches!(poll_to_rest(&mut close), Poll::Ready(result) if result.status == CloseStatus::Ok));
    assert_eq!(tally.disposed(), [1]);
}

#[test]
fn a6_a_payload_that_was_handed_to_a_closer_that_goes_is_not_lost() {
    let (tally, cell) = (Tally::new(), counted("db"));
    let lease = cell.get_or_initialize(|| tally.build(1)).unwrap();
    let recorder = Recorder::on(cell);
    let mut close = Box::pin(cell.close_and_drain_async(LONG));
    let mut other = Box::pin(cell.close_and_drain_async(LONG));
    assert!(poll(&mut close).is_pending() && poll(&mut other).is_pending());
    drop(lease);
    drop(close);
    assert_eq!(tally.dropped(), 0, "the other closer takes it");
    assert!(matches!(poll_to_rest(&mut other), Poll::Ready(result) if result.status == CloseStatus::Ok));
    assert_eq!(tally.disposed(), [1]);

    let lease = cell.get_or_initialize(|| tally.build(2)).unwrap();
    let mut close = Box::pin(cell.close_and_drain_async(LONG));
    assert!(poll(&mut close).is_pending());
    drop(lease);
    drop(close);
    assert_eq!(tally.dropped(), 2);
    assert!(recorder.closes().last().is_some_and(was_abandoned));
}

#[test]
fn a6_without_a_runtime_a_payload_nobody_waits_for_is_dropped_and_the_result_says_so() {
    let (tally, cell) = (Tally::new(), counted("db"));
    put(cell, || tally.make(1));
    assert!(was_abandoned(&cell.close()));
    let lease = cell.get_or_initialize(|| tally.build(2)).unwrap();
    let recorder = Recorder::on(cell);
    assert_eq!(cell.close().status, CloseStatus::Draining);
    drop(lease);
    assert!(was_abandoned(&recorder.closes()[0]));
    assert_eq!((tally.dropped(), tally.disposed().len()), (2, 0));
}

#[test]
fn a6_a_thread_that_waits_runs_the_disposer_where_there_is_no_runtime() {
    let (tally, cell) = (Tally::new(), counted("db"));
    let lease = cell.get_or_initialize(|| tally.build(1)).unwrap();
    let drain = spawn(|| cell.close_and_drain(LONG));
    eventually("the close", || !cell.is_ready());
    drop(lease);
    // Either it already waits and runs the disposer, or it finds that nobody did.
    let result = drain.join();
    assert!(result.status == CloseStatus::Ok && tally.disposed() == [1] || was_abandoned(&result));
    put(cell, || tally.make(2));
    assert_eq!(cell.close_and_drain(LONG).status, CloseStatus::Ok);
}

#[test]
fn a6_a_panic_in_a_disposer_is_caught_wherever_it_is() {
    fn early(_: u32) -> BoxFuture<'static, Result<(), BoxError>> {
        panic!("early")
    }
    fn first(_: u32) -> BoxFuture<'static, Result<(), BoxError>> {
        Box::pin(async { panic!("first") })
    }
    fn later(_: u32) -> BoxFuture<'static, Result<(), BoxError>> {
        Box::pin(async {
            yield_now().await;
            panic!("later")
        })
    }
    fn failing(_: u32) -> BoxFuture<'static, Result<(), BoxError>> {
        Box::pin(async {
            yield_now().await;
            Err(Boom(1).into())
        })
    }
    for (disposer, text) in [
        (Disposer::with_async(early), "early"),
        (Disposer::with_async(first), "first"),
        (Disposer::with_async(later), "later"),
        (Disposer::with_async(failing), "boom 1"),
    ] {
        let cell = leak(cell("db").disposer(disposer));
        drop(cell.get_or_initialize(|| Ok::<_, Boom>(1)));
        let recorder = Recorder::on(cell);
        let result = Smol::spawn(cell.close_async()).join();
        let error = result.error.clone().expect("it failed");
        assert_eq!((result.status, result.close_called), (CloseStatus::Error, true));
        assert!(error.to_string().contains(text), "{error}");
        assert_eq!(error.is::<Panic>(), text != "boom 1");
        assert_eq!(recorder.closes().len(), 1);
        assert!(result.into_result().is_err());
        assert_eq!(*cell.get_or_initialize(|| Ok::<_, Boom>(2)).unwrap(), 2);
    }
}

#[test]
fn a6_a_panic_in_a_disposers_drop_is_caught_too() {
    fn dispose(_: u32) -> BoxFuture<'static, Result<(), BoxError>> {
        Box::pin(async {
            let _held = OnDrop(|| panic!("in the drop"));
            Gate::new().wait_async().await;
            Ok(())
        })
    }
    let cell = leak(cell("db").disposer(Disposer::with_async(dispose)));
    drop(cell.get_or_initialize(|| Ok::<_, Boom>(1)));
    let recorder = Recorder::on(cell);
    let mut close = Box::pin(cell.close_async());
    assert!(poll(&mut close).is_pending());
    drop(close);
    let closes = recorder.closes();
    assert_eq!((closes.len(), closes[0].status), (1, CloseStatus::Error));
    assert!(closes[0].error.as_ref().is_some_and(|error| error.to_string().contains("in the drop")));
}

#[test]
fn a6_a_refresh_disposes_the_old_payload_and_a_late_flight_its_own() {
    let (tally, cell) = (Tally::new(), counted("db"));
    put(cell, || tally.make(1));
    assert_eq!(pollster::block_on(cell.refresh_async(async || tally.build(2))).unwrap().id, 2);
    assert_eq!(tally.disposed(), [1]);
    let stage = Stage::new();
    assert_eq!(pollster::block_on(cell.close_async()).status, CloseStatus::Ok);
    let initializer = Smol::spawn(cell.get_or_initialize_async(move || async move {
        stage.pause_async().await;
        tally.build(3)
    }));
    stage.reached();
    assert_eq!(cell.close().status, CloseStatus::Superseded);
    stage.release();
    assert_eq!(initializer.join().unwrap().id, 3);
    assert_eq!(tally.disposed(), [1, 2, 3]);
}

#[test]
fn a6_a_draining_close_that_is_late_leaves_the_payload_to_its_last_lease() {
    let (tally, cell) = (Tally::new(), counted("db"));
    let lease = cell.get_or_initialize(|| tally.build(1)).unwrap();
    let result = Smol::spawn(cell.close_and_drain_async(Duration::from_millis(5))).join();
    assert_eq!(result.status, CloseStatus::Draining);
    drop(lease);
    assert_eq!(tally.dropped(), 1);
}

#[cfg(feature = "tokio")]
mod on_a_runtime {
    use super::*;
    use cells_test_support::{current_thread, eventually_async, multi_thread};

    fn build_on(
        runtime: &tokio::runtime::Runtime,
        cell: &'static RuntimeCell<Counted>,
        tally: &'static Tally,
    ) {
        runtime.block_on(async { drop(cell.get_or_initialize_async(async || tally.build(1)).await) });
    }

    #[test]
    fn a6_the_last_lease_leaves_the_payload_to_its_runtime() {
        let (tally, cell, runtime) = (Tally::new(), counted("db"), multi_thread());
        build_on(&runtime, cell, tally);
        let lease = cell.peek().unwrap();
        let recorder = Recorder::on(cell);
        assert_eq!(cell.close().status, CloseStatus::Draining);
        spawn(|| drop(lease)).join();
        eventually("the disposal", || tally.disposed() == [1] && recorder.closes().len() == 1);
        assert_eq!(recorder.closes()[0].status, CloseStatus::Ok);
    }

    #[test]
    fn a6_a_thread_that_drains_waits_for_the_payloads_runtime() {
        let (tally, cell, runtime) = (Tally::new(), counted("db"), multi_thread());
        build_on(&runtime, cell, tally);
        assert_eq!(cell.close_and_drain(LONG).status, CloseStatus::Ok);
        assert_eq!(tally.disposed(), [1]);
    }

    #[test]
    fn a6_a_payload_of_a_runtime_that_is_gone_is_dropped_and_the_result_says_so() {
        for runtime in [multi_thread(), current_thread()] {
            let (tally, cell) = (Tally::new(), counted("db"));
            build_on(&runtime, cell, tally);
            let recorder = Recorder::on(cell);
            let lease = cell.peek().unwrap();
            assert_eq!(cell.close().status, CloseStatus::Draining);
            drop(runtime);
            drop(lease);
            assert!(was_abandoned(&recorder.closes()[0]));
            assert_eq!(tally.dropped(), 1);
        }
    }

    #[test]
    fn a6_a_runtime_that_ends_during_a_disposal_drops_the_payload_and_says_so() {
        let (tally, stage, cell, runtime) = (Tally::new(), Stage::new(), counted("db"), multi_thread());
        runtime.block_on(async {
            drop(cell.get_or_initialize_async(async || Ok::<_, Boom>(tally.make(1).staged(stage))).await);
        });
        let recorder = Recorder::on(cell);
        assert_eq!(cell.close().status, CloseStatus::Disposing);
        stage.reached();
        let drain = spawn(|| cell.close_and_drain(LONG));
        drop(runtime);
        // A closer that came in time gets the result; one that came later finds nothing to close.
        let result = drain.join();
        assert!(was_abandoned(&result) || result.status == CloseStatus::Noop, "{result:?}");
        assert!(recorder.closes().iter().any(was_abandoned));
        assert_eq!((tally.dropped(), tally.disposed().len()), (1, 0));
    }

    #[test]
    fn a6_a_blocked_current_thread_runtime_disposes_when_it_runs_again() {
        let (tally, cell, runtime) = (Tally::new(), counted("db"), current_thread());
        build_on(&runtime, cell, tally);
        runtime.block_on(async {
            // Blocks the only thread that could run the disposer.
            assert_eq!(cell.close_and_drain(Duration::from_millis(10)).status, CloseStatus::Disposing);
            assert!(tally.disposed().is_empty());
            eventually_async("the disposal", || tally.disposed() == [1]).await;
        });
    }

    #[test]
    fn x12_a_disposer_that_runs_is_not_called_a_lease_that_is_out() {
        let (tally, stage, cell, runtime) = (Tally::new(), Stage::new(), counted("db"), multi_thread());
        runtime.block_on(async {
            drop(cell.get_or_initialize_async(async || Ok::<_, Boom>(tally.make(1).staged(stage))).await);
        });
        let lease = cell.peek().unwrap();
        let drain = || cell.close_and_drain(Duration::from_millis(5)).status;
        assert_eq!((drain(), drain()), (CloseStatus::Draining, CloseStatus::Draining));
        drop(lease);
        stage.reached();
        assert_eq!(drain(), CloseStatus::Disposing);
        let late = || pollster::block_on(cell.close_and_drain_async(Duration::from_millis(5))).status;
        assert_eq!(late(), CloseStatus::Disposing);
        stage.release();
        eventually("the disposal", || tally.disposed() == [1]);
        assert_eq!(drain(), CloseStatus::Noop);
    }

    #[test]
    fn x36_a_close_on_the_only_thread_of_the_payloads_runtime_does_not_wait_for_its_disposer() {
        for leased in [false, true] {
            let (tally, cell, runtime) = (Tally::new(), counted("db"), current_thread());
            build_on(&runtime, cell, tally);
            let lease = cell.peek().filter(|_| leased);
            let closed = runtime.block_on(async {
                let dropped = spawn(move || drop(lease));
                let closed = cell.close_and_drain(Duration::MAX);
                dropped.join();
                closed
            });
            assert_eq!(closed.status, CloseStatus::Disposing);
            let error = closed.into_result().unwrap_err().source;
            assert!(error.is::<cells::RuntimeBlocked>(), "{error}");
            assert!(error.to_string().contains("asynchronous close of the cell"), "{error}");
            runtime.block_on(eventually_async("the disposal", || tally.disposed() == [1]));
        }
    }
}
