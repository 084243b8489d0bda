//! H2: what observers are notified of besides starts and ends.

use cells::{
    CloseStatus, CoolingDown, Draining, Expired, FailureRecorded, InitResult, Observer, Provided,
    RejectReason, RequestContext, Retrying, RuntimeCell, Seeded, Stale, Timeline, TimelineObserver,
    WaitRejected,
};
use cells_test_support::{Boom, LONG, Stage, cell, leak, lock, start_flight};
use std::sync::{Arc, Mutex};
use std::time::Duration;

const SOON: Duration = Duration::from_millis(1);

/// Writes down what it is notified of.
#[derive(Default)]
struct Notes(Mutex<Vec<String>>);

impl Notes {
    fn on(cell: &cells::CellBase) -> Arc<Self> {
        let notes = Arc::new(Self::default());
        cell.configure_observer(notes.clone());
        notes
    }

    fn note(&self, note: String) {
        lock(&self.0).push(note);
    }

    fn take(&self) -> Vec<String> {
        std::mem::take(&mut lock(&self.0))
    }
}

impl Observer for Notes {
    fn on_init_end(&self, event: &InitResult<'_>) {
        let by = if event.provided { "provided" } else { "built" };
        self.note(format!("{by} {}", event.generation));
    }

    fn on_retrying(&self, event: &Retrying) {
        let Retrying { cell, generation, attempt, delay, error, .. } = event;
        assert_eq!(*delay, SOON);
        self.note(format!("{cell} {generation}: retrying after attempt {attempt}, {error}"));
    }

    fn on_rejected(&self, event: &WaitRejected) {
        let limit = if event.reason == RejectReason::WaitTimeout { SOON } else { Duration::ZERO };
        assert!(event.waited >= limit, "{event:?}");
        self.note(format!("{}: {}", event.cell, event.reason.as_str()));
    }

    fn on_cooling(&self, event: &CoolingDown) {
        assert!(event.retry_after <= LONG);
        self.note(format!("{}: cooling, {}", event.cell, event.error));
    }

    fn on_failure_recorded(&self, event: &FailureRecorded) {
        let FailureRecorded { cell, generation, error, ttl, .. } = event;
        assert_eq!(*ttl, LONG);
        self.note(format!("{cell} {generation:?}: recorded {error}"));
    }

    fn on_provided(&self, event: &Provided) {
        self.note(format!("{} {}: replaced {}", event.cell, event.generation, event.replaced));
    }

    fn on_seeded(&self, event: &Seeded) {
        self.note(format!("{} {}: seeded by {}", event.cell, event.generation, event.permission));
    }

    fn on_stale(&self, event: &Stale) {
        self.note(format!("{} {}: stale", event.cell, event.generation));
    }

    fn on_expired(&self, event: &Expired) {
        self.note(format!("{} {}: expired", event.cell, event.generation));
    }

    fn on_draining(&self, event: &Draining) {
        self.note(format!("{} {}: draining", event.cell, event.generation));
    }
}

#[test]
fn h2_retries() {
    let cell = cell::<u32>("db").retry(1).backoff(SOON, SOON);
    let notes = Notes::on(&cell);
    cell.get_or_initialize(|| Err(Boom(1))).unwrap_err();
    assert_eq!(notes.take(), ["db 1: retrying after attempt 1, boom 1", "built 1"]);
}

#[test]
fn h2_rejected_waits() {
    let stage = Stage::new();
    let cell: &'static RuntimeCell<u32> = leak(RuntimeCell::new("db").wait_timeout(SOON));
    let notes = Notes::on(cell);
    let initializer = start_flight(cell, stage, || Ok::<_, Boom>(1));
    assert!(cell.get_or_initialize(|| Ok::<_, Boom>(2)).unwrap_err().is_timeout());
    assert_eq!(notes.take(), ["db: wait_timeout"]);
    stage.release();
    assert!(initializer.join().is_ok());
}

