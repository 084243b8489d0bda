//! Letting go of a payload: closing, and failures recorded from outside.

use crate::building;
use crate::cell::RuntimeCell;
use crate::clock::{self, deadline};
use crate::control::Failure;
use crate::dispose::BoxFuture;
use crate::drain::Limit;
use crate::error::{BoxError, Error, LifecycleError, SharedError};
use crate::flight::{Flight, Outcome};
use crate::lease::Retired;
use crate::log;
use crate::observe::{CloseResult, CloseStatus};
use crate::wait::Wakers;
use crate::watchers::{Watchers, guarded};
use std::any::type_name;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Closing. The cell stays usable: the next call builds a new payload.
impl<T: Send + Sync + 'static> RuntimeCell<T> {
    /// Retires the payload: from now on nobody new gets it.
    ///
    /// If no lease is out the disposer runs here, and the result says how that went. Otherwise the result is
    /// [`CloseStatus::Draining`], and whoever drops the last lease runs the disposer there. A flight under way is
    /// superseded: what it makes is disposed, and its callers start over. Without payload and flight it is a
    /// [`CloseStatus::Noop`] that clears the last error and any cooldown.
    ///
    /// It never unwinds: the disposer's error or panic is in the result.
    pub fn close(&self) -> CloseResult {
        self.close_if(|_| true).settle()
    }

    /// Closes if `generation` is the published one; else leaves the cell as it is and says
    /// [`CloseStatus::Noop`].
    ///
    /// So a caller that found a payload broken never closes the fresh one that another caller has built since.
    pub fn close_generation(&self, generation: u64) -> CloseResult {
        self.close_if(|published| published == Some(generation)).settle()
    }

    /// Closes and waits up to `limit` until nobody uses a payload of this cell any more and no superseded factory
    /// runs; the disposer runs here.
    ///
    /// That covers payloads of earlier closes which are still draining. After `limit` the result is
    /// [`CloseStatus::Draining`], and whoever drops the last lease disposes.
    ///
    /// A thread that holds a lease on the payload itself waits in vain.
    pub fn close_and_drain(&self, limit: Duration) -> CloseResult {
        self.drain_until(deadline(limit))
    }

    pub(crate) fn drain_until(&self, until: Option<Instant>) -> CloseResult {
        self.close_if(|_| true).drain(until)
    }

    /// [`close`](Self::close) in a task, where the disposer may be asynchronous and is run to its end.
    ///
    /// If the future is dropped while the disposer runs, the payload is dropped plainly, and the event says so.
    pub async fn close_async(&self) -> CloseResult {
        self.close_if(|_| true).settle_async().await
    }

    /// [`close_and_drain`](Self::close_and_drain) in a task, where the disposer may be asynchronous and is run to
    /// its end.
    pub async fn close_and_drain_async(&self, limit: Duration) -> CloseResult {
        self.drain_until_async(deadline(limit)).await
    }

    pub(crate) async fn drain_until_async(&self, until: Option<Instant>) -> CloseResult {
        self.close_if(|_| true).drain_async(until).await
    }

    /// Closes, for those who do not care how that went.
    pub fn invalidate(&self) {
        let _ = self.close();
    }

    /// Unpublishes and supersedes, and leaves the disposal to the caller.
    pub(crate) fn close_if(&self, wanted: impl FnOnce(Option<u64>) -> bool) -> Closing<'_, T> {
        let watchers = self.watchers();
        let started = clock::now();
        let mut closing = Closing { cell: self, watchers, started, retired: None, superseded: None };
        let mut control = self.control.lock();
        if !wanted(self.generation()) {
            return closing;
        }
        closing.superseded.clone_from(&control.flight);
        let wakers = control.supersede(|| Outcome::Superseded);
        let cleared = control.failure.take();
        closing.retired = self.leases.retire(self.disposal(&closing.watchers, control.landed.as_deref()));
        drop(control);
        self.discard(cleared);
        Wakers::wake_any(wakers);
        closing
    }

    /// Sends the flight under way off the record: its callers start over. A published payload stays.
    pub(crate) fn supersede(&self) {
        let wakers = self.control.lock().supersede(|| Outcome::Superseded);
        Wakers::wake_any(wakers);
    }

    /// Lets no flight begin any more, and supersedes the one under way. A published payload still serves until
    /// the cell is closed, and the flight is known for as long as the caller keeps it.
    pub(crate) fn shut_down(&self) -> Option<Arc<Flight<T>>> {
        let mut control = self.control.lock();
        control.shut_down = true;
        let flight = control.flight.clone();
        let wakers = control.supersede(|| Outcome::Superseded);
        drop(control);
        Wakers::wake_any(wakers);
        flight
    }

    /// Logs that a payload is still draining; its end has an event of its own.
    fn told(&self, result: CloseResult) -> CloseResult {
        if result.status == CloseStatus::Draining {
            guarded(self.name, || log::close_end(&result, type_name::<T>()));
        }
        result
    }

    /// Lets go of a retired payload.
    pub(crate) fn settle(&self, retired: Retired<T>) -> CloseResult {
        self.told(retired.close(Limit::No))
    }

    /// The same in a task.
    pub(crate) async fn settle_async(&self, retired: Retired<T>) -> CloseResult {
        self.told(retired.close_async(Limit::No).await)
    }

    /// Records that what this cell holds does not work: it cools down for `ttl` with this error.
    ///
    /// A published payload is retired, and disposed when its last lease is gone. A flight under way is superseded:
    /// its callers get this error, and its success does not end the cooldown. The last record counts. With a zero
    /// `ttl` it does nothing.
    pub fn record_failure(&self, error: impl Into<BoxError>, ttl: Duration) {
        if ttl.is_zero() {
            return;
        }
        let cause = SharedError::new(error);
        let watchers = self.watchers();
        let failure = Failure::new(cause.clone(), ttl);
        let mut control = self.control.lock();
        if control.shut_down {
            return;
        }
        let wakers = control.supersede(|| {
            let (cell, source) = (self.name, cause.clone());
            Outcome::Failed(Error::Lifecycle(LifecycleError::Cooldown { cell, source, retry_after: ttl }))
        });
        let replaced = control.failure.replace(failure);
        let retired = self.leases.retire(self.disposal(&watchers, control.landed.as_deref()));
        drop(control);
        self.discard(replaced);
        Wakers::wake_any(wakers);
        guarded(self.name, || log::failure_recorded(self.name, &cause, ttl));
        if let Some(retired) = retired {
            let _ = self.settle(retired);
        }
    }
}

