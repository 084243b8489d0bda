//! F5: the attempts of a flight, and cooldowns that double. F4: errors that end a payload.

use cells::__private010::fatal_if;
use cells::{
    Disposer, Error, FactoryCell, InitStatus, LifecycleError, Ref, RuntimeCell, State, UnavailableError,
    runtime_cell,
};
use cells_test_support::{
    Boom, Count, Counted, CountingAdjuster, Heard, Recorder, Stage, Tally, alone, cell, counted, crowd,
    eventually, leak, message, panic_of, spawn,
};
use std::sync::Arc;
use std::time::Duration;

const HOUR: Duration = Duration::from_secs(3600);
const SOON: Duration = Duration::from_millis(1);

/// A cell whose flights have so many attempts more, one right after the other.
fn retrying<T: Send + Sync>(retries: u32) -> &'static RuntimeCell<T> {
    leak(cell("db").retry(retries).backoff(SOON, SOON))
}

/// A cell whose flights never come to their second attempt.
fn never_again<T: Send + Sync>() -> RuntimeCell<T> {
    cell("db").retry(5).backoff(Duration::MAX, Duration::MAX)
}

/// Fails so many times, and then returns how often it has run.
fn fails(times: usize, runs: &Count) -> Result<usize, Boom> {
    let run = runs.up();
    if run <= times { Err(Boom(u32::try_from(run).unwrap_or(0))) } else { Ok(run) }
}

#[test]
fn f5_a_factory_is_repeated_until_it_succeeds_in_one_flight() {
    let (cell, runs, adjusted) = (retrying(3), Count::zero(), Count::new());
    let recorder = Recorder::on(cell);
    cell.configure_adjuster(Arc::new(CountingAdjuster(adjusted)));
    let built = cell.get_or_initialize(|| fails(2, &runs)).unwrap();
    assert_eq!((*built, Ref::generation(&built), adjusted.get()), (3, 1, 3));
    assert_eq!(recorder.heard(), [Heard::Start(1), Heard::End(1, InitStatus::Ok)]);
}

#[test]
fn f5_the_last_error_is_that_of_the_flight_and_all_waiters_get_it() {
    let (cell, runs, stage) =
        (leak(cell("db").max_waiters(2).retry(2).backoff(SOON, SOON)), Count::new(), Stage::new());
    let recorder = Recorder::on(cell);
    let caller = spawn(move || {
        cell.get_or_initialize(|| {
            let failed = fails(9, runs);
            if runs.get() == 3 {
                stage.pause();
            }
            failed
        })
    });
    stage.reached();
    let crowd = crowd(2, || cell.get_or_initialize(|| Ok::<_, Boom>(0)));
    stage.release();
    let error = caller.join().unwrap_err();
    assert!(matches!(error, Error::Lifecycle(LifecycleError::Init { .. })), "{error}");
    for error in crowd.answers().into_iter().map(Result::unwrap_err).chain([error]) {
        assert_eq!(error.downcast_ref(), Some(&Boom(3)));
    }
    assert_eq!((runs.get(), recorder.ends()), (3, vec![(1, InitStatus::Error)]));
}

#[test]
fn f5_the_next_flight_has_all_its_attempts() {
    let (cell, runs) = (retrying::<usize>(1), Count::zero());
    assert!(cell.get_or_initialize(|| fails(9, &runs)).is_err());
    assert!(cell.get_or_initialize(|| fails(9, &runs)).is_err());
    assert_eq!(runs.get(), 4);
    let refreshed = cell.refresh(|| fails(5, &runs)).unwrap();
    assert_eq!((*refreshed, Ref::generation(&refreshed)), (6, 3));
}

#[test]
fn f5_a_panic_is_not_repeated() {
    let (cell, runs) = (retrying::<u8>(3), Count::zero());
    let panic = panic_of(|| {
        cell.get_or_initialize(|| -> Result<u8, Boom> {
            runs.up();
            panic!("ouch")
        })
    });
    assert_eq!((message(&*panic), runs.get(), cell.state()), ("ouch", 1, State::Failed));
}

