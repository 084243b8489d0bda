//! The trait of observers, and the events that they are notified of.

use crate::error::{SharedError, causes, write_chain};
use crate::observe::context::InitContext;
use crate::observe::notices::{
    CoolingDown, Draining, Expired, FailureRecorded, Provided, Retrying, Seeded, Stale, WaitRejected,
};
use std::any::Any;
use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

/// Is notified of what happens to a cell: its flights, its closes, and what else is worth a line. Ready reads notify nobody.
///
/// Callbacks run on the thread that does the work, with no lock of any cell held, so they may use that very cell.
/// A panic in a callback is caught and logged. The start and the end of a flight go to the same observer, and every
/// start has exactly one end.
///
/// A callback is also called for what a callback does: if it asks a cell that fails each time, the observer of that cell
/// is called again from inside the call, and so on. An observer that uses cells looks at the name of the cell first.
///
/// ```
/// use cells::{CoolingDown, InitResult, Observer, RuntimeCell};
/// use std::sync::Arc;
///
/// struct Print;
///
/// impl Observer for Print {
///     fn on_init_end(&self, event: &InitResult<'_>) {
///         println!("{} took {:?}, its dependencies {:?}", event.cell, event.own, event.waiting);
///     }
///
///     fn on_cooling(&self, event: &CoolingDown) {
///         eprintln!("{} is refused for {:?}: {}", event.cell, event.retry_after, event.error);
///     }
/// }
///
/// let port = RuntimeCell::new("port");
/// port.configure_observer(Arc::new(Print));
/// assert_eq!(*port.get_or_init(|| 8080), 8080);
/// ```
#[expect(unused_variables, reason = "the names document the parameters")]
pub trait Observer: Send + Sync {
    /// Called when a flight begins, before its factory runs.
    fn on_init_start(&self, cell: &str, generation: u64, context: Option<&InitContext>) {}

    /// Called when a flight has ended and its outcome is final.
    fn on_init_end(&self, event: &InitResult<'_>) {}

    /// Called when a close has ended: the disposer has run, or there was no payload.
    fn on_close_end(&self, event: &CloseResult) {}

    /// Called when an attempt of a flight has failed that is to be followed by another one.
    fn on_retrying(&self, event: &Retrying) {}

    /// Called when a call may not wait, or not any longer; it then gets its error.
    fn on_rejected(&self, event: &WaitRejected) {}

    /// Called when a call is refused in a cooldown; it then gets its error. A cell that is asked often is refused often.
    fn on_cooling(&self, event: &CoolingDown) {}

    /// Called when the program has recorded a failure ([`record_failure`](crate::ClosableCell::record_failure)).
    fn on_failure_recorded(&self, event: &FailureRecorded) {}

    /// Called when the program has provided a payload, before the start and the end of its generation.
    fn on_provided(&self, event: &Provided) {}

    /// Called when a test has seeded a payload. Such a generation has no start and no end.
    fn on_seeded(&self, event: &Seeded) {}

    /// Called when the refresh begins of a payload that is no longer fresh.
    fn on_stale(&self, event: &Stale) {}

    /// Called when a payload has ended by its age, before its disposal.
    fn on_expired(&self, event: &Expired) {}

    /// Called when a retired payload is left to its last lease, whose drop then disposes it.
    fn on_draining(&self, event: &Draining) {}
}

/// The end of a flight.
///
/// [`Observer`] has an example.
#[derive(Debug)]
#[non_exhaustive]
pub struct InitResult<'a> {
    /// The cell's name.
    pub cell: &'static str,
    /// The payload, if the factory built one; that of a superseded flight is not published.
    pub payload: Option<&'a (dyn Any + Send + Sync)>,
    /// How it ended.
    pub status: InitStatus,
    /// How long adjuster and factory ran: the sum of `own` and `waiting`.
    pub duration: Duration,
    /// How long they ran without their waits for other cells.
    pub own: Duration,
    /// How long they waited for other cells, which includes the building of those.
    pub waiting: Duration,
    /// The factory's error, or a [`Panic`](crate::Panic) with its message.
    pub error: Option<SharedError>,
    /// The flight's number.
    pub generation: u64,
    /// Whether the program [provided](crate::ClosableCell::provide) the payload: then no factory ran, and it took no time.
    pub provided: bool,
    /// The context of the thread that began the flight.
    pub context: Option<InitContext>,
}