/// A close that has changed the cell and has yet to do the rest.
#[must_use]
pub(crate) struct Closing<'a, T: Send + Sync + 'static> {
    cell: &'a RuntimeCell<T>,
    watchers: Watchers,
    started: Instant,
    retired: Option<Retired<T>>,
    /// Kept, so that what became of it can be told at the end.
    superseded: Option<Arc<Flight<T>>>,
}

/// A [`Closing`] of a declared cell, whatever it holds.
pub trait Settle: Send {
    /// Disposes the payload, or leaves it to its last lease.
    fn settle(self: Box<Self>) -> CloseResult;
    /// The same in a task.
    fn settle_async(self: Box<Self>) -> BoxFuture<'static, CloseResult>;
}

impl<T: Send + Sync + 'static> Settle for Closing<'static, T> {
    fn settle(self: Box<Self>) -> CloseResult {
        Closing::settle(*self)
    }

    fn settle_async(self: Box<Self>) -> BoxFuture<'static, CloseResult> {
        Box::pin(Closing::settle_async(*self))
    }
}

impl<T: Send + Sync + 'static> Closing<'_, T> {
    /// Disposes the payload, or leaves it to its last lease.
    pub(crate) fn settle(mut self) -> CloseResult {
        match self.retired.take() {
            Some(retired) => self.cell.settle(retired),
            None => self.without_payload(),
        }
    }

    /// The same, and waits: for leases, for payloads of earlier closes, for superseded factories.
    fn drain(mut self, until: Option<Instant>) -> CloseResult {
        // After the close: what anybody retired before it is among them, and so is its own.
        let draining = self.cell.leases.drains();
        let own = match self.retired.take() {
            Some(retired) => self.cell.told(retired.close(Limit::Until(until))),
            None => self.without_payload(),
        };
        let result = draining.iter().map(|drain| drain.wait(until)).fold(own, CloseResult::graver);
        let flights = self.superseded_flights();
        let over = flights.iter().all(|flight| flight.wait_for_end(until));
        self.drained(result, &flights, over)
    }

    /// [`settle`](Self::settle) in a task.
    pub(crate) async fn settle_async(mut self) -> CloseResult {
        match self.retired.take() {
            Some(retired) => self.cell.settle_async(retired).await,
            None => self.without_payload(),
        }
    }

    /// [`drain`](Self::drain) in a task.
    async fn drain_async(mut self, until: Option<Instant>) -> CloseResult {
        let draining = self.cell.leases.drains();
        let mut result = match self.retired.take() {
            Some(retired) => self.cell.told(retired.close_async(Limit::Until(until)).await),
            None => self.without_payload(),
        };
        for drain in draining {
            result = result.graver(drain.wait_async(until).await);
        }
        let (flights, mut over) = (self.superseded_flights(), true);
        for flight in &flights {
            over &= flight.wait_for_end_async(until).await;
        }
        self.drained(result, &flights, over)
    }

    /// The flights whose end is to be waited for. Inside a superseded factory of this very cell there is none.
    fn superseded_flights(&self) -> Vec<Arc<Flight<T>>> {
        if building::chain_to(self.cell.id()).is_some() {
            return Vec::new();
        }
        self.cell.control.lock().superseded()
    }

    fn drained(&self, result: CloseResult, flights: &[Arc<Flight<T>>], over: bool) -> CloseResult {
        let failed = flights.iter().filter_map(|flight| flight.failed_disposal());
        let mut result = failed.fold(result, CloseResult::graver);
        if !over {
            result.status = CloseStatus::Draining;
        }
        result.duration = clock::now().saturating_duration_since(self.started);
        result
    }

    fn without_payload(&self) -> CloseResult {
        let status = if self.superseded.is_some() { CloseStatus::Superseded } else { CloseStatus::Noop };
        let result = CloseResult::without_payload(
            self.cell.name,
            status,
            clock::now().saturating_duration_since(self.started),
        );
        self.watchers.close_end(&result, type_name::<T>());
        result
    }
}
