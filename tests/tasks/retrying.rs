//! F5: the attempts of a flight in tasks. F4: errors that end a payload.

use cells::__private010::fatal_if;
use cells::{Disposer, Error, FactoryCell, InitStatus, Ref, RuntimeCell, State, runtime_cell};
use cells_test_support::{
    Boom, Count, Counted, Executor, Futures, Pollster, Recorder, Smol, Tally, Wakes, cell, eventually, leak,
    poll, poll_to_rest, poll_with, yield_now,
};
use std::sync::LazyLock;
use std::task::Poll;
use std::time::Duration;

const HOUR: Duration = Duration::from_secs(3600);
const SOON: Duration = Duration::from_millis(1);

/// A cell whose flights have so many attempts more, one right after the other.
fn retrying<T: Send + Sync>(retries: u32) -> &'static RuntimeCell<T> {
    leak(cell("db").retry(retries).backoff(SOON, SOON))
}

/// A cell whose flights never come to their second attempt.
fn never_again<T: Send + Sync>() -> &'static RuntimeCell<T> {
    leak(cell("db").retry(5).backoff(Duration::MAX, Duration::MAX))
}

/// Fails so many times, and then returns how often it has run.
async fn fails(times: usize, runs: &Count) -> Result<usize, Boom> {
    yield_now().await;
    fails_at_once(times, runs)
}

fn fails_at_once(times: usize, runs: &Count) -> Result<usize, Boom> {
    let run = runs.up();
    if run <= times { Err(Boom(u32::try_from(run).unwrap_or(0))) } else { Ok(run) }
}

fn repeats<X: Executor>() {
    let (cell, runs) = (retrying(3), Count::new());
    let recorder = Recorder::on(cell);
    let built = X::spawn(cell.get_or_initialize_async(|| fails(2, runs))).join().unwrap();
    assert_eq!((*built, Ref::generation(&built), recorder.ends()), (3, 1, vec![(1, InitStatus::Ok)]));
    let error = X::spawn(cell.refresh_async(|| fails(99, runs))).join().unwrap_err();
    assert_eq!((error.downcast_ref(), runs.get()), (Some(&Boom(7)), 7));
    assert_eq!(recorder.ends().len(), 2);
}

#[test]
fn f5_a_factory_is_repeated_on_any_executor() {
    repeats::<Pollster>();
    repeats::<Futures>();
    repeats::<Smol>();
}

#[test]
fn f5_a_panic_and_a_factory_that_can_run_only_once_are_not_repeated() {
    let (cell, runs) = (retrying::<u8>(3), Count::new());
    let panics = cell.get_or_initialize_async(async || -> Result<u8, Boom> {
        runs.up();
        panic!("ouch")
    });
    assert!(Smol::spawn(panics).outcome().is_err());
    assert_eq!((runs.get(), cell.state()), (1, State::Failed));
    let once = Smol::spawn(cell.get_or_initialize_once_async(async || Err::<u8, _>(Boom(1)))).join();
    assert_eq!(once.unwrap_err().downcast_ref(), Some(&Boom(1)));
}

#[test]
fn f5_a_future_that_is_dropped_in_a_backoff_cancels_the_flight() {
    let (cell, runs) = (never_again(), Count::new());
    let recorder = Recorder::on(cell);
    let mut asked = Box::pin(cell.get_or_initialize_async(|| fails(1, runs)));
    assert!(poll_to_rest(&mut asked).is_pending());
    let wakes = Wakes::new();
    let mut waiter = Box::pin(cell.get_or_initialize_async(|| fails(1, runs)));
    assert!(poll_with(&mut waiter, &wakes.waker()).is_pending());
    assert_eq!((runs.get(), cell.snapshot().waiters, cell.state()), (1, 1, State::Initializing));
    drop(asked);
    assert_eq!(wakes.get(), 1);
    assert!(matches!(poll_to_rest(&mut waiter), Poll::Ready(Ok(built)) if *built == 2));
    assert_eq!(recorder.ends(), [(1, InitStatus::Cancelled), (2, InitStatus::Ok)]);
}

