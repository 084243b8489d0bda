//! Log layers that use cells.

use super::payload::{Payload, all_disposed};
use cells::{CloseStatus, runtime_cell};
use cells_test_support::{Boom, Count, LONG};
use tracing::{Event, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt as _};

static EVENTS: Count = Count::zero();

/// Calls a function at each event.
struct Calls(fn());

impl<S: Subscriber> Layer<S> for Calls {
    fn on_event(&self, _: &Event<'_>, _: Context<'_, S>) {
        EVENTS.up();
        (self.0)();
    }
}

/// The whole process logs to a layer that calls this.
fn log_to(call: fn()) {
    let subscriber = tracing_subscriber::registry().with(Calls(call));
    tracing::subscriber::set_global_default(subscriber).expect("the only subscriber");
}

#[runtime_cell(dispose = Payload::dispose)]
fn sink() -> Payload {
    Payload::make()
}

#[runtime_cell]
fn broken() -> Result<u8, Boom> {
    Err(Boom(1))
}

#[runtime_cell]
async fn broken_task() -> Result<u8, Boom> {
    Err(Boom(2))
}

#[runtime_cell(dispose = Payload::dispose)]
fn other() -> Payload {
    Payload::make()
}

/// What a program does, each step with an event.
fn work() {
    for _ in 0..3 {
        drop(other());
        drop(OTHER.refresh());
        assert_eq!(OTHER.close().status, CloseStatus::Ok);
        drop(broken());
        let _ = OTHER.close();
    }
    let _ = cells::shutdown(LONG);
    // Of each round at least: two built, two closed, a failure and a close without a payload.
    let events = EVENTS.get();
    assert!((18..1_000).contains(&events), "{events} events");
    all_disposed();
}

pub(crate) fn a_log_layer_reads_a_cell_at_each_event() {
    log_to(|| drop(SINK.try_get()));
    work();
}

pub(crate) fn x15_a_log_layer_reads_a_failing_cell_at_each_event() {
    log_to(|| drop(broken()));
    work();
}

pub(crate) fn x15_a_log_layer_reads_a_failing_async_cell_at_each_event() {
    log_to(|| pollster::block_on(async { drop(broken_task().await) }));
    work();
}

pub(crate) fn x15_a_log_layer_closes_and_builds_at_each_event() {
    log_to(|| {
        drop(SINK.try_get());
        SINK.invalidate();
    });
    work();
}
