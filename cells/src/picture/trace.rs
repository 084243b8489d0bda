//! What was built when, in the Trace Event Format of Chrome, which Perfetto (<https://ui.perfetto.dev>) shows.

use crate::picture::markup::Json;
use std::fmt::Write;
use std::process;
use std::time::Duration;

pub(crate) struct Event {
    pub(crate) name: String,
    pub(crate) category: &'static str,
    pub(crate) started: Duration,
    /// How long it took; `None` is a moment.
    pub(crate) took: Option<Duration>,
    /// Keys, which need no escapes, and texts.
    pub(crate) details: Vec<(&'static str, String)>,
}

/// A trace of these events, of which each is in the first track where nothing else goes on at the time: a track is not a
/// thread, because a cell may be built by a task that moves between threads.
pub(crate) fn trace(mut events: Vec<Event>) -> String {
    events.sort_by_key(|event| event.started);
    let pid = process::id();
    let mut free: Vec<Duration> = Vec::new();
    let mut json = String::from("{\"displayTimeUnit\":\"ms\",\"traceEvents\":[");
    let _ = write!(
        json,
        "{{\"name\":\"process_name\",\"cat\":\"__metadata\",\"ph\":\"M\",\"ts\":0,\"pid\":{pid},\"tid\":0,\
         \"args\":{{\"name\":\"cells\"}}}}"
    );
    for event in &events {
        let end = event.started + event.took.unwrap_or_default();
        let track = free.iter().position(|free| *free <= event.started).unwrap_or_else(|| {
            free.push(Duration::ZERO);
            free.len() - 1
        });
        free[track] = end;
        let phase = if event.took.is_some() { "X" } else { "i" };
        let _ = write!(
            json,
            ",\n{{\"name\":{},\"cat\":\"{}\",\"ph\":\"{phase}\",\"ts\":{},\"pid\":{pid},\"tid\":{}",
            Json(&event.name),
            event.category,
            Micros(event.started),
            track + 1
        );
        let _ = match event.took {
            Some(took) => write!(json, ",\"dur\":{}", Micros(took)),
            None => write!(json, ",\"s\":\"t\""),
        };
        json.push_str(",\"args\":{");
        for (index, (key, value)) in event.details.iter().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            let _ = write!(json, "{comma}\"{key}\":{}", Json(value));
        }
        json.push_str("}}");
    }
    json.push_str("]}\n");
    json
}

/// The format counts in microseconds, with decimals.
struct Micros(Duration);

impl std::fmt::Display for Micros {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{:03}", self.0.as_micros(), self.0.subsec_nanos() % 1000)
    }
}