#[test]
fn f5_whoever_settles_a_flight_in_a_backoff_wakes_its_initializer() {
    type End = fn(&RuntimeCell<usize>);
    let ends: [(End, _); 3] = [
        (|cell| cell.invalidate(), Ok(2)),
        (|cell| cell.replace(7).unwrap(), Ok(7)),
        (|cell| cell.record_failure(Boom(9), HOUR), Err(9)),
    ];
    for (end, expected) in ends {
        let (cell, runs, wakes) = (never_again(), Count::new(), Wakes::new());
        let recorder = Recorder::on(cell);
        let mut asked = Box::pin(cell.get_or_initialize_async(|| fails(1, runs)));
        assert!(poll_to_rest(&mut asked).is_pending());
        assert!(poll_with(&mut asked, &wakes.waker()).is_pending());
        assert_eq!((runs.get(), wakes.get(), cell.snapshot().waiters), (1, 0, 0));
        end(cell);
        assert_eq!(wakes.get(), 1);
        let Poll::Ready(answer) = poll_to_rest(&mut asked) else { panic!("it still waits") };
        let answer = answer.map(|lease| *lease);
        assert_eq!(answer.map_err(|error| error.downcast_ref::<Boom>().map_or(0, |boom| boom.0)), expected);
        assert!(recorder.ends().contains(&(1, InitStatus::Superseded)));
        recorder.balanced();
    }
}

#[test]
fn f5_the_factories_future_and_its_error_are_gone_before_the_next_attempt() {
    #[derive(Debug)]
    struct Held(&'static Count);
    impl Drop for Held {
        fn drop(&mut self) {
            self.0.up();
        }
    }
    impl std::fmt::Display for Held {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("held")
        }
    }
    impl std::error::Error for Held {}

    let (cell, dropped, runs) = (retrying::<u8>(1), Count::new(), Count::new());
    let held = cell.get_or_initialize_async(move || {
        let beside = Held(dropped);
        async move {
            let run = runs.up();
            yield_now().await;
            assert_eq!(dropped.get(), 2 * (run - 1));
            drop(beside);
            Err::<u8, _>(Held(dropped))
        }
    });
    assert!(Smol::spawn(held).join().is_err());
    assert_eq!(runs.get(), 2);
}

#[test]
fn f5_asynchronous_cells_repeat_their_factories() {
    static RUNS: [Count; 3] = [const { Count::zero() }; 3];

    #[runtime_cell(retry = 2, backoff = "1ms")]
    async fn shared() -> Result<usize, Boom> {
        fails(2, &RUNS[0]).await
    }
    #[runtime_cell(retry = 2, backoff = "1ms")]
    fn plain() -> Result<usize, Boom> {
        fails_at_once(2, &RUNS[1])
    }
    #[runtime_cell(retry = 2, backoff = "1ms", permanent)]
    fn permanent() -> Result<usize, Boom> {
        fails_at_once(2, &RUNS[2])
    }
    #[runtime_cell]
    async fn sum(shared: &usize, plain: &usize, permanent: &usize) -> Result<usize, Error> {
        Ok(shared + plain + permanent)
    }

    assert_eq!(Smol::spawn(async { sum().await.map(|lease| *lease) }).join().ok(), Some(9));
    let factory = || async {
        static RUNS: Count = Count::zero();
        fails(2, &RUNS).await
    };
    let kept: &FactoryCell<usize, _> =
        leak(RuntimeCell::new("kept").retry(2).backoff(SOON, SOON).with_factory(factory));
    assert_eq!(Smol::spawn(async { kept.get_async().await.map(|lease| *lease) }).join().ok(), Some(3));
}

#[test]
fn f4_a_fatal_error_of_a_refresh_retires_the_payload_by_its_asynchronous_disposer() {
    let (cell, tally) = (cell("db").cooldown(HOUR), Tally::new());
    let cell = leak(cell.disposer(Disposer::with_async(Counted::dispose_async)));
    drop(Smol::spawn(cell.get_or_initialize_async(async || tally.build(1))).join());
    for (fatal, disposed) in [(false, vec![]), (true, vec![1])] {
        let refresh =
            cell.refresh_async(move || async move { fatal_if(Err::<Counted, _>(Boom(1)), |_| fatal) });
        assert_eq!(Smol::spawn(refresh).join().unwrap_err().downcast_ref(), Some(&Boom(1)));
        // The disposer is awaited in the call.
        assert_eq!((cell.is_ready(), tally.disposed()), (!fatal, disposed));
    }
    assert!(cell.snapshot().cooldown_left.is_some());
}