#[test]
fn f5_a_factory_that_can_run_only_once_is_not_repeated() {
    let cell = retrying::<u8>(3);
    let error = cell.get_or_initialize_once(|| Err(Boom(1))).unwrap_err();
    assert_eq!(error.downcast_ref(), Some(&Boom(1)));
}

#[test]
fn f5_the_error_of_another_cell_is_not_repeated() {
    static RUNS: Count = Count::zero();
    static CALLS: Count = Count::zero();
    static FAILING: RuntimeCell<u8> = RuntimeCell::new("failing").cooldown(HOUR);

    #[runtime_cell(retry = 3)]
    fn store() -> Result<u8, Boom> {
        RUNS.up();
        Err(Boom(7))
    }
    #[runtime_cell(retry = 3)]
    fn declared(store: &u8) -> Result<u8, Boom> {
        CALLS.up();
        Ok(*store)
    }

    // Its own retries are its own.
    assert_eq!(declared().unwrap_err().downcast_ref(), Some(&Boom(7)));
    assert_eq!((RUNS.get(), CALLS.get()), (4, 0));

    let (cell, runs) = (retrying::<u8>(3), Count::zero());
    for cooling in [false, true] {
        let error = cell.get_or_initialize(|| {
            runs.up();
            FAILING.get_or_initialize(|| Err(Boom(8))).map(|lease| *lease)
        });
        let error = error.unwrap_err();
        assert_eq!((error.downcast_ref(), error.retry_after().is_some()), (Some(&Boom(8)), cooling));
    }
    let error = cell.get_or_initialize(|| {
        runs.up();
        RuntimeCell::<u8>::new("empty").wait(Duration::ZERO).map(|lease| *lease)
    });
    assert!(error.unwrap_err().is_unavailable());
    assert_eq!(runs.get(), 3);
}

/// Ends the flight between two attempts; returns what its caller gets, and the ends of its flights.
fn ended_in_a_backoff(
    cell: RuntimeCell<usize>,
    end: impl FnOnce(&RuntimeCell<usize>),
) -> (Result<usize, Error>, Vec<(u64, InitStatus)>) {
    let (cell, runs) = (leak(cell), Count::new());
    let recorder = Recorder::on(cell);
    let caller = spawn(move || cell.get_or_initialize(|| fails(1, runs)).map(|lease| *lease));
    eventually("the first attempt", || runs.get() == 1);
    assert_eq!((cell.state(), cell.snapshot().waiters), (State::Initializing, 0));
    end(cell);
    let answer = caller.join();
    eventually("the end of each flight", || cell.snapshot().flights == 0);
    recorder.balanced();
    (answer, recorder.ends())
}

#[test]
fn f5_a_close_in_a_backoff_supersedes_the_flight_at_once() {
    let (answer, ends) = ended_in_a_backoff(never_again(), |cell| {
        assert_eq!(cell.close_and_drain(HOUR).status, cells::CloseStatus::Superseded);
    });
    assert_eq!((answer.ok(), ends), (Some(2), vec![(1, InitStatus::Superseded), (2, InitStatus::Ok)]));
}

#[test]
fn f5_a_recorded_failure_in_a_backoff_is_what_the_flight_gets() {
    let (answer, ends) = ended_in_a_backoff(never_again(), |cell| cell.record_failure(Boom(9), HOUR));
    assert_eq!(answer.unwrap_err().downcast_ref(), Some(&Boom(9)));
    assert_eq!(ends, [(1, InitStatus::Superseded)]);
}

#[test]
fn f5_a_provided_value_in_a_backoff_is_what_the_flight_gets() {
    let (answer, ends) = ended_in_a_backoff(never_again(), |cell| cell.replace(7).unwrap());
    assert_eq!(answer.ok(), Some(7));
    assert!(ends.contains(&(1, InitStatus::Superseded)), "{ends:?}");
}

