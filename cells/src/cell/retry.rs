//! The attempts of one flight: whether a factory that has failed is run again, and when.
//!
//! # Protocol
//!
//! Between two attempts the flight goes on: it is under way in the control block, its waiters wait, and the initializer
//! waits for the next attempt, or for the end of the flight if that comes first. It is not counted as a waiter
//! ([`Role::Initializer`]). Whoever settles the flight meanwhile (a close, a shutdown, a recorded failure, a provided value)
//! wakes it together with the waiters, and no further attempt is made. Nor is one made after an attempt during which the
//! flight was settled.
//!
//! No lock is held between the attempts, and none while one runs.

use crate::cell::raw_cell::RawCell;
use crate::cell::wait_budget::Purpose;
use crate::error::{SharedError, cell_error};
use crate::flight::frames::{Frame, Verdict};
use crate::flight::single_flight::{Flight, Role};
use crate::observe::notices::Retrying;
use crate::observe::observers::Observers;
use crate::observe::user_panic::catch_user_panic;
use crate::sync::backoff::Backoff;
use crate::sync::clock::deadline;
use crate::sync::executor::BoxFuture;
use std::sync::Arc;
use std::time::Duration;

/// How an attempt has failed.
pub(crate) struct Failed {
    pub(crate) error: SharedError,
    pub(crate) verdict: Verdict,
}

impl Failed {
    /// Whether the next attempt may not meet it. Unless the declaration says so: the error of another cell, which has
    /// retries of its own and perhaps a cooldown, is not worth one.
    fn is_worth_another(&self) -> bool {
        !self.verdict.fatal && self.verdict.transient.unwrap_or_else(|| cell_error(&self.error).is_none())
    }

    /// Drops the error, which may be the program's.
    pub(crate) fn forget(self, cell: &'static str) {
        catch_user_panic(cell, || drop(self));
    }
}

/// What is left of a flight's attempts.
pub(crate) struct Attempts {
    made: u32,
    most: u32,
}

impl Attempts {
    pub(crate) fn new(cell: &RawCell, purpose: Purpose) -> Self {
        let retries = if purpose == Purpose::Once { 0 } else { cell.config.limits.retries };
        Self { made: 0, most: retries.saturating_add(1) }
    }

    /// How long to wait after an attempt that has failed before the next one, if there is to be one.
    pub(crate) fn next(
        &mut self,
        cell: &RawCell,
        flight: &Flight,
        frame: &Frame,
        observers: &Observers,
        failed: &Failed,
    ) -> Option<Duration> {
        self.made = self.made.saturating_add(1);
        if self.made >= self.most || !failed.is_worth_another() || flight.is_settled() || !frame.may_go_on() {
            return None;
        }
        let limits = &cell.config.limits;
        let backoff = Backoff { first: limits.backoff.get(), most: limits.max_backoff.get() };
        let delay = backoff.delay(self.made);
        observers.retrying(&Retrying {
            cell: cell.name(),
            generation: flight.generation,
            attempt: self.made,
            delay,
            error: failed.error.clone(),
        });
        Some(delay)
    }
}

/// Sleeps until the next attempt, on the thread of the initializer; returns `false` if the flight was settled before.
pub(crate) fn sleep(flight: &Flight, delay: Duration) -> bool {
    flight.wait(deadline(delay), Role::Initializer).is_err()
}

/// The wait of an initializer that is a task.
pub(crate) struct Pause {
    /// The failure that is the flight's, if there is no further attempt.
    pub(crate) failed: Failed,
    /// Returns `false` if the flight was settled before the next attempt.
    pub(crate) wait: BoxFuture<'static, bool>,
}

impl Pause {
    pub(crate) fn new(flight: &Arc<Flight>, delay: Duration, failed: Failed) -> Self {
        let flight = Arc::clone(flight);
        let wait = async move { flight.wait_async(deadline(delay), Role::Initializer).await.is_err() };
        Self { failed, wait: Box::pin(wait) }
    }
}
