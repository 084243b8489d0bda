//! Factories that panic or fail, and failures recorded from outside.

use cells::{CloseStatus, Error, InitStatus, LifecycleError, Panic, Ref, State};
use cells_test_support::{
    Answer, Boom, Count, Heard, LONG, Recorder, Stage, Tally, cell, counted, crowd, eventually, leak,
    panic_of, spawn, start_flight,
};
use std::error::Error as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

#[test]
fn c12_a_panic_while_others_wait_reaches_them_as_an_error() {
    let cell = leak(cell::<usize>("db").max_waiters(3));
    let (stage, runs) = (Stage::new(), Count::new());
    let initializer = start_flight(cell, stage, move || -> Result<usize, Boom> {
        runs.up();
        std::panic::panic_any(Boom(7))
    });
    let waiters = crowd(3, move || cell.get_or_initialize(|| Ok::<_, Boom>(runs.up())));
    stage.release();

    let panic = initializer.outcome().expect_err("the panic unwinds out of the initializer's call");
    assert_eq!(panic.downcast_ref(), Some(&Boom(7)), "with its own payload");
    for answer in waiters.answers() {
        let error = answer.unwrap_err();
        assert!(error.is_panicked(), "{error}");
        assert!(error.downcast_ref::<Panic>().is_some());
    }
    assert_eq!(runs.get(), 1, "no waiter became an initializer");
    assert_eq!(cell.state(), State::Failed);
    let after = cell.get_or_initialize(|| Ok::<_, Boom>(5)).expect("neither stuck nor poisoned");
    assert_eq!((*after, Ref::generation(&after)), (5, 2));
}

#[test]
fn c12_the_message_of_a_panic_reaches_the_waiters() {
    let cell = leak(cell::<u32>("db").max_waiters(1));
    let stage = Stage::new();
    let reason = "luck".to_owned();
    let initializer = start_flight(cell, stage, move || -> Result<u32, Boom> { panic!("no {reason}") });
    let waiters = crowd(1, move || cell.get_or_initialize(|| Ok::<_, Boom>(0)));
    stage.release();

    let panic = initializer.outcome().expect_err("it panics");
    assert_eq!(panic.downcast_ref::<String>().map(String::as_str), Some("no luck"));
    for answer in waiters.answers() {
        let error = answer.unwrap_err();
        assert_eq!(error.to_string(), "cell `db`: the factory panicked");
        assert_eq!(error.downcast_ref::<Panic>().map(Panic::message), Some("no luck"));
        assert_eq!(error.source().map(ToString::to_string).as_deref(), Some("no luck"));
    }
}

#[test]
fn c12_a_panicking_error_conversion_is_a_panic_of_the_factory() {
    struct Wild;
    impl From<Wild> for cells::BoxError {
        fn from(_: Wild) -> Self {
            panic!("no conversion")
        }
    }
    let cell = cell::<u32>("db");
    let panic = panic_of(|| cell.get_or_initialize(|| Err(Wild)));
    assert_eq!(panic.downcast_ref(), Some(&"no conversion"));
    assert_eq!(cell.state(), State::Failed);
    assert!(cell.get_or_initialize(|| Ok::<_, Boom>(1)).is_ok());
}

#[test]
fn c10_a_failing_factory_gives_its_own_error() {
    let cell = cell::<u32>("db");
    let recorder = Recorder::on(&cell);
    let error = cell.get_or_initialize(|| Err(Boom(1))).unwrap_err();
    assert!(matches!(&error, Error::Lifecycle(LifecycleError::Init { .. })), "{error:?}");
    assert_eq!(error.downcast_ref(), Some(&Boom(1)));
    assert_eq!(cell.state(), State::Failed);
    assert!(cell.peek().is_none());

    let payload = cell.get_or_initialize(|| Ok::<_, Boom>(2)).expect("the next call runs the factory");
    assert_eq!((*payload, Ref::generation(&payload)), (2, 2));
    let heard =
        [Heard::Start(1), Heard::End(1, InitStatus::Error), Heard::Start(2), Heard::End(2, InitStatus::Ok)];
    assert_eq!(recorder.heard(), heard);
}