#[test]
fn f5_a_close_during_an_attempt_leaves_it_the_last_one() {
    let (cell, runs, stage) = (retrying(3), Count::new(), Stage::new());
    let caller = spawn(move || {
        cell.get_or_initialize(|| {
            let failed = fails(1, runs);
            if failed.is_err() {
                stage.pause();
            }
            failed
        })
        .map(|lease| Ref::generation(&lease))
    });
    stage.reached();
    cell.invalidate();
    stage.release();
    assert_eq!((caller.join().ok(), runs.get()), (Some(2), 2));
}

#[test]
fn f5_a_shutdown_ends_a_backoff() {
    static RUNS: Count = Count::zero();

    #[runtime_cell(retry = 3, backoff = Duration::MAX)]
    fn db() -> Result<u8, Boom> {
        RUNS.up();
        Err(Boom(1))
    }

    alone(|| {
        let recorder = Recorder::on(&DB);
        let caller = spawn(|| db().map(|lease| *lease));
        eventually("the first attempt", || RUNS.get() == 1);
        let report = cells::shutdown(HOUR);
        assert!(report.is_ok(), "{report}");
        assert!(caller.join().unwrap_err().is_shut_down());
        assert_eq!((RUNS.get(), recorder.ends()), (1, vec![(1, InitStatus::Superseded)]));
    });
}

#[test]
fn f5_waiters_time_out_in_a_backoff_and_the_initializer_is_none_of_them() {
    let limited = never_again::<usize>().max_waiters(1).wait_timeout(Duration::from_millis(10));
    let (answer, _) = ended_in_a_backoff(limited, |cell| {
        let error = cell.get_or_initialize(|| Ok::<_, Boom>(0)).unwrap_err();
        assert!(matches!(error, Error::Unavailable(UnavailableError::WaitTimeout { .. })), "{error}");
        cell.invalidate();
    });
    // Its own time starts when it is superseded.
    assert!(answer.is_ok() || answer.is_err_and(|error| error.is_timeout()));
}

#[test]
fn f5_readers_are_served_while_a_refresh_is_repeated() {
    let (cell, runs) = (leak(never_again::<usize>()), Count::new());
    drop(cell.get_or_initialize(|| Ok::<_, Boom>(0)));
    let caller = spawn(move || cell.refresh(|| fails(1, runs)).map(|lease| *lease));
    eventually("the first attempt", || runs.get() == 1);
    assert_eq!(cell.peek().as_deref(), Some(&0));
    cell.replace(7).unwrap();
    assert_eq!(caller.join().ok(), Some(7));
}

#[test]
fn f5_every_kind_of_plain_cell_repeats_its_factory() {
    static RUNS: [Count; 3] = [const { Count::zero() }; 3];

    #[runtime_cell(retry = 2, backoff = "1ms")]
    fn plain() -> Result<usize, Boom> {
        fails(2, &RUNS[0])
    }
    #[runtime_cell(retry = 2, backoff = "1ms", permanent)]
    fn permanent() -> Result<usize, Boom> {
        fails(2, &RUNS[1])
    }
    static KEPT: FactoryCell<usize, fn() -> Result<usize, Boom>> =
        RuntimeCell::new("kept").retry(2).backoff(SOON, SOON).with_factory(|| fails(2, &RUNS[2]));

    assert_eq!(
        (plain().ok().as_deref(), permanent().ok(), KEPT.get().ok().as_deref()),
        (Some(&3), Some(&3), Some(&3))
    );
}

#[test]
fn f5_an_error_that_is_not_transient_or_fatal_ends_the_flight() {
    static RUNS: Count = Count::zero();

    #[runtime_cell(retry = 9, backoff = "1ms", transient = |boom| boom.0 < 3)]
    fn db() -> Result<usize, Boom> {
        fails(9, &RUNS)
    }

    assert_eq!(db().unwrap_err().downcast_ref(), Some(&Boom(3)));
    let (cell, runs) = (retrying::<usize>(9), Count::zero());
    let error = cell.get_or_initialize(|| fatal_if(fails(9, &runs), |boom| boom.0 == 2)).unwrap_err();
    assert_eq!(error.downcast_ref(), Some(&Boom(2)));
}

