//! Clauses that hold for threads and tasks alike. Each test runs for threads and for tasks of several executors.

use crate::kinds::{Kind, kinds};
use cells::{CloseStatus, Error, InitStatus, LifecycleError, Ref, RuntimeCell, State, UnavailableError};
use cells_test_support::{
    Boom, Count, Counted, Heard, Job, LONG, Recorder, Stage, Tally, cell, eventually, leak, message,
};
use std::time::Duration;

kinds! {
    c4_all_waiters_get_the_one_payload
    c4_however_many_ask_at_once_the_factory_runs_once
    c5_the_checks_come_in_their_order
    c6_the_factory_runs_with_no_lock_held
    c7_waiters_get_the_error_of_their_flight
    c8_one_waiter_too_many_is_turned_away_at_once
    c9_a_wait_ends_at_its_deadline_and_the_flight_goes_on
    c10_a_failure_is_told_and_the_next_call_tries_again
    c11_a_cooldown_turns_callers_away
    c12_a_panic_unwinds_out_of_its_own_call_alone
    c13_a_cell_asked_from_inside_its_own_factory_says_so
    c15_a_close_disposes_or_leaves_it_to_the_last_lease
    c16_a_payload_ends_once_whoever_closes
    c17_a_draining_close_waits_for_the_leases
    c17_a_draining_close_waits_for_the_superseded_factory
    c18_a_close_without_payload_clears_the_record
    c19_a_close_during_a_flight_supersedes_it
    c20_a_late_failure_changes_nothing
    c23_a_late_closer_leaves_the_fresh_payload
    c24_a_refresh_builds_first_and_swaps_then
    x3_a_refresh_gets_what_was_read_after_its_call
    c25_a_recorded_failure_supersedes_and_stands
    o3_every_start_has_its_end
}

fn counted<K: Kind>(name: &'static str) -> RuntimeCell<Counted> {
    cell(name).disposer(K::DISPOSER)
}

fn c4_all_waiters_get_the_one_payload<K: Kind>() {
    let (tally, stage, cell) = (Tally::new(), Stage::new(), leak(counted::<K>("db")));
    let initializer = K::start_flight(cell, stage, || Ok(tally.make(1)));
    let waiters = K::wait(cell, 8);
    assert_eq!(cell.state(), State::Initializing);
    stage.release();

    let first = initializer.join().expect("a payload");
    for waiter in waiters {
        let lease = waiter.join().expect("a waiter gets the payload");
        assert!(std::ptr::eq(&raw const *lease, &raw const *first));
        assert_eq!(Ref::generation(&lease), 1);
    }
    assert_eq!((tally.made(), cell.snapshot().waiters), (1, 0));
}

fn c4_however_many_ask_at_once_the_factory_runs_once<K: Kind>() {
    for _ in 0..50 {
        let (runs, cell) = (Count::new(), leak(cell::<usize>("db")));
        let jobs: Vec<_> = (0..4).map(|_| K::get(cell, || Ok(runs.up()))).collect();
        let leases: Vec<_> = jobs.into_iter().map(|job| job.join().expect("a payload")).collect();
        assert!(leases.iter().all(|lease| **lease == 1));
        assert_eq!(runs.get(), 1);
    }
}

fn c5_the_checks_come_in_their_order<K: Kind>() {
    let cell = leak(cell::<u32>("db").max_waiters(1));
    cell.record_failure(Boom(1), LONG);
    assert!(K::get(cell, || unreachable!()).join().unwrap_err().is_cooldown());
    assert_eq!(K::close(cell).join().status, CloseStatus::Noop);
    let stage = Stage::new();
    let initializer = K::start_flight(cell, stage, || Ok(1));
    let waiters = K::wait(cell, 1);
    assert!(K::get(cell, || unreachable!()).join().unwrap_err().is_waiters_full());
    // The cooldown is checked before the wait.
    cell.record_failure(Boom(2), LONG);
    assert!(K::get(cell, || unreachable!()).join().unwrap_err().is_cooldown());
    stage.release();
    for job in waiters.into_iter().chain([initializer]) {
        assert_eq!(job.join().unwrap_err().downcast_ref(), Some(&Boom(2)));
    }
}