/// How a flight ended.
///
/// ```
/// use cells::{InitResult, InitStatus, Observer, RuntimeCell};
/// use std::sync::{Arc, Mutex};
///
/// #[derive(Default)]
/// struct Endings(Mutex<Vec<InitStatus>>);
///
/// impl Observer for Endings {
///     fn on_init_end(&self, event: &InitResult<'_>) {
///         self.0.lock().unwrap().push(event.status);
///     }
/// }
///
/// let (port, endings) = (RuntimeCell::new("port"), Arc::new(Endings::default()));
/// port.configure_observer(endings.clone());
/// let _ = port.get_or_initialize(|| "http".parse::<u16>());
/// let _ = port.get_or_initialize(|| "8080".parse::<u16>());
/// assert_eq!(*endings.0.lock().unwrap(), [InitStatus::Error, InitStatus::Ok]);
/// assert_eq!((InitStatus::Ok.as_str(), InitStatus::Error.to_string()), ("ok", "error".to_owned()));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum InitStatus {
    /// The payload was published.
    Ok,
    /// The factory or its adjuster failed.
    Error,
    /// The factory or its adjuster panicked.
    Panicked,
    /// The flight was superseded, for example by a close while the factory ran; nothing was published.
    Superseded,
    /// The future that ran the factory was dropped.
    Cancelled,
}

impl InitStatus {
    /// Returns its name in timelines and metrics.
    ///
    /// The [type](Self) has an example.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Error => "error",
            Self::Panicked => "panicked",
            Self::Superseded => "superseded",
            Self::Cancelled => "cancelled",
        }
    }
}

/// As [`as_str`](InitStatus::as_str).
impl fmt::Display for InitStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// What a close did. `Display` says it in one line.
///
/// ```
/// use cells::{Disposer, RuntimeCell};
///
/// let log = RuntimeCell::new("log").disposer(Disposer::with(|_: u8| Err("the disk is full".into())));
/// drop(log.get_or_init(|| 1));
///
/// let closed = log.close();
/// assert!(closed.had_payload && closed.close_called);
/// assert_eq!(closed.generation, Some(1));
/// let error = closed.into_result().unwrap_err();
/// assert!(format!("{error:#}").ends_with("the disk is full"));
/// ```
#[derive(Clone, Debug)]
#[must_use = "a failed disposal is in the result; `invalidate()` closes without a result"]
#[non_exhaustive]
pub struct CloseResult {
    /// The cell's name.
    pub cell: &'static str,
    /// The generation of the payload that was retired.
    pub generation: Option<u64>,
    /// Whether there was a payload.
    pub had_payload: bool,
    /// Whether a function or [`Close`](crate::Close) was called, rather than a plain drop.
    pub close_called: bool,
    /// How it went.
    pub status: CloseStatus,
    /// How long it took from retiring the payload to the disposer's end, as far as it has come. In what
    /// `close_and_drain` returns: how long the call took.
    pub duration: Duration,
    /// The disposer's error, or a [`Panic`](crate::Panic) with its message. Of a disposer that runs: why it is not
    /// waited for, if that is a [`RuntimeBlocked`](crate::RuntimeBlocked).
    pub error: Option<SharedError>,
}

