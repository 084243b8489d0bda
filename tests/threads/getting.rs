//! Getting a payload: single flight, waiting, re-entrancy, ready reads.

use cells::{CloseStatus, Error, LifecycleError, Ref, RuntimeCell, State, UnavailableError};
use cells_test_support::{
    Answer, Boom, Count, CountingAdjuster, LONG, Recorder, Stage, Tally, cell, counted, crowd, eventually,
    leak, spawn, start_flight,
};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Barrier};
use std::time::Duration;

#[test]
fn c4_all_waiters_get_the_one_payload() {
    let (tally, stage) = (Tally::new(), Stage::new());
    let cell = leak(counted("db").max_waiters(4));
    let initializer = start_flight(cell, stage, || tally.build(1));
    let waiters = crowd(4, move || cell.get_or_initialize(|| tally.build(2)));
    assert_eq!(cell.state(), State::Initializing);
    stage.release();

    let first = initializer.join().expect("a payload");
    for answer in waiters.answers() {
        let lease = answer.expect("a waiter gets the payload");
        assert!(std::ptr::eq(&raw const *lease, &raw const *first));
        assert_eq!(Ref::generation(&lease), 1);
    }
    assert_eq!(tally.made(), 1);
}

#[test]
fn c4_however_many_ask_at_once_the_factory_runs_once() {
    for _ in 0..200 {
        let (cell, runs, barrier) = (leak(cell::<usize>("db")), Count::new(), Arc::new(Barrier::new(4)));
        let tasks: Vec<_> = (0..4)
            .map(|_| {
                let barrier = barrier.clone();
                spawn(move || {
                    barrier.wait();
                    cell.get_or_initialize(|| Ok::<_, Boom>(runs.up())).expect("a payload")
                })
            })
            .collect();
        let leases: Vec<_> = tasks.into_iter().map(|task| task.join()).collect();
        assert_eq!(runs.get(), 1);
        assert!(leases.iter().all(|lease| std::ptr::eq(&raw const **lease, &raw const *leases[0])));
    }
}

#[test]
fn c5_the_checks_come_in_their_order() {
    let cell = leak(cell::<u32>("db").max_waiters(1));
    // The cooldown is checked before a flight begins, so it uses up no generation.
    cell.record_failure(Boom(1), LONG);
    assert!(cell.get_or_initialize(|| Ok::<_, Boom>(0)).unwrap_err().is_cooldown());
    let _ = cell.close();
    // The cell is empty: this caller is the initializer of the next generation, and others wait meanwhile.
    let stage = Stage::new();
    let initializer = start_flight(cell, stage, || Ok::<_, Boom>(1));
    let waiters = crowd(1, move || cell.get_or_initialize(|| -> Result<u32, Boom> { unreachable!() }));
    stage.release();
    for answer in waiters.answers().into_iter().chain([initializer.join()]) {
        assert_eq!(answer.map(|lease| (*lease, Ref::generation(&lease))).ok(), Some((1, 1)));
    }
    // The cell is ready: callers get the payload, and no factory runs.
    let again = cell.get_or_initialize(|| -> Result<u32, Boom> { unreachable!() });
    assert_eq!(again.map(|lease| *lease).ok(), Some(1));
    // A recorded failure makes the ready cell cool down again.
    cell.record_failure(Boom(2), LONG);
    assert!(cell.get_or_initialize(|| Ok::<_, Boom>(0)).unwrap_err().is_cooldown());
    let _ = cell.close();
    let next = cell.get_or_initialize(|| Ok::<_, Boom>(2)).expect("a payload");
    assert_eq!(Ref::generation(&next), 2);
}

