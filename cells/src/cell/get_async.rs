//! Getting a payload in a task: what [`get`](crate::cell::get) does in a thread, with the same decisions and flights. It
//! needs no executor, and tasks of different executors may share a cell.
//!
//! A caller that is dropped while it waits leaves the flight's queue. An initializer that is dropped cancels its flight.

use crate::cell::decisions::{Accepts, Decision};
use crate::cell::initializer::{Initializer, Returned};
use crate::cell::raw_cell::RawCell;
use crate::cell::wait_budget::{Purpose, WaitBudget};
use crate::error::{BoxError, Error, Panic};
use crate::flight::frames::{self, Waiting};
use crate::flight::single_flight::{Flight, Outcome};
use crate::observe::span::{Parent, Span};
use crate::observe::user_panic::catch_user_panic;
use crate::payload::lease::{AnyPayload, Lease};
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};

/// A factory whose futures are of type `F`.
///
/// Closures implement it. A factory with parts of generic types is better a struct: the type of a closure or future has
/// all type parameters of the function around it, and some of them several times. Each of several levels multiplies
/// that, and a compiler that writes debug information looks at all of it.
pub(crate) trait BuildAsync<F> {
    fn build(&mut self) -> F;
}

impl<F, B: FnMut() -> F> BuildAsync<F> for B {
    fn build(&mut self) -> F {
        self()
    }
}

/// Waits for a payload or builds it: none was published a moment ago, or `purpose` wants a new one. No adjuster is applied
/// to `build` here.
pub(crate) async fn get_slow<F: Future<Output = Result<AnyPayload, BoxError>>>(
    cell: &RawCell,
    purpose: Purpose,
    mut build: impl BuildAsync<F>,
) -> Result<Lease, Error> {
    let mut caller = Caller::new(cell, purpose, Flight::new);
    loop {
        match caller.next_step().await? {
            Step::Take(lease) => return Ok(lease),
            Step::Initialize(flight) => {
                // Boxed: most callers wait, and their futures need no room for it.
                let outcome = Box::pin(initialize(caller.begin(flight), &mut build)).await?;
                if let Some(lease) = outcome.into_lease()? {
                    return Ok(lease);
                }
                caller.start_over()?;
            }
        }
    }
}

/// A call of a task that waits for a payload or for its turn to build one.
pub(crate) struct Caller<'a> {
    cell: &'a RawCell,
    purpose: Purpose,
    accepts: Accepts,
    /// Creates the flight, if this call begins one.
    new_flight: fn(u64) -> Flight,
    budget: WaitBudget,
    _waiting: Option<Waiting>,
}

/// What ends the wait of a call.
pub(crate) enum Step {
    Take(Lease),
    /// The caller is to run the factory.
    Initialize(Arc<Flight>),
}

impl<'a> Caller<'a> {
    pub(crate) fn new(cell: &'a RawCell, purpose: Purpose, new_flight: fn(u64) -> Flight) -> Self {
        let (accepts, budget) = (purpose.accepts(cell), WaitBudget::new(cell, purpose));
        Self { cell, purpose, accepts, new_flight, budget, _waiting: Waiting::start() }
    }

    /// Waits for a payload, or for this call's turn to build one.
    pub(crate) async fn next_step(&mut self) -> Result<Step, Error> {
        let Self { cell, purpose, accepts, new_flight, .. } = *self;
        loop {
            cell.end_if_due();
            match cell.decide(accepts, frames::Caller::Task, new_flight)? {
                Decision::Take(lease) => return Ok(Step::Take(lease)),
                Decision::Initialize(flight) => return Ok(Step::Initialize(flight)),
                Decision::Wait(flight, _blocked) => {
                    let outcome = flight.wait_async(self.budget.deadline(), purpose.role(cell)).await;
                    let outcome = outcome.map_err(|why| cell.reject(&why, &self.budget))?;
                    if accepts.answers(&flight) {
                        if let Some(lease) = outcome.into_lease()? {
                            return Ok(Step::Take(lease));
                        }
                    }
                }
            }
        }
    }

    /// Begins a flight of which this call is the initializer.
    pub(crate) fn begin(&self, flight: Arc<Flight>) -> Initializer<'a> {
        let parent = if flight.is_detached() {
            Parent::Nobody { cause: Span::current(self.cell.name()) }
        } else {
            Parent::Current
        };
        Initializer::begin(self.cell, flight, frames::Caller::Task, self.purpose, &parent)
    }

    /// Checks that a call whose own flight was superseded may start over.
    pub(crate) fn start_over(&mut self) -> Result<(), Error> {
        self.budget.start_over(self.cell, self.purpose)
    }
}

/// Runs the factory as a flight. If this future is dropped before the factory has returned, the flight is cancelled.
pub(crate) async fn initialize<F: Future<Output = Result<AnyPayload, BoxError>>>(
    mut initializer: Initializer<'_>,
    build: &mut impl BuildAsync<F>,
) -> Result<Outcome, Error> {
    let returned = FramedFuture { build, future: pin!(None), initializer: &mut initializer }.await;
    let outcome = initializer.finish_async(returned).await;
    initializer.end(outcome)
}

/// The same for a flight that nobody waits for. Its failure, or its panic, was reported to whom it may concern.
pub(crate) async fn refresh<F: Future<Output = Result<AnyPayload, BoxError>>>(
    mut initializer: Initializer<'_>,
    build: &mut impl BuildAsync<F>,
) {
    let returned = FramedFuture { build, future: pin!(None), initializer: &mut initializer }.await;
    match initializer.finish_async(returned).await {
        Ok(outcome) => catch_user_panic(initializer.name(), || drop(outcome)),
        Err(panic) => drop(Panic::caught(panic)),
    }
}

/// A factory's future, which is created, polled and dropped inside the factory's frame, once for each attempt.
struct FramedFuture<'a, 'c, F, B> {
    build: &'a mut B,
    /// `None` before the first poll of an attempt, because creating the future may panic too, and once it is over.
    future: Pin<&'a mut Option<F>>,
    initializer: &'a mut Initializer<'c>,
}

impl<F: Future<Output = Result<AnyPayload, BoxError>>, B: BuildAsync<F>> Future
    for FramedFuture<'_, '_, F, B>
{
    type Output = Returned;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Returned> {
        let Self { build, future, initializer } = &mut *self;
        initializer.poll(cx, &mut |cx| {
            if future.is_none() {
                future.set(Some(build.build()));
            }
            let polled = future.as_mut().as_pin_mut().map_or(Poll::Pending, |future| future.poll(cx));
            if polled.is_ready() {
                future.set(None);
            }
            polled
        })
    }
}

impl<F, B> Drop for FramedFuture<'_, '_, F, B> {
    fn drop(&mut self) {
        let _entered = self.initializer.enter();
        self.future.set(None);
    }
}