#[test]
fn c10_a_failed_dependency_is_told_as_such() {
    let (db, app) = (cell::<u32>("db"), cell::<u32>("app"));
    let error =
        app.get_or_initialize(|| db.get_or_initialize(|| Err(Boom(3))).map(|payload| *payload)).unwrap_err();
    assert!(matches!(&error, Error::Lifecycle(LifecycleError::Dependency { .. })), "{error:?}");
    assert_eq!((error.cell(), error.downcast_ref()), ("app", Some(&Boom(3))));
    assert_eq!(error.downcast_ref::<Error>().map(Error::cell), Some("db"));
}

fn assert_cooling(answer: Result<Ref<'_, u32>, Error>, ttl: Duration) -> Error {
    let error = answer.expect_err("it cools down");
    assert!(error.is_cooldown(), "{error:?}");
    let left = error.retry_after().expect("a cooldown says how long it lasts");
    assert!(!left.is_zero() && left <= ttl, "{left:?} of {ttl:?}");
    error
}

#[test]
fn c11_a_failed_flight_starts_a_cooldown() {
    let cell = cell::<u32>("db").cooldown(LONG);
    let first = cell.get_or_initialize(|| Err(Boom(1))).unwrap_err();
    assert!(!first.is_cooldown(), "the flight's own caller gets its failure");
    for _ in 0..2 {
        let again = assert_cooling(cell.get_or_initialize(|| -> Result<u32, Boom> { unreachable!() }), LONG);
        let (cause, same) = (first.downcast_ref::<Boom>(), again.downcast_ref::<Boom>());
        assert!(std::ptr::eq(cause.unwrap(), same.unwrap()), "the same cause");
        assert_cooling(cell.refresh(|| -> Result<u32, Boom> { unreachable!() }), LONG);
    }
    assert_eq!(cell.state(), State::Failed);
}

#[test]
fn c11_a_panic_starts_a_cooldown() {
    let cell = cell::<u32>("db").cooldown(LONG);
    panic_of(|| cell.get_or_initialize(|| -> Result<u32, Boom> { panic!("luck") }));
    let error = assert_cooling(cell.get_or_initialize(|| -> Result<u32, Boom> { unreachable!() }), LONG);
    assert_eq!(error.downcast_ref::<Panic>().map(Panic::message), Some("luck"));
}

#[test]
fn c11_a_cooldown_ends_by_itself_and_not_before() {
    let ttl = Duration::from_millis(30);
    let cell = cell::<u32>("db").cooldown(ttl);
    let start = Instant::now();
    cell.get_or_initialize(|| Err(Boom(1))).unwrap_err();
    eventually("the end of the cooldown", || {
        cell.get_or_initialize(|| {
            assert!(start.elapsed() >= ttl, "a factory ran during the cooldown");
            Ok::<_, Boom>(2)
        })
        .is_ok()
    });
    assert_eq!(cell.generation(), Some(2));
}

#[test]
fn c25_a_record_without_time_does_nothing() {
    let cell = cell::<u32>("db");
    cell.record_failure(Boom(1), Duration::ZERO);
    assert_eq!(cell.state(), State::Empty);
    drop(cell.get_or_initialize(|| Ok::<_, Boom>(1)));
    cell.record_failure(Boom(1), Duration::ZERO);
    assert_eq!(cell.state(), State::Ready);
}

#[test]
fn c25_the_last_record_counts() {
    let cell = cell::<u32>("db");
    cell.record_failure(Boom(1), LONG);
    let short = LONG / 2;
    cell.record_failure(Boom(2), short);
    let error = assert_cooling(cell.get_or_initialize(|| -> Result<u32, Boom> { unreachable!() }), short);
    assert_eq!(error.downcast_ref(), Some(&Boom(2)));
}

#[test]
fn c25_a_record_retires_the_payload() {
    let tally = Tally::new();
    let cell = counted("db");
    let recorder = Recorder::on(&cell);
    let held = cell.get_or_initialize(|| tally.build(1)).expect("a payload");
    cell.record_failure(Boom(9), LONG);

    assert!(cell.peek().is_none(), "`peek` and `get` agree");
    assert!(cell.get_or_initialize(|| tally.build(2)).unwrap_err().is_cooldown());
    assert_eq!((cell.state(), cell.generation()), (State::Failed, None));
    assert_eq!((held.id, tally.disposed()), (1, vec![]), "it is disposed after the drain");
    drop(held);
    assert_eq!(tally.disposed(), [1]);
    assert_eq!(recorder.heard().last(), Some(&Heard::Close(Some(1), CloseStatus::Ok)));
    assert_eq!(cell.state(), State::Failed);
}

