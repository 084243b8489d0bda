//! Getting a payload: take it, wait for it, or build it.

use crate::cell::control::Failure;
use crate::cell::initializer::Initializer;
use crate::cell::raw_cell::RawCell;
use crate::error::{BoxError, Error, LifecycleError, UnavailableError};
use crate::flight::frames::{self, Blocked, Waiting};
use crate::flight::single_flight::{Flight, Outcome, Rejected};
use crate::observe::log;
use crate::observe::observers::catch_user_panic;
use crate::payload::lease::{AnyPayload, Lease};
use crate::sync::clock::{self, deadline};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What a caller is to do.
pub(crate) enum Decision {
    Take(Lease),
    Wait(Arc<Flight>, Option<Blocked>),
    Fly(Arc<Flight>),
}

/// A caller's factory.
pub(crate) type Build<'f> = &'f mut dyn FnMut() -> Result<AnyPayload, BoxError>;

/// How long one call may go on waiting: one deadline for all its waits, from the first of them on, so that the time
/// of its own factory does not count.
pub(crate) struct WaitBudget {
    limit: Duration,
    began: Option<(Instant, Option<Instant>)>,
}

impl WaitBudget {
    pub(crate) const fn new(limit: Duration) -> Self {
        Self { limit, began: None }
    }

    /// The deadline; `None` is never.
    pub(crate) fn begin(&mut self) -> Option<Instant> {
        let limit = self.limit;
        let began = || (clock::now(), if limit.is_zero() { None } else { deadline(limit) });
        self.began.get_or_insert_with(began).1
    }

    fn spent(&self) -> Duration {
        self.began.map_or(Duration::ZERO, |(since, _)| clock::now().saturating_duration_since(since))
    }
}

impl RawCell {
    /// Gets the payload.
    pub(crate) fn get(&self, build: Build<'_>) -> Result<Lease, Error> {
        match self.leases.lease() {
            Some(lease) => Ok(lease),
            None => self.obtain(false, build),
        }
    }

    /// Gets the payload; a new one, where it is a refresh.
    #[cold]
    pub(crate) fn obtain(&self, refresh: bool, build: Build<'_>) -> Result<Lease, Error> {
        let _waiting = Waiting::start();
        let mut budget = WaitBudget::new(self.config.wait_timeout);
        loop {
            let outcome = match self.turn(refresh, Flight::new)? {
                Decision::Take(lease) => return Ok(lease),
                Decision::Wait(flight, _blocked) => {
                    let until = budget.begin();
                    flight.wait(until, self.config.max_waiters).map_err(|why| self.reject(&why, &budget))?
                }
                Decision::Fly(flight) => {
                    let mut initializer = Initializer::begin(self, flight);
                    let made = initializer.run(|| self.adjusted(build));
                    let mut landing = initializer.land(made);
                    if let Some(leftover) = landing.leftover.take() {
                        initializer.disposed(self.settle(leftover));
                    }
                    drop(initializer);
                    landing.outcome()?
                }
            };
            match outcome {
                Outcome::Ready(lease) => return Ok(lease),
                Outcome::Failed(error) => return Err(error),
                Outcome::Superseded => {}
            }
        }
    }

    /// Runs a factory the way the adjuster (if there is one) wants it.
    pub(crate) fn adjusted(&self, build: Build<'_>) -> Result<AnyPayload, BoxError> {
        match self.config.adjuster.get(self.name()) {
            Some(adjuster) => adjuster.adjust(self.name(), build),
            None => build(),
        }
    }

    /// Decides what a caller is to do, in the order of the contract. `flight` makes the flight that it begins, if it
    /// does.
    pub(crate) fn turn(&self, refresh: bool, flight: fn(u64) -> Flight) -> Result<Decision, Error> {
        let mut control = self.control.lock();
        if control.shut_down {
            return Err(Error::Unavailable(UnavailableError::ShutDown { cell: self.name() }));
        }
        if let Some(error) = control.failure.as_ref().and_then(|failure| self.cooling(failure)) {
            return Err(error);
        }
        if !refresh && let Some(lease) = self.leases.lease() {
            return Ok(Decision::Take(lease));
        }
        let reentrant = |chain| Error::Lifecycle(LifecycleError::Reentrant { cell: self.name(), chain });
        if let Some(chain) = frames::chain_to(self.id()) {
            return Err(reentrant(chain));
        }
        if let Some(flight) = &control.flight {
            let blocked = frames::wait_for(flight.id(), self.name()).map_err(reentrant)?;
            return Ok(Decision::Wait(Arc::clone(flight), blocked));
        }
        let flight = Arc::new(flight(control.next_generation()));
        control.flight = Some(Arc::clone(&flight));
        Ok(Decision::Fly(flight))
    }

    fn cooling(&self, failure: &Failure) -> Option<Error> {
        failure.remaining().map(|retry_after| {
            let source = failure.cause.clone();
            Error::Lifecycle(LifecycleError::Cooldown { cell: self.name(), source, retry_after })
        })
    }

    #[cold]
    pub(crate) fn reject(&self, why: &Rejected, budget: &WaitBudget) -> Error {
        let waited = budget.spent();
        let (error, reason) = match why {
            Rejected::WaitersFull => {
                let limit = self.config.max_waiters;
                (UnavailableError::WaitersFull { cell: self.name(), limit }, "waiters_full")
            }
            Rejected::TimedOut => {
                let last = self.control.lock().failure.as_ref().map(|failure| failure.cause.clone());
                (UnavailableError::WaitTimeout { cell: self.name(), waited, last }, "wait_timeout")
            }
        };
        catch_user_panic(self.name(), || log::wait_rejected(self.name(), reason, waited));
        Error::Unavailable(error)
    }
}
