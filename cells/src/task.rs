//! Getting a payload in a task: what `obtain` does in a thread, with the same turns, flights and landings.

use crate::building::Waiting;
use crate::cell::RuntimeCell;
use crate::error::{BoxError, Error};
use crate::flight::{Flight, Outcome, Place};
use crate::fly::{Built, Flying};
use crate::lease::Ref;
use crate::obtain::{Patience, Turn};
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};

/// Getting a payload in a task. No executor is needed, and tasks of several may meet at one cell.
impl<T: Send + Sync + 'static> RuntimeCell<T> {
    /// [`get_or_initialize`](Self::get_or_initialize) with an asynchronous factory; where it waits, it waits as a task.
    ///
    /// On a ready cell the future is ready at its first poll, and allocates nothing, except that a thread's first
    /// read of a cell may make or enlarge the thread's table of counters. If the future that runs the factory is
    /// dropped, its flight is cancelled ([`InitStatus::Cancelled`](crate::InitStatus::Cancelled)), and one of those
    /// who wait for it begins the next one.
    ///
    /// # Errors
    /// As [`get_or_initialize`](Self::get_or_initialize).
    ///
    /// # Panics
    /// With the factory's own panic, in the task that ran it.
    pub async fn get_or_initialize_async<E: Into<BoxError>, F: Future<Output = Result<T, E>>>(
        &self,
        mut factory: impl FnMut() -> F,
    ) -> Result<Ref<'_, T>, Error> {
        if let Some(lease) = self.leases.lease() {
            return Ok(lease);
        }
        self.obtain_async(false, || into_boxed(factory())).await
    }

    /// [`refresh`](Self::refresh) with an asynchronous factory.
    ///
    /// # Errors
    /// As [`get_or_initialize`](Self::get_or_initialize).
    ///
    /// # Panics
    /// With the factory's own panic, in the task that ran it.
    pub async fn refresh_async<E: Into<BoxError>, F: Future<Output = Result<T, E>>>(
        &self,
        mut factory: impl FnMut() -> F,
    ) -> Result<Ref<'_, T>, Error> {
        self.obtain_async(true, || into_boxed(factory())).await
    }

    pub(crate) async fn obtain_async<F: Future<Output = Result<T, BoxError>>>(
        &self,
        refresh: bool,
        mut factory: impl FnMut() -> F,
    ) -> Result<Ref<'static, T>, Error> {
        let _waiting = Waiting::start();
        let mut patience = Patience::new(self.wait_timeout);
        loop {
            let outcome = match self.turn(refresh, Flight::new)? {
                Turn::Take(lease) => return Ok(lease),
                Turn::Wait(flight, _blocked) => {
                    self.wait_async(&flight, &mut patience, self.waiter()).await?
                }
                Turn::Fly(flight) => self.fly_async(Flying::begin(self, flight), &mut factory).await?,
            };
            match outcome {
                Outcome::Ready(lease) => return Ok(lease),
                Outcome::Failed(error) => return Err(error),
                Outcome::Superseded => {}
            }
        }
    }

    pub(crate) fn waiter(&self) -> Place {
        Place::Waiter { limit: self.max_waiters }
    }

    pub(crate) async fn wait_async(
        &self,
        flight: &Arc<Flight<T>>,
        patience: &mut Patience,
        place: Place,
    ) -> Result<Outcome<T>, Error> {
        let outcome = flight.wait_async(patience.begin(), place).await;
        outcome.map_err(|why| self.reject(&why, patience))
    }

    /// Runs the factory as a flight. Dropped on the way, it cancels the flight.
    pub(crate) async fn fly_async<F: Future<Output = Result<T, BoxError>>>(
        &self,
        mut flying: Flying<'_, T>,
        factory: impl FnOnce() -> F,
    ) -> Result<Outcome<T>, Error> {
        let built = {
            // Made inside: to make the future may panic like to run it.
            let future = pin!(Some(async { factory().await }));
            let mut run = Run { future, flying: &flying };
            poll_fn(|cx| run.poll(cx)).await
        };
        let mut landing = flying.land(built);
        if let Some(leftover) = landing.leftover.take() {
            flying.disposed(self.settle_async(leftover).await);
        }
        drop(flying);
        landing.outcome()
    }
}

/// A factory's future, which is in the factory's frame whenever it does anything: also where it is dropped.
struct Run<'a, T: Send + Sync + 'static, F> {
    /// `None` only inside `drop`.
    future: Pin<&'a mut Option<F>>,
    flying: &'a Flying<'a, T>,
}

impl<T: Send + Sync + 'static, F: Future<Output = Result<T, BoxError>>> Run<'_, T, F> {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Built<T>> {
        let future = self.future.as_mut().as_pin_mut();
        self.flying.poll(|| future.map_or(Poll::Pending, |future| future.poll(cx)))
    }
}

impl<T: Send + Sync + 'static, F> Drop for Run<'_, T, F> {
    fn drop(&mut self) {
        let _entered = self.flying.enter();
        self.future.set(None);
    }
}

async fn into_boxed<T, E: Into<BoxError>>(
    factory: impl Future<Output = Result<T, E>>,
) -> Result<T, BoxError> {
    factory.await.map_err(Into::into)
}
