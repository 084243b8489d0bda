//! `close_and_drain`: what it waits for, and how long.

use cells::CloseStatus;
use cells_test_support::{
    Boom, Heard, LONG, Recorder, Stage, Tally, cell, counted, eventually, leak, spawn, start_flight,
};
use std::thread;
use std::time::Duration;

#[test]
fn c17_the_drain_ends_at_its_limit() {
    let tally = Tally::new();
    let cell = counted("db");
    let held = cell.get_or_initialize(|| tally.build(1)).expect("a payload");
    let limit = Duration::from_millis(10);
    let result = cell.close_and_drain(limit);
    assert_eq!(result.status, CloseStatus::Draining);
    assert!(result.duration >= limit, "{:?}", result.duration);
    assert!(tally.disposed().is_empty());
    drop(held);
    assert_eq!(tally.disposers(), [thread::current().id()], "then the last lease disposes");
}

#[test]
fn c17_the_drain_waits_for_the_last_lease() {
    let (tally, stage) = (Tally::new(), Stage::new());
    let cell = leak(counted("db"));
    let recorder = Recorder::on(cell);
    let reader = spawn(move || {
        let lease = cell.get_or_initialize(|| tally.build(1)).expect("a payload");
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
    // Nothing shows from outside when a closer has begun to wait; until then a reader may run the disposer.
    let tally = Tally::new();
    let cell = leak(counted("db"));
    let mut pause = 0;
    eventually("a disposal by a closer that waited", || {
        let lease = cell.get_or_initialize(|| tally.build(1)).expect("a payload");
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
        let lease = cell.get_or_initialize(|| tally.build(1)).expect("a payload");
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
    let initializer = start_flight(cell, stage, || tally.build(1));
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
    assert!(initializer.join().is_ok());
}

#[test]
fn c17_the_drain_of_a_superseded_flight_ends_at_its_limit() {
    let (tally, stage) = (Tally::new(), Stage::new());
    let cell = leak(counted("db"));
    let initializer = start_flight(cell, stage, || tally.build(1));
    assert_eq!(cell.close_and_drain(Duration::from_millis(5)).status, CloseStatus::Draining);
    stage.release();
    assert!(initializer.join().is_ok());
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

/// The commonest reason is a lease of the caller's own, which the result cannot know, but names.
#[test]
fn z14_the_text_of_a_result_says_what_to_do_about_a_lease() {
    let tally = Tally::new();
    let cell = counted("db");
    assert_eq!(cell.close().to_string(), "cell `db`: nothing to close");
    let own = cell.get_or_initialize(|| tally.build(1)).expect("a payload");
    let text = cell.close().to_string();
    for part in ["cell `db`: closed, and still in use by a lease", "if it is the caller's own, drop it"] {
        assert!(text.contains(part), "{text}");
    }
    drop(own);
    drop(cell.get_or_initialize(|| tally.build(2)));
    assert_eq!(cell.close().to_string(), "cell `db`: disposed");
}