#[test]
fn h2_refusals_in_a_cooldown_and_recorded_failures() {
    let cell = cell::<u32>("db");
    let notes = Notes::on(&cell);
    cell.record_failure(Boom(1), LONG);
    assert!(cell.get_or_initialize(|| Ok::<_, Boom>(1)).unwrap_err().is_cooldown());
    cell.provide(1).expect("a value ends it");
    cell.record_failure(Boom(2), LONG);
    assert!(cell.refresh(|| Ok::<_, Boom>(1)).unwrap_err().is_cooldown());
    let heard = [
        "db None: recorded boom 1",
        "db: cooling, boom 1",
        "db 1: replaced false",
        "provided 1",
        "db Some(1): recorded boom 2",
        "db: cooling, boom 2",
    ];
    assert_eq!(notes.take(), heard);
}

#[test]
fn h2_values_from_outside_and_payloads_that_drain() {
    let cell = cell::<u32>("db");
    let notes = Notes::on(&cell);
    {
        let _permit = cells::testing::allow_seeding();
        cell.seed(1).expect("it is allowed");
    }
    let lease = cell.peek();
    cell.replace(2).expect("in its place");
    assert_eq!(
        notes.take(),
        ["db 1: seeded by permit", "db 2: replaced true", "provided 2", "db 1: draining"]
    );
    drop(lease);
    let lease = cell.peek();
    assert_eq!(cell.close_and_drain(Duration::ZERO).status, CloseStatus::Draining);
    assert_eq!(notes.take(), ["db 2: draining"]);
    drop(lease);
    drop(cell.get_or_initialize(|| Ok::<_, Boom>(3)));
    cell.invalidate();
    assert_eq!(notes.take(), ["built 3"], "what is not in use does not drain");
}

/// Panics at all that is not a start or an end.
struct Wild;

impl Observer for Wild {
    fn on_retrying(&self, _: &Retrying) {
        panic!("wild")
    }

    fn on_rejected(&self, _: &WaitRejected) {
        panic!("wild")
    }

    fn on_cooling(&self, _: &CoolingDown) {
        panic!("wild")
    }

    fn on_failure_recorded(&self, _: &FailureRecorded) {
        panic!("wild")
    }

    fn on_provided(&self, _: &Provided) {
        panic!("wild")
    }

    fn on_seeded(&self, _: &Seeded) {
        panic!("wild")
    }

    fn on_draining(&self, _: &Draining) {
        panic!("wild")
    }
}

/// Uses a cell so that everybody is notified of everything that needs no clock.
fn live(cell: &'static RuntimeCell<u32>) -> [&'static str; 9] {
    let stage = Stage::new();
    let initializer = start_flight(cell, stage, || Ok::<_, Boom>(1));
    assert!(cell.get_or_initialize(|| Ok::<_, Boom>(2)).unwrap_err().is_timeout());
    stage.release();
    let lease = initializer.join().expect("the outcome is the factory's");
    cell.replace(2).expect("in its place");
    drop(lease);
    cell.record_failure(Boom(2), LONG);
    assert!(cell.get_or_initialize(|| Ok::<_, Boom>(3)).unwrap_err().is_cooldown());
    {
        let _permit = cells::testing::allow_seeding();
        cell.seed(3).expect("it is allowed");
    }
    cell.invalidate();
    cell.get_or_initialize(|| Err(Boom(4))).unwrap_err();
    [
        "db: wait_timeout",
        "built 1",
        "db 2: replaced true",
        "provided 2",
        "db 1: draining",
        "db Some(2): recorded boom 2",
        "db: cooling, boom 2",
        "db 3: seeded by permit",
        "db 4: retrying after attempt 1, boom 4",
    ]
}

#[test]
fn h2_an_observer_that_panics_changes_nothing_and_the_others_are_notified() {
    let cell = || leak(RuntimeCell::new("db").wait_timeout(SOON).retry(1).backoff(SOON, SOON));
    let wild = cell();
    wild.configure_observer(Arc::new(Wild));
    live(wild);

    let (first, second) = (Arc::new(Notes::default()), Arc::new(Notes::default()));
    let pair = cell();
    pair.configure_observer(Arc::new((Wild, (first.clone(), Arc::new((Wild, second.clone()))))));
    let heard = live(pair);
    for notes in [first, second] {
        let notes = notes.take();
        assert_eq!(notes[..9], heard);
        assert_eq!(notes[9..], ["built 4"]);
    }

    let notes = Arc::new(Notes::default());
    let group = cell();
    let observers: Vec<Arc<dyn Observer>> = vec![Arc::new(Wild), notes.clone()];
    group.configure_observer(Arc::new(observers));
    let heard = live(group);
    assert_eq!(notes.take()[..9], heard);
}