fn c6_the_factory_runs_with_no_lock_held<K: Kind>() {
    let (cell, stage) = (leak(cell::<u32>("db")), Stage::new());
    let initializer = K::start_flight(cell, stage, || Ok(1));
    assert!(cell.peek().is_none() && !cell.is_ready() && cell.generation().is_none());
    assert_eq!((cell.state(), cell.snapshot().flights), (State::Initializing, 1));
    stage.release();
    assert_eq!(*initializer.join().unwrap(), 1);
}

fn c7_waiters_get_the_error_of_their_flight<K: Kind>() {
    let (cell, stage) = (leak(cell::<u32>("db")), Stage::new());
    let initializer = K::start_flight(cell, stage, || Err(Boom(1).into()));
    let waiters = K::wait(cell, 4);
    stage.release();
    assert!(matches!(initializer.join(), Err(Error::Lifecycle(LifecycleError::Init { .. }))));
    for waiter in waiters {
        let error = waiter.join().unwrap_err();
        assert!(matches!(error, Error::Lifecycle(LifecycleError::Waiting { .. })));
        assert_eq!(error.downcast_ref(), Some(&Boom(1)));
    }
}

fn c8_one_waiter_too_many_is_turned_away_at_once<K: Kind>() {
    let (cell, stage) = (leak(cell::<u32>("db").max_waiters(2)), Stage::new());
    let initializer = K::start_flight(cell, stage, || Ok(1));
    let waiters = K::wait(cell, 2);
    let error = K::get(cell, || unreachable!()).join().unwrap_err();
    assert!(matches!(error, Error::Unavailable(UnavailableError::WaitersFull { limit: 2, .. })));
    stage.release();
    for job in waiters.into_iter().chain([initializer]) {
        assert_eq!(*job.join().unwrap(), 1);
    }
}

fn c9_a_wait_ends_at_its_deadline_and_the_flight_goes_on<K: Kind>() {
    let limit = Duration::from_millis(20);
    let (cell, stage) = (leak(RuntimeCell::<u32>::new("db").wait_timeout(limit)), Stage::new());
    assert!(K::get(cell, || Err(Boom(1).into())).join().is_err());
    let initializer = K::start_flight(cell, stage, || Ok(1));
    let error = K::get(cell, || unreachable!()).join().unwrap_err();
    let Error::Unavailable(UnavailableError::WaitTimeout { waited, last, .. }) = &error else {
        panic!("{error}");
    };
    assert!(*waited >= limit);
    assert_eq!(last.as_ref().and_then(|last| last.downcast_ref()), Some(&Boom(1)));
    assert_eq!((cell.state(), cell.snapshot().waiters), (State::Initializing, 0));
    stage.release();
    assert_eq!(*initializer.join().unwrap(), 1);
}

fn c10_a_failure_is_told_and_the_next_call_tries_again<K: Kind>() {
    let (cell, runs) = (leak(cell::<u32>("db")), Count::new());
    let get = || K::get(cell, || if runs.up() == 1 { Err(Boom(1).into()) } else { Ok(2) }).join();
    let error = get().unwrap_err();
    assert!(matches!(error, Error::Lifecycle(LifecycleError::Init { .. })));
    assert_eq!((error.downcast_ref(), cell.state()), (Some(&Boom(1)), State::Failed));
    assert_eq!(Ref::generation(&get().unwrap()), 2);
}

