//! A flight as its initializer sees it: from the start of the factory to the end of the flight.
//!
//! A flight has one attempt or more, each of which is one run of the adjusted factory; [`retry`] says
//! whether there is another one.
//!
//! Whether the factory returns, panics or is dropped unfinished, the flight is settled here, unless it has been
//! superseded, and then marked as over. Observers are notified once of the start and once of the end, with no lock held.

use crate::cell::ages::Ages;
use crate::cell::block::Built;
use crate::cell::decisions::Consequences;
use crate::cell::raw_cell::RawCell;
use crate::cell::retry::{self, Attempts, Failed, Pause};
use crate::cell::wait_budget::Purpose;
use crate::error::{BoxError, Error, LifecycleError, Panic, SharedError, cell_error, find_hidden};
use crate::flight::adjuster::BuildFn;
use crate::flight::frames::{self, Caller, Entered, Frame, Verdict};
use crate::flight::single_flight::{Flight, Outcome};
use crate::flight::wait_graph::{self, Blocked};
use crate::observe::context::{self, InitContext};
use crate::observe::first_builds::{self, FirstBuild};
use crate::observe::observer::{InitResult, InitStatus};
use crate::observe::observers::Observers;
use crate::observe::span::{Parent, Span};
use crate::observe::user_panic::catch_user_panic;
use crate::payload::disposal::Disposal;
use crate::payload::drain::{Retired, WaitFor};
use crate::payload::lease::AnyPayload;
use crate::payload::threads;
use crate::sync::backoff::Backoff;
use crate::sync::clock;
use crate::sync::executor::Executor;
use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::thread;
use std::time::{Duration, Instant};

/// What an attempt returned, unless it panicked.
type Attempted = thread::Result<Result<AnyPayload, BoxError>>;

/// What the last attempt returned, unless it panicked.
pub(crate) type Returned = thread::Result<Result<AnyPayload, Failed>>;

/// What the initializer gets from its flight, unless the factory panicked.
pub(crate) type Finished = thread::Result<Result<Outcome, Error>>;

/// The caller that runs a flight. If it is dropped before the factory has returned, it cancels the flight.
pub(crate) struct Initializer<'a> {
    cell: &'a RawCell,
    flight: Arc<Flight>,
    frame: Arc<Frame>,
    observers: Observers,
    context: Option<InitContext>,
    started: Instant,
    attempts: Attempts,
    /// The wait for the next attempt, in a task. Boxed, because most flights have none.
    pause: Option<Box<Pause>>,
    returned: bool,
    /// Open until the flight is over.
    _span: Span,
    _blocks_caller: Option<Blocked>,
}

impl<'a> Initializer<'a> {
    pub(crate) fn begin(
        cell: &'a RawCell,
        flight: Arc<Flight>,
        caller: Caller,
        purpose: Purpose,
        parent: &Parent,
    ) -> Self {
        cell.note_home();
        // The kernel takes milliseconds to grant `membarrier` to a process of several threads. A build has the time; the
        // first read after it has not.
        if !cell.config.info.is_some_and(|info| info.permanent) {
            let _ = threads::read_path();
        }
        let patient = purpose == Purpose::WarmUp;
        let span = Span::init(cell.name(), flight.generation, parent);
        let frame = Frame::new(
            cell.id(),
            cell.name(),
            flight.id(),
            cell.config.info,
            patient,
            cell.scope_of_calls(),
            span.entry(),
        );
        // The caller that begins a detached flight waits for it as others do, and is in the wait graph already.
        let blocks_caller = if flight.is_detached() { None } else { wait_graph::runs(caller, &frame) };
        let entered = frame.enter();
        let observers = cell.observers();
        let context = context::of_flight();
        observers.init_start(flight.generation, context.as_ref());
        drop(entered);
        let started = clock::now();
        Self {
            cell,
            flight,
            frame,
            observers,
            context,
            started,
            attempts: Attempts::new(cell, purpose),
            pause: None,
            returned: false,
            _span: span,
            _blocks_caller: blocks_caller,
        }
    }

