//! A cell's state and figures, for dashboards and debugging.

use crate::observe::counts::CellCounts;
#[cfg(feature = "serde")]
use crate::observe::in_json;
use crate::text::on_one_line;
use std::fmt;
use std::time::Duration;

/// The state of a cell.
///
/// ```
/// use cells::{State, runtime_cell};
///
/// #[runtime_cell]
/// fn index() -> Vec<u64> {
///     vec![1, 2, 3]
/// }
///
/// let text = match INDEX.state() {
///     State::Ready => "up",
///     State::Empty | State::Initializing => "not up yet",
///     _ => "down",
/// };
/// assert_eq!(text, "not up yet");
/// assert_eq!((INDEX.state().as_str(), INDEX.state().to_string()), ("empty", "empty".to_owned()));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum State {
    /// There is no payload, no flight and no failure on record.
    Empty,
    /// A factory is running, and there is no payload yet.
    Initializing,
    /// A payload is published, also while a refresh builds the next one.
    Ready,
    /// The last initialization failed, or a failure was recorded.
    Failed,
    /// The process is shutting down or has shut down; the cell is closed for good.
    Closed,
}

impl State {
    /// Returns its name on the page, in pictures and in JSON. The [type](Self) has an example.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::Initializing => "initializing",
            Self::Ready => "ready",
            Self::Failed => "failed",
            Self::Closed => "closed",
        }
    }
}

/// As [`as_str`](State::as_str).
impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// The state and figures of a cell at one moment.
///
/// ```
/// use cells::{RuntimeCell, State};
/// use std::time::Duration;
///
/// let db = RuntimeCell::<u16>::new("db").cooldown(Duration::from_secs(5));
/// let _ = db.get_or_initialize(|| "refused".parse::<u16>());
///
/// let now = db.snapshot();
/// assert_eq!(now.state, State::Failed);
/// assert_eq!(now.last_error.as_deref(), Some("invalid digit found in string"));
/// assert!(now.cooldown_left.is_some() && now.generation.is_none());
/// assert_eq!(now.counts.failures, 1);
/// assert!(now.to_string().starts_with("db: failed, cooling down for "));
/// assert!(now.to_string().ends_with(": invalid digit found in string"));
/// ```
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct CellSnapshot {
    /// The cell's name.
    pub name: &'static str,
    /// Its state.
    pub state: State,
    /// The published generation; `None` without a payload.
    pub generation: Option<u64>,
    /// How long the payload has been published. In JSON it is `age_us`; all times are in whole microseconds there.
    #[cfg_attr(feature = "serde", serde(rename = "age_us", serialize_with = "in_json::maybe"))]
    pub age: Option<Duration>,
    /// How long the payload is fresh yet; `None` if age makes no difference to it.
    #[cfg_attr(feature = "serde", serde(rename = "fresh_left_us", serialize_with = "in_json::maybe"))]
    pub fresh_left: Option<Duration>,
    /// Whether the payload is older than that.
    pub stale: bool,
    /// How long the payload may be used yet; `None` if age does not end it.
    #[cfg_attr(feature = "serde", serde(rename = "expires_left_us", serialize_with = "in_json::maybe"))]
    pub expires_left: Option<Duration>,
    /// How long the factory of the last payload ran, without the time it waited for other cells.
    #[cfg_attr(feature = "serde", serde(rename = "own_us", serialize_with = "in_json::maybe"))]
    pub own: Option<Duration>,
    /// How long the factory of the last payload waited for other cells.
    #[cfg_attr(feature = "serde", serde(rename = "waiting_us", serialize_with = "in_json::maybe"))]
    pub waiting: Option<Duration>,
    /// The failure on record with its causes, if any.
    pub last_error: Option<String>,
    /// The rest of the cooldown; `None` without one.
    #[cfg_attr(feature = "serde", serde(rename = "cooldown_left_us", serialize_with = "in_json::maybe"))]
    pub cooldown_left: Option<Duration>,
    /// The number of callers that wait for the flight under way, or for any payload ([`wait`](crate::ClosableCell::wait)).
    pub waiters: usize,
    /// The number of running factories, including those of superseded flights.
    pub flights: usize,
    /// The number of leases on the published payload.
    pub leases: usize,
    /// The number of retired payloads that are not disposed yet.
    pub draining: usize,
    /// What has happened so far, since the process or the sandbox began.
    pub counts: CellCounts,
}

/// On one line, for a log: the name, the state, and of the rest what there is.
impl fmt::Display for CellSnapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.name, self.state)?;
        if let Some(generation) = self.generation {
            write!(f, ", generation {generation}")?;
        }
        if let Some(age) = self.age {
            write!(f, ", {age:.1?} old")?;
        }
        if self.stale {
            f.write_str(", stale")?;
        }
        if let Some(left) = self.expires_left {
            write!(f, ", expires in {left:.1?}")?;
        }
        for (number, what) in [
            (self.leases, "leases"),
            (self.waiters, "waiters"),
            (self.flights, "flights"),
            (self.draining, "draining"),
        ] {
            if number > 0 {
                write!(f, ", {number} {}", if number == 1 { what.trim_end_matches('s') } else { what })?;
            }
        }
        if let Some(left) = self.cooldown_left {
            write!(f, ", cooling down for {left:.1?}")?;
        }
        match &self.last_error {
            Some(error) => write!(f, ": {}", on_one_line(error.clone())),
            None => Ok(()),
        }
    }
}
