//! How long a call may wait, and the error it gets when it may not wait.

use crate::cell::raw_cell::RawCell;
use crate::error::{Error, UnavailableError};
use crate::flight::single_flight::Rejected;
use crate::observe::log;
use crate::observe::user_panic::catch_user_panic;
use crate::sync::clock;
use std::time::{Duration, Instant};

/// One deadline for all waits of a call. The time starts with the first wait, so that a factory that the call itself ran
/// before does not count.
pub(crate) struct WaitBudget {
    limit: Option<Duration>,
    /// When the first wait began, and the deadline; `None` before that.
    begun: Option<(Instant, Option<Instant>)>,
}

impl WaitBudget {
    pub(crate) const fn new(limit: Option<Duration>) -> Self {
        Self { limit, begun: None }
    }

    /// The deadline of the wait that begins now; `None` means no limit.
    pub(crate) fn deadline(&mut self) -> Option<Instant> {
        let limit = self.limit;
        self.begun.get_or_insert_with(|| (clock::now(), limit.and_then(clock::deadline))).1
    }

    fn spent(&self) -> Duration {
        self.begun.map_or(Duration::ZERO, |(at, _)| clock::now().saturating_duration_since(at))
    }
}

impl RawCell {
    /// Logs and returns the error of a call that may not wait, or may not wait any longer.
    #[cold]
    pub(crate) fn reject(&self, why: &Rejected, budget: &WaitBudget) -> Error {
        let (cell, waited) = (self.name(), budget.spent());
        let (error, reason) = match why {
            Rejected::WaitersFull { limit } => {
                (UnavailableError::WaitersFull { cell, limit: *limit }, "waiters_full")
            }
            Rejected::TimedOut => {
                let last = self.control.failure();
                (UnavailableError::WaitTimeout { cell, waited, last }, "wait_timeout")
            }
        };
        catch_user_panic(cell, || log::wait_rejected(cell, reason, waited));
        Error::Unavailable(error)
    }
}