fn c11_a_cooldown_turns_callers_away<K: Kind>() {
    let cell = leak(cell::<u32>("db").cooldown(LONG));
    assert!(K::get(cell, || Err(Boom(1).into())).join().is_err());
    let error = K::get(cell, || unreachable!()).join().unwrap_err();
    assert!(error.is_cooldown() && error.retry_after().is_some_and(|left| left <= LONG));
    assert_eq!(error.downcast_ref(), Some(&Boom(1)));
    // A panic starts one as well.
    let _ = K::close(cell).join();
    assert!(K::get(cell, || panic!("ouch")).outcome().is_err());
    assert!(K::get(cell, || unreachable!()).join().unwrap_err().is_cooldown());
}

fn c12_a_panic_unwinds_out_of_its_own_call_alone<K: Kind>() {
    let (cell, stage) = (leak(cell::<u32>("db")), Stage::new());
    let recorder = Recorder::on(cell);
    let initializer = K::start_flight(cell, stage, || panic!("ouch"));
    let waiters = K::wait(cell, 3);
    stage.release();
    assert_eq!(message(&*initializer.outcome().expect_err("it panics")), "ouch");
    for waiter in waiters {
        let error = waiter.join().unwrap_err();
        assert!(
            error.is_panicked()
                && std::error::Error::source(&error).is_some_and(|e| e.to_string().contains("ouch"))
        );
    }
    assert_eq!(cell.state(), State::Failed);
    assert_eq!(*K::get(cell, || Ok(2)).join().unwrap(), 2);
    assert_eq!(recorder.ends(), [(1, InitStatus::Panicked), (2, InitStatus::Ok)]);
}

fn c13_a_cell_asked_from_inside_its_own_factory_says_so<K: Kind>() {
    let [a, b, c] = ["a", "b", "c"].map(|name| leak(cell(name)));
    for (cells, chain) in [(vec![a, a], "a -> a"), (vec![a, b, c, b], "b -> c -> b")] {
        let error = K::nested(cells).join().unwrap_err();
        let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(&error);
        let mut found = false;
        while let Some(at) = cause {
            found |= at.to_string().contains(chain);
            cause = at.source();
        }
        assert!(found, "{error}");
    }
    assert_eq!(*K::nested(vec![a, b, c]).join().unwrap(), 3);
}

fn c15_a_close_disposes_or_leaves_it_to_the_last_lease<K: Kind>() {
    let (tally, cell) = (Tally::new(), leak(counted::<K>("db")));
    drop(K::get(cell, || Ok(tally.make(1))).join());
    let result = K::close(cell).join();
    assert_eq!((result.status, result.generation, result.close_called), (CloseStatus::Ok, Some(1), true));
    assert_eq!(tally.disposed(), [1]);

    let recorder = Recorder::on(cell);
    let lease = K::get(cell, || Ok(tally.make(2))).join().unwrap();
    assert_eq!(K::close(cell).join().status, CloseStatus::Draining);
    assert!(cell.peek().is_none());
    assert_eq!((lease.id, tally.dropped(), recorder.closes().len()), (2, 1, 0));
    drop(lease);
    // The last lease disposes it, leaves it to its runtime, or drops it where there is none.
    eventually("the end of the payload", || tally.dropped() == 2 && recorder.closes().len() == 1);
}

fn c16_a_payload_ends_once_whoever_closes<K: Kind>() {
    for _ in 0..20 {
        let (tally, cell) = (Tally::new(), leak(counted::<K>("db")));
        drop(K::get(cell, || Ok(tally.make(1))).join());
        let jobs: Vec<_> = (0..3).map(|_| K::close(cell)).chain([K::drain(cell, LONG)]).collect();
        let had = jobs.into_iter().map(Job::join).filter(|result| result.had_payload).count();
        assert!(had >= 1);
        eventually("the end", || tally.dropped() == 1);
        assert_eq!(tally.disposed(), [1]);
    }
}

