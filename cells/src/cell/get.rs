//! Getting a payload: take it, wait for it, or build it.

use crate::cell::control::Failure;
use crate::cell::initializer::Flying;
use crate::cell::raw_cell::Machine;
use crate::error::{BoxError, Error, LifecycleError, UnavailableError};
use crate::flight::frames::{self, Blocked, Waiting};
use crate::flight::single_flight::{Flight, Outcome, Rejected};
use crate::observe::log;
use crate::observe::observers::guarded;
use crate::payload::lease::{Lease, Parcel};
use crate::sync::clock::{self, deadline};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What a caller is to do.
pub(crate) enum Turn {
    Take(Lease),
    Wait(Arc<Flight>, Option<Blocked>),
    Fly(Arc<Flight>),
}

/// A caller's factory.
pub(crate) type Build<'f> = &'f mut dyn FnMut() -> Result<Parcel, BoxError>;

/// How long one call may go on waiting: one deadline for all its waits, from the first of them on, so that the time
/// of its own factory does not count.
pub(crate) struct Patience {
    limit: Duration,
    began: Option<(Instant, Option<Instant>)>,
}

impl Patience {
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

impl Machine {
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
        let mut patience = Patience::new(self.setup.wait_timeout);
        loop {
            let outcome = match self.turn(refresh, Flight::new)? {
                Turn::Take(lease) => return Ok(lease),
                Turn::Wait(flight, _blocked) => {
                    let until = patience.begin();
                    flight.wait(until, self.setup.max_waiters).map_err(|why| self.reject(&why, &patience))?
                }
                Turn::Fly(flight) => {
                    let mut flying = Flying::begin(self, flight);
                    let made = flying.run(|| self.adjusted(build));
                    let mut landing = flying.land(made);
                    if let Some(leftover) = landing.leftover.take() {
                        flying.disposed(self.settle(leftover));
                    }
                    drop(flying);
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
    pub(crate) fn adjusted(&self, build: Build<'_>) -> Result<Parcel, BoxError> {
        match self.setup.adjuster.get(self.name()) {
            Some(adjuster) => adjuster.adjust(self.name(), build),
            None => build(),
        }
    }

    /// Decides what a caller is to do, in the order of the contract. `flight` makes the flight that it begins, if it
    /// does.
    pub(crate) fn turn(&self, refresh: bool, flight: fn(u64) -> Flight) -> Result<Turn, Error> {
        let mut control = self.control.lock();
        if control.shut_down {
            return Err(Error::Unavailable(UnavailableError::ShutDown { cell: self.name() }));
        }
        if let Some(error) = control.failure.as_ref().and_then(|failure| self.cooling(failure)) {
            return Err(error);
        }
        if !refresh && let Some(lease) = self.leases.lease() {
            return Ok(Turn::Take(lease));
        }
        let reentrant = |chain| Error::Lifecycle(LifecycleError::Reentrant { cell: self.name(), chain });
        if let Some(chain) = frames::chain_to(self.id()) {
            return Err(reentrant(chain));
        }
        if let Some(flight) = &control.flight {
            let blocked = frames::wait_for(flight.id(), self.name()).map_err(reentrant)?;
            return Ok(Turn::Wait(Arc::clone(flight), blocked));
        }
        let flight = Arc::new(flight(control.next_generation()));
        control.flight = Some(Arc::clone(&flight));
        Ok(Turn::Fly(flight))
    }

    fn cooling(&self, failure: &Failure) -> Option<Error> {
        failure.remaining().map(|retry_after| {
            let source = failure.cause.clone();
            Error::Lifecycle(LifecycleError::Cooldown { cell: self.name(), source, retry_after })
        })
    }

    #[cold]
    pub(crate) fn reject(&self, why: &Rejected, patience: &Patience) -> Error {
        let waited = patience.spent();
        let (error, reason) = match why {
            Rejected::WaitersFull => {
                let limit = self.setup.max_waiters;
                (UnavailableError::WaitersFull { cell: self.name(), limit }, "waiters_full")
            }
            Rejected::TimedOut => {
                let last = self.control.lock().failure.as_ref().map(|failure| failure.cause.clone());
                (UnavailableError::WaitTimeout { cell: self.name(), waited, last }, "wait_timeout")
            }
        };
        guarded(self.name(), || log::wait_rejected(self.name(), reason, waited));
        Error::Unavailable(error)
    }
}