#[test]
fn c6_no_lock_is_held_while_the_factory_runs() {
    let (tally, stage, second) = (Tally::new(), Stage::new(), Stage::new());
    let cell = leak(counted("db"));
    let initializer = start_flight(cell, stage, || tally.build(1));
    let looks = spawn(move || {
        assert!(cell.peek().is_none());
        assert_eq!((cell.state(), cell.generation(), cell.is_ready()), (State::Initializing, None, false));
        assert_eq!(cell.close_generation(1).status, CloseStatus::Noop);
        cell.record_failure(Boom(1), LONG);
        assert_eq!(cell.state(), State::Failed);
        assert_eq!(cell.close().status, CloseStatus::Noop);
        assert_eq!(format!("{cell:?}"), "RuntimeCell { name: \"db\", state: Empty, .. }");
    });
    looks.join();
    stage.release();
    assert_eq!(initializer.join().unwrap_err().downcast_ref(), Some(&Boom(1)));

    let initializer = start_flight(cell, second, || tally.build(2));
    assert_eq!(spawn(|| cell.close()).join().status, CloseStatus::Superseded);
    second.release();
    assert_eq!(initializer.join().expect("it starts over").id, 2);
}

#[test]
fn c7_a_failure_reaches_every_waiter_and_makes_none_an_initializer() {
    let (stage, runs) = (Stage::new(), Count::new());
    let cell = leak(cell::<u32>("db").max_waiters(3));
    let initializer = start_flight(cell, stage, move || {
        runs.up();
        Err(Boom(1))
    });
    let waiters = crowd(3, move || {
        cell.get_or_initialize(|| {
            runs.up();
            Ok::<_, Boom>(2)
        })
    });
    stage.release();
    let first = initializer.join().unwrap_err();
    for answer in waiters.answers() {
        let error = answer.expect_err("the flight's error");
        assert!(matches!(error, Error::Lifecycle(LifecycleError::Waiting { .. })), "{error:?}");
        let (cause, same) = (first.downcast_ref::<Boom>(), error.downcast_ref::<Boom>());
        assert!(std::ptr::eq(cause.unwrap(), same.unwrap()), "the same cause");
    }
    assert_eq!(runs.get(), 1);
}

#[test]
fn c7_each_call_runs_its_factory_once_at_most_however_it_is_scheduled() {
    for _ in 0..200 {
        let (cell, runs, barrier) = (leak(cell::<u32>("db")), Count::new(), Arc::new(Barrier::new(4)));
        let tasks: Vec<_> = (0..4)
            .map(|_| {
                let barrier = barrier.clone();
                spawn(move || {
                    barrier.wait();
                    let mut own = 0;
                    let answer = cell.get_or_initialize(|| {
                        own += 1;
                        runs.up();
                        Err(Boom(1))
                    });
                    let error = answer.unwrap_err();
                    let ran = matches!(error, Error::Lifecycle(LifecycleError::Init { .. }));
                    let waited = matches!(error, Error::Lifecycle(LifecycleError::Waiting { .. }));
                    assert!(ran || waited, "{error:?}");
                    assert_eq!(own, usize::from(ran), "a waiter ran its factory");
                    own
                })
            })
            .collect();
        let ran: usize = tasks.into_iter().map(|task| task.join()).sum();
        assert_eq!(ran, runs.get());
    }
}

#[test]
fn c8_one_waiter_too_many_is_rejected_at_once() {
    let stage = Stage::new();
    let cell = leak(cell::<u32>("db").max_waiters(2));
    let initializer = start_flight(cell, stage, || Ok::<_, Boom>(1));
    let waiters = crowd(2, move || cell.get_or_initialize(|| Ok::<_, Boom>(2)));
    assert!(
        matches!(
            waiters.rejection,
            Error::Unavailable(UnavailableError::WaitersFull { cell: "db", limit: 2 })
        ),
        "{:?}",
        waiters.rejection
    );
    assert_eq!(cell.state(), State::Initializing, "the flight goes on");
    stage.release();
    assert!(waiters.answers().iter().all(Result::is_ok));
    assert!(initializer.join().is_ok(), "the initializer is no waiter");
}

