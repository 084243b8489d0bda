//! A flight from its initializer's side: from the start of the factory to the landing of what it made.

use crate::cell::control::{Failure, Landed};
use crate::cell::raw_cell::RawCell;
use crate::error::{BoxError, Error, LifecycleError, Panic, SharedError, causes};
use crate::flight::frames::{self, Blocked, Entered, Frame};
use crate::flight::single_flight::{Flight, Outcome, Settled};
use crate::observe::context::{self, InitContext};
use crate::observe::observer::{CloseResult, InitResult, InitStatus};
use crate::observe::observers::{Observers, catch_user_panic};
use crate::payload::drain::Retired;
use crate::payload::lease::AnyPayload;
use crate::sync::clock;
use std::any::Any;
use std::error::Error as StdError;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant};

/// What a factory came to: the error is a panic's payload.
pub(crate) type Built = Result<Result<AnyPayload, BoxError>, Box<dyn Any + Send>>;

/// A flight under way. Dropped before it has landed, it is cancelled; dropped in any case, it is over.
pub(crate) struct Initializer<'a> {
    raw: &'a RawCell,
    flight: Arc<Flight>,
    frame: Arc<Frame>,
    observers: Observers,
    context: Option<InitContext>,
    started: Instant,
    landed: bool,
    _blocks_caller: Option<Blocked>,
}

/// What a flight came to for its initializer.
#[must_use]
pub(crate) struct Finished {
    outcome: Result<Outcome, Error>,
    panic: Option<Box<dyn Any + Send>>,
    /// The payload that was replaced, or the one that came too late.
    pub(crate) leftover: Option<Retired>,
}

impl Finished {
    /// Goes on with the factory's panic, or with the outcome.
    pub(crate) fn outcome(self) -> Result<Outcome, Error> {
        match self.panic {
            Some(panic) => resume_unwind(panic),
            None => self.outcome,
        }
    }
}

impl<'a> Initializer<'a> {
    pub(crate) fn begin(raw: &'a RawCell, flight: Arc<Flight>) -> Self {
        let frame = Frame::new(raw.id(), raw.name(), flight.id(), raw.config.info);
        // Whoever begins a detached flight waits for it as anybody else.
        let blocks_caller = if flight.is_detached() { None } else { frames::runs(&frame) };
        let entered = frame.enter();
        let observers = raw.observers();
        let context = context::of_flight();
        observers.init_start(raw.name(), flight.generation, context.as_ref());
        drop(entered);
        let started = clock::now();
        Self { raw, flight, frame, observers, context, started, landed: false, _blocks_caller: blocks_caller }
    }

