//! The timeline of a cell's flights and closes.

use crate::observe::context::{InitContext, RequestContext};
use crate::observe::observer::{CloseResult, CloseStatus, InitResult, InitStatus, Observer};
use crate::observe::timeline::{Timeline, TimelineEvent};
use std::borrow::Cow;

/// Writes flights and closes to the timeline of the flight's request; else to that of the thread, else to its
/// own.
///
/// The events are `runtime.init.start`, `runtime.init.end`, `runtime.init.err` and `runtime.close.end`.
#[derive(Clone, Debug, Default)]
pub struct TimelineObserver {
    fallback: Option<Timeline>,
}

impl TimelineObserver {
    /// Makes an observer without a timeline of its own.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Makes an observer that writes to `timeline` what belongs to no request.
    #[must_use]
    pub fn with_fallback(timeline: Timeline) -> Self {
        Self { fallback: Some(timeline) }
    }

    fn record(&self, context: Option<&InitContext>, event: TimelineEvent) {
        let timeline = context
            .and_then(|context| context.timeline.clone())
            .or_else(Timeline::current)
            .or_else(|| self.fallback.clone());
        if let Some(timeline) = timeline {
            timeline.record(event);
        }
    }
}

impl Observer for TimelineObserver {
    fn on_init_start(&self, cell: &str, generation: u64, context: Option<&InitContext>) {
        let event = TimelineEvent {
            cell: Some(cell.into()),
            generation: Some(generation),
            session_id: context.and_then(|context| context.session_id.clone()),
            ..TimelineEvent::new("runtime.init.start")
        };
        self.record(context, event);
    }

    fn on_init_end(&self, result: &InitResult<'_>) {
        let failed = matches!(result.status, InitStatus::Error | InitStatus::Panicked);
        let context = result.context.as_ref();
        let event = TimelineEvent {
            cell: Some(result.cell.into()),
            generation: Some(result.generation),
            status: Some(Cow::Borrowed(match result.status {
                InitStatus::Ok => "ok",
                InitStatus::Error => "error",
                InitStatus::Panicked => "panicked",
                InitStatus::Superseded => "superseded",
                InitStatus::Cancelled => "cancelled",
            })),
            duration: Some(result.duration),
            error: result.error.as_ref().map(ToString::to_string),
            session_id: context.and_then(|context| context.session_id.clone()),
            ..TimelineEvent::new(if failed { "runtime.init.err" } else { "runtime.init.end" })
        };
        self.record(context, event);
    }

    fn on_close_end(&self, result: &CloseResult) {
        let event = TimelineEvent {
            cell: Some(result.cell.into()),
            generation: result.generation,
            status: Some(Cow::Borrowed(match result.status {
                CloseStatus::Ok => "ok",
                CloseStatus::Error => "error",
                CloseStatus::Noop => "noop",
                CloseStatus::Draining => "draining",
                CloseStatus::Superseded => "superseded",
            })),
            duration: Some(result.duration),
            error: result.error.as_ref().map(ToString::to_string),
            session_id: RequestContext::current().and_then(|context| context.init_context().session_id),
            ..TimelineEvent::new("runtime.close.end")
        };
        self.record(None, event);
    }
}