#[test]
fn c8_a_waiter_that_gave_up_makes_room() {
    let stage = Stage::new();
    let limit = Duration::from_millis(10);
    let cell = leak(RuntimeCell::<u32>::new("db").max_waiters(1).wait_timeout(limit));
    let initializer = start_flight(cell, stage, || Ok::<_, Boom>(1));
    for _ in 0..3 {
        assert!(cell.get_or_initialize(|| Ok::<_, Boom>(2)).unwrap_err().is_timeout());
    }
    stage.release();
    assert!(initializer.join().is_ok());
}

#[test]
fn c9_a_wait_ends_at_its_deadline_and_the_flight_goes_on() {
    let stage = Stage::new();
    let limit = Duration::from_millis(20);
    let cell = leak(RuntimeCell::<u32>::new("db").wait_timeout(limit));
    cell.get_or_initialize(|| Err(Boom(1))).unwrap_err();
    let initializer = start_flight(cell, stage, || Ok::<_, Boom>(2));
    let error = cell.get_or_initialize(|| Ok::<_, Boom>(3)).unwrap_err();
    match &error {
        Error::Unavailable(UnavailableError::WaitTimeout { cell, waited, last }) => {
            assert_eq!(*cell, "db");
            assert!(*waited >= limit, "{waited:?}");
            assert_eq!(last.as_ref().and_then(|last| last.downcast_ref()), Some(&Boom(1)));
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(cell.state(), State::Initializing);
    stage.release();
    assert_eq!(initializer.join().map(|lease| *lease).ok(), Some(2));
    assert_eq!(cell.peek().as_deref(), Some(&2));
}

#[test]
fn c9_one_deadline_covers_every_wait_of_a_call() {
    // Each flight is shorter than the limit and ends in its own close, so its waiters start over and wait for
    // the next one. A deadline for each wait would never pass.
    let limit = Duration::from_millis(60);
    let cell = leak(RuntimeCell::<u32>::new("db").wait_timeout(limit));
    let (done, flights) = (leak(AtomicBool::new(false)), Count::new());
    let initializer = spawn(move || {
        let mut factory = || {
            flights.up();
            if !done.load(Ordering::Relaxed) {
                std::thread::sleep(limit * 2 / 3);
                cell.invalidate();
            }
            Err(Boom(1))
        };
        while !done.load(Ordering::Relaxed) {
            drop(cell.get_or_initialize(&mut factory));
        }
    });
    eventually("a wait of more than one flight that ends at its deadline", || {
        let before = flights.get();
        let answer = cell.get_or_initialize(|| Err(Boom(2)));
        answer.unwrap_err().is_timeout() && flights.get() > before
    });
    done.store(true, Ordering::Relaxed);
    initializer.join();
}

#[test]
fn c13_asking_for_itself_is_an_error_at_once() {
    // Without the check, neither cell would ever stop waiting.
    let cell = cell::<u32>("a");
    let mut inner = None;
    let outer = cell.get_or_initialize(|| {
        inner = cell.get_or_initialize(|| Ok::<_, Boom>(1)).err();
        Ok::<_, Boom>(2)
    });
    let inner = inner.expect("an error inside");
    assert!(inner.is_reentrant());
    assert_eq!(
        inner.to_string(),
        "cell `a`: re-entrant initialization (a -> a), by its factory or by other work on its thread"
    );
    assert_eq!(outer.map(|lease| *lease).ok(), Some(2), "the factory may handle the error");
}

#[test]
fn c13_the_way_around_is_named() {
    let cells = [cell::<u32>("a"), cell::<u32>("b"), cell::<u32>("c")];
    let [a, b, c] = &cells;
    let error = a
        .get_or_initialize(|| {
            b.get_or_initialize(|| {
                c.get_or_initialize(|| a.get_or_initialize(|| Ok::<_, Boom>(1)).map(|x| *x)).map(|x| *x)
            })
            .map(|x| *x)
        })
        .unwrap_err();
    let mut chain = None;
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(&error);
    while let Some(error) = cause {
        if let Some(Error::Lifecycle(LifecycleError::Reentrant { chain: found, .. })) = error.downcast_ref() {
            chain = Some(found.to_string());
        }
        cause = error.source();
    }
    assert_eq!(chain.as_deref(), Some("a -> b -> c -> a"));
    assert!(cells.iter().all(|cell| cell.state() == State::Failed));
}

#[test]
fn c13_a_refresh_inside_a_factory_is_re_entrant_too() {
    let cell = cell::<u32>("a");
    drop(cell.get_or_initialize(|| Ok::<_, Boom>(1)));
    let refreshed = cell.refresh(|| {
        assert!(cell.refresh(|| Ok::<_, Boom>(9)).unwrap_err().is_reentrant());
        // Everybody gets the old payload, including the factory.
        cell.get_or_initialize(|| Ok::<_, Boom>(9)).map(|old| *old + 1)
    });
    assert_eq!(refreshed.map(|lease| *lease).ok(), Some(2));
}

#[test]
fn c13_a_close_inside_the_factory_makes_it_no_less_re_entrant() {
    let cell = cell::<u32>("a");
    let mut first = true;
    let payload = cell.get_or_initialize(|| {
        if std::mem::take(&mut first) {
            assert_eq!(cell.close().status, CloseStatus::Superseded);
            assert!(cell.get_or_initialize(|| Ok::<_, Boom>(8)).unwrap_err().is_reentrant());
            return Ok(1);
        }
        Ok::<_, Boom>(2)
    });
    assert_eq!(payload.map(|lease| (*lease, Ref::generation(&lease))).ok(), Some((2, 2)));
}

#[test]
fn c13_another_thread_that_waits_meanwhile_is_not_re_entrant() {
    let stage = Stage::new();
    let cell = leak(cell::<u32>("a").max_waiters(1));
    let initializer = start_flight(cell, stage, || Ok::<_, Boom>(1));
    let waiters = crowd(1, move || cell.get_or_initialize(|| Ok::<_, Boom>(2)));
    stage.release();
    assert!(waiters.answers().iter().all(Result::is_ok));
    assert!(initializer.join().is_ok());
    let other = leak(self::cell::<u32>("b"));
    let nested: Answer<u32> =
        other.get_or_initialize(|| cell.get_or_initialize(|| Ok::<_, Boom>(3)).map(|lease| *lease));
    assert_eq!(nested.map(|lease| *lease).ok(), Some(1), "asking a ready cell is not re-entrant");
}

#[test]
fn c14_a_ready_read_runs_neither_adjuster_nor_factory_and_waits_for_nobody() {
    let (adjusted, built, stage) = (Count::new(), Count::new(), Stage::new());
    let cell = leak(cell::<usize>("db"));
    let recorder = Recorder::on(cell);
    cell.configure_adjuster(Arc::new(CountingAdjuster(adjusted)));
    let read = || cell.get_or_initialize(|| Ok::<_, Boom>(built.up())).map(|lease| *lease).ok();
    assert_eq!(read(), Some(1));
    let events = recorder.heard().len();
    for _ in 0..10 {
        assert_eq!(read(), Some(1));
        assert_eq!(cell.peek().as_deref(), Some(&1));
    }
    assert_eq!((adjusted.get(), built.get(), recorder.heard().len()), (1, 1, events));

    // While a refresh is under way whose factory does not return.
    let refresher = spawn(move || {
        cell.refresh(|| {
            stage.pause();
            Ok::<_, Boom>(7)
        })
    });
    stage.reached();
    spawn(move || {
        for _ in 0..10 {
            assert_eq!(
                cell.get_or_initialize(|| Ok::<_, Boom>(built.up())).map(|lease| *lease).ok(),
                Some(1)
            );
        }
    })
    .join();
    stage.release();
    assert!(refresher.join().is_ok());
    assert_eq!(built.get(), 1);
}