    pub(crate) fn name(&self) -> &'static str {
        self.cell.name()
    }

    #[cfg(feature = "tokio")]
    pub(crate) fn cell(&self) -> &'a RawCell {
        self.cell
    }

    #[cfg(feature = "tokio")]
    pub(crate) fn generation(&self) -> u64 {
        self.flight.generation
    }

    #[cfg(feature = "tokio")]
    pub(crate) fn frame(&self) -> &Arc<Frame> {
        &self.frame
    }

    /// Makes the factory's frame the thread's current one until the guard is dropped.
    pub(crate) fn enter(&self) -> Entered {
        self.frame.enter()
    }

    /// Runs the adjusted factory, as often as its flight has attempts.
    pub(crate) fn run(&mut self, factory: BuildFn<'_>) -> Returned {
        loop {
            let entered = self.enter();
            let attempted = catch_unwind(AssertUnwindSafe(&mut *factory));
            drop(entered);
            let (failed, delay) = match self.judge(attempted) {
                Judged::Last(returned) => return returned,
                Judged::Again(failed, delay) => (failed, delay),
            };
            // The clock is that of the factory's world.
            let entered = self.enter();
            let goes_on = retry::sleep(&self.flight, delay);
            drop(entered);
            if !goes_on {
                return Ok(Err(failed));
            }
            failed.forget(self.cell.name());
        }
    }

    /// Polls the adjusted factory, whose next attempt begins with the poll after its last one was ready.
    pub(crate) fn poll(
        &mut self,
        cx: &mut Context<'_>,
        factory: &mut dyn FnMut(&mut Context<'_>) -> Poll<Result<AnyPayload, BoxError>>,
    ) -> Poll<Returned> {
        loop {
            let entered = self.enter();
            if let Some(pause) = &mut self.pause {
                let Poll::Ready(goes_on) = pause.wait.as_mut().poll(cx) else { return Poll::Pending };
                drop(entered);
                let Some(pause) = self.pause.take() else { unreachable!("it was polled") };
                if !goes_on {
                    return Poll::Ready(Ok(Err(pause.failed)));
                }
                pause.failed.forget(self.cell.name());
                continue;
            }
            let polled = catch_unwind(AssertUnwindSafe(|| factory(cx)));
            drop(entered);
            let attempted = match polled {
                Ok(Poll::Pending) => return Poll::Pending,
                Ok(Poll::Ready(result)) => Ok(result),
                Err(panic) => Err(panic),
            };
            match self.judge(attempted) {
                Judged::Last(returned) => return Poll::Ready(returned),
                Judged::Again(failed, delay) => {
                    self.pause = Some(Box::new(Pause::new(&self.flight, delay, failed)));
                }
            }
        }
    }

    /// Decides whether an attempt was the flight's last one.
    fn judge(&mut self, attempted: Attempted) -> Judged {
        let failed = match attempted {
            Ok(Ok(payload)) => return Judged::Last(Ok(Ok(payload))),
            Ok(Err(error)) => Failed { error: self.share(error), verdict: self.frame.take_verdict() },
            Err(panic) => return Judged::Last(Err(panic)),
        };
        match self.attempts.next(self.cell, &self.flight, &self.frame, &self.observers, &failed) {
            Some(delay) => Judged::Again(failed, delay),
            None => Judged::Last(Ok(Err(failed))),
        }
    }

    /// Ends the flight with what the factory returned; returns its outcome, or unwinds with the factory's panic.
    ///
    /// A payload that was replaced or retired, or that came too late, is let go of before the flight is over, so that a
    /// closer that waits for the end of the flight finds how the payload was disposed.
    pub(crate) fn finish(mut self, returned: Returned) -> Result<Outcome, Error> {
        let (outcome, leftover) = self.settle(returned);
        if let Some(leftover) = leftover {
            self.flight.disposed(leftover.close(WaitFor::Nobody));
        }
        self.end(outcome)
    }

    /// [`finish`](Self::finish) in a task, where the disposer may be asynchronous. The caller has to call
    /// [`end`](Self::end): a future that owned the initializer would double its size in the caller's future.
    pub(crate) async fn finish_async(&mut self, returned: Returned) -> Finished {
        let (outcome, leftover) = self.settle(returned);
        if let Some(leftover) = leftover {
            self.flight.disposed(leftover.close_async(WaitFor::Nobody).await);
        }
        outcome
    }

    pub(crate) fn end(self, outcome: Finished) -> Result<Outcome, Error> {
        drop(self);
        outcome.unwrap_or_else(|panic| resume_unwind(panic))
    }

    /// Settles the flight; returns its outcome for the initializer, and the payload that is left to dispose.
    fn settle(&mut self, returned: Returned) -> (Finished, Option<Retired>) {
        self.returned = true;
        match returned {
            Ok(Ok(payload)) => match self.ages_of(&payload) {
                Ok(ages) => {
                    let (outcome, leftover) = self.publish(payload, ages);
                    (Ok(Ok(outcome)), leftover)
                }
                Err(panic) => (self.panicked(panic), Some(self.unpublished(payload, Executor::current()))),
            },
            Ok(Err(failed)) => {
                let (outcome, retired) = self.fail(failed, InitStatus::Error);
                (Ok(outcome), retired)
            }
            Err(panic) => (self.panicked(panic), None),
        }
    }

    /// How old the payload may become. The functions that say so belong to the factory.
    fn ages_of(&self, payload: &AnyPayload) -> thread::Result<Option<Box<Ages>>> {
        if !self.cell.is_ageing() {
            return Ok(None);
        }
        let _entered = self.enter();
        catch_unwind(AssertUnwindSafe(|| self.cell.ages_of(payload.payload())))
    }

    fn panicked(&self, panic: Box<dyn Any + Send>) -> Finished {
        let error = self.share(Box::new(Panic::message_of(&*panic)));
        if let Some(of_cell) = cell_error(&error) {
            // The panic goes on through the factory that asked for this cell, and then is that one's.
            let _ = frames::note::<()>(Err(of_cell.clone()));
        }
        // A panic is not fatal, so this retires nothing.
        let _ = self.fail(Failed { error, verdict: Verdict::default() }, InitStatus::Panicked);
        Err(panic)
    }

    /// A payload that will not be published.
    fn unpublished(&self, payload: AnyPayload, executor: Executor) -> Retired {
        let (name, generation, calls) = (self.cell.payload_type(), self.flight.generation, payload.calls());
        let disposal = Disposal::new(&self.observers, name, generation, calls, executor);
        Retired::unpublished(payload, disposal)
    }

    /// Publishes what the factory built, unless the flight has been superseded.
    fn publish(&self, payload: AnyPayload, ages: Option<Box<Ages>>) -> (Outcome, Option<Retired>) {
        let built = self.built();
        match self.cell.control.publish(
            &self.flight,
            payload,
            built.clone(),
            ages,
            &self.cell.config,
            &self.observers,
        ) {
            Ok((lease, after)) => {
                let replaced = after.finish(self.cell.name());
                self.report(&built, InitStatus::Ok, Some(lease.payload()), None);
                (Outcome::Ready(lease), replaced)
            }
            Err((payload, outcome)) => {
                self.report(&built, InitStatus::Superseded, Some(payload.payload()), None);
                (outcome, Some(self.unpublished(payload, built.executor)))
            }
        }
    }

    /// Shares the factory's error, or its panic, which may hide the error of a cell it asked: an infallible accessor
    /// panics with its text.
    fn share(&self, error: BoxError) -> SharedError {
        let errors = self.frame.take_errors();
        let mut hidden = None;
        // It runs the `Display` of the program's errors.
        catch_user_panic(self.cell.name(), || hidden = find_hidden(&*error, &errors));
        catch_user_panic(self.cell.name(), || drop(errors));
        match hidden {
            Some(hidden) => SharedError::hiding(error, hidden.below, Box::new(hidden.error)),
            None => SharedError::new(error),
        }
    }

    fn fail(&self, failed: Failed, status: InitStatus) -> (Result<Outcome, Error>, Option<Retired>) {
        let (cell, built) = (self.cell.name(), self.built());
        let Failed { error: source, verdict } = failed;
        let for_waiters = Error::Lifecycle(match status {
            InitStatus::Panicked => LifecycleError::Panicked { cell, source: source.clone() },
            _ => LifecycleError::Waiting { cell, source: source.clone() },
        });
        let limits = &self.cell.config.limits;
        let cooldown = Backoff { first: limits.cooldown.get(), most: limits.max_cooldown.get() };
        // A dependency that is merely unavailable says nothing about this cell's own factory.
        let unavailable = cell_error(&source).is_some_and(Error::is_unavailable);
        let consequences =
            Consequences { status, cooldown: (!unavailable).then_some(cooldown), retires: verdict.fatal };
        let after = match self.cell.control.fail(
            &self.flight,
            &built,
            source.clone(),
            consequences,
            for_waiters,
            &self.observers,
        ) {
            Ok(after) => after,
            Err(outcome) => {
                self.report(&built, InitStatus::Superseded, None, Some(source));
                return (Ok(outcome), None);
            }
        };
        let retired = after.finish(cell);
        self.report(&built, status, None, Some(source.clone()));
        (Err(for_initializer(cell, source)), retired)
    }

    fn cancel(&self) {
        let built = self.built();
        let status = match self.cell.control.cancel(&self.flight, &built) {
            Some(after) => {
                let _ = after.finish(self.cell.name());
                InitStatus::Cancelled
            }
            None => InitStatus::Superseded,
        };
        self.report(&built, status, None, None);
    }

    /// How long the flight has taken until now.
    fn built(&self) -> Built {
        let duration = clock::now().saturating_duration_since(self.started);
        Built::now(duration, self.frame.waiting())
    }

    fn report(
        &self,
        built: &Built,
        status: InitStatus,
        payload: Option<&(dyn Any + Send + Sync)>,
        error: Option<SharedError>,
    ) {
        if status == InitStatus::Superseded {
            // The others were counted under the cell's lock.
            self.cell.control.counts().flight(status, built.own, built.waiting);
        }
        let event = InitResult {
            cell: self.cell.name(),
            payload,
            status,
            duration: built.duration(),
            own: built.own,
            waiting: built.waiting,
            error,
            generation: self.flight.generation,
            provided: false,
            context: self.context.clone(),
        };
        if let (InitStatus::Ok, Some(info)) = (status, self.cell.config.info) {
            let Built { own, waiting, .. } = *built;
            let first = FirstBuild { info, started: self.started, own, waiting };
            first_builds::note(self.observers.scope(), first);
        }
        self.observers.init_end(&event, self.cell.payload_type());
        // It may hold the last reference to an error of the program, whose destructor may panic.
        catch_user_panic(self.cell.name(), || drop(event));
    }
}

/// Whether an attempt was the last one of its flight.
enum Judged {
    Last(Returned),
    /// Another one follows after this time, unless the flight is settled before: then it was the last one after all.
    Again(Failed, Duration),
}

impl Drop for Initializer<'_> {
    fn drop(&mut self) {
        if let Some(pause) = self.pause.take() {
            pause.failed.forget(self.cell.name());
        }
        if !self.returned {
            self.cancel();
        }
        self.frame.end();
        self.flight.end();
    }
}

/// What the initializer gets when its factory fails with `source`.
pub(crate) fn for_initializer(cell: &'static str, source: SharedError) -> Error {
    // An error of a cell, or one caused by such an error, means that a dependency failed.
    Error::Lifecycle(if cell_error(&source).is_some() {
        LifecycleError::Dependency { cell, source }
    } else {
        LifecycleError::Init { cell, source }
    })
}