#[cfg(feature = "tokio")]
mod on_tokio {
    use super::*;
    use cells_test_support::{LONG, Stage, current_thread, eventually_async, multi_thread};
    use tokio::time::{Instant, advance};

    #[tokio::test(start_paused = true)]
    async fn f5_paused_time_passes_in_a_backoff_that_doubles() {
        static RUNS: Count = Count::zero();
        static TIMES: std::sync::Mutex<Vec<Instant>> = std::sync::Mutex::new(Vec::new());

        #[runtime_cell(retry = 5, backoff = "1h..6h")]
        async fn db() -> Result<usize, Boom> {
            TIMES.lock().unwrap().push(Instant::now());
            fails(5, &RUNS).await
        }

        assert_eq!(*db().await.unwrap(), 6);
        let times = TIMES.lock().unwrap().clone();
        let waits: Vec<_> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
        for (wait, doubled) in waits.iter().zip([1, 2, 4, 6, 6].map(|times| HOUR * times)) {
            assert!(*wait >= doubled / 2 && *wait <= doubled + HOUR / 100, "{waits:?}");
        }
        assert_eq!(waits.len(), 5);
    }

    #[tokio::test(start_paused = true)]
    async fn f5_waiters_time_out_in_a_backoff_and_the_flight_goes_on() {
        let (cell, runs) =
            (leak(RuntimeCell::new("db").retry(1).backoff(HOUR, HOUR).wait_timeout(HOUR / 2)), Count::new());
        let asked = tokio::spawn(cell.get_or_initialize_async(|| fails(1, runs)));
        eventually_async("the first attempt", || runs.get() == 1).await;
        let waiter = cell.get_or_initialize_async(async || Ok::<_, Boom>(0));
        assert!(waiter.await.unwrap_err().is_timeout());
        assert_eq!(asked.await.unwrap().map(|lease| *lease).ok(), Some(2));
    }

    #[tokio::test(start_paused = true)]
    async fn f5_a_cooldown_doubles_and_a_success_ends_that() {
        static RUNS: Count = Count::zero();

        #[runtime_cell(cooldown = "1h..3h")]
        async fn db() -> Result<usize, Boom> {
            let run = RUNS.up();
            if run == 5 { Ok(run) } else { Err(Boom(1)) }
        }

        for times in [1, 2, 3, 3, 0, 1, 2] {
            if times == 0 {
                assert_eq!(*db().await.unwrap(), 5);
                DB.invalidate().await;
                continue;
            }
            let doubled = HOUR * times;
            assert!(!db().await.unwrap_err().is_cooldown());
            let left = db().await.unwrap_err().retry_after().unwrap_or_default();
            assert!(left >= doubled / 2 && left <= doubled, "{left:?} is not {doubled:?}");
            advance(left).await;
        }
    }

    #[test]
    fn f5_blocking_detached_and_own_cells_repeat_their_factories() {
        static RUNS: [Count; 4] = [const { Count::zero() }; 4];

        #[runtime_cell(blocking, retry = 2, backoff = "1ms")]
        fn heavy() -> Result<usize, Boom> {
            fails_at_once(2, &RUNS[0])
        }
        #[runtime_cell(detached, retry = 2, backoff = "1ms")]
        async fn detached() -> Result<usize, Boom> {
            fails(2, &RUNS[1]).await
        }
        #[runtime_cell(runtime = "own", retry = 2, backoff = "1ms")]
        async fn own() -> Result<usize, Boom> {
            fails(2, &RUNS[2]).await
        }
        #[runtime_cell(blocking, retry = 2, backoff = "1ms", transient = |boom| boom.0 < 2)]
        fn picky() -> Result<usize, Boom> {
            fails_at_once(9, &RUNS[3])
        }

        for runtime in [current_thread(), multi_thread()] {
            runtime.block_on(async {
                assert_eq!((heavy().await.unwrap().min(3), detached().await.unwrap().min(3)), (3, 3));
                assert_eq!(own().await.unwrap().min(3), 3);
            });
        }
        assert_eq!(multi_thread().block_on(picky()).unwrap_err().downcast_ref(), Some(&Boom(2)));
    }