fn c17_a_draining_close_waits_for_the_leases<K: Kind>() {
    let (tally, cell) = (Tally::new(), leak(counted::<K>("db")));
    let lease = K::get(cell, || Ok(tally.make(1))).join().unwrap();
    let drain = K::drain(cell, LONG);
    eventually("the close", || !cell.is_ready());
    assert!(tally.disposed().is_empty());
    drop(lease);
    assert_eq!(drain.join().status, CloseStatus::Ok);
    assert_eq!(tally.disposed(), [1]);
    let _lease = K::get(cell, || Ok(tally.make(2))).join().unwrap();
    assert_eq!(K::drain(cell, Duration::from_millis(5)).join().status, CloseStatus::Draining);
}

fn c17_a_draining_close_waits_for_the_superseded_factory<K: Kind>() {
    let (tally, cell, stage) = (Tally::new(), leak(counted::<K>("db")), Stage::new());
    let initializer = K::start_flight(cell, stage, || Ok(tally.make(1)));
    assert_eq!(K::drain(cell, Duration::from_millis(5)).join().status, CloseStatus::Draining);
    let recorder = Recorder::on(cell);
    let drain = K::drain(cell, LONG);
    eventually("the close", || recorder.closes().len() == 1);
    assert_eq!(tally.made(), 0);
    stage.release();
    assert_eq!(drain.join().status, CloseStatus::Noop);
    assert!(tally.dropped() >= 1, "the superseded factory still runs");
    // Its first payload came too late and was disposed; then it started over.
    assert_eq!(Ref::generation(&initializer.join().unwrap()), 2);
    eventually("the end of the first payload", || tally.disposed() == [1]);
}

fn c18_a_close_without_payload_clears_the_record<K: Kind>() {
    let cell = leak(cell::<u32>("db").cooldown(LONG));
    assert!(K::get(cell, || Err(Boom(1).into())).join().is_err());
    let result = K::close(cell).join();
    assert_eq!((result.status, result.had_payload, cell.state()), (CloseStatus::Noop, false, State::Empty));
    assert!(K::get(cell, || Ok(1)).join().is_ok());
}

fn c19_a_close_during_a_flight_supersedes_it<K: Kind>() {
    let (tally, cell, stage) = (Tally::new(), leak(counted::<K>("db")), Stage::new());
    let recorder = Recorder::on(cell);
    let initializer = K::start_flight(cell, stage, || Ok(tally.make(1)));
    let waiter = K::get(cell, || Ok(tally.make(2)));
    eventually("the waiter", || cell.snapshot().waiters == 1);
    let result = K::close(cell).join();
    assert_eq!((result.status, result.had_payload), (CloseStatus::Superseded, false));
    // The waiter starts over at once, without waiting for the old factory.
    assert_eq!((waiter.join().unwrap().id, cell.generation()), (2, Some(2)));
    stage.release();
    assert_eq!(Ref::generation(&initializer.join().unwrap()), 2);
    eventually("the end of the first payload", || tally.disposed() == [1]);
    assert_eq!(recorder.ends(), [(2, InitStatus::Ok), (1, InitStatus::Superseded)]);
    assert!(recorder.heard().contains(&Heard::Close(Some(1), CloseStatus::Ok)));
}

fn c20_a_late_failure_changes_nothing<K: Kind>() {
    let (cell, stage) = (leak(cell::<u32>("db").cooldown(LONG)), Stage::new());
    let initializer = K::start_flight(cell, stage, || Err(Boom(1).into()));
    let _ = K::close(cell).join();
    assert_eq!(*K::get(cell, || Ok(2)).join().unwrap(), 2);
    stage.release();
    assert_eq!(*initializer.join().unwrap(), 2);
    assert_eq!((cell.state(), cell.generation()), (State::Ready, Some(2)));
}

fn c23_a_late_closer_leaves_the_fresh_payload<K: Kind>() {
    let cell = leak(cell::<u32>("db"));
    let broken = Ref::generation(&K::get(cell, || Ok(1)).join().unwrap());
    assert_eq!(Ref::generation(&K::refresh(cell, || Ok(2)).join().unwrap()), broken + 1);
    assert_eq!(cell.close_generation(broken).status, CloseStatus::Noop);
    assert_eq!(cell.peek().as_deref(), Some(&2));
}

