//! A record of what happened when, for one request or one process.

#[cfg(feature = "serde")]
use crate::observe::in_json;
use parking_lot::Mutex;
use std::borrow::Cow;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A bounded record of events, shared by its clones.
///
/// Times are offsets from the timeline's start on the monotonic clock. A full timeline drops its oldest event
/// for each new one, and counts the dropped ones. Recording does no I/O.
///
/// ```
/// use cells::{RequestContext, RuntimeCell, Timeline, TimelineObserver};
/// use std::sync::Arc;
///
/// let cell = RuntimeCell::new("answer");
/// cell.configure_observer(Arc::new(TimelineObserver::new()));
///
/// let timeline = Timeline::new(64);
/// RequestContext::new().timeline(timeline.clone()).in_scope(|| {
///     cell.get_or_initialize(|| Ok::<_, cells::Error>(42)).map(drop)
/// })?;
/// let names: Vec<_> = timeline.events().into_iter().map(|event| event.name).collect();
/// assert_eq!(names, ["runtime.init.start", "runtime.init.end"]);
/// # Ok::<(), cells::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Timeline {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    start: Instant,
    capacity: usize,
    record: Mutex<Record>,
}

#[derive(Debug, Default)]
struct Record {
    events: VecDeque<TimelineEvent>,
    dropped: u64,
}

/// One event of a timeline.
///
/// ```
/// use cells::{Timeline, TimelineEvent};
///
/// let timeline = Timeline::new(64);
/// let mut event = TimelineEvent::new("request.end"); // of the program, between those of the cells
/// event.status = Some("ok".into());
/// timeline.record(event);
/// assert_eq!(timeline.events()[0].name, "request.end");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct TimelineEvent {
    /// When it happened, as an offset from the timeline's start; in JSON `at_us`, in whole microseconds.
    #[cfg_attr(feature = "serde", serde(rename = "at_us", serialize_with = "in_json::exactly"))]
    pub at: Duration,
    /// What happened, for example `runtime.init.start`.
    pub name: Cow<'static, str>,
    /// The cell's name.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub cell: Option<String>,
    /// The flight's number.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub generation: Option<u64>,
    /// How it ended, for example `ok`.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub status: Option<Cow<'static, str>>,
    /// How long it took; in JSON `duration_us`, in whole microseconds.
    #[cfg_attr(
        feature = "serde",
        serde(
            rename = "duration_us",
            serialize_with = "in_json::maybe",
            skip_serializing_if = "Option::is_none"
        )
    )]
    pub duration: Option<Duration>,
    /// How much of that an initialization took itself, without its waits for other cells; in JSON `own_us`.
    #[cfg_attr(
        feature = "serde",
        serde(rename = "own_us", serialize_with = "in_json::maybe", skip_serializing_if = "Option::is_none")
    )]
    pub own: Option<Duration>,
    /// How long an initialization waited for other cells; in JSON `waiting_us`.
    #[cfg_attr(
        feature = "serde",
        serde(
            rename = "waiting_us",
            serialize_with = "in_json::maybe",
            skip_serializing_if = "Option::is_none"
        )
    )]
    pub waiting: Option<Duration>,
    /// The error's text, with its causes.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub error: Option<String>,
    /// The session on whose behalf it happened.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub session_id: Option<Arc<str>>,
}

impl TimelineEvent {
    /// Creates an event that has only a name; [`Timeline::record`] sets its time.
    ///
    /// The [type](Self) has an example.
    pub fn new(name: impl Into<Cow<'static, str>>) -> Self {
        Self {
            at: Duration::ZERO,
            name: name.into(),
            cell: None,
            generation: None,
            status: None,
            duration: None,
            own: None,
            waiting: None,
            error: None,
            session_id: None,
        }
    }
}

impl Timeline {
    /// Creates a timeline that starts now and keeps the last `capacity` events.
    ///
    /// The [type](Self) has an example.
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        let shared = Shared { start: Instant::now(), capacity, record: Mutex::default() };
        Self { shared: Arc::new(shared) }
    }

    /// Records an event, with the current time.
    ///
    /// [`TimelineEvent`] has an example.
    pub fn record(&self, mut event: TimelineEvent) {
        let mut record = self.shared.record.lock();
        // Under the lock, so that events are in the order of their times.
        event.at = self.shared.start.elapsed();
        record.events.push_back(event);
        if record.events.len() > self.shared.capacity {
            record.events.pop_front();
            record.dropped += 1;
        }
    }

    /// Returns the events that were kept, the oldest first.
    ///
    /// The [type](Self) has an example.
    pub fn events(&self) -> Vec<TimelineEvent> {
        self.shared.record.lock().events.iter().cloned().collect()
    }

    /// Returns how many events were dropped to make room.
    ///
    /// ```
    /// use cells::{Timeline, TimelineEvent};
    ///
    /// let timeline = Timeline::new(1);
    /// timeline.record(TimelineEvent::new("request.start"));
    /// timeline.record(TimelineEvent::new("request.end"));
    /// assert_eq!((timeline.events().len(), timeline.dropped()), (1, 1));
    /// ```
    pub fn dropped(&self) -> u64 {
        self.shared.record.lock().dropped
    }

    /// Writes the events as JSON, one per line.
    ///
    /// ```
    /// use cells::{Timeline, TimelineEvent};
    ///
    /// let timeline = Timeline::new(64);
    /// timeline.record(TimelineEvent::new("request.end"));
    /// let mut file = Vec::new(); // or a `BufWriter` of a file
    /// timeline.write_jsonl(&mut file)?;
    /// assert!(String::from_utf8_lossy(&file).ends_with("\"name\":\"request.end\"}\n"));
    /// # std::io::Result::Ok(())
    /// ```
    ///
    /// # Errors
    /// Those of the writer.
    #[cfg(feature = "json")]
    pub fn write_jsonl(&self, mut writer: impl std::io::Write) -> std::io::Result<()> {
        for event in self.events() {
            serde_json::to_writer(&mut writer, &event)?;
            writer.write_all(b"\n")?;
        }
        writer.flush()
    }
}