    #[test]
    fn f5_neither_who_began_a_detached_flight_nor_its_task_is_a_waiter_in_a_backoff() {
        static RUNS: Count = Count::zero();

        #[runtime_cell(detached, max_waiters = 1, retry = 9, backoff = Duration::MAX)]
        async fn db() -> Result<usize, Boom> {
            fails(1, &RUNS).await
        }

        let runtime = multi_thread();
        let _entered = runtime.enter();
        let mut began = Box::pin(db());
        assert!(poll(&mut began).is_pending());
        eventually("the first attempt", || RUNS.get() == 1);
        let mut waiter = Box::pin(db());
        assert!(poll(&mut waiter).is_pending());
        assert_eq!(DB.snapshot().waiters, 1);
        drop(began);
        assert_eq!((DB.snapshot().waiters, DB.state()), (1, State::Initializing));
        runtime.block_on(DB.invalidate());
        assert_eq!(runtime.block_on(waiter).map(|lease| *lease).ok(), Some(2));
    }

    #[test]
    fn f5_a_flight_in_a_backoff_ends_with_its_runtime() {
        static RUNS: Count = Count::zero();

        #[runtime_cell(blocking, wait_timeout = "1h", retry = 9, backoff = Duration::MAX)]
        fn db() -> Result<usize, Boom> {
            fails_at_once(1, &RUNS)
        }

        let recorder = Recorder::on(&DB);
        let (first, second) = (multi_thread(), multi_thread());
        drop(first.spawn(db()));
        eventually("the backoff", || DB.snapshot().counts.retries == 1);
        let waiter = second.spawn(async { db().await.map(|lease| *lease) });
        eventually("the waiter", || DB.snapshot().waiters == 1);
        first.shutdown_timeout(LONG);
        assert_eq!(second.block_on(waiter).unwrap().ok(), Some(2));
        eventually("both ends", || recorder.ends().len() == 2);
        recorder.balanced();
    }

    #[test]
    fn f5_a_flight_whose_runtime_has_ended_makes_no_further_attempt() {
        static STAGE: LazyLock<&'static Stage> = LazyLock::new(Stage::new);
        static RUNS: Count = Count::zero();

        #[runtime_cell(blocking, wait_timeout = "1h", cooldown = "1h", retry = 9, backoff = "1ms")]
        fn db() -> Result<usize, Boom> {
            STAGE.pause();
            fails_at_once(9, &RUNS)
        }

        let recorder = Recorder::on(&DB);
        let (first, second) = (multi_thread(), multi_thread());
        drop(first.spawn(db()));
        STAGE.reached();
        first.shutdown_background();
        let waiter = second.spawn(async { db().await.map(|lease| *lease) });
        eventually("the waiter", || DB.snapshot().waiters == 1);
        STAGE.release();
        let error = second.block_on(waiter).unwrap().unwrap_err();
        assert_eq!((error.downcast_ref(), RUNS.get()), (Some(&Boom(1)), 1));
        eventually("its end", || recorder.ends() == [(1, InitStatus::Error)]);
        assert!(DB.snapshot().cooldown_left.is_some());
    }

    #[tokio::test]
    async fn f5_a_warm_up_waits_for_all_attempts() {
        static RUNS: Count = Count::zero();

        #[runtime_cell(eager, retry = 2, backoff = "1ms")]
        async fn warm() -> Result<usize, Boom> {
            fails(2, &RUNS).await
        }

        assert_eq!(cells::WarmUp::new().run_async().await.into_result().map(drop).ok(), Some(()));
        assert_eq!(WARM.peek().as_deref(), Some(&3));
    }
}