#[test]
fn f5_transient_may_say_of_any_error_that_it_is_worth_another_attempt() {
    static RUNS: Count = Count::zero();

    #[runtime_cell(retry = 1, backoff = "1ms", transient = |_| true)]
    fn db() -> Result<usize, Error> {
        RUNS.up();
        leak(RuntimeCell::<usize>::new("empty")).wait(Duration::ZERO).map(|lease| *lease)
    }

    assert!(db().unwrap_err().is_unavailable());
    assert_eq!(RUNS.get(), 2);
}

/// How long the cell cools down after its next failure. The close ends the cooldown, and not the row of failures.
fn next_cooldown(cell: &RuntimeCell<u8>) -> Duration {
    cell.invalidate();
    assert!(cell.get_or_initialize(|| Err(Boom(1))).is_err());
    cell.snapshot().cooldown_left.unwrap_or_default()
}

#[track_caller]
fn assert_doubled(left: Duration, times: u32) {
    let doubled = HOUR * times;
    // It may have taken some time to ask.
    assert!(left + HOUR / 4 > doubled / 2 && left <= doubled, "{left:?} is not {doubled:?}");
}

#[test]
fn f5_a_cooldown_doubles_with_each_failure_in_a_row() {
    let cell = cell::<u8>("db").cooldown(HOUR).max_cooldown(6 * HOUR);
    for times in [1, 2, 4, 6, 6] {
        assert_doubled(next_cooldown(&cell), times);
    }
    // A failure from outside has its own time, and leaves the row as it is.
    cell.record_failure(Boom(1), HOUR / 2);
    assert!(cell.snapshot().cooldown_left.is_some_and(|left| left <= HOUR / 2));
    assert_doubled(next_cooldown(&cell), 6);
    // Whatever publishes ends the row.
    cell.invalidate();
    drop(cell.get_or_initialize(|| Ok::<_, Boom>(1)));
    assert_doubled(next_cooldown(&cell), 1);
    assert_doubled(next_cooldown(&cell), 2);
    cell.invalidate();
    cell.provide(1).unwrap();
    assert_doubled(next_cooldown(&cell), 1);
}

#[test]
fn f5_failed_refreshes_panics_and_no_unavailable_dependencies_are_in_the_row() {
    let cell = cell::<u8>("db").cooldown(HOUR).max_cooldown(100 * HOUR);
    drop(cell.get_or_initialize(|| Ok::<_, Boom>(1)));
    for _ in 0..2 {
        assert!(cell.refresh(|| Err(Boom(1))).is_err());
        assert_eq!(cell.snapshot().cooldown_left, None, "there is a payload");
    }
    assert_doubled(next_cooldown(&cell), 4);
    cell.invalidate();
    drop(panic_of(|| cell.get_or_initialize(|| -> Result<u8, Boom> { panic!("ouch") })));
    assert_doubled(cell.snapshot().cooldown_left.unwrap_or_default(), 8);
    cell.invalidate();
    let unavailable = || RuntimeCell::<u8>::new("empty").wait(Duration::ZERO).map(|lease| *lease);
    assert!(cell.get_or_initialize(unavailable).is_err());
    assert_eq!(cell.snapshot().cooldown_left, None);
    assert_doubled(next_cooldown(&cell), 16);
}

#[test]
fn f5_attempts_are_no_failures_in_a_row_and_longest_times_are_no_overflow() {
    let cell = cell::<u8>("db").retry(3).backoff(SOON, SOON).cooldown(HOUR).max_cooldown(100 * HOUR);
    assert_doubled(next_cooldown(&cell), 1);
    for most in [Duration::ZERO, Duration::MAX] {
        let cell = RuntimeCell::<u8>::new("db").cooldown(Duration::MAX).max_cooldown(most);
        assert!(next_cooldown(&cell) > Duration::MAX / 2);
        assert!(next_cooldown(&cell) > Duration::MAX / 2);
    }
}

