//! How long a call may wait, and the error it gets when it may not wait.

use crate::cell::decisions::{Accepts, Decision};
use crate::cell::raw_cell::RawCell;
use crate::error::{Error, LifecycleError, UnavailableError};
use crate::flight::frames::{self, Caller};
use crate::flight::single_flight::{Flight, Rejected, Role};
use crate::observe::notices::{CoolingDown, RejectReason, WaitRejected};
use crate::sync::clock;
use std::time::{Duration, Instant};

/// What a call is for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    Get,
    /// A payload that is newer than the call.
    Refresh,
    /// A refresh for a caller that has all the time it takes, and to which no limit applies.
    Follow,
    /// A get without a time limit, also for the calls of its factories.
    WarmUp,
    /// A get whose factory can run only once.
    Once,
    /// A get whose caller cannot be given an error that is no failure: no limit applies to it.
    CannotFail,
}

impl Purpose {
    /// Which payload a call that comes now accepts.
    pub(crate) fn accepts(self, cell: &RawCell) -> Accepts {
        match self {
            Self::Get | Self::WarmUp | Self::Once | Self::CannotFail => Accepts::Any,
            Self::Refresh | Self::Follow => cell.control.newer(),
        }
    }

    /// How a call waits for a flight: as one of so many.
    pub(crate) fn role(self, cell: &RawCell) -> Role {
        let limit =
            cell.config.limits.max_waiters.filter(|_| !matches!(self, Self::CannotFail | Self::Follow));
        Role::Waiter { max_waiters: limit.and_then(|limit| usize::try_from(limit.get()).ok()) }
    }
}

/// One deadline for all waits of a call. The time starts with the first wait, or when the call's own flight is
/// superseded: a factory that the call runs before that does not count.
pub(crate) struct WaitBudget {
    limit: Option<Duration>,
    /// When the first wait began, and the deadline; `None` before that, and of a call without limit, which need not know
    /// the time.
    begun: Option<(Instant, Option<Instant>)>,
}

impl WaitBudget {
    pub(crate) fn new(cell: &RawCell, purpose: Purpose) -> Self {
        let patient = matches!(purpose, Purpose::WarmUp | Purpose::CannotFail | Purpose::Follow)
            || frames::is_patient();
        Self { limit: cell.config.limits.wait_timeout.unless_zero().filter(|_| !patient), begun: None }
    }

    /// The deadline of the wait that begins now; `None` means no limit.
    pub(crate) fn deadline(&mut self) -> Option<Instant> {
        let limit = self.limit?;
        let begin = || {
            let now = clock::now();
            (now, now.checked_add(limit))
        };
        self.begun.get_or_insert_with(begin).1
    }

    /// Checks that a call whose own flight was superseded may start over. A cell that is closed faster than it is built
    /// would otherwise keep its caller forever.
    pub(crate) fn start_over(&mut self, cell: &RawCell, purpose: Purpose) -> Result<(), Error> {
        if purpose == Purpose::Once {
            return Err(Error::Unavailable(UnavailableError::Superseded { cell: cell.name() }));
        }
        match self.deadline() {
            Some(deadline) if deadline <= clock::now() => Err(cell.reject(&Rejected::TimedOut, self)),
            _ => Ok(()),
        }
    }

    fn spent(&self) -> Duration {
        self.begun.map_or(Duration::ZERO, |(at, _)| clock::now().saturating_duration_since(at))
    }
}

impl RawCell {
    /// Decides what a caller is to do, and reports a refusal in a cooldown.
    pub(crate) fn decide(
        &self,
        accepts: Accepts,
        caller: Caller,
        new_flight: fn(u64) -> Flight,
    ) -> Result<Decision, Error> {
        let decided = self.control.decide(&self.config, accepts, caller, new_flight);
        if let Err(Error::Lifecycle(LifecycleError::Cooldown { cell, source, retry_after })) = &decided {
            let (error, retry_after) = (source.clone(), *retry_after);
            self.observers().cooling(&CoolingDown { cell, error, retry_after });
        }
        decided
    }

    /// Reports and returns the error of a call that may not wait, or may not wait any longer.
    #[cold]
    pub(crate) fn reject(&self, why: &Rejected, budget: &WaitBudget) -> Error {
        let (cell, waited) = (self.name(), budget.spent());
        let (error, reason) = match why {
            Rejected::WaitersFull { limit } => {
                (UnavailableError::WaitersFull { cell, limit: *limit }, RejectReason::WaitersFull)
            }
            Rejected::TimedOut => {
                let last = self.control.failure();
                (UnavailableError::WaitTimeout { cell, waited, last }, RejectReason::WaitTimeout)
            }
        };
        self.observers().rejected(&WaitRejected { cell, reason, waited });
        Error::Unavailable(error)
    }
}
