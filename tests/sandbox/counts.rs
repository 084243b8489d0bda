//! H2: what a sandbox's cells count, and what observers are notified of when a payload ages.

use cells::testing::Sandbox;
use cells::{Expired, Observer, Stale, runtime_cell};
use cells_test_support::{Boom, Count, eventually, lock};
use std::sync::{Arc, Mutex};
use std::time::Duration;

const HOUR: Duration = Duration::from_secs(3600);

#[runtime_cell]
fn runs() -> Arc<Count> {
    Arc::default()
}

/// Fails from its third run on.
#[runtime_cell(fresh = "1h", expires = "3h")]
fn aged(runs: &Arc<Count>) -> Result<usize, Boom> {
    let run = runs.up();
    if run < 3 { Ok(run) } else { Err(Boom(3)) }
}

#[derive(Default)]
struct Notes(Mutex<Vec<(&'static str, u64)>>);

impl Observer for Notes {
    fn on_stale(&self, event: &Stale) {
        lock(&self.0).push(("stale", event.generation));
    }

    fn on_expired(&self, event: &Expired) {
        lock(&self.0).push(("expired", event.generation));
    }
}

#[test]
fn h2_payloads_that_age_are_counted_and_observers_notified() {
    let cells = Sandbox::new().enter();
    let notes = Arc::new(Notes::default());
    AGED.configure_observer(notes.clone());
    assert_eq!(aged().map(|lease| *lease).ok(), Some(1));
    cells.advance(2 * HOUR);
    assert_eq!(aged().map(|lease| *lease).ok(), Some(1));
    eventually("the refresh", || AGED.generation() == Some(2));
    eventually("the disposer of what it replaced", || AGED.snapshot().counts.disposed == 1);
    let counts = AGED.snapshot().counts;
    assert_eq!((counts.builds, counts.refreshes, counts.stale, counts.disposed), (2, 1, 1, 1));
    cells.advance(2 * HOUR);
    assert_eq!(aged().map(|lease| *lease).ok(), Some(2));
    eventually("the refresh that fails", || AGED.snapshot().counts.failures == 1);
    eventually("its end", || AGED.snapshot().flights == 0);
    cells.advance(2 * HOUR);
    eventually("the disposer of what has expired", || AGED.snapshot().counts.disposed == 2);
    let counts = AGED.snapshot().counts;
    assert_eq!(
        (counts.builds, counts.failed_refreshes, counts.stale, counts.expired),
        (2, 1, 2, 1),
        "{counts}"
    );
    assert_eq!(counts.closes, 0);
    assert_eq!(*lock(&notes.0), [("stale", 1), ("stale", 2), ("expired", 2)]);
}

#[test]
fn h2_a_sandbox_counts_for_itself() {
    for _ in 0..2 {
        let _cells = Sandbox::new().enter();
        assert_eq!(AGED.snapshot().counts.builds, 0);
        assert!(aged().is_ok());
        assert_eq!(AGED.snapshot().counts.builds, 1);
    }
    assert_eq!(AGED.snapshot().counts.builds, 0, "the process's cell");
}