#[test]
fn c25_a_record_supersedes_the_flight_under_way() {
    let tally = Tally::new();
    let cell = leak(counted("db").max_waiters(2));
    let recorder = Recorder::on(cell);
    let stage = Stage::new();
    let initializer = start_flight(cell, stage, || tally.build(1));
    let waiters = crowd(2, move || cell.get_or_initialize(|| tally.build(2)));
    cell.record_failure(Boom(9), LONG);

    // The waiters no longer wait for the factory.
    let mut answers = waiters.answers();
    assert_eq!(cell.state(), State::Failed);
    stage.release();
    answers.push(initializer.join());
    for answer in answers {
        let error = answer.expect_err("the recorded error");
        assert_eq!(error.downcast_ref(), Some(&Boom(9)));
        assert_eq!(error.retry_after(), Some(LONG));
    }
    assert_eq!((tally.made(), tally.disposed()), (1, vec![1]));
    assert!(
        cell.get_or_initialize(|| tally.build(3)).unwrap_err().is_cooldown(),
        "a success ends no cooldown"
    );
    let heard =
        [Heard::Start(1), Heard::End(1, InitStatus::Superseded), Heard::Close(Some(1), CloseStatus::Ok)];
    assert_eq!(recorder.heard(), heard);
}

#[test]
fn c25_a_late_failure_of_a_superseded_flight_does_not_replace_the_record() {
    let cell = leak(cell::<u32>("db").cooldown(LONG));
    let stage = Stage::new();
    let initializer = start_flight(cell, stage, || Err(Boom(1)));
    cell.record_failure(Boom(9), LONG);
    stage.release();
    let answers: [Answer<u32>; 2] =
        [initializer.join(), cell.get_or_initialize(|| -> Result<u32, Boom> { unreachable!() })];
    for answer in answers {
        assert_eq!(answer.unwrap_err().downcast_ref(), Some(&Boom(9)));
    }
}

/// A factory's error whose destructor panics.
#[derive(Debug)]
struct Unstable(Arc<Count>);

impl std::fmt::Display for Unstable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("unstable")
    }
}

impl std::error::Error for Unstable {}

impl Drop for Unstable {
    fn drop(&mut self) {
        self.0.up();
        panic!("an error's destructor");
    }
}

#[test]
fn c21_a_panicking_destructor_of_a_cleared_error_stays_inside() {
    let drops = Arc::new(Count::default());
    let cell = cell::<u32>("db");
    let recorder = Recorder::on(&cell);
    let fail = || {
        let error = cell.get_or_initialize(|| Err(Unstable(drops.clone()))).unwrap_err();
        drop(error); // the cell still has it
    };
    fail();
    assert_eq!(cell.close().status, CloseStatus::Noop);
    fail();
    assert_eq!(*cell.get_or_initialize(|| Ok::<_, Boom>(3)).expect("a success clears it"), 3);
    assert_eq!(recorder.heard().last(), Some(&Heard::End(3, InitStatus::Ok)), "every start has an end");
    cell.invalidate();
    fail();
    cell.record_failure(Boom(1), LONG);
    assert_eq!(drops.get(), 3);
}

#[test]
fn c17_a_panicking_destructor_of_a_late_error_does_not_hide_the_end_of_its_flight() {
    let drops = Arc::new(Count::default());
    let cell = leak(cell::<u32>("db"));
    let recorder = Recorder::on(cell);
    let stage = Stage::new();
    let initializer = spawn({
        let (drops, mut first) = (drops.clone(), true);
        move || {
            cell.get_or_initialize(|| {
                if std::mem::take(&mut first) {
                    stage.pause();
                    return Err(Unstable(drops.clone()));
                }
                Ok(2)
            })
        }
    });
    stage.reached();
    let closer = spawn(|| cell.close_and_drain(LONG));
    eventually("the close", || recorder.heard().contains(&Heard::Close(None, CloseStatus::Superseded)));
    stage.release();
    assert_eq!(closer.join().status, CloseStatus::Superseded);
    assert_eq!(*initializer.join().expect("it starts over"), 2);
    assert_eq!(drops.get(), 1);
}
