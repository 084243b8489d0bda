//! Waiting for a payload that somebody else publishes, without building one.
//!
//! There is no queue for it: all who wait share a flight that nobody runs, which the
//! [control block](crate::cell::control) keeps, and wait for its outcome as for that of any other.

use crate::cell::decisions::Found;
use crate::cell::raw_cell::RawCell;
use crate::error::{Error, UnavailableError};
use crate::flight::frames::{self, Caller, Waiting};
use crate::flight::observed_calls;
use crate::flight::single_flight::{Outcome, Rejected, Role};
use crate::payload::lease::Lease;
use crate::sync::executor::BoxFuture;
use std::time::Instant;

impl RawCell {
    /// Blocks until a payload is published, up to the deadline.
    pub(crate) fn wait(&self, deadline: Option<Instant>) -> Result<Lease, Error> {
        let _waiting = Waiting::start();
        frames::note(self.find(Caller::Thread).and_then(|found| match found {
            Found::Payload(lease) => Ok(lease),
            Found::Awaited(flight) => {
                self.received(flight.wait(deadline, Role::Waiter { max_waiters: None }))
            }
        }))
    }

    /// The same in a task. Boxed, so that it is compiled here and not again wherever it is awaited.
    pub(crate) fn wait_async(&self, deadline: Option<Instant>) -> BoxFuture<'_, Result<Lease, Error>> {
        Box::pin(async move {
            let _waiting = Waiting::start();
            frames::note(match self.find(Caller::Task) {
                Ok(Found::Payload(lease)) => Ok(lease),
                Ok(Found::Awaited(flight)) => {
                    self.received(flight.wait_async(deadline, Role::Waiter { max_waiters: None }).await)
                }
                Err(error) => Err(error),
            })
        })
    }

    fn find(&self, caller: Caller) -> Result<Found, Error> {
        if let Some(info) = self.config.info {
            observed_calls::record(info);
        }
        self.end_if_due();
        self.control.await_payload(self.name(), caller)
    }

    fn received(&self, outcome: Result<Outcome, Rejected>) -> Result<Lease, Error> {
        match outcome {
            Ok(Outcome::Ready(lease)) => Ok(lease),
            Ok(Outcome::Failed(error)) => Err(error),
            Ok(Outcome::Superseded) | Err(_) => {
                Err(Error::Unavailable(UnavailableError::NotReady { cell: self.name() }))
            }
        }
    }
}