#[test]
fn f5_a_cooldown_without_a_longest_one_is_always_the_same() {
    let cell = cell::<u8>("db").cooldown(HOUR);
    for _ in 0..3 {
        let left = next_cooldown(&cell);
        assert!(left + HOUR / 4 > HOUR && left <= HOUR, "{left:?}");
    }
}

#[test]
fn f4_a_fatal_error_of_a_refresh_retires_the_payload() {
    let (cell, tally) = (counted("db").cooldown(HOUR), Tally::new());
    let recorder = Recorder::on(&cell);
    drop(cell.get_or_initialize(|| tally.build(1)));
    let refresh = |fatal| cell.refresh(|| fatal_if(Err::<Counted, _>(Boom(1)), |_| fatal));
    assert_eq!(refresh(false).unwrap_err().downcast_ref(), Some(&Boom(1)));
    assert_eq!((cell.generation(), cell.snapshot().cooldown_left, tally.disposed()), (Some(1), None, vec![]));
    assert_eq!(refresh(true).unwrap_err().downcast_ref(), Some(&Boom(1)));
    assert_eq!((cell.state(), tally.disposed()), (State::Failed, vec![1]));
    assert!(cell.get_or_initialize(|| tally.build(2)).unwrap_err().is_cooldown());
    recorder.balanced();
    assert_eq!(recorder.closes().len(), 1);
}

#[test]
fn f4_a_payload_that_a_fatal_error_retires_is_disposed_after_its_last_lease() {
    let (cell, tally) = (counted("db"), Tally::new());
    let lease = cell.get_or_initialize(|| tally.build(1)).unwrap();
    assert!(cell.refresh(|| fatal_if(Err::<Counted, _>(Boom(1)), |_| true)).is_err());
    assert_eq!((cell.state(), cell.snapshot().draining, tally.disposed()), (State::Failed, 1, vec![]));
    drop(lease);
    assert_eq!(tally.disposed(), [1]);
    assert_eq!(cell.get_or_initialize(|| tally.build(2)).unwrap().id, 2);
}

#[test]
fn f4_a_fatal_error_of_a_superseded_refresh_retires_nothing() {
    let (cell, stage) = (leak(cell::<u8>("db").disposer(Disposer::with(|_| Ok(())))), Stage::new());
    drop(cell.get_or_initialize(|| Ok::<_, Boom>(1)));
    let refresh = spawn(move || {
        cell.refresh(|| {
            stage.pause();
            fatal_if(Err::<u8, _>(Boom(1)), |_| true)
        })
        .map(|lease| *lease)
    });
    stage.reached();
    cell.replace(2).unwrap();
    stage.release();
    assert_eq!((refresh.join().ok(), cell.peek().as_deref()), (Some(2), Some(&2)));
}

#[test]
fn f4_what_is_said_of_one_attempt_says_nothing_of_the_next() {
    /// Runs the factory twice, and returns what the second run returns.
    struct Twice;
    impl cells::FactoryAdjuster<u8> for Twice {
        fn adjust(
            &self,
            _: &str,
            factory: &mut dyn FnMut() -> Result<u8, cells::BoxError>,
        ) -> Result<u8, cells::BoxError> {
            factory().or_else(|_| factory())
        }
    }
    let (cell, runs) = (cell::<u8>("db"), Count::zero());
    drop(cell.get_or_initialize(|| Ok::<_, Boom>(1)));
    cell.configure_adjuster(Arc::new(Twice));
    let refreshed = cell.refresh(|| fatal_if(fails(9, &runs).map(|_| 2), |boom| boom.0 == 1));
    assert_eq!(refreshed.unwrap_err().downcast_ref(), Some(&Boom(2)));
    assert_eq!(cell.peek().as_deref(), Some(&1), "the first error was fatal, and it is not the flight's");
}
