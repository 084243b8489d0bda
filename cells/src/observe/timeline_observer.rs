//! The observer that records a cell's flights and closes on a timeline.

use crate::observe::context::{InitContext, RequestContext};
use crate::observe::observer::{CloseResult, CloseStatus, InitResult, InitStatus, Observer};
use crate::observe::timeline::{Timeline, TimelineEvent};
use std::borrow::Cow;

/// Records flights and closes on the timeline of the flight's context, else on that of the current context, else on its
/// fallback. A close has no flight, so it starts with the current context.
///
/// The events are `runtime.init.start`, `runtime.init.end`, `runtime.init.err` and `runtime.close.end`.
#[derive(Clone, Debug, Default)]
pub struct TimelineObserver {
    fallback: Option<Timeline>,
}

impl TimelineObserver {
    /// Creates an observer without a fallback.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Creates an observer that records on `timeline` what has no timeline of a request.
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
            own: Some(result.own),
            waiting: Some(result.waiting),
            error: result.error.as_ref().map(|error| format!("{error:#}")),
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
                CloseStatus::Disposing => "disposing",
                CloseStatus::Superseded => "superseded",
            })),
            duration: Some(result.duration),
            error: result.error.as_ref().map(|error| format!("{error:#}")),
            session_id: RequestContext::current().and_then(|context| context.init_context().session_id),
            ..TimelineEvent::new("runtime.close.end")
        };
        self.record(None, event);
    }
}
