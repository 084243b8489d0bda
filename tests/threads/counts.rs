//! H2: what a cell counts.

use cells::{CellCounts, Disposer, RuntimeCell};
use cells_test_support::{
    Boom, Counted, LONG, Stage, Tally, cell, counted, crowd, leak, panic_of, poll, spawn, start_flight,
};
use std::time::Duration;

/// The counts of a cell that has a snapshot, without its times.
macro_rules! assert_counts {
    ($cell:expr, $($name:ident: $count:expr),*) => {
        let mut counts = $cell.snapshot().counts;
        (counts.own, counts.waiting) = (Duration::ZERO, Duration::ZERO);
        #[allow(unused_mut, reason = "nothing may be counted")]
        let mut expected = CellCounts::default();
        $(expected.$name = $count;)*
        assert_eq!(counts, expected);
    };
}

#[test]
fn h2_what_was_never_used_has_counted_nothing() {
    let cell = cell::<u32>("db");
    assert_counts!(cell,);
    assert_eq!(cell.snapshot().counts.to_string(), "nothing");
}

#[test]
fn h2_each_flight_counts_as_one_end() {
    let cell = cell::<u32>("db");
    drop(cell.get_or_initialize(|| Ok::<_, Boom>(1)));
    drop(cell.get_or_initialize(|| Ok::<_, Boom>(2)));
    assert_counts!(cell, builds: 1);
    drop(cell.refresh(|| Ok::<_, Boom>(2)));
    assert_counts!(cell, builds: 2, refreshes: 1, disposed: 1);
    cell.refresh(|| Err(Boom(1))).unwrap_err();
    panic_of(|| cell.refresh(|| -> Result<u32, Boom> { panic!("luck") }));
    assert_counts!(cell, builds: 2, refreshes: 1, disposed: 1, failures: 1, panics: 1, failed_refreshes: 2);
    cell.invalidate();
    cell.get_or_initialize(|| Err(Boom(1))).unwrap_err();
    assert_counts!(
        cell, builds: 2, refreshes: 1, disposed: 2, failures: 2, panics: 1, failed_refreshes: 2, closes: 1
    );
}

#[test]
fn h2_superseded_flights_and_what_they_built() {
    let tally = Tally::new();
    let cell = counted("db");
    let mut runs = 0;
    let lease = cell.get_or_initialize(|| {
        runs += 1;
        if runs == 1 {
            cell.invalidate();
        }
        tally.build(runs)
    });
    assert_eq!(lease.map(|lease| lease.id).ok(), Some(2));
    // The close found no payload: it is in none of the counts.
    assert_counts!(cell, builds: 1, superseded: 1, disposed: 1);
}

#[test]
fn h2_a_future_that_is_dropped_is_a_cancelled_flight() {
    let cell = cell::<u32>("db");
    let mut future = Box::pin(cell.get_or_initialize_async(std::future::pending::<Result<_, Boom>>));
    assert!(poll(&mut future).is_pending());
    drop(future);
    assert_counts!(cell, cancelled: 1);
}

#[test]
fn h2_attempts_refusals_and_recorded_failures() {
    let soon = Duration::from_millis(1);
    let cell = cell::<u32>("db").retry(2).backoff(soon, soon).cooldown(LONG);
    cell.get_or_initialize(|| Err(Boom(1))).unwrap_err();
    for _ in 0..3 {
        assert!(cell.get_or_initialize(|| Ok::<_, Boom>(1)).unwrap_err().is_cooldown());
    }
    assert_counts!(cell, failures: 1, retries: 2, refused_cooling: 3);
    cell.record_failure(Boom(2), LONG);
    cell.record_failure(Boom(2), Duration::ZERO);
    assert!(cell.refresh(|| Ok::<_, Boom>(1)).unwrap_err().is_cooldown());
    assert_counts!(cell, failures: 1, retries: 2, refused_cooling: 4, recorded_failures: 1);
}

