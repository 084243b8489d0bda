//! Getting a payload in a task: what `obtain` does in a thread, with the same turns, flights and landings.

use crate::cell::get::{Patience, Turn};
use crate::cell::initializer::{Built, Flying};
use crate::cell::raw_cell::Machine;
use crate::error::{BoxError, Error};
use crate::flight::frames::Waiting;
use crate::flight::single_flight::{Flight, Outcome, Place};
use crate::payload::lease::{Lease, Parcel};
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};

/// Gets the payload; a new one, where it is a refresh. No executor is needed, and tasks of several may meet at one
/// cell. `build` is the adjusted factory.
pub(crate) async fn obtain<F: Future<Output = Result<Parcel, BoxError>>>(
    machine: &Machine,
    refresh: bool,
    mut build: impl FnMut() -> F,
) -> Result<Lease, Error> {
    let _waiting = Waiting::start();
    let mut patience = Patience::new(machine.setup.wait_timeout);
    loop {
        let outcome = match machine.turn(refresh, Flight::new)? {
            Turn::Take(lease) => return Ok(lease),
            Turn::Wait(flight, _blocked) => wait(machine, &flight, &mut patience, waiter(machine)).await?,
            Turn::Fly(flight) => fly(Flying::begin(machine, flight), &mut build).await?,
        };
        match outcome {
            Outcome::Ready(lease) => return Ok(lease),
            Outcome::Failed(error) => return Err(error),
            Outcome::Superseded => {}
        }
    }
}

pub(crate) fn waiter(machine: &Machine) -> Place {
    Place::Waiter { limit: machine.setup.max_waiters }
}

pub(crate) async fn wait(
    machine: &Machine,
    flight: &Arc<Flight>,
    patience: &mut Patience,
    place: Place,
) -> Result<Outcome, Error> {
    let outcome = flight.wait_async(patience.begin(), place).await;
    outcome.map_err(|why| machine.reject(&why, patience))
}

/// Runs the factory as a flight. Dropped on the way, it cancels the flight.
pub(crate) async fn fly<F: Future<Output = Result<Parcel, BoxError>>>(
    mut flying: Flying<'_>,
    build: impl FnOnce() -> F,
) -> Result<Outcome, Error> {
    let made = {
        // Made inside: to make the future may panic like to run it.
        let future = pin!(Some(async { build().await }));
        let mut run = Run { future, flying: &flying };
        poll_fn(|cx| run.poll(cx)).await
    };
    let mut landing = flying.land(made);
    if let Some(leftover) = landing.leftover.take() {
        flying.disposed(flying.machine().settle_async(leftover).await);
    }
    drop(flying);
    landing.outcome()
}

/// A factory's future, which is in the factory's frame whenever it does anything: also where it is dropped.
struct Run<'a, F> {
    /// `None` only inside `drop`.
    future: Pin<&'a mut Option<F>>,
    flying: &'a Flying<'a>,
}

impl<F: Future<Output = Result<Parcel, BoxError>>> Run<'_, F> {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Built> {
        let future = self.future.as_mut().as_pin_mut();
        self.flying.poll(|| future.map_or(Poll::Pending, |future| future.poll(cx)))
    }
}

impl<F> Drop for Run<'_, F> {
    fn drop(&mut self) {
        let _entered = self.flying.enter();
        self.future.set(None);
    }
}
