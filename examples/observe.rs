//! Observer, adjuster, context and timeline: what a cell did for which request, as JSON lines.

use cells::{
    BoxError, CloseResult, FactoryAdjuster, InitResult, Observer, RequestContext, Timeline, TimelineEvent,
    TimelineObserver, runtime_cell,
};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

/// Tries a second time before it gives up, and records that on the request's timeline.
struct Retry;

impl<T> FactoryAdjuster<T> for Retry {
    fn adjust(&self, _: &str, factory: &mut dyn FnMut() -> Result<T, BoxError>) -> Result<T, BoxError> {
        factory().or_else(|_| {
            if let Some(timeline) = Timeline::current() {
                timeline.record(TimelineEvent::new("retry"));
            }
            factory()
        })
    }
}

static TRIES: AtomicU32 = AtomicU32::new(0);

/// A model that is downloaded over a bad connection: every first try fails.
#[runtime_cell(observer = TimelineObserver::new(), adjuster = Retry)]
fn model() -> Result<String, BoxError> {
    let tries = TRIES.fetch_add(1, Ordering::Relaxed) + 1;
    if tries % 2 == 1 { Err("connection reset".into()) } else { Ok(format!("weights of try {tries}")) }
}

/// Counts, for a dashboard, what happens to all cells of the process.
#[derive(Default)]
struct Metrics {
    built: AtomicU32,
    closed: AtomicU32,
}

impl Observer for Metrics {
    fn on_init_end(&self, _: &InitResult<'_>) {
        self.built.fetch_add(1, Ordering::Relaxed);
    }

    fn on_close_end(&self, _: &CloseResult) {
        self.closed.fetch_add(1, Ordering::Relaxed);
    }
}

fn main() -> Result<(), BoxError> {
    let metrics = Arc::new(Metrics::default());
    cells::set_global_observer(metrics.clone());

    // Each request has its own timeline. The flight is recorded on that of the request that caused it, the first; the
    // second request only reads.
    for session in ["alice", "bob"] {
        let timeline = Timeline::new(64);
        let request = RequestContext::new().session_id(session).timeline(timeline.clone());
        request.in_scope(|| model().map(drop))?;
        println!("{session}:");
        timeline.write_jsonl(std::io::stdout())?;
    }

    let timeline = Timeline::new(64);
    RequestContext::new().session_id("shutdown").timeline(timeline.clone()).in_scope(|| MODEL.invalidate());
    println!("shutdown:");
    timeline.write_jsonl(std::io::stdout())?;
    let [built, closed] = [&metrics.built, &metrics.closed].map(|count| count.load(Ordering::Relaxed));
    println!("built {built}, closed {closed}");
    Ok(())
}
