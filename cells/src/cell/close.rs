//! Letting go of a payload: closing, and failures recorded from outside.

use crate::cell::control::Failure;
use crate::cell::raw_cell::RawCell;
use crate::error::{BoxError, Error, LifecycleError, SharedError};
use crate::flight::frames;
use crate::flight::single_flight::{Flight, Outcome, Settled};
use crate::observe::log;
use crate::observe::observer::{CloseResult, CloseStatus};
use crate::observe::observers::{Observers, catch_user_panic};
use crate::payload::drain::{Limit, Retired};
use crate::sync::clock::{self, deadline};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Closing. The cell stays usable: the next call builds a new payload.
impl RawCell {
    pub(crate) fn close(&self) -> CloseResult {
        self.close_if(|_| true).settle()
    }

    pub(crate) fn close_generation(&self, generation: u64) -> CloseResult {
        self.close_if(|published| published == Some(generation)).settle()
    }

    pub(crate) fn close_and_drain(&self, limit: Duration) -> CloseResult {
        self.drain_until(deadline(limit))
    }

    pub(crate) fn drain_until(&self, until: Option<Instant>) -> CloseResult {
        self.close_if(|_| true).drain(until)
    }

    pub(crate) async fn close_async(&self) -> CloseResult {
        self.close_if(|_| true).settle_async().await
    }

    pub(crate) async fn close_and_drain_async(&self, limit: Duration) -> CloseResult {
        self.drain_until_async(deadline(limit)).await
    }

    pub(crate) async fn drain_until_async(&self, until: Option<Instant>) -> CloseResult {
        self.close_if(|_| true).drain_async(until).await
    }

    /// Unpublishes and supersedes, and leaves the disposal to the caller.
    pub(crate) fn close_if(&self, wanted: impl FnOnce(Option<u64>) -> bool) -> Closing<'_> {
        let observers = self.observers();
        let started = clock::now();
        let mut closing = Closing { raw: self, observers, started, retired: None, superseded: None };
        let mut control = self.control.lock();
        if !wanted(self.generation()) {
            return closing;
        }
        closing.superseded.clone_from(&control.flight);
        let settled = control.supersede(|| Outcome::Superseded);
        let cleared = control.failure.take();
        let landed = control.landed.as_deref();
        closing.retired = self
            .leases
            .retire(|generation, calls| self.disposal(&closing.observers, landed, generation, calls));
        drop(control);
        self.discard(cleared);
        Settled::wake_any(settled);
        closing
    }

    /// Sends the flight under way off the record: its callers start over. A published payload stays.
    pub(crate) fn supersede(&self) {
        let settled = self.control.lock().supersede(|| Outcome::Superseded);
        Settled::wake_any(settled);
    }

    /// Lets no flight begin any more, and supersedes the one under way. A published payload still serves until
    /// the cell is closed, and the flight is known for as long as the caller keeps it.
    pub(crate) fn shut_down(&self) -> Option<Arc<Flight>> {
        let mut control = self.control.lock();
        control.shut_down = true;
        let flight = control.flight.clone();
        let settled = control.supersede(|| Outcome::Superseded);
        drop(control);
        Settled::wake_any(settled);
        flight
    }

    /// Logs that a payload is still draining; its end has an event of its own.
    fn told(&self, result: CloseResult) -> CloseResult {
        if result.status == CloseStatus::Draining {
            catch_user_panic(self.name(), || log::close_end(&result, self.leases.payload_type()));
        }
        result
    }

    /// Lets go of a retired payload.
    pub(crate) fn settle(&self, retired: Retired) -> CloseResult {
        self.told(retired.close(Limit::No))
    }

    /// The same in a task.
    pub(crate) async fn settle_async(&self, retired: Retired) -> CloseResult {
        self.told(retired.close_async(Limit::No).await)
    }

    pub(crate) fn record_failure(&self, error: BoxError, ttl: Duration) {
        if ttl.is_zero() {
            return;
        }
        let cause = SharedError::new(error);
        let observers = self.observers();
        let failure = Failure::new(cause.clone(), ttl);
        let mut control = self.control.lock();
        if control.shut_down {
            return;
        }
        let settled = control.supersede(|| {
            let (cell, source) = (self.name(), cause.clone());
            Outcome::Failed(Error::Lifecycle(LifecycleError::Cooldown { cell, source, retry_after: ttl }))
        });
        let replaced = control.failure.replace(failure);
        let landed = control.landed.as_deref();
        let retired =
            self.leases.retire(|generation, calls| self.disposal(&observers, landed, generation, calls));
        drop(control);
        self.discard(replaced);
        Settled::wake_any(settled);
        catch_user_panic(self.name(), || log::failure_recorded(self.name(), &cause, ttl));
        if let Some(retired) = retired {
            let _ = self.settle(retired);
        }
    }
}

/// A close that has changed the cell and has yet to do the rest.
#[must_use]
pub(crate) struct Closing<'a> {
    raw: &'a RawCell,
    observers: Observers,
    started: Instant,
    retired: Option<Retired>,
    /// Kept, so that what became of it can be told at the end.
    superseded: Option<Arc<Flight>>,
}

impl Closing<'_> {
    /// Disposes the payload, or leaves it to its last lease.
    pub(crate) fn settle(mut self) -> CloseResult {
        match self.retired.take() {
            Some(retired) => self.raw.settle(retired),
            None => self.without_payload(),
        }
    }

    /// The same, and waits: for leases, for payloads of earlier closes, for superseded factories.
    fn drain(mut self, until: Option<Instant>) -> CloseResult {
        // After the close: what anybody retired before it is among them, and so is its own.
        let draining = self.raw.leases.drains();
        let own = match self.retired.take() {
            Some(retired) => self.raw.told(retired.close(Limit::Until(until))),
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
            Some(retired) => self.raw.settle_async(retired).await,
            None => self.without_payload(),
        }
    }

    /// [`drain`](Self::drain) in a task.
    async fn drain_async(mut self, until: Option<Instant>) -> CloseResult {
        let draining = self.raw.leases.drains();
        let mut result = match self.retired.take() {
            Some(retired) => self.raw.told(retired.close_async(Limit::Until(until)).await),
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
    fn superseded_flights(&self) -> Vec<Arc<Flight>> {
        if frames::chain_to(self.raw.id()).is_some() {
            return Vec::new();
        }
        self.raw.control.lock().superseded()
    }

    fn drained(&self, result: CloseResult, flights: &[Arc<Flight>], over: bool) -> CloseResult {
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
            self.raw.name(),
            status,
            clock::now().saturating_duration_since(self.started),
        );
        self.observers.close_end(&result, self.raw.leases.payload_type());
        result
    }
}
