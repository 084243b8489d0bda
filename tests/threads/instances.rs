//! Cells as values: construction, `Debug`, drop.

use cells::{CloseStatus, Disposer, RuntimeCell, State};
use cells_test_support::{Boom, Heard, Recorder, Tally, cell, counted, panic_of};
use std::time::Duration;

static CELL: RuntimeCell<String> = RuntimeCell::new("static")
    .max_waiters(3)
    .wait_timeout(Duration::from_secs(1))
    .cooldown(Duration::from_secs(1))
    .disposer(Disposer::drop());

/// A cell as a field.
struct Service {
    pool: RuntimeCell<u32>,
}

#[test]
fn c1_a_cell_is_a_static_or_a_field_of_a_const_value() {
    static SERVICE: Service = Service { pool: RuntimeCell::new("field") };
    assert_eq!(CELL.name(), "static");
    assert!(CELL.get_or_initialize(|| Ok::<_, Boom>("payload".to_owned())).is_ok());
    assert_eq!((SERVICE.pool.name(), SERVICE.pool.state()), ("field", State::Empty));
    assert!(SERVICE.pool.get_or_initialize(|| Ok::<_, Boom>(1)).is_ok());
}

#[test]
fn c1_an_empty_name_becomes_runtime() {
    assert_eq!(RuntimeCell::<u32>::new("").name(), "runtime");
}

#[test]
fn c2_debug_shows_name_and_state_and_never_the_payload() {
    let cell = cell::<&str>("db");
    assert_eq!(format!("{cell:?}"), "RuntimeCell { name: \"db\", state: Empty, .. }");
    let lease = cell.get_or_initialize(|| Ok::<_, Boom>("a secret")).expect("a payload");
    let shown = format!("{cell:?} {cell:#?}");
    assert!(shown.contains("db") && shown.contains("Ready") && !shown.contains("secret"), "{shown}");
    assert_eq!(format!("{lease:?} {lease}"), "\"a secret\" a secret", "a lease is the payload");
}

#[test]
fn c29_dropping_a_cell_disposes_its_payload() {
    let tally = Tally::new();
    let cell = counted("db");
    let recorder = Recorder::on(&cell);
    drop(cell.get_or_initialize(|| tally.build(1)));
    drop(cell);
    assert_eq!((tally.disposed(), tally.dropped()), (vec![1], 1));
    assert_eq!(recorder.heard().last(), Some(&Heard::Close(Some(1), CloseStatus::Ok)));
}

#[test]
fn c29_dropping_a_cell_without_payload_tells_nobody() {
    let tally = Tally::new();
    for failed in [false, true] {
        let cell = counted("db");
        let recorder = Recorder::on(&cell);
        if failed {
            cell.get_or_initialize(|| Err(Boom(1))).unwrap_err();
        } else {
            drop(cell.get_or_initialize(|| tally.build(1)));
            cell.invalidate();
        }
        let before = recorder.heard();
        drop(cell);
        assert_eq!(recorder.heard(), before);
    }
    assert_eq!(tally.disposed(), [1]);
}

#[test]
fn c29_a_cell_dropped_during_a_panic_disposes_too() {
    let tally = Tally::new();
    panic_of(|| {
        let cell = counted("db");
        drop(cell.get_or_initialize(|| tally.build(1)));
        panic!("the caller's own");
    });
    assert_eq!(tally.disposed(), [1]);
}
