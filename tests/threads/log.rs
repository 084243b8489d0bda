//! The log events: one test for each row of the contract's table.

use cells::{CloseStatus, Disposer, RuntimeCell};
use cells_test_support::{
    Boom, Hooks, LONG, Stage, alone, cell, crowd, current_thread, leak, lock, panic_of, start_flight,
};
use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::{Arc, Mutex, Once};
use std::time::Duration;
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};

/// An event as a subscriber receives it, without its message.
#[derive(Clone, Debug)]
struct Logged {
    name: &'static str,
    target: String,
    level: Level,
    fields: Fields,
}

#[derive(Clone, Debug, Default)]
struct Fields(BTreeMap<&'static str, String>);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.0.insert(field.name(), format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name(), value.to_owned());
    }
}

#[derive(Clone, Default)]
struct Capture(Arc<Mutex<Vec<Logged>>>);

impl<S: Subscriber> Layer<S> for Capture {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        fields.0.remove("message");
        let metadata = event.metadata();
        lock(&self.0).push(Logged {
            name: metadata.name(),
            target: metadata.target().to_owned(),
            level: *metadata.level(),
            fields,
        });
    }
}

/// What this thread logs while `f` runs.
fn logged(f: impl FnOnce()) -> Vec<Logged> {
    // Every thread needs a subscriber: at an event's first occurrence `tracing` asks the subscriber of whichever thread
    // comes first whether anybody listens to it, and caches the answer.
    static LISTENER: Once = Once::new();
    LISTENER.call_once(|| {
        let _ = tracing::subscriber::set_global_default(tracing_subscriber::registry());
    });
    let capture = Capture::default();
    tracing::subscriber::with_default(tracing_subscriber::registry().with(capture.clone()), f);
    std::mem::take(&mut lock(&capture.0))
}