/// How a close went.
///
/// ```
/// use cells::{CloseStatus, RuntimeCell};
///
/// let index = RuntimeCell::new("index");
/// let lease = index.get_or_init(|| vec![1, 2, 3]);
/// let text = match index.close().status {
///     CloseStatus::Ok | CloseStatus::Noop => "closed",
///     CloseStatus::Draining => "in use",
///     _ => "look at the log",
/// };
/// assert_eq!(text, "in use");
/// drop(lease);
/// assert_eq!(CloseStatus::Noop.to_string(), CloseStatus::Noop.as_str());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum CloseStatus {
    /// The payload is disposed.
    Ok,
    /// The payload is gone; its disposer failed or panicked.
    Error,
    /// There was nothing to close.
    Noop,
    /// The payload is retired but still in use, and is disposed with its last lease; or, of `close_and_drain`,
    /// something that it waited for was still in use at its limit.
    ///
    /// The lease may be the caller's own: what `let pool = db()?;` holds ends with its scope, or with `drop(pool)`.
    Draining,
    /// No lease on the retired payload is out any more, and its disposer runs.
    Disposing,
    /// There was no payload, but a flight: what its factory builds will be disposed instead of published.
    Superseded,
}

impl CloseStatus {
    /// Returns its name in timelines and metrics.
    ///
    /// The [type](Self) has an example.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Error => "error",
            Self::Noop => "noop",
            Self::Draining => "draining",
            Self::Disposing => "disposing",
            Self::Superseded => "superseded",
        }
    }
}

/// As [`as_str`](CloseStatus::as_str).
impl fmt::Display for CloseStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// The disposal of a payload failed.
///
/// `{:#}` and `{:?}` show the causes too.
///
/// [`CloseResult`] has an example.
#[derive(Clone)]
#[non_exhaustive]
pub struct CloseError {
    /// The cell's name.
    pub cell: &'static str,
    /// The generation of the payload.
    pub generation: Option<u64>,
    /// The disposer's error, or a [`Panic`](crate::Panic) with its message.
    pub source: SharedError,
}

/// What happened, and what to do where a lease is still out.
impl fmt::Display for CloseResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cell `{}`: ", self.cell)?;
        f.write_str(match self.status {
            CloseStatus::Ok => "disposed",
            CloseStatus::Error => "disposal failed",
            CloseStatus::Noop => "nothing to close",
            CloseStatus::Draining => {
                "closed, and still in use by a lease or a factory; the last lease disposes the payload: if it is the \
                 caller's own, drop it"
            }
            CloseStatus::Disposing => "closed, and its disposer still runs",
            CloseStatus::Superseded => "no payload; what the flight under way builds will be disposed",
        })?;
        match &self.error {
            Some(error) => write!(f, ": {error:#}"),
            None => Ok(()),
        }
    }
}

impl StdError for CloseError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(&*self.source)
    }
}

impl fmt::Display for CloseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_chain(f, format!("cell `{}`: disposal failed", self.cell), causes(self))
    }
}

/// What `unwrap` and `main` print: the error and its causes on one line.
impl fmt::Debug for CloseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:#}")
    }
}

impl CloseResult {
    pub(crate) fn without_payload(cell: &'static str, status: CloseStatus, duration: Duration) -> Self {
        Self {
            cell,
            generation: None,
            had_payload: false,
            close_called: false,
            status,
            duration,
            error: None,
        }
    }

    /// The more serious of two results.
    pub(crate) fn graver(self, other: Self) -> Self {
        let gravity = |result: &Self| match result.status {
            CloseStatus::Noop => 0,
            CloseStatus::Superseded => 1,
            CloseStatus::Ok => 2,
            CloseStatus::Error => 3,
            CloseStatus::Disposing => 4,
            CloseStatus::Draining => 5,
        };
        if gravity(&other) > gravity(&self) { other } else { self }
    }

    /// Turns a failed disposal into an error, for callers that propagate it.
    ///
    /// The [type](Self) has an example.
    ///
    /// # Errors
    /// The disposer's error or panic.
    pub fn into_result(self) -> Result<(), CloseError> {
        match self.error {
            Some(source) => Err(CloseError { cell: self.cell, generation: self.generation, source }),
            None => Ok(()),
        }
    }
}

/// The default observer, which ignores every event.
///
/// ```
/// use cells::{NullObserver, RuntimeCell};
/// use std::sync::Arc;
///
/// let port = RuntimeCell::<u16>::new("port");
/// port.configure_observer(Arc::new(NullObserver)); // takes an earlier observer away
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct NullObserver;

impl Observer for NullObserver {}
