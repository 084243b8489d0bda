//! A close during a flight, and what becomes of that flight.

use cells::{CloseStatus, InitStatus, Ref, RuntimeCell, State};
use cells_test_support::{
    Boom, Count, Heard, LONG, Recorder, Stage, Tally, cell, counted, crowd, leak, spawn, start_flight,
};
use std::thread::sleep;
use std::time::Duration;

#[test]
fn c19_close_during_a_flight_supersedes_it() {
    let tally = Tally::new();
    let cell = leak(counted("db").max_waiters(2));
    let recorder = Recorder::on(cell);
    let stage = Stage::new();
    let ids = Count::new();
    let build = move || tally.build(u32::try_from(ids.up()).expect("few"));
    let initializer = start_flight(cell, stage, build);
    let waiters = crowd(2, move || cell.get_or_initialize(build));

    let result = cell.close();
    assert_eq!(
        (result.status, result.had_payload, result.generation),
        (CloseStatus::Superseded, false, None)
    );
    // The waiters start over without waiting for the old factory.
    let mut leases: Vec<_> =
        waiters.answers().into_iter().map(|answer| answer.expect("a new flight")).collect();
    stage.release();
    leases.push(initializer.join().expect("the initializer starts over too"));
    for lease in &leases {
        assert_eq!((lease.id, Ref::generation(lease)), (1, 2), "the payload of the second flight");
    }
    // The first factory finishes last, so it makes the second payload.
    assert_eq!((tally.made(), tally.disposed()), (2, vec![2]));
    // The close's own event may come at any point: it is sent by another thread than the flights'.
    let mut heard = recorder.heard();
    heard.retain(|heard| *heard != Heard::Close(None, CloseStatus::Superseded));
    let flights = [
        Heard::Start(1),
        Heard::Start(2),
        Heard::End(2, InitStatus::Ok),
        Heard::End(1, InitStatus::Superseded),
        Heard::Close(Some(1), CloseStatus::Ok),
    ];
    assert_eq!((heard.as_slice(), recorder.heard().len()), (flights.as_slice(), 6));
}

#[test]
fn c19_an_error_of_a_superseded_flight_is_dropped() {
    let cell = leak(cell::<usize>("db").cooldown(LONG));
    let recorder = Recorder::on(cell);
    let (stage, runs) = (Stage::new(), Count::new());
    let initializer = start_flight(cell, stage, move || match runs.up() {
        1 => Err(Boom(1)),
        run => Ok(run),
    });
    assert_eq!(cell.close().status, CloseStatus::Superseded);
    stage.release();
    let lease = initializer.join().expect("the initializer starts over");
    assert_eq!((*lease, Ref::generation(&lease)), (2, 2));
    assert_eq!(recorder.heard()[2], Heard::End(1, InitStatus::Superseded));
}

#[test]
fn c19_a_panic_of_a_superseded_flight_still_unwinds() {
    let cell = leak(cell::<u32>("db").max_waiters(1).cooldown(LONG));
    let recorder = Recorder::on(cell);
    let stage = Stage::new();
    let initializer = start_flight(cell, stage, || -> Result<u32, Boom> { panic!("late") });
    let waiters = crowd(1, move || cell.get_or_initialize(|| Ok::<_, Boom>(2)));
    assert_eq!(cell.close().status, CloseStatus::Superseded);
    assert!(waiters.answers().iter().all(|answer| answer.as_ref().is_ok_and(|lease| **lease == 2)));
    stage.release();
    let panic = initializer.outcome().expect_err("a panic is never swallowed");
    assert_eq!(panic.downcast_ref(), Some(&"late"));
    assert_eq!((cell.state(), cell.generation()), (State::Ready, Some(2)));
    assert_eq!(recorder.heard().last(), Some(&Heard::End(1, InitStatus::Superseded)));
}

#[test]
fn c20_a_late_outcome_changes_nothing() {
    // A late payload, a late error and a late panic, each after a success of the next flight.
    for late in 0..3 {
        let tally = Tally::new();
        let cell = leak(counted("db").cooldown(LONG));
        let stage = Stage::new();
        let initializer = start_flight(cell, stage, move || match late {
            0 => tally.build(1),
            1 => Err(Boom(1)),
            _ => panic!("late"),
        });
        assert_eq!(cell.close().status, CloseStatus::Superseded);
        drop(cell.get_or_initialize(|| tally.build(2)));
        stage.release();
        let _ = initializer.outcome();
        assert_eq!((cell.state(), cell.generation()), (State::Ready, Some(2)));
        assert_eq!(cell.peek().expect("it stays").id, 2);
        assert!(!tally.disposed().contains(&2));
    }
}

#[test]
fn c20_a_late_outcome_does_not_fill_an_empty_cell() {
    let tally = Tally::new();
    let cell = leak(counted("db").cooldown(LONG));
    for late in [Ok(1), Err(Boom(1))] {
        let (stage, seen) = (Stage::new(), Stage::new());
        let mut late = Some(late);
        let initializer = spawn(move || {
            cell.get_or_initialize(|| {
                let Some(late) = late.take() else {
                    // The run of the call that has started over: it sees the state that the first run left.
                    seen.pause();
                    return tally.build(9);
                };
                stage.pause();
                late.map(|id| tally.make(id))
            })
        });
        stage.reached();
        let _ = cell.close();
        stage.release();
        seen.reached();
        assert_eq!((cell.state(), cell.generation()), (State::Initializing, None));
        assert!(cell.peek().is_none());
        seen.release();
        assert!(initializer.join().is_ok());
        let _ = cell.close();
    }
}

#[test]
fn x19_a_cell_that_is_closed_faster_than_it_is_built_keeps_its_caller_no_longer_than_the_limit() {
    let cell = leak(RuntimeCell::<usize>::new("db").wait_timeout(Duration::from_millis(1)));
    let runs = Count::new();
    let build = move || {
        let _ = cell.close();
        // Each run takes longer than the limit.
        sleep(Duration::from_millis(2));
        Ok::<_, Boom>(runs.up())
    };
    let error = cell.get_or_initialize(build).expect_err("it is closed each time");
    assert!(error.is_timeout(), "{error}");
    assert_eq!(runs.get(), 2, "the limit begins after the first run");
    let error = cell.refresh(build).expect_err("it is closed each time");
    assert!(error.is_timeout(), "{error}");
    let build = || async { build() };
    let error = pollster::block_on(cell.get_or_initialize_async(build)).expect_err("it is closed each time");
    assert!(error.is_timeout(), "{error}");
    assert_eq!(runs.get(), 6);
}
