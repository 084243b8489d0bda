//! Closing: what it retires, and when and where the disposer runs. Drains are in `draining`, a close during a flight is
//! in `superseding`.

use cells::{CloseStatus, Disposer, Panic, Ref, RuntimeCell, State};
use cells_test_support::{
    Boom, Count, Counted, Heard, LONG, Recorder, Stage, Tally, cell, counted, eventually, leak, panic_of,
    spawn, start_flight,
};
use std::sync::{Arc, Barrier};
use std::thread;

#[test]
fn c3_a_closed_cell_is_empty_and_comes_back() {
    let tally = Tally::new();
    let cell = counted("db");
    for round in 1..=3 {
        let lease = cell.get_or_initialize(|| tally.build(round)).expect("a payload");
        assert_eq!((lease.id, Ref::generation(&lease)), (round, u64::from(round)));
        drop(lease);
        assert_eq!(cell.close().status, CloseStatus::Ok);
        assert_eq!((cell.state(), cell.is_ready(), cell.generation()), (State::Empty, false, None));
        assert!(cell.peek().is_none());
    }
    assert_eq!(tally.disposed(), [1, 2, 3]);
}

#[test]
fn c15_without_a_lease_the_disposer_runs_inside_close() {
    let tally = Tally::new();
    let cell = counted("db");
    let recorder = Recorder::on(&cell);
    drop(cell.get_or_initialize(|| tally.build(1)));
    let result = cell.close();
    assert_eq!(tally.disposers(), [thread::current().id()]);
    assert_eq!((result.cell, result.status, result.generation), ("db", CloseStatus::Ok, Some(1)));
    assert!(result.had_payload && result.error.is_none());
    assert_eq!(recorder.heard()[2..], [Heard::Close(Some(1), CloseStatus::Ok)]);
}

#[test]
fn c15_a_failed_disposal_is_in_the_result() {
    let tally = Tally::new();
    let cell = cell("db").disposer(Disposer::with(Counted::dispose_badly));
    drop(cell.get_or_initialize(|| tally.build(1)));
    let result = cell.close();
    assert_eq!(result.status, CloseStatus::Error);
    assert_eq!(result.error.as_ref().and_then(|error| error.downcast_ref()), Some(&Boom(1)));
    assert_eq!(cell.state(), State::Empty, "the payload is gone regardless");
    assert_eq!((tally.disposed(), tally.dropped()), (vec![1], 1));
}

#[test]
fn c15_the_last_lease_disposes_where_it_is_dropped() {
    let tally = Tally::new();
    let cell = leak(counted("db"));
    let recorder = Recorder::on(cell);
    let (first, second) =
        (cell.get_or_initialize(|| tally.build(1)).expect("a payload"), cell.peek().expect("it is there"));
    let result = cell.close();
    assert_eq!((result.status, result.generation), (CloseStatus::Draining, Some(1)));
    assert!(result.had_payload && !result.close_called);
    assert!(cell.peek().is_none(), "no new caller gets it");

    drop(first);
    assert_eq!((second.id, tally.disposed().len()), (1, 0), "a lease that is out stays valid");
    assert_eq!(recorder.heard().len(), 2, "`on_close_end` comes when the disposer has run");
    let last = spawn(move || drop(second));
    let thread = last.id();
    last.join();
    assert_eq!(tally.disposers(), [thread]);
    assert_eq!(recorder.heard()[2..], [Heard::Close(Some(1), CloseStatus::Ok)]);
    assert_eq!(cell.state(), State::Empty);
}

#[test]
fn c15_a_lease_outlives_its_payloads_successor() {
    let tally = Tally::new();
    let cell = counted("db");
    let old = cell.get_or_initialize(|| tally.build(1)).expect("a payload");
    assert_eq!(cell.close().status, CloseStatus::Draining);
    let new = cell.get_or_initialize(|| tally.build(2)).expect("it is built while the old one drains");
    assert_eq!((old.id, new.id), (1, 2));
    drop(new);
    assert_eq!(cell.close().status, CloseStatus::Ok);
    assert_eq!(tally.disposed(), [2]);
    drop(old);
    assert_eq!(tally.disposed(), [2, 1]);
}

#[test]
fn c16_many_closers_and_readers_dispose_once() {
    let tally = Tally::new();
    let cell = leak(counted("db"));
    let rounds = 200;
    for round in 0..rounds {
        let lease = cell.get_or_initialize(|| tally.build(round)).expect("a payload");
        let barrier = Arc::new(Barrier::new(4));
        let at_once = |f: Box<dyn FnOnce() + Send>| {
            let barrier = barrier.clone();
            spawn(move || {
                barrier.wait();
                f();
            })
        };
        let tasks = [
            at_once(Box::new(|| drop(cell.close()))),
            at_once(Box::new(|| cell.invalidate())),
            at_once(Box::new(|| drop(cell.close_and_drain(LONG)))),
            at_once(Box::new(move || drop(lease))),
        ];
        for task in tasks {
            task.join();
        }
        assert_eq!(tally.disposed().len(), round as usize + 1);
    }
    assert_eq!(tally.disposed(), (0..rounds).collect::<Vec<_>>());
    assert_eq!((tally.made(), tally.dropped()), (rounds as usize, rounds as usize));
}

