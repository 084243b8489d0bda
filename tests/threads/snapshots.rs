//! Snapshots: what a cell is doing at one moment.

use cells::{BoxError, CellSnapshot, Ref, RuntimeCell, State, runtime_cell};
use cells_test_support::{
    Boom, LONG, Stage, Tally, cell, counted, crowd, eventually, leak, spawn, start_flight,
};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// The fields that contain no time.
fn counts(snapshot: &CellSnapshot) -> (State, Option<u64>, usize, usize, usize, usize) {
    let CellSnapshot { state, generation, waiters, flights, leases, draining, .. } = *snapshot;
    (state, generation, waiters, flights, leases, draining)
}

#[test]
fn p6_an_untouched_cell() {
    let snapshot = cell::<u32>("db").snapshot();
    assert_eq!(snapshot.name, "db");
    assert_eq!(counts(&snapshot), (State::Empty, None, 0, 0, 0, 0));
    assert_eq!((snapshot.age, snapshot.own, snapshot.waiting), (None, None, None));
    assert_eq!((snapshot.last_error, snapshot.cooldown_left), (None, None));
}

#[test]
fn p6_callers_that_wait() {
    let (tally, stage) = (Tally::new(), Stage::new());
    let cell: &'static RuntimeCell<_> = leak(counted("db").max_waiters(3));
    let initializer = start_flight(cell, stage, || tally.build(1));
    assert_eq!(counts(&cell.snapshot()), (State::Initializing, None, 0, 1, 0, 0));
    let crowd = crowd(3, || cell.get_or_initialize(|| tally.build(9)));
    assert_eq!(counts(&cell.snapshot()), (State::Initializing, None, 3, 1, 0, 0));
    stage.release();
    let answers = crowd.answers();
    let leases = answers.into_iter().chain([initializer.join()]).collect::<Result<Vec<_>, _>>();
    assert_eq!(counts(&cell.snapshot()), (State::Ready, Some(1), 0, 0, 4, 0));
    drop(leases);
    assert_eq!(counts(&cell.snapshot()), (State::Ready, Some(1), 0, 0, 0, 0));
}

#[test]
fn p6_leases_that_are_out_and_payloads_that_drain() {
    let tally = Tally::new();
    let cell = counted("db");
    let first = cell.get_or_initialize(|| tally.build(1));
    let _ = cell.close();
    assert_eq!(counts(&cell.snapshot()), (State::Empty, None, 0, 0, 0, 1));
    let second = cell.refresh(|| tally.build(2));
    assert_eq!(counts(&cell.snapshot()), (State::Ready, Some(2), 0, 0, 1, 1));
    let third = cell.refresh(|| tally.build(3));
    assert_eq!(counts(&cell.snapshot()), (State::Ready, Some(3), 0, 0, 1, 2));
    drop((first, second, third));
    assert_eq!(counts(&cell.snapshot()), (State::Ready, Some(3), 0, 0, 0, 0));
}

#[test]
fn p6_factories_that_run_on_superseded_ones_among_them() {
    let (tally, stage) = (Tally::new(), Stage::new());
    let cell: &'static RuntimeCell<_> = leak(counted("db"));
    let mut runs = 0;
    let late = spawn(move || {
        cell.get_or_initialize(|| {
            runs += 1;
            if runs == 1 {
                stage.pause();
            }
            tally.build(runs)
        })
    });
    stage.reached();
    let _ = cell.close();
    assert_eq!(counts(&cell.snapshot()), (State::Empty, None, 0, 1, 0, 0));
    drop(cell.get_or_initialize(|| tally.build(9)));
    assert_eq!(counts(&cell.snapshot()), (State::Ready, Some(2), 0, 1, 0, 0));
    stage.release();
    assert_eq!(late.join().map(|lease| lease.id).ok(), Some(9));
    assert_eq!(counts(&cell.snapshot()), (State::Ready, Some(2), 0, 0, 0, 0));
}

#[test]
fn p6_the_last_error_and_what_is_left_of_a_cooldown() {
    let failing = cell::<u32>("db").cooldown(LONG);
    drop(failing.get_or_initialize(|| Err(Boom(1))));
    let snapshot = failing.snapshot();
    assert_eq!(counts(&snapshot), (State::Failed, None, 0, 0, 0, 0));
    assert_eq!(snapshot.last_error.as_deref(), Some("boom 1"));
    let left = snapshot.cooldown_left.expect("it cools down");
    assert!(left <= LONG);
    sleep(Duration::from_millis(1));
    assert!(failing.snapshot().cooldown_left < Some(left));
    let _ = failing.close();
    let snapshot = failing.snapshot();
    assert_eq!((snapshot.last_error, snapshot.cooldown_left), (None, None));

    let without = cell::<u32>("db");
    drop(without.get_or_initialize(|| Err(Boom(2))));
    let snapshot = without.snapshot();
    assert_eq!((snapshot.last_error.as_deref(), snapshot.cooldown_left), (Some("boom 2"), None));
}