    pub(crate) fn raw(&self) -> &'a RawCell {
        self.raw
    }

    /// Says that what the thread does is the factory's, until the guard is dropped.
    pub(crate) fn enter(&self) -> Entered {
        self.frame.enter()
    }

    /// Runs the adjusted factory.
    pub(crate) fn run(&self, factory: impl FnOnce() -> Result<AnyPayload, BoxError>) -> Built {
        let _entered = self.enter();
        catch_unwind(AssertUnwindSafe(factory))
    }

    /// Runs the adjusted factory as far as it goes now.
    pub(crate) fn poll(&self, factory: impl FnOnce() -> Poll<Result<AnyPayload, BoxError>>) -> Poll<Built> {
        let _entered = self.enter();
        match catch_unwind(AssertUnwindSafe(factory)) {
            Ok(Poll::Pending) => Poll::Pending,
            Ok(Poll::Ready(built)) => Poll::Ready(Ok(built)),
            Err(panic) => Poll::Ready(Err(panic)),
        }
    }

    /// Notes how a payload that came too late was disposed: who waits for the end of the flight hears of it.
    pub(crate) fn disposed(&self, result: CloseResult) {
        self.flight.disposed(result);
    }

    /// Publishes what the factory made, unless the flight was settled by somebody else meanwhile.
    ///
    /// The caller sees to what is left over and then takes the outcome; the flight is over when this is dropped.
    pub(crate) fn land(&mut self, built: Built) -> Finished {
        self.landed = true;
        match built {
            Ok(Ok(payload)) => self.publish(payload),
            Ok(Err(error)) => {
                let outcome = self.abort(SharedError::new(error), InitStatus::Error);
                Finished { outcome, panic: None, leftover: None }
            }
            Err(panic) => {
                let error = SharedError::new(Panic::message_of(&*panic));
                let outcome = self.abort(error, InitStatus::Panicked);
                Finished { outcome, panic: Some(panic), leftover: None }
            }
        }
    }

    fn publish(&self, payload: AnyPayload) -> Finished {
        let (raw, flight) = (self.raw, &self.flight);
        let landed = self.times();
        let mut control = raw.control.lock();
        if let Some(outcome) = flight.outcome() {
            drop(control);
            self.report(&landed, InitStatus::Superseded, Some(payload.payload()), None);
            let disposal = raw.disposal(&self.observers, Some(&landed), flight.generation, payload.calls());
            let leftover = Some(Retired::unpublished(payload, disposal));
            return Finished { outcome: Ok(outcome), panic: None, leftover };
        }
        control.flight = None;
        let before = control.landed.replace(Box::new(landed.clone()));
        let cleared = control.failure.take();
        let (lease, leftover) = raw.leases.replace(payload, flight.generation, |generation, calls| {
            raw.disposal(&self.observers, before.as_deref(), generation, calls)
        });
        let settled = flight.settle(Outcome::Ready(lease.clone()));
        drop(control);
        settled.wake();
        raw.discard(cleared);
        self.report(&landed, InitStatus::Ok, Some(lease.payload()), None);
        Finished { outcome: Ok(Outcome::Ready(lease)), panic: None, leftover }
    }

    fn abort(&self, source: SharedError, status: InitStatus) -> Result<Outcome, Error> {
        let (raw, name) = (self.raw, self.raw.name());
        let times = self.times();
        let mut control = raw.control.lock();
        if let Some(outcome) = self.flight.outcome() {
            drop(control);
            self.report(&times, InitStatus::Superseded, None, Some(source));
            return Ok(outcome);
        }
        control.flight = None;
        // A failed refresh leaves a payload that serves: no reason to keep anybody from trying again.
        let cooldown = if raw.is_ready() { Duration::ZERO } else { raw.config.cooldown };
        let replaced = control.failure.replace(Failure::new(source.clone(), cooldown));
        let settled = self.flight.settle(Outcome::Failed(Error::Lifecycle(match status {
            InitStatus::Panicked => LifecycleError::Panicked { cell: name, source: source.clone() },
            _ => LifecycleError::Waiting { cell: name, source: source.clone() },
        })));
        drop(control);
        settled.wake();
        raw.discard(replaced);
        self.report(&times, status, None, Some(source.clone()));
        // A cell's own error, or one that was made from it.
        let dependency = source.is::<Error>() || causes(&*source).any(<dyn StdError>::is::<Error>);
        Err(Error::Lifecycle(if dependency {
            LifecycleError::Dependency { cell: name, source }
        } else {
            LifecycleError::Init { cell: name, source }
        }))
    }

    /// Ends a flight whose factory was given up: its waiters start over, and one of them begins the next flight.
    fn cancel(&self) {
        let mut control = self.raw.control.lock();
        let (status, settled) = if self.flight.outcome().is_some() {
            (InitStatus::Superseded, None)
        } else {
            control.flight = None;
            (InitStatus::Cancelled, Some(self.flight.settle(Outcome::Superseded)))
        };
        drop(control);
        Settled::wake_any(settled);
        self.report(&self.times(), status, None, None);
    }

    fn times(&self) -> Landed {
        let duration = clock::now().saturating_duration_since(self.started);
        Landed::after(duration, self.frame.waiting())
    }

    fn report(
        &self,
        times: &Landed,
        status: InitStatus,
        payload: Option<&(dyn Any + Send + Sync)>,
        error: Option<SharedError>,
    ) {
        let event = InitResult {
            cell: self.raw.name(),
            payload,
            status,
            duration: times.duration(),
            error,
            generation: self.flight.generation,
            context: self.context.clone(),
        };
        self.observers.init_end(&event, self.raw.leases.payload_type());
        catch_user_panic(self.raw.name(), || drop(event)); // it may be the last to hold the user's error
    }
}

impl Drop for Initializer<'_> {
    fn drop(&mut self) {
        if !self.landed {
            self.cancel();
        }
        self.flight.end();
    }
}