#[test]
fn c18_a_close_without_payload_clears_the_failure() {
    let cell = cell::<u32>("db").cooldown(LONG);
    let recorder = Recorder::on(&cell);
    let result = cell.close();
    assert_eq!((result.status, result.had_payload, result.generation), (CloseStatus::Noop, false, None));

    cell.get_or_initialize(|| Err(Boom(1))).unwrap_err();
    assert_eq!(cell.state(), State::Failed);
    assert_eq!(cell.close().status, CloseStatus::Noop);
    assert_eq!(cell.state(), State::Empty);
    let payload = cell.get_or_initialize(|| Ok::<_, Boom>(2)).expect("the cooldown is over");
    assert_eq!(Ref::generation(&payload), 2);
    let noop = Heard::Close(None, CloseStatus::Noop);
    assert_eq!(recorder.heard().iter().filter(|heard| **heard == noop).count(), 2);
}

#[test]
fn c21_a_disposers_panic_is_caught_and_told() {
    let tally = Tally::new();
    let cell = cell("db").disposer(Disposer::with(Counted::dispose_wildly));
    let recorder = Recorder::on(&cell);
    drop(cell.get_or_initialize(|| tally.build(1)));
    let result = cell.close();
    assert_eq!(result.status, CloseStatus::Error);
    let error = result.into_result().expect_err("`into_result` turns it into an error");
    assert_eq!(error.to_string(), "cell `db`: disposal failed");
    assert_eq!(error.source.downcast_ref().map(Panic::message), Some("wild 1"));

    // Nor does it unwind from the drop of the last lease; the event reports it.
    let lease = cell.get_or_initialize(|| tally.build(2)).expect("the cell is usable");
    assert_eq!(cell.close().status, CloseStatus::Draining);
    drop(lease);
    assert_eq!(tally.disposed(), [1, 2]);
    assert_eq!(recorder.heard().last(), Some(&Heard::Close(Some(2), CloseStatus::Error)));
}

#[test]
fn c21_a_disposers_error_reaches_whoever_drains() {
    let tally = Tally::new();
    let cell = leak(cell("db").disposer(Disposer::with(Counted::dispose_badly)));
    let lease = cell.get_or_initialize(|| tally.build(1)).expect("a payload");
    let closer = spawn(|| cell.close_and_drain(LONG));
    eventually("the retirement", || cell.peek().is_none());
    drop(lease);
    let error = closer.join().into_result().expect_err("it failed");
    assert_eq!(error.source.downcast_ref(), Some(&Boom(1)));
}

#[test]
fn c21_a_success_is_no_error() {
    let cell = cell::<u32>("db");
    drop(cell.get_or_initialize(|| Ok::<_, Boom>(1)));
    assert!(cell.close().into_result().is_ok());
}

#[test]
fn c21_a_last_lease_that_drops_during_a_panic_still_disposes() {
    let tally = Tally::new();
    let cell = cell("db").disposer(Disposer::with(Counted::dispose_wildly));
    let lease = cell.get_or_initialize(|| tally.build(1)).expect("a payload");
    let _ = cell.close();
    let panic = panic_of(move || {
        let _lease = lease;
        panic!("the caller's own")
    });
    assert_eq!(panic.downcast_ref(), Some(&"the caller's own"));
    assert_eq!(tally.disposed(), [1]);
}

#[test]
fn c22_invalidate_is_a_close() {
    let tally = Tally::new();
    let cell = counted("db");
    let recorder = Recorder::on(&cell);
    drop(cell.get_or_initialize(|| tally.build(1)));
    cell.invalidate();
    assert_eq!((cell.state(), tally.disposed()), (State::Empty, vec![1]));
    assert_eq!(recorder.heard().last(), Some(&Heard::Close(Some(1), CloseStatus::Ok)));
}

#[test]
fn c23_only_the_named_generation_is_closed() {
    let tally = Tally::new();
    let cell = counted("db");
    let noop = |generation| {
        let result = cell.close_generation(generation);
        assert_eq!((result.status, result.had_payload), (CloseStatus::Noop, false));
    };
    noop(0);
    noop(1);
    drop(cell.get_or_initialize(|| tally.build(1)));
    noop(0);
    noop(2);
    assert_eq!(cell.generation(), Some(1));
    let result = cell.close_generation(1);
    assert_eq!((result.status, result.generation), (CloseStatus::Ok, Some(1)));
    noop(1);
    assert_eq!(tally.disposed(), [1]);
}

#[test]
fn c23_a_noop_leaves_failure_and_flight_as_they_are() {
    let cell = leak(RuntimeCell::<u32>::new("db").cooldown(LONG));
    cell.get_or_initialize(|| Err(Boom(1))).unwrap_err();
    assert_eq!(cell.close_generation(1).status, CloseStatus::Noop);
    assert!(cell.get_or_initialize(|| Ok::<_, Boom>(1)).unwrap_err().is_cooldown());
    let _ = cell.close();

    let (stage, runs) = (Stage::new(), Count::new());
    let initializer =
        start_flight(cell, stage, move || Ok::<_, Boom>(u32::try_from(runs.up()).expect("few")));
    assert_eq!(cell.close_generation(2).status, CloseStatus::Noop, "not published yet");
    stage.release();
    assert!(initializer.join().is_ok());
    assert_eq!(runs.get(), 1);
}
