//! Getting a payload in a task: what `obtain` does in a thread, with the same turns, flights and landings.

use crate::cell::get::{Decision, WaitBudget};
use crate::cell::initializer::{Built, Initializer};
use crate::cell::raw_cell::RawCell;
use crate::error::{BoxError, Error};
use crate::flight::frames::Waiting;
use crate::flight::single_flight::{Flight, Outcome, Place};
use crate::payload::lease::{AnyPayload, Lease};
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};

/// Gets the payload; a new one, where it is a refresh. No executor is needed, and tasks of several may meet at one
/// cell. `build` is the adjusted factory.
pub(crate) async fn obtain<F: Future<Output = Result<AnyPayload, BoxError>>>(
    raw: &RawCell,
    refresh: bool,
    mut build: impl FnMut() -> F,
) -> Result<Lease, Error> {
    let _waiting = Waiting::start();
    let mut budget = WaitBudget::new(raw.config.wait_timeout);
    loop {
        let outcome = match raw.turn(refresh, Flight::new)? {
            Decision::Take(lease) => return Ok(lease),
            Decision::Wait(flight, _blocked) => wait(raw, &flight, &mut budget, waiter(raw)).await?,
            Decision::Fly(flight) => fly(Initializer::begin(raw, flight), &mut build).await?,
        };
        match outcome {
            Outcome::Ready(lease) => return Ok(lease),
            Outcome::Failed(error) => return Err(error),
            Outcome::Superseded => {}
        }
    }
}

pub(crate) fn waiter(raw: &RawCell) -> Place {
    Place::Waiter { limit: raw.config.max_waiters }
}

pub(crate) async fn wait(
    raw: &RawCell,
    flight: &Arc<Flight>,
    budget: &mut WaitBudget,
    place: Place,
) -> Result<Outcome, Error> {
    let outcome = flight.wait_async(budget.begin(), place).await;
    outcome.map_err(|why| raw.reject(&why, budget))
}

/// Runs the factory as a flight. Dropped on the way, it cancels the flight.
pub(crate) async fn fly<F: Future<Output = Result<AnyPayload, BoxError>>>(
    mut initializer: Initializer<'_>,
    build: impl FnOnce() -> F,
) -> Result<Outcome, Error> {
    let made = {
        // Made inside: to make the future may panic like to run it.
        let future = pin!(Some(async { build().await }));
        let mut run = FramedFuture { future, initializer: &initializer };
        poll_fn(|cx| run.poll(cx)).await
    };
    let mut landing = initializer.land(made);
    if let Some(leftover) = landing.leftover.take() {
        initializer.disposed(initializer.raw().settle_async(leftover).await);
    }
    drop(initializer);
    landing.outcome()
}

/// A factory's future, which is in the factory's frame whenever it does anything: also where it is dropped.
struct FramedFuture<'a, F> {
    /// `None` only inside `drop`.
    future: Pin<&'a mut Option<F>>,
    initializer: &'a Initializer<'a>,
}

impl<F: Future<Output = Result<AnyPayload, BoxError>>> FramedFuture<'_, F> {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Built> {
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
