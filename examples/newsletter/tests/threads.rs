//! Tests without `async`: parts that need no runtime, a runtime that the test makes itself, and threads.

use crate::support::{Time, World, confirm_all, get, publish};
use axum::http::StatusCode;
use cells::testing::Sandbox;
use newsletter::clock::{self, CLOCK, Clock};
use newsletter::config::{CONFIG, Config, config};
use newsletter::email::mailer;
use newsletter::journal::journal;
use std::time::Duration;
use std::{io, thread};
use tokio::runtime::Runtime;

#[test]
fn the_time_is_that_of_the_test() {
    let time = Time::at(7);
    let _cells = Sandbox::new().put(&CLOCK, Box::new(time.clone()) as Box<dyn Clock>).enter();
    assert_eq!(clock::seconds(), 7);
    time.advance(Duration::from_mins(1));
    assert_eq!(clock::seconds(), 67);
}

#[test]
fn what_is_wrong_with_the_configuration_is_what_the_mailer_reports() {
    let _cells =
        Sandbox::new().factory(&CONFIG, || Err::<Config, _>(io::Error::other("no such sender"))).enter();
    let error = mailer().err().expect("there is no configuration");
    assert_eq!(error.root_cause().to_string(), "no such sender");
    assert!(config().is_err());
}

/// A runtime of the test's own, beside the sandbox's thread until it is adopted.
#[test]
fn a_runtime_may_be_adopted() {
    let runtime = Runtime::new().unwrap();
    let world = runtime.block_on(World::new());
    let cells = world.sandbox().enter();
    cells.handle().adopt(runtime.handle());
    runtime.block_on(async {
        confirm_all(&world.api, &["ann@example.org"]).await;
        let published = tokio::spawn(publish("one")).await.unwrap();
        assert_eq!(published.body, r#"{"sent":1,"failed":0}"#);
        cells.leave().await;
    });
}

#[test]
fn lines_of_many_threads_are_in_the_journal() {
    const THREADS: usize = 8;
    let runtime = Runtime::new().unwrap();
    let world = runtime.block_on(World::new());
    let cells = world.sandbox().enter();
    let handle = cells.handle();
    let mut threads: Vec<_> = (0..THREADS / 2)
        .map(|nth| handle.spawn(move || journal().unwrap().write(format_args!("thread {nth}")).unwrap()))
        .collect();
    threads.extend((THREADS / 2..THREADS).map(|nth| {
        let handle = handle.clone();
        thread::spawn(move || {
            handle.in_scope(|| journal().unwrap().write(format_args!("thread {nth}")).unwrap());
        })
    }));
    for thread in threads {
        thread.join().unwrap();
    }
    assert!(world.journal_lines().is_empty(), "a block is not full yet");
    drop(cells); // closes the journal
    let mut lines = world.journal_lines();
    lines.sort();
    let expected: Vec<_> = (0..THREADS).map(|nth| format!("1000000 thread {nth}")).collect();
    assert_eq!(lines, expected);
}

/// Threads that did not enter are outside, also while others are inside.
#[test]
fn who_did_not_enter_is_outside() {
    let time = Time::at(7);
    let cells = Sandbox::new().put(&CLOCK, Box::new(time) as Box<dyn Clock>).enter();
    assert_eq!(clock::seconds(), 7);
    let outside = thread::spawn(clock::seconds).join().unwrap();
    assert!(outside > 1_000_000_000, "the clock of the machine");
    let runtime = Runtime::new().unwrap();
    let instrumented = cells.handle().instrument(async { clock::seconds() });
    assert_eq!(runtime.block_on(runtime.spawn(instrumented)).unwrap(), 7);
    assert!(runtime.block_on(runtime.spawn(async { clock::seconds() })).unwrap() > 7);
}

#[test]
fn two_sandboxes_on_two_threads() {
    let service = |email: &'static str| {
        move || {
            let runtime = Runtime::new().unwrap();
            runtime.block_on(async {
                let world = World::new().await;
                let cells = world.sandbox().enter();
                confirm_all(&world.api, &[email]).await;
                publish("one").await;
                assert_eq!(world.api.recipients("one"), [email]);
                assert_eq!(get("/health").await.status, StatusCode::OK);
                cells.leave().await;
            });
        }
    };
    let other = thread::spawn(service("ann@example.org"));
    service("bob@example.org")();
    other.join().unwrap();
}