#[test]
fn h2_calls_that_may_not_wait() {
    let stage = Stage::new();
    let cell: &'static RuntimeCell<u32> = leak(cell("db").max_waiters(1));
    let initializer = start_flight(cell, stage, || Ok::<_, Boom>(1));
    let waiter = crowd(1, || cell.get_or_initialize(|| Ok::<_, Boom>(2)));
    for _ in 0..2 {
        assert!(cell.get_or_initialize(|| Ok::<_, Boom>(2)).unwrap_err().is_unavailable());
    }
    // One is the call by which `crowd` knows that its waiter waits.
    assert_counts!(cell, rejected_full: 3);
    stage.release();
    assert!(waiter.answers().iter().all(Result::is_ok) && initializer.join().is_ok());

    let stage = Stage::new();
    let cell = leak(RuntimeCell::<u32>::new("db").wait_timeout(Duration::from_millis(1)));
    let initializer = start_flight(cell, stage, || Ok::<_, Boom>(1));
    assert!(cell.get_or_initialize(|| Ok::<_, Boom>(2)).unwrap_err().is_timeout());
    assert_counts!(cell, rejected_timeout: 1);
    stage.release();
    assert!(initializer.join().is_ok());
}

#[test]
fn h2_values_from_outside() {
    let cell = cell::<u32>("db");
    cell.provide(1).expect("it is empty");
    assert!(cell.provide(2).is_err());
    cell.replace(3).expect("in its place");
    assert_counts!(cell, provided: 2, replaced: 1, disposed: 1);
    cell.invalidate();
    let _permit = cells::testing::allow_seeding();
    cell.seed(4).expect("it is allowed");
    assert_counts!(cell, provided: 2, replaced: 1, disposed: 2, closes: 1, seeded: 1);
}

#[test]
fn h2_a_disposal_is_counted_when_it_ends() {
    let tally = Tally::new();
    let cell = counted("db").disposer(Disposer::with(Counted::dispose_badly));
    let lease = cell.get_or_initialize(|| tally.build(1));
    cell.invalidate();
    drop(cell.get_or_initialize(|| tally.build(2)));
    assert_counts!(cell, builds: 2, closes: 1);
    drop(lease);
    assert_counts!(cell, builds: 2, closes: 1, disposed: 1, dispose_failures: 1);
    // Also where the cell is gone by then, and nobody can ask any more.
    let last = cell.peek();
    drop(cell);
    drop(last);
    assert_eq!(tally.disposed(), [1, 2]);
}

#[test]
fn h2_the_time_that_flights_took() {
    let (outer, inner) = (cell::<u32>("outer"), cell::<u32>("inner"));
    let sleep = || std::thread::sleep(Duration::from_millis(2));
    for _ in 0..2 {
        let built = outer.refresh(|| {
            sleep();
            inner
                .refresh(|| {
                    sleep();
                    Ok::<_, Boom>(1)
                })
                .map(|lease| *lease)
        });
        assert!(built.is_ok());
    }
    let (outer, inner) = (outer.snapshot().counts, inner.snapshot().counts);
    let (once, twice) = (Duration::from_millis(2), Duration::from_millis(4));
    assert!(outer.own >= twice && outer.waiting >= inner.own && inner.own >= twice, "{outer}; {inner}");
    assert!(inner.waiting < once && outer.to_string().starts_with("2 builds, 1 refresh, 1 disposed, "));
}

#[test]
fn h2_who_sees_a_payload_sees_that_it_was_counted() {
    let cell = leak(cell::<u32>("db"));
    let stage = Stage::new();
    let initializer = start_flight(cell, stage, || Ok::<_, Boom>(1));
    let looker = spawn(move || {
        loop {
            let snapshot = cell.snapshot();
            if snapshot.generation.is_some() {
                return snapshot.counts.builds;
            }
        }
    });
    stage.release();
    assert_eq!(looker.join(), 1);
    assert!(initializer.join().is_ok());
}

#[test]
fn h2_counts_are_in_the_json_of_a_snapshot() {
    let cell = cell::<u32>("db");
    drop(cell.get_or_initialize(|| Ok::<_, Boom>(1)));
    let json = serde_json::to_value(cell.snapshot()).expect("it can be written");
    assert_eq!((&json["counts"]["builds"], &json["counts"]["closes"]), (&1.into(), &0.into()));
    for time in ["own_us", "waiting_us"] {
        assert!(json["counts"][time].is_u64(), "{json}");
    }
}
