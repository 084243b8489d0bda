//! Closing: what it retires, when the disposer runs and where, what it does to a flight.

use cells::{CloseStatus, Disposer, InitStatus, Panic, Ref, RuntimeCell, State};
use cells_test_support::{
    Boom, Count, Counted, Heard, LONG, Recorder, Stage, Tally, cell, counted, crowd, eventually, fly, leak,
    panic_of, spawn,
};
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::Duration;

#[test]
fn c3_a_closed_cell_is_empty_and_comes_back() {
    let tally = Tally::new();
    let cell = counted("db");
    for round in 1..=3 {
        let lease = cell.get_or_initialize(|| tally.build(round)).expect("it is built");
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
    assert_eq!(cell.state(), State::Empty, "the payload is gone all the same");
    assert_eq!((tally.disposed(), tally.dropped()), (vec![1], 1));
}

#[test]
fn c15_the_last_lease_disposes_where_it_is_dropped() {
    let tally = Tally::new();
    let cell = leak(counted("db"));
    let recorder = Recorder::on(cell);
    let (first, second) =
        (cell.get_or_initialize(|| tally.build(1)).expect("it is built"), cell.peek().expect("it is there"));
    let result = cell.close();
    assert_eq!((result.status, result.generation), (CloseStatus::Draining, Some(1)));
    assert!(result.had_payload && !result.close_called);
    assert!(cell.peek().is_none(), "nobody new gets it");

    drop(first);
    assert_eq!((second.id, tally.disposed().len()), (1, 0), "who has it may go on");
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
    let old = cell.get_or_initialize(|| tally.build(1)).expect("it is built");
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
        let lease = cell.get_or_initialize(|| tally.build(round)).expect("it is built");
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
fn c17_the_drain_ends_at_its_limit() {
    let tally = Tally::new();
    let cell = counted("db");
    let held = cell.get_or_initialize(|| tally.build(1)).expect("it is built");
    let limit = Duration::from_millis(10);
    let result = cell.close_and_drain(limit);
    assert_eq!(result.status, CloseStatus::Draining);
    assert!(result.duration >= limit, "{:?}", result.duration);
    assert!(tally.disposed().is_empty());
    drop(held);
    assert_eq!(tally.disposers(), [thread::current().id()], "then the last one out disposes");
}

#[test]
fn c17_the_drain_waits_for_the_last_lease() {
    let (tally, stage) = (Tally::new(), Stage::new());
    let cell = leak(counted("db"));
    let recorder = Recorder::on(cell);
    let reader = spawn(move || {
        let lease = cell.get_or_initialize(|| tally.build(1)).expect("it is built");
        stage.pause();
        drop(lease);
    });
    stage.reached();
    let closer = spawn(|| cell.close_and_drain(LONG));
    eventually("the retirement", || cell.peek().is_none());
    assert!(!closer.is_finished() && tally.disposed().is_empty());
    stage.release();
    let result = closer.join();
    assert_eq!((result.status, result.generation), (CloseStatus::Ok, Some(1)));
    reader.join();
    assert_eq!(tally.disposed(), [1]);
    assert_eq!(recorder.heard()[2..], [Heard::Close(Some(1), CloseStatus::Ok)]);
}

#[test]
fn c17_the_closer_that_waits_runs_the_disposer() {
    // Nothing tells from outside when a closer has begun to wait; until then a reader may be the one to dispose.
    let tally = Tally::new();
    let cell = leak(counted("db"));
    let mut pause = 0;
    eventually("a disposal by a closer that waited", || {
        let lease = cell.get_or_initialize(|| tally.build(1)).expect("it is built");
        let closer = spawn(|| cell.close_and_drain(LONG));
        let thread = closer.id();
        eventually("the retirement", || cell.peek().is_none());
        pause += 1;
        (0..pause).for_each(|_| thread::yield_now());
        drop(lease);
        let by_reader = tally.disposers().last() == Some(&thread::current().id());
        assert_eq!(closer.join().status, CloseStatus::Ok);
        assert!(by_reader || tally.disposers().last() == Some(&thread));
        !by_reader
    });
}

#[test]
fn c17_the_drain_covers_earlier_closes() {
    let (tally, stage) = (Tally::new(), Stage::new());
    let cell = leak(counted("db"));
    let reader = spawn(move || {
        let lease = cell.get_or_initialize(|| tally.build(1)).expect("it is built");
        stage.pause();
        drop(lease);
    });
    stage.reached();
    assert_eq!(cell.close().status, CloseStatus::Draining);
    assert_eq!(cell.close_and_drain(Duration::ZERO).status, CloseStatus::Draining);
    let closer = spawn(|| (cell.close_and_drain(LONG).status, tally.disposed()));
    stage.release();
    let (status, disposed) = closer.join();
    assert_ne!(status, CloseStatus::Draining);
    assert_eq!(disposed, [1], "disposed by the time it returns");
    reader.join();
}

#[test]
fn c17_the_drain_waits_for_the_flight_it_superseded() {
    let (tally, stage) = (Tally::new(), Stage::new());
    let cell = leak(counted("db"));
    let recorder = Recorder::on(cell);
    let superseded = || recorder.heard().contains(&Heard::Close(None, CloseStatus::Superseded));
    let pilot = fly(cell, stage, || tally.build(1));
    let closer = spawn(|| {
        let result = cell.close_and_drain(LONG);
        (result, tally.disposed())
    });
    eventually("the close", superseded);
    assert!(!closer.is_finished());
    stage.release();
    let (result, disposed) = closer.join();
    assert_eq!(result.status, CloseStatus::Superseded);
    assert_eq!(disposed, [1], "what the superseded factory made is disposed by then");
    assert!(pilot.join().is_ok());
}

#[test]
fn c17_the_drain_of_a_superseded_flight_ends_at_its_limit() {
    let (tally, stage) = (Tally::new(), Stage::new());
    let cell = leak(counted("db"));
    let pilot = fly(cell, stage, || tally.build(1));
    assert_eq!(cell.close_and_drain(Duration::from_millis(5)).status, CloseStatus::Draining);
    stage.release();
    assert!(pilot.join().is_ok());
    assert_eq!(tally.disposed(), [1]);
}

#[test]
fn c17_a_drain_inside_the_superseded_factory_does_not_wait_for_itself() {
    let cell = leak(cell::<u32>("db"));
    let task = spawn(|| {
        let mut first = true;
        cell.get_or_initialize(|| {
            if std::mem::take(&mut first) {
                assert_eq!(cell.close_and_drain(LONG).status, CloseStatus::Superseded);
            }
            Ok::<_, Boom>(1)
        })
    });
    assert!(task.join().is_ok());
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
fn c19_close_during_a_flight_supersedes_it() {
    let tally = Tally::new();
    let cell = leak(counted("db").max_waiters(2));
    let recorder = Recorder::on(cell);
    let stage = Stage::new();
    let ids = Count::new();
    let build = move || tally.build(u32::try_from(ids.up()).expect("few"));
    let pilot = fly(cell, stage, build);
    let waiters = crowd(2, move || cell.get_or_initialize(build));

    let result = cell.close();
    assert_eq!(
        (result.status, result.had_payload, result.generation),
        (CloseStatus::Superseded, false, None)
    );
    // The waiters start over, and do not wait for the old factory.
    let mut leases: Vec<_> =
        waiters.answers().into_iter().map(|answer| answer.expect("a new flight")).collect();
    stage.release();
    leases.push(pilot.join().expect("the initializer starts over too"));
    for lease in &leases {
        assert_eq!((lease.id, Ref::generation(lease)), (1, 2), "the payload of the second flight");
    }
    // The first factory's payload, made last, is the second.
    assert_eq!((tally.made(), tally.disposed()), (2, vec![2]));
    // The close's own event may come at any time: its thread is not the flights'.
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
    let pilot = fly(cell, stage, move || match runs.up() {
        1 => Err(Boom(1)),
        run => Ok(run),
    });
    assert_eq!(cell.close().status, CloseStatus::Superseded);
    stage.release();
    let lease = pilot.join().expect("the initializer starts over");
    assert_eq!((*lease, Ref::generation(&lease)), (2, 2));
    assert_eq!(recorder.heard()[2], Heard::End(1, InitStatus::Superseded));
}

#[test]
fn c19_a_panic_of_a_superseded_flight_still_unwinds() {
    let cell = leak(cell::<u32>("db").max_waiters(1).cooldown(LONG));
    let recorder = Recorder::on(cell);
    let stage = Stage::new();
    let pilot = fly(cell, stage, || -> Result<u32, Boom> { panic!("late") });
    let waiters = crowd(1, move || cell.get_or_initialize(|| Ok::<_, Boom>(2)));
    assert_eq!(cell.close().status, CloseStatus::Superseded);
    assert!(waiters.answers().iter().all(|answer| answer.as_ref().is_ok_and(|lease| **lease == 2)));
    stage.release();
    let panic = pilot.outcome().expect_err("a panic is never swallowed");
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
        let pilot = fly(cell, stage, move || match late {
            0 => tally.build(1),
            1 => Err(Boom(1)),
            _ => panic!("late"),
        });
        assert_eq!(cell.close().status, CloseStatus::Superseded);
        drop(cell.get_or_initialize(|| tally.build(2)));
        stage.release();
        let _ = pilot.outcome();
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
        let pilot = spawn(move || {
            cell.get_or_initialize(|| {
                let Some(late) = late.take() else {
                    // The second run, of the call that starts over: what the first left behind.
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
        assert!(pilot.join().is_ok());
        let _ = cell.close();
    }
}

#[test]
fn c21_a_disposers_panic_is_caught_and_told() {
    let tally = Tally::new();
    let cell = cell("db").disposer(Disposer::with(Counted::dispose_wildly));
    let recorder = Recorder::on(&cell);
    drop(cell.get_or_initialize(|| tally.build(1)));
    let result = cell.close();
    assert_eq!(result.status, CloseStatus::Error);
    let error = result.into_result().expect_err("it propagates where one asks for it");
    assert_eq!(error.to_string(), "cell `db`: disposal failed");
    assert_eq!(error.source.downcast_ref().map(Panic::message), Some("wild 1"));

    // In the drop of the last lease it does not unwind either, and is in the event.
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
    let lease = cell.get_or_initialize(|| tally.build(1)).expect("it is built");
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
    let lease = cell.get_or_initialize(|| tally.build(1)).expect("it is built");
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
    let pilot = fly(cell, stage, move || Ok::<_, Boom>(u32::try_from(runs.up()).expect("few")));
    assert_eq!(cell.close_generation(2).status, CloseStatus::Noop, "not published yet");
    stage.release();
    assert!(pilot.join().is_ok());
    assert_eq!(runs.get(), 1);
}