/// Compares the last event with its row of the table. A value of `None` stands for any number.
#[track_caller]
fn assert_last(events: &[Logged], name: &str, level: Level, fields: &[(&'static str, Option<&str>)]) {
    let last = events.last().expect("an event");
    assert_eq!((last.name, last.target.as_str(), last.level), (name, "cells", level), "{events:#?}");
    let mut expected: Vec<_> = fields.iter().map(|(field, _)| *field).chain(["cell"]).collect();
    expected.sort_unstable();
    assert_eq!(last.fields.0.keys().copied().collect::<Vec<_>>(), expected);
    assert_eq!(last.fields.0["cell"], "db");
    for (field, value) in fields {
        let got = &last.fields.0[field];
        match value {
            Some(value) => assert_eq!(got, value, "{field}"),
            None => assert!(got.parse::<u64>().is_ok(), "{field}: {got}"),
        }
    }
}

#[test]
fn runtime_cell_initialized() {
    let cell = cell::<u32>("db");
    let events = logged(|| drop(cell.get_or_initialize(|| Ok::<_, Boom>(1))));
    let fields = [
        ("payload_type", Some("u32")),
        ("generation", Some("1")),
        ("duration_ms", None),
        ("own_ms", None),
        ("waiting_ms", None),
        ("status", Some("Ok")),
    ];
    assert_last(&events, "runtime_cell_initialized", Level::DEBUG, &fields);
    assert_eq!(events.len(), 1);
}

#[test]
fn runtime_cell_retrying() {
    let soon = Duration::from_millis(1);
    let cell = cell::<u32>("db").retry(1).backoff(soon, soon);
    let events = logged(|| drop(cell.get_or_initialize(|| Err(Boom(1)))));
    let fields = [
        ("generation", Some("1")),
        ("attempt", Some("1")),
        ("delay_ms", Some("1")),
        ("error", Some("boom 1")),
    ];
    assert_last(&events[..1], "runtime_cell_retrying", Level::WARN, &fields);
    assert_eq!((events.len(), events[1].name), (2, "runtime_cell_init_failed"), "{events:#?}");
}

#[test]
fn runtime_cell_init_failed() {
    let cell = cell::<u32>("db");
    let failed = logged(|| drop(cell.get_or_initialize(|| Err(Boom(1)))));
    let panicked =
        logged(|| drop(panic_of(|| cell.get_or_initialize(|| -> Result<u32, Boom> { panic!("luck") }))));
    for (events, generation, status, error) in
        [(failed, "1", "Error", "boom 1"), (panicked, "2", "Panicked", "luck")]
    {
        let fields = [
            ("generation", Some(generation)),
            ("duration_ms", None),
            ("own_ms", None),
            ("waiting_ms", None),
            ("status", Some(status)),
            ("error", Some(error)),
        ];
        assert_last(&events, "runtime_cell_init_failed", Level::WARN, &fields);
        assert_eq!(events.len(), 1);
    }
}

#[test]
fn runtime_cell_superseded() {
    let cell = cell::<u32>("db");
    let mut first = true;
    let events = logged(|| {
        drop(cell.get_or_initialize(|| {
            if std::mem::take(&mut first) {
                cell.invalidate();
                return Err(Boom(1));
            }
            Ok(1)
        }));
    });
    let names: Vec<_> = events.iter().map(|event| event.name).collect();
    assert_eq!(names, ["runtime_cell_close_noop", "runtime_cell_superseded", "runtime_cell_initialized"]);
    assert_last(&events[..1], "runtime_cell_close_noop", Level::DEBUG, &[("status", Some("Superseded"))]);
    let fields = [("generation", Some("1")), ("duration_ms", None), ("own_ms", None), ("waiting_ms", None)];
    assert_last(&events[..2], "runtime_cell_superseded", Level::DEBUG, &fields);
}

/// A layer that ships events over a cell, which is down.
struct Ship(&'static RuntimeCell<u32>, Capture);

impl<S: Subscriber> Layer<S> for Ship {
    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        self.1.on_event(event, context);
        assert!(lock(&self.1.0).len() < 10, "an event from inside an event");
        assert!(self.0.get_or_initialize(|| Err(Boom(1))).is_err());
    }
}

#[test]
fn x15_a_subscriber_that_uses_a_failing_cell_is_not_called_for_it() {
    alone(|| {
        let (cell, sink) = (leak(cell::<u32>("db")), leak(cell::<u32>("sink")));
        let capture = Capture::default();
        // The global one: `tracing` itself keeps a scoped one from being called inside itself.
        let subscriber = tracing_subscriber::registry().with(Ship(sink, capture.clone()));
        tracing::subscriber::set_global_default(subscriber).expect("the first");
        assert!(cell.get_or_initialize(|| Err(Boom(1))).is_err());
        assert!(cell.get_or_initialize(|| Err(Boom(2))).is_err());
        let about: Vec<_> = lock(&capture.0).iter().map(|event| event.fields.0["cell"].clone()).collect();
        assert_eq!(about, ["db", "db"], "the second is logged too");
        assert!(sink.snapshot().last_error.is_some(), "the sink was used");
    });
}

#[test]
fn runtime_cell_closed() {
    let dispose = Disposer::with(|_: u32| Ok(()));
    for (disposer, called) in [(Disposer::drop(), "false"), (dispose, "true")] {
        let cell = cell::<u32>("db").disposer(disposer);
        drop(cell.get_or_initialize(|| Ok::<_, Boom>(1)));
        let events = logged(|| cell.invalidate());
        let fields = [
            ("payload_type", Some("u32")),
            ("generation", Some("1")),
            ("duration_ms", None),
            ("status", Some("Ok")),
            ("close_called", Some(called)),
        ];
        assert_last(&events, "runtime_cell_closed", Level::DEBUG, &fields);
        assert_eq!(events.len(), 1);
    }
}

#[test]
fn runtime_cell_close_noop() {
    let cell = cell::<u32>("db");
    let events = logged(|| cell.invalidate());
    assert_last(&events, "runtime_cell_close_noop", Level::DEBUG, &[("status", Some("Noop"))]);
    assert_eq!(events.len(), 1);
}

#[test]
fn runtime_cell_draining() {
    let cell = cell::<u32>("db");
    let lease = cell.get_or_initialize(|| Ok::<_, Boom>(1));
    let events = logged(|| assert_eq!(cell.close().status, CloseStatus::Draining));
    assert_last(&events, "runtime_cell_draining", Level::DEBUG, &[("generation", Some("1"))]);
    assert_eq!(events.len(), 1);
    let events = logged(|| drop(lease));
    assert_eq!(events.last().map(|event| event.name), Some("runtime_cell_closed"));
}

#[test]
fn runtime_cell_draining_is_logged_by_a_drain_that_gives_up() {
    let cell = cell::<u32>("db");
    let _lease = cell.get_or_initialize(|| Ok::<_, Boom>(1));
    let events = logged(|| assert_eq!(cell.close_and_drain(Duration::ZERO).status, CloseStatus::Draining));
    assert_last(&events, "runtime_cell_draining", Level::DEBUG, &[("generation", Some("1"))]);
}

#[test]
fn runtime_cell_disposing() {
    let cell = || {
        let cell = cell::<u32>("db").disposer(Disposer::with_async(|_| Box::pin(async { Ok(()) })));
        drop(cell.get_or_initialize(|| Ok::<_, Boom>(1)));
        cell
    };
    current_thread().block_on(async {
        let left = cell();
        let events = logged(|| assert_eq!(left.close().status, CloseStatus::Disposing));
        assert_last(&events, "runtime_cell_disposing", Level::DEBUG, &[("generation", Some("1"))]);
        let kept = cell();
        let events = logged(|| assert_eq!(kept.close_and_drain(LONG).status, CloseStatus::Disposing));
        let error = "it needs the tokio runtime whose only thread this call blocks; await `shutdown_async`, \
                     `close_all_async` or the asynchronous close of the cell instead";
        let fields = [("generation", Some("1")), ("error", Some(error))];
        assert_last(&events, "runtime_cell_disposing", Level::WARN, &fields);
        assert_eq!(events.len(), 1);
    });
}

#[test]
fn runtime_cell_dispose_failed() {
    let failing = Disposer::with(|id: u32| Err(Boom(id).into()));
    let panicking = Disposer::with(|_: u32| panic!("luck"));
    for (disposer, error) in [(failing, "boom 7"), (panicking, "luck")] {
        let cell = cell::<u32>("db").disposer(disposer);
        drop(cell.get_or_initialize(|| Ok::<_, Boom>(7)));
        let events = logged(|| cell.invalidate());
        let fields = [
            ("payload_type", Some("u32")),
            ("generation", Some("1")),
            ("status", Some("Error")),
            ("error", Some(error)),
        ];
        assert_last(&events, "runtime_cell_dispose_failed", Level::WARN, &fields);
        assert_eq!(events.len(), 1);
    }
}

#[test]
fn runtime_cell_failure_recorded() {
    let cell = cell::<u32>("db");
    let events = logged(|| cell.record_failure(Boom(1), LONG));
    let fields = [("error", Some("boom 1")), ("ttl_ms", Some("3600000"))];
    assert_last(&events, "runtime_cell_failure_recorded", Level::WARN, &fields);
    assert!(logged(|| cell.record_failure(Boom(1), Duration::ZERO)).is_empty());
}

#[test]
fn z13_what_is_logged_and_recorded_has_the_causes() {
    #[derive(Debug, thiserror::Error)]
    #[error("no port")]
    struct NoPort(#[source] Boom);

    let cell = cell::<u32>("db");
    let failed = logged(|| drop(cell.get_or_initialize(|| Err(NoPort(Boom(1))))));
    let recorded = logged(|| cell.record_failure(NoPort(Boom(1)), LONG));
    for events in [failed, recorded] {
        assert_eq!(events[0].fields.0["error"], "no port: boom 1", "{events:?}");
    }
    assert_eq!(cell.snapshot().last_error.as_deref(), Some("no port: boom 1"));
}

#[test]
fn c28_runtime_cell_seeded() {
    let cell = cell::<u32>("db");
    let _permit = cells::testing::allow_seeding();
    let events = logged(|| cell.seed(1).expect("it is allowed"));
    let fields = [("generation", Some("1")), ("permission", Some("permit"))];
    assert_last(&events, "runtime_cell_seeded", Level::INFO, &fields);
    assert_eq!(events.len(), 1);
}

#[test]
fn v3_runtime_cell_provided_and_replaced() {
    let cell = cell::<u32>("db");
    let fields = [("payload_type", Some("u32")), ("generation", Some("1"))];
    let events = logged(|| cell.provide(1).expect("it is empty"));
    assert_last(&events, "runtime_cell_provided", Level::INFO, &fields);
    assert_eq!(events.len(), 1);
    let events = logged(|| cell.replace(2).expect("in its place"));
    assert_eq!(
        events.iter().map(|event| event.name).collect::<Vec<_>>(),
        ["runtime_cell_replaced", "runtime_cell_closed"]
    );
}

#[test]
fn runtime_cell_wait_rejected() {
    let stage = Stage::new();
    let cell = leak(RuntimeCell::<u32>::new("db").wait_timeout(Duration::from_millis(5)));
    let initializer = start_flight(cell, stage, || Ok::<_, Boom>(1));
    let events = logged(|| assert!(cell.get_or_initialize(|| Ok::<_, Boom>(2)).unwrap_err().is_timeout()));
    let fields = [("reason", Some("wait_timeout")), ("waited_ms", None)];
    assert_last(&events, "runtime_cell_wait_rejected", Level::DEBUG, &fields);
    assert_eq!(events.len(), 1);
    stage.release();
    drop(initializer.join());
}

#[test]
fn runtime_cell_wait_rejected_where_there_are_too_many() {
    let stage = Stage::new();
    let cell = leak(cell::<u32>("db").max_waiters(1));
    let initializer = start_flight(cell, stage, || Ok::<_, Boom>(1));
    let rejected = leak(Mutex::new(Vec::new()));
    let waiters = crowd(1, move || {
        let mut answer = None;
        let events = logged(|| answer = Some(cell.get_or_initialize(|| Ok::<_, Boom>(2))));
        lock(rejected).extend(events);
        answer.expect("it was asked")
    });
    let fields = [("reason", Some("waiters_full")), ("waited_ms", None)];
    assert_last(&lock(rejected), "runtime_cell_wait_rejected", Level::DEBUG, &fields);
    stage.release();
    assert!(waiters.answers().iter().all(Result::is_ok));
    drop(initializer.join());
}

#[test]
fn o2_a_panicking_subscriber_changes_nothing() {
    struct Wild;
    impl<S: Subscriber> Layer<S> for Wild {
        fn on_event(&self, _: &Event<'_>, _: Context<'_, S>) {
            panic!("wild subscriber")
        }
    }
    let cell = cell::<u32>("db");
    tracing::subscriber::with_default(tracing_subscriber::registry().with(Wild), || {
        assert!(cell.get_or_initialize(|| Ok::<_, Boom>(1)).is_ok());
        assert_eq!(cell.close().status, CloseStatus::Ok);
        cell.record_failure(Boom(1), LONG);
        assert_eq!(cell.close().status, CloseStatus::Noop);
    });
}

#[test]
fn o2_an_observers_panic_is_logged() {
    let cell = cell::<u32>("db");
    Hooks::new().start(|_| panic!("wild start")).on(&cell);
    let events = logged(|| drop(cell.get_or_initialize(|| Ok::<_, Boom>(1))));
    assert_last(
        &events[..1],
        "runtime_cell_observer_panicked",
        Level::WARN,
        &[("error", Some("wild start"))],
    );
}
