//! `after`: an order without a payload.

use cells::{DependencyKind, runtime_cell};
use cells_test_support::{LONG, alone, lock};
use std::sync::Mutex;

static ENDED: Mutex<Vec<&str>> = Mutex::new(Vec::new());

fn end(payload: &'static str) {
    lock(&ENDED).push(payload);
}

#[runtime_cell(dispose = end)]
fn earlier() -> &'static str {
    "earlier"
}

#[runtime_cell(after = [EARLIER], dispose = end)]
fn later() -> &'static str {
    "later"
}

#[test]
fn m4_after_orders_the_end_and_builds_nothing() {
    alone(|| {
        let edges: Vec<_> = LATER.info().dependencies.iter().map(|on| (on.cell.ident, on.kind)).collect();
        assert_eq!(edges, [("EARLIER", DependencyKind::After)]);
        assert_eq!(*later(), "later");
        assert!(!EARLIER.is_ready(), "the factory of `later` receives nothing from it");

        assert_eq!(*earlier(), "earlier");
        assert!(cells::close_all(LONG).is_ok());
        assert_eq!(*lock(&ENDED), ["later", "earlier"]);
    });
}