fn c24_a_refresh_builds_first_and_swaps_then<K: Kind>() {
    let (tally, cell, stage) = (Tally::new(), leak(counted::<K>("db").cooldown(LONG)), Stage::new());
    drop(K::get(cell, || Ok(tally.make(1))).join());
    let first = K::start(cell, true, Some(stage), || Ok(tally.make(2)));
    stage.reached();
    let second = K::get(cell, || unreachable!("there is a payload"));
    assert_eq!(second.join().unwrap().id, 1);
    assert_eq!((cell.peek().map(|lease| lease.id), cell.state()), (Some(1), State::Ready));
    stage.release();
    assert_eq!(first.join().unwrap().id, 2);
    assert_eq!(tally.disposed(), [1]);

    assert_eq!(K::refresh(cell, || Err(Boom(3).into())).join().unwrap_err().downcast_ref(), Some(&Boom(3)));
    assert!(K::refresh(cell, || panic!("ouch")).outcome().is_err());
    assert_eq!((cell.peek().map(|lease| lease.id), cell.state()), (Some(2), State::Ready));
    assert!(K::refresh(cell, || Ok(tally.make(4))).join().is_ok());
}

fn x3_a_refresh_gets_what_was_read_after_its_call<K: Kind>() {
    for first_fails in [false, true] {
        let (cell, stage, runs, file) = (leak(cell::<usize>("db")), Stage::new(), Count::new(), Count::new());
        drop(K::get(cell, || Ok(file.get())).join());
        file.up();
        let read = file.get();
        let first =
            K::start(
                cell,
                true,
                Some(stage),
                move || {
                    if first_fails { Err(Boom(1).into()) } else { Ok(read) }
                },
            );
        stage.reached();
        // The first one has read the file already.
        file.up();
        let second = || {
            runs.up();
            Ok(file.get())
        };
        let others: Vec<_> = (0..3).map(|_| K::refresh(cell, second)).collect();
        eventually("the waiters", || cell.snapshot().waiters == 3);
        stage.release();
        assert_eq!(first.join().map(|lease| *lease).ok(), (!first_fails).then_some(1));
        for other in others {
            let lease = other.join().expect("the file is there");
            assert_eq!((*lease, Ref::generation(&lease)), (2, 3));
        }
        assert_eq!((runs.get(), cell.peek().map(|lease| *lease)), (1, Some(2)));
    }
}

fn c25_a_recorded_failure_supersedes_and_stands<K: Kind>() {
    let (tally, cell, stage) = (Tally::new(), leak(counted::<K>("db")), Stage::new());
    let initializer = K::start_flight(cell, stage, || Ok(tally.make(1)));
    let waiters = K::wait(cell, 2);
    cell.record_failure(Boom(9), LONG);
    for waiter in waiters {
        assert_eq!(waiter.join().unwrap_err().downcast_ref(), Some(&Boom(9)));
    }
    stage.release();
    assert_eq!(initializer.join().unwrap_err().downcast_ref(), Some(&Boom(9)));
    assert!(K::get(cell, || unreachable!()).join().unwrap_err().is_cooldown());
    eventually("the end of the payload", || tally.disposed() == [1]);
}

fn o3_every_start_has_its_end<K: Kind>() {
    let (cell, stage) = (leak(cell::<u32>("db")), Stage::new());
    let recorder = Recorder::on(cell);
    let initializer = K::start_flight(cell, stage, || Ok(1));
    cell.configure_observer(std::sync::Arc::new(cells::NullObserver));
    stage.release();
    assert!(initializer.join().is_ok());
    assert_eq!(recorder.heard(), [Heard::Start(1), Heard::End(1, InitStatus::Ok)]);
}