#[test]
fn h2_callbacks_may_use_the_very_cell() {
    struct Uses(&'static RuntimeCell<u32>);
    impl Observer for Uses {
        fn on_failure_recorded(&self, _: &FailureRecorded) {
            self.0.provide(7).expect("the failure is recorded by now");
        }

        fn on_draining(&self, _: &Draining) {
            self.0.invalidate();
        }
    }
    let cell: &'static RuntimeCell<u32> = leak(cell("db"));
    cell.configure_observer(Arc::new(Uses(cell)));
    cell.record_failure(Boom(1), LONG);
    let lease = cell.peek().expect("the observer has provided it");
    assert_eq!((*lease, cell.close().status), (7, CloseStatus::Draining));
}

#[test]
fn h2_a_timeline_shows_what_a_request_waited_for_in_vain() {
    let names = |timeline: &Timeline| -> Vec<_> {
        timeline.events().into_iter().map(|event| event.name.into_owned()).collect()
    };
    let (own, request) = (Timeline::new(64), Timeline::new(64));
    let cell = leak(RuntimeCell::new("db").wait_timeout(SOON).retry(1).backoff(SOON, SOON));
    cell.configure_observer(Arc::new(TimelineObserver::with_fallback(own.clone())));
    RequestContext::new().session_id("s-1").timeline(request.clone()).in_scope(|| live(cell));
    let seen = [
        "runtime.wait.rejected",
        "runtime.init.start",
        "runtime.init.end",
        "runtime.close.draining",
        "runtime.close.end",
        "runtime.failure.recorded",
        "runtime.close.end",
        "runtime.cooling",
        "runtime.seeded",
        "runtime.close.end",
        "runtime.init.start",
        "runtime.init.retry",
        "runtime.init.err",
    ];
    assert_eq!(names(&request), seen);
    let events = request.events();
    let event = |name: &str| events.iter().find(|event| event.name == name).expect("it is there");
    let rejected = event("runtime.wait.rejected");
    assert_eq!(
        (rejected.status.as_deref(), rejected.session_id.as_deref()),
        (Some("wait_timeout"), Some("s-1"))
    );
    assert!(rejected.duration.is_some_and(|waited| waited >= SOON));
    assert_eq!(event("runtime.cooling").error.as_deref(), Some("boom 2"));
    assert_eq!(event("runtime.init.retry").duration, Some(SOON));
    // The flight that began elsewhere, and none of the refusals: they would drive everything else out.
    assert_eq!(names(&own), ["runtime.init.start", "runtime.init.end"]);
    cell.record_failure(Boom(5), LONG);
    assert!(cell.get_or_initialize(|| Ok::<_, Boom>(6)).unwrap_err().is_cooldown());
    assert_eq!(names(&own)[2..], ["runtime.failure.recorded"]);
}

#[test]
fn h2_events_can_be_written_as_json() {
    struct Json(Mutex<Vec<serde_json::Value>>);
    impl Json {
        fn write(&self, event: &impl serde::Serialize) {
            lock(&self.0).push(serde_json::to_value(event).expect("it can be written"));
        }
    }
    impl Observer for Json {
        fn on_rejected(&self, event: &WaitRejected) {
            self.write(event);
        }

        fn on_cooling(&self, event: &CoolingDown) {
            self.write(event);
        }

        fn on_retrying(&self, event: &Retrying) {
            self.write(event);
        }
    }
    let cell = leak(RuntimeCell::new("db").wait_timeout(SOON).retry(1).backoff(SOON, SOON));
    let json = Arc::new(Json(Mutex::default()));
    cell.configure_observer(json.clone());
    live(cell);
    let events = lock(&json.0);
    assert_eq!((&events[0]["reason"], events[0]["waited_us"].is_u64()), (&"wait_timeout".into(), true));
    assert_eq!((&events[1]["error"], events[1]["retry_after_us"].is_u64()), (&"boom 2".into(), true));
    assert_eq!((&events[2]["attempt"], &events[2]["delay_us"]), (&1.into(), &1000.into()));
}
