//! Values from outside: the program publishes one where a factory would have built the payload, or in the place of what
//! is there.
//!
//! A value is published in one critical section of the [control block](crate::cell::control), which also settles what
//! waits for a payload. `provide` does so where nothing is published and no flight is under way. `replace` does so in any
//! case: what was published is retired, as by a refresh, and a flight under way is settled with the value, so that its
//! waiters and its initializer get that, and what its factory builds is disposed as that of any superseded flight. Only
//! then, after unlocking, observers are notified of a start and an end. A value that is refused never leaves the caller.

use crate::cell::ages::Ages;
use crate::cell::decisions::Providing;
use crate::cell::raw_cell::RawCell;
use crate::cell::snapshot::State;
use crate::observe::context;
use crate::observe::log;
use crate::observe::notices::Provided;
use crate::observe::observer::{InitResult, InitStatus};
use crate::payload::drain::WaitFor;
use crate::payload::lease::AnyPayload;
use std::fmt;
use std::time::Duration;

/// The error of a value that a cell refused; it carries the value back.
///
/// ```
/// use cells::RuntimeCell;
///
/// let level = RuntimeCell::new("level");
/// level.provide("info".to_owned())?;
///
/// let error = level.provide("debug".to_owned()).unwrap_err();
/// assert_eq!(error.to_string(), "cell `level`: it already has a payload; close it first, or call `replace`");
/// assert_eq!(error.into_value(), "debug");
/// # Ok::<(), cells::ProvideError<String>>(())
/// ```
pub struct ProvideError<T> {
    cell: &'static str,
    refusal: ProvideRefusal,
    value: T,
}

/// The reasons why a cell refuses a value.
///
/// ```
/// use cells::{ProvideRefusal, runtime_cell};
///
/// #[runtime_cell(provided)]
/// fn level() -> String;
///
/// LEVEL.provide("info".to_owned())?;
/// match LEVEL.provide("debug".to_owned()) {
///     Err(error) if error.refusal() == ProvideRefusal::Ready => LEVEL.replace(error.into_value())?,
///     other => other?,
/// }
/// assert_eq!(level(), "debug");
/// # Ok::<(), cells::ProvideError<String>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ProvideRefusal {
    /// The cell is declared without the key `provided`, so only its factory builds its payload.
    NotDeclared,
    /// A payload is already published.
    Ready,
    /// A flight is under way.
    Initializing,
    /// The cell is closed for good.
    ShutDown,
}

impl<T> ProvideError<T> {
    pub(crate) const fn new(cell: &'static str, refusal: ProvideRefusal, value: T) -> Self {
        Self { cell, refusal, value }
    }

    /// Returns the reason.
    ///
    /// [`ProvideRefusal`] has an example.
    pub fn refusal(&self) -> ProvideRefusal {
        self.refusal
    }

    /// Returns the value that was to be the payload.
    ///
    /// The [type](Self) has an example.
    pub fn into_value(self) -> T {
        self.value
    }
}

impl<T> fmt::Display for ProvideError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let why = match self.refusal {
            ProvideRefusal::NotDeclared => {
                "it takes no value from outside; declare it with the key `provided`"
            }
            ProvideRefusal::Ready => "it already has a payload; close it first, or call `replace`",
            ProvideRefusal::Initializing => {
                "it is being initialized; provide the value before the first get, or call `replace`"
            }
            ProvideRefusal::ShutDown => "it is shut down",
        };
        write!(f, "cell `{}`: {why}", self.cell)
    }
}

/// The text, which is what `unwrap` prints. It leaves out the value, as a cell's `Debug` leaves out the payload.
impl<T> fmt::Debug for ProvideError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl<T> std::error::Error for ProvideError<T> {}

/// Where a value goes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// Where nothing is published and no flight is under way.
    Empty,
    /// In the place of whatever is there.
    Any,
}

impl RawCell {
    /// Publishes what `value` returns, if the cell takes it; returns its generation. `value` runs under the cell's lock.
    pub(crate) fn provide(
        &self,
        place: Place,
        ages: Option<Box<Ages>>,
        value: &mut dyn FnMut() -> AnyPayload,
    ) -> Result<u64, ProvideRefusal> {
        if let Some(info) = self.config.info {
            if !info.provided {
                return Err(ProvideRefusal::NotDeclared);
            }
        }
        self.note_home();
        let observers = self.observers();
        let providing = match place {
            Place::Empty => Providing::Value,
            Place::Any => Providing::Replacement(&observers),
        };
        let (lease, after) =
            self.control.provide(&self.config, providing, ages, value).map_err(|state| match state {
                State::Ready => ProvideRefusal::Ready,
                State::Closed => ProvideRefusal::ShutDown,
                State::Initializing | State::Empty | State::Failed => ProvideRefusal::Initializing,
            })?;
        let (cell, generation) = (self.name(), lease.generation());
        let replaced = after.finish(cell);
        let payload_type = self.payload_type();
        let log = || match place {
            Place::Empty => log::provided(cell, payload_type, generation),
            Place::Any => log::replaced(cell, payload_type, generation),
        };
        let event = Provided { cell, generation, replaced: replaced.is_some() };
        let result = InitResult {
            cell,
            payload: Some(lease.payload()),
            status: InitStatus::Ok,
            duration: Duration::ZERO,
            own: Duration::ZERO,
            waiting: Duration::ZERO,
            error: None,
            generation,
            provided: true,
            context: context::of_flight(),
        };
        observers.provided(&event, &result, log);
        drop(lease);
        if let Some(replaced) = replaced {
            let _ = replaced.close(WaitFor::Nobody);
        }
        Ok(generation)
    }
}