#[test]
fn p6_age_is_that_of_the_published_payload() {
    let cell = cell::<u32>("db");
    drop(cell.get_or_initialize(|| Ok::<_, Boom>(1)));
    sleep(Duration::from_millis(2));
    assert!(cell.snapshot().age >= Some(Duration::from_millis(2)));
    let before = Instant::now();
    drop(cell.refresh(|| Ok::<_, Boom>(2)));
    let age = cell.snapshot().age.expect("it is there");
    assert!(age <= before.elapsed(), "it started over");
    let _ = cell.close();
    let snapshot = cell.snapshot();
    assert_eq!(snapshot.age, None);
    assert!(snapshot.own.is_some(), "a close does not change when the last initialization was");
}

#[test]
fn p6_time_in_other_cells_is_waiting_and_the_rest_is_its_own() {
    const WORK: Duration = Duration::from_millis(20);

    #[runtime_cell]
    fn base() -> u32 {
        sleep(WORK);
        1
    }
    #[runtime_cell]
    fn injected(base: &u32) -> u32 {
        sleep(WORK);
        *base
    }
    #[runtime_cell(wait_timeout = Duration::ZERO)]
    fn by_hand() -> Result<u32, BoxError> {
        sleep(WORK);
        Ok(*injected())
    }

    let start = Instant::now();
    drop(by_hand());
    let took = start.elapsed();
    let times = |snapshot: &CellSnapshot| snapshot.own.zip(snapshot.waiting).expect("it was built");
    let (base, injected, by_hand) =
        (times(&BASE.snapshot()), times(&INJECTED.snapshot()), times(&BY_HAND.snapshot()));
    assert!(base.0 >= WORK && injected.0 >= WORK && by_hand.0 >= WORK);
    assert_eq!(base.1, Duration::ZERO);
    assert!(injected.1 >= base.0, "{injected:?} {base:?}");
    assert!(by_hand.1 >= injected.0 + injected.1, "{by_hand:?} {injected:?}");
    assert!(base.0 + injected.0 + by_hand.0 <= took, "no time counts twice");
}

#[test]
fn p6_a_wait_for_another_threads_flight_is_waiting() {
    let stage = Stage::new();
    let slow: &'static RuntimeCell<u32> = leak(cell("slow"));
    let user: &'static RuntimeCell<u32> = leak(cell("user"));
    let initializer = start_flight(slow, stage, || Ok::<_, Boom>(1));
    let asking = spawn(|| user.get_or_initialize(|| slow.get_or_initialize(|| Err(Boom(1))).map(|one| *one)));
    eventually("the wait", || slow.snapshot().waiters == 1);
    let since = Instant::now();
    sleep(Duration::from_millis(5));
    let waited = since.elapsed();
    stage.release();
    drop((initializer.join(), asking.join()));
    assert!(user.snapshot().waiting >= Some(waited));
}

#[test]
fn p6_all_of_them_in_the_order_of_the_list() {
    let names: Vec<_> = cells::all().iter().map(|cell| cell.info().name).collect();
    let snapshots: Vec<_> = cells::snapshot().iter().map(|snapshot| snapshot.name).collect();
    assert_eq!(snapshots, names);
}

#[test]
fn p6_as_json() {
    let cell = cell::<u32>("db").cooldown(LONG);
    let lease = cell.get_or_initialize(|| Ok::<_, Boom>(1)).expect("a payload");
    let json = serde_json::to_value(cell.snapshot()).expect("it serializes to JSON");
    assert_eq!((&json["name"], &json["state"]), (&"db".into(), &"ready".into()));
    assert_eq!((&json["generation"], &json["leases"]), (&Ref::generation(&lease).into(), &1.into()));
    assert!(json["age_us"].is_u64() && json["own_us"].is_u64() && json["waiting_us"] == 0, "{json}");
    assert!(json["last_error"].is_null() && json["cooldown_left_us"].is_null(), "{json}");
    cell.record_failure(Boom(2), LONG);
    let json = serde_json::to_value(cell.snapshot()).expect("it serializes to JSON");
    assert_eq!((&json["state"], &json["last_error"]), (&"failed".into(), &"boom 2".into()));
    let left = json["cooldown_left_us"].as_u64().expect("a number");
    assert!(u128::from(left) <= LONG.as_micros());
    assert_eq!(json["draining"], 1);
    for count in ["waiters", "flights", "leases"] {
        assert_eq!(json[count], 0, "{count}");
    }
}

#[test]
fn p6_on_one_line() {
    let cell = cell::<u32>("db").cooldown(LONG);
    assert_eq!(cell.snapshot().to_string(), "db: empty");
    let lease = cell.get_or_initialize(|| Ok::<_, Boom>(1)).expect("a payload");
    let text = cell.snapshot().to_string();
    assert!(text.starts_with("db: ready, generation 1, ") && text.ends_with(" old, 1 lease"), "{text}");
    let again = Ref::clone(&lease);
    assert!(cell.snapshot().to_string().ends_with(" old, 2 leases"));
    cell.record_failure("line 1\nline 2", LONG);
    let text = cell.snapshot().to_string();
    assert!(text.starts_with("db: failed, 1 draining, cooling down for "), "{text}");
    assert!(text.ends_with(r": line 1\nline 2"), "{text}");
    drop((lease, again));
}
