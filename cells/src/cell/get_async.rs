//! Getting a payload in a task: what [`get`](crate::cell::get) does in a thread, with the same decisions and flights. It
//! needs no executor, and tasks of different executors may share a cell.
//!
//! A caller that is dropped while it waits leaves the flight's queue. An initializer that is dropped cancels its flight.

use crate::cell::control::Decision;
use crate::cell::initializer::{Initializer, Returned};
use crate::cell::raw_cell::RawCell;
use crate::cell::wait_budget::WaitBudget;
use crate::error::{BoxError, Error};
use crate::flight::frames::Waiting;
use crate::flight::single_flight::{Flight, Outcome, Role};
use crate::payload::lease::{AnyPayload, Lease};
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};

/// Waits for a payload or builds it, since none was published a moment ago; with `refresh`, gets a new one even if one
/// is published. No adjuster is applied to `build` here.
pub(crate) async fn get_slow<F: Future<Output = Result<AnyPayload, BoxError>>>(
    cell: &RawCell,
    refresh: bool,
    mut build: impl FnMut() -> F,
) -> Result<Lease, Error> {
    let mut caller = Caller::new(cell, refresh, Flight::new);
    loop {
        let outcome = match caller.next_step().await? {
            Step::Take(lease) => return Ok(lease),
            Step::Initialize(flight) => initialize(Initializer::begin(cell, flight), &mut build).await?,
        };
        if let Some(lease) = outcome.into_lease()? {
            return Ok(lease);
        }
    }
}

/// A call of a task that waits for a payload or for its turn to build one.
pub(crate) struct Caller<'a> {
    cell: &'a RawCell,
    refresh: bool,
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
    pub(crate) fn new(cell: &'a RawCell, refresh: bool, new_flight: fn(u64) -> Flight) -> Self {
        let budget = WaitBudget::new(cell.config.limits.wait_timeout);
        Self { cell, refresh, new_flight, budget, _waiting: Waiting::start() }
    }

    /// Waits for a payload, or for this call's turn to build one.
    pub(crate) async fn next_step(&mut self) -> Result<Step, Error> {
        let max_waiters = self.cell.config.limits.max_waiters;
        loop {
            match self.cell.control.decide(&self.cell.config, self.refresh, self.new_flight)? {
                Decision::Take(lease) => return Ok(Step::Take(lease)),
                Decision::Initialize(flight) => return Ok(Step::Initialize(flight)),
                Decision::Wait(flight, _blocked) => {
                    let outcome = self.wait(&flight, Role::Waiter { max_waiters }).await?;
                    if let Some(lease) = outcome.into_lease()? {
                        return Ok(Step::Take(lease));
                    }
                }
            }
        }
    }

    pub(crate) async fn wait(&mut self, flight: &Flight, role: Role) -> Result<Outcome, Error> {
        let outcome = flight.wait_async(self.budget.deadline(), role).await;
        outcome.map_err(|why| self.cell.reject(&why, &self.budget))
    }
}

/// Runs the factory as a flight. If this future is dropped before the factory has returned, the flight is cancelled.
pub(crate) async fn initialize<F: Future<Output = Result<AnyPayload, BoxError>>>(
    mut initializer: Initializer<'_>,
    build: impl FnOnce() -> F,
) -> Result<Outcome, Error> {
    let returned = {
        // The factory is called at the first poll, inside the frame: creating its future may panic too.
        let future = pin!(Some(async { build().await }));
        let mut run = FramedFuture { future, initializer: &initializer };
        poll_fn(|cx| run.poll(cx)).await
    };
    let outcome = initializer.finish_async(returned).await;
    initializer.end(outcome)
}

/// A factory's future, which is polled and dropped inside the factory's frame.
struct FramedFuture<'a, F> {
    /// `None` only inside `drop`.
    future: Pin<&'a mut Option<F>>,
    initializer: &'a Initializer<'a>,
}

impl<F: Future<Output = Result<AnyPayload, BoxError>>> FramedFuture<'_, F> {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Returned> {
        let future = self.future.as_mut().as_pin_mut();
        self.initializer.poll(|| future.map_or(Poll::Pending, |future| future.poll(cx)))
    }
}

impl<F> Drop for FramedFuture<'_, F> {
    fn drop(&mut self) {
        let _entered = self.initializer.enter();
        self.future.set(None);
    }
}
