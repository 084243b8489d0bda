//! The observer that records a cell's flights and closes on a timeline.

use crate::observe::context::{InitContext, RequestContext};
use crate::observe::notices::{
    CoolingDown, Draining, Expired, FailureRecorded, Retrying, Seeded, Stale, WaitRejected,
};
use crate::observe::observer::{CloseResult, InitResult, InitStatus, Observer};
use crate::observe::timeline::{Timeline, TimelineEvent};
use std::borrow::Cow;
use std::sync::Arc;

/// Records flights and closes on the timeline of the flight's context, else on that of the current context, else on its
/// fallback. A close has no flight, so it starts with the current context.
///
/// What takes time is recorded, and what tells why it was needed, or why a request got nothing:
///
/// | event | when |
/// |---|---|
/// | `runtime.init.start`, `runtime.init.end`, `runtime.init.err` | a flight begins and ends, also that of a value which the program provides |
/// | `runtime.init.retry` | an attempt has failed, and another one follows; `duration` is the pause before it |
/// | `runtime.wait.rejected` | a call may not wait; `status` is why, `duration` how long it had waited |
/// | `runtime.cooling` | a call is refused in a cooldown; `duration` is the rest of it |
/// | `runtime.failure.recorded` | the program has recorded a failure; `duration` is the cooldown |
/// | `runtime.stale`, `runtime.expired` | a refresh begins because of the payload's age; a payload has ended by its age |
/// | `runtime.seeded` | a test has seeded a payload |
/// | `runtime.close.draining`, `runtime.close.end` | a payload is left to its last lease; a close or a disposal has ended |
///
/// Calls that are rejected or refused are recorded on the timelines of requests alone. On a fallback, which has room for so
/// many events of the whole process, they would drive out what caused them.
///
/// ```
/// use cells::{RuntimeCell, Timeline, TimelineObserver};
/// use std::sync::Arc;
///
/// // Once, when the program begins: what no request has caused goes to a timeline of the process.
/// let process = Timeline::new(1000);
/// cells::set_global_observer(Arc::new(TimelineObserver::with_fallback(process.clone())));
///
/// drop(RuntimeCell::new("port").get_or_init(|| 8080));
/// assert_eq!(process.events()[0].cell.as_deref(), Some("port"));
/// ```
#[derive(Clone, Debug, Default)]
pub struct TimelineObserver {
    fallback: Option<Timeline>,
}

impl TimelineObserver {
    /// Creates an observer without a fallback.
    ///
    /// [`Timeline`] has an example.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Creates an observer that records on `timeline` what has no timeline of a request.
    ///
    /// The [type](Self) has an example.
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

    /// What happens on behalf of no flight, or inside of one that has the thread's context.
    fn record_here(&self, event: TimelineEvent) {
        self.record(None, TimelineEvent { session_id: current_session(), ..event });
    }
}

/// The same, but only for a request.
fn record_for_request(event: TimelineEvent) {
    if let Some(timeline) = Timeline::current() {
        timeline.record(TimelineEvent { session_id: current_session(), ..event });
    }
}

fn current_session() -> Option<Arc<str>> {
    RequestContext::current().and_then(|context| context.init_context().session_id)
}

fn event(name: &'static str, cell: &str, generation: impl Into<Option<u64>>) -> TimelineEvent {
    TimelineEvent { cell: Some(cell.into()), generation: generation.into(), ..TimelineEvent::new(name) }
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
            status: Some(Cow::Borrowed(result.status.as_str())),
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
            status: Some(Cow::Borrowed(result.status.as_str())),
            duration: Some(result.duration),
            error: result.error.as_ref().map(|error| format!("{error:#}")),
            ..TimelineEvent::new("runtime.close.end")
        };
        self.record_here(event);
    }

    fn on_retrying(&self, retrying: &Retrying) {
        let Retrying { cell, generation, delay, error, .. } = retrying;
        self.record_here(TimelineEvent {
            duration: Some(*delay),
            error: Some(format!("{error:#}")),
            ..event("runtime.init.retry", cell, *generation)
        });
    }

    fn on_rejected(&self, rejected: &WaitRejected) {
        record_for_request(TimelineEvent {
            status: Some(Cow::Borrowed(rejected.reason.as_str())),
            duration: Some(rejected.waited),
            ..event("runtime.wait.rejected", rejected.cell, None)
        });
    }

    fn on_cooling(&self, cooling: &CoolingDown) {
        let CoolingDown { cell, error, retry_after } = cooling;
        record_for_request(TimelineEvent {
            duration: Some(*retry_after),
            error: Some(format!("{error:#}")),
            ..event("runtime.cooling", cell, None)
        });
    }

    fn on_failure_recorded(&self, recorded: &FailureRecorded) {
        let FailureRecorded { cell, generation, error, ttl } = recorded;
        self.record_here(TimelineEvent {
            duration: Some(*ttl),
            error: Some(format!("{error:#}")),
            ..event("runtime.failure.recorded", cell, *generation)
        });
    }

    fn on_seeded(&self, seeded: &Seeded) {
        self.record_here(event("runtime.seeded", seeded.cell, seeded.generation));
    }

    fn on_stale(&self, stale: &Stale) {
        self.record_here(event("runtime.stale", stale.cell, stale.generation));
    }

    fn on_expired(&self, expired: &Expired) {
        self.record_here(event("runtime.expired", expired.cell, expired.generation));
    }

    fn on_draining(&self, draining: &Draining) {
        self.record_here(event("runtime.close.draining", draining.cell, draining.generation));
    }
}
