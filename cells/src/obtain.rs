//! Getting a payload: take it, wait for it, or build it.

use crate::building::{self, Blocked, Waiting};
use crate::cell::RuntimeCell;
use crate::clock::{self, deadline};
use crate::control::Failure;
use crate::error::{BoxError, Error, LifecycleError, UnavailableError};
use crate::flight::{Flight, Outcome, Rejected};
use crate::fly::Flying;
use crate::lease::Ref;
use crate::log;
use crate::watchers::guarded;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What a caller is to do.
pub(crate) enum Turn<T: Send + Sync + 'static> {
    Take(Ref<'static, T>),
    Wait(Arc<Flight<T>>, Option<Blocked>),
    Fly(Arc<Flight<T>>),
}

/// A caller's factory, without its types.
pub(crate) type Factory<'f, T> = &'f mut dyn FnMut() -> Result<T, BoxError>;

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

/// Getting a payload.
impl<T: Send + Sync + 'static> RuntimeCell<T> {
    /// Returns the payload; where there is none, waits for the flight under way or else runs `factory`.
    ///
    /// The factory runs in one thread at a time, with no lock of the cell held. It is called again only if the
    /// cell is closed while it runs: what it made is then disposed, and this call starts over.
    ///
    /// # Errors
    /// [`Error::Lifecycle`] if the factory failed, here or in the caller that this one waited for; if the cell
    /// cools down; if the cell is asked from inside its own factory. [`Error::Unavailable`] if there are too many
    /// waiters, or the wait took too long.
    ///
    /// # Panics
    /// With the factory's own panic, in the call that ran it.
    #[inline]
    pub fn get_or_initialize<E: Into<BoxError>>(
        &self,
        mut factory: impl FnMut() -> Result<T, E>,
    ) -> Result<Ref<'_, T>, Error> {
        match self.leases.lease() {
            Some(lease) => Ok(lease),
            None => self.obtain(false, &mut || factory().map_err(Into::into)),
        }
    }

    /// Builds a new payload and swaps it in; readers get the old one until then, and never block.
    ///
    /// The old payload is then retired, and disposed when its last lease is gone. If the factory fails or panics
    /// the old payload stays, and no cooldown starts. A second caller waits for the first and gets its outcome.
    /// On a cell without payload it is [`get_or_initialize`](Self::get_or_initialize).
    ///
    /// # Errors
    /// As [`get_or_initialize`](Self::get_or_initialize).
    ///
    /// # Panics
    /// With the factory's own panic, in the call that ran it.
    pub fn refresh<E: Into<BoxError>>(
        &self,
        mut factory: impl FnMut() -> Result<T, E>,
    ) -> Result<Ref<'_, T>, Error> {
        self.obtain(true, &mut || factory().map_err(Into::into))
    }

    #[cold]
    fn obtain(&self, refresh: bool, factory: Factory<'_, T>) -> Result<Ref<'static, T>, Error> {
        let _waiting = Waiting::start();
        let mut patience = Patience::new(self.wait_timeout);
        loop {
            let outcome = match self.turn(refresh, Flight::new)? {
                Turn::Take(lease) => return Ok(lease),
                Turn::Wait(flight, _blocked) => {
                    let until = patience.begin();
                    flight.wait(until, self.max_waiters).map_err(|why| self.reject(&why, &patience))?
                }
                Turn::Fly(flight) => {
                    let mut flying = Flying::begin(self, flight);
                    let built = flying.run(|| self.adjusted(factory));
                    let mut landing = flying.land(built);
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
    pub(crate) fn adjusted(&self, factory: Factory<'_, T>) -> Result<T, BoxError> {
        match self.adjuster.get(self.name) {
            Some(adjuster) => adjuster.adjust(self.name, factory),
            None => factory(),
        }
    }

    /// Decides what a caller is to do, in the order of the contract. `flight` makes the flight that it begins, if it
    /// does.
    pub(crate) fn turn(&self, refresh: bool, flight: fn(u64) -> Flight<T>) -> Result<Turn<T>, Error> {
        let mut control = self.control.lock();
        if control.shut_down {
            return Err(Error::Unavailable(UnavailableError::ShutDown { cell: self.name }));
        }
        if let Some(error) = control.failure.as_ref().and_then(|failure| self.cooling(failure)) {
            return Err(error);
        }
        if !refresh && let Some(lease) = self.leases.lease() {
            return Ok(Turn::Take(lease));
        }
        let reentrant = |chain| Error::Lifecycle(LifecycleError::Reentrant { cell: self.name, chain });
        if let Some(chain) = building::chain_to(self.id()) {
            return Err(reentrant(chain));
        }
        if let Some(flight) = &control.flight {
            let blocked = building::wait_for(flight.id(), self.name).map_err(reentrant)?;
            return Ok(Turn::Wait(Arc::clone(flight), blocked));
        }
        let flight = Arc::new(flight(control.next_generation()));
        control.flight = Some(Arc::clone(&flight));
        Ok(Turn::Fly(flight))
    }

    fn cooling(&self, failure: &Failure) -> Option<Error> {
        failure.remaining().map(|retry_after| {
            let source = failure.cause.clone();
            Error::Lifecycle(LifecycleError::Cooldown { cell: self.name, source, retry_after })
        })
    }

    #[cold]
    pub(crate) fn reject(&self, why: &Rejected, patience: &Patience) -> Error {
        let waited = patience.spent();
        let (error, reason) = match why {
            Rejected::WaitersFull => {
                let limit = self.max_waiters;
                (UnavailableError::WaitersFull { cell: self.name, limit }, "waiters_full")
            }
            Rejected::TimedOut => {
                let last = self.control.lock().failure.as_ref().map(|failure| failure.cause.clone());
                (UnavailableError::WaitTimeout { cell: self.name, waited, last }, "wait_timeout")
            }
        };
        guarded(self.name, || log::wait_rejected(self.name, reason, waited));
        Error::Unavailable(error)
    }
}
