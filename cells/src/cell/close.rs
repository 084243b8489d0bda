//! Letting go of a payload: closing, failures recorded from outside, and the end of a cell.
//!
//! Each operation has one critical section, in [`control`](crate::cell::control): it unpublishes the payload and
//! supersedes the flight. The rest happens after unlocking: [`Closing`] disposes the payload or leaves it to its last
//! lease, and may wait for that, for payloads of earlier closes and for superseded factories.

use crate::cell::raw_cell::RawCell;
use crate::error::{BoxError, Error, LifecycleError, SharedError};
use crate::flight::frames::Caller;
use crate::flight::single_flight::Flight;
use crate::observe::notices::FailureRecorded;
use crate::observe::observer::{CloseResult, CloseStatus};
use crate::observe::observers::Observers;
use crate::payload::drain::{Retired, WaitFor};
use crate::payload::lease::AnyPayload;
use crate::sync::clock;
use crate::sync::executor::{Blocked, RuntimeBlocked};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Closing. The cell stays usable: the next call builds a new payload.
impl RawCell {
    pub(crate) fn close(&self) -> CloseResult {
        self.unpublish().settle()
    }

    pub(crate) fn close_generation(&self, generation: u64) -> CloseResult {
        self.close_if(|published| published == Some(generation)).settle()
    }

    pub(crate) fn close_and_drain(&self, until: Option<Instant>) -> CloseResult {
        self.unpublish().drain(until)
    }

    pub(crate) async fn close_async(&self) -> CloseResult {
        self.unpublish().settle_async().await
    }

    pub(crate) async fn close_generation_async(&self, generation: u64) -> CloseResult {
        self.close_if(|published| published == Some(generation)).settle_async().await
    }

    pub(crate) async fn close_and_drain_async(&self, until: Option<Instant>) -> CloseResult {
        self.unpublish().drain_async(until).await
    }

    /// Unpublishes the payload and supersedes the flight; the caller disposes what was unpublished.
    pub(crate) fn unpublish(&self) -> Closing<'_> {
        self.close_if(|_| true)
    }

    pub(crate) fn close_if(&self, wanted: impl FnOnce(Option<u64>) -> bool) -> Closing<'_> {
        let observers = self.observers();
        let started = clock::now();
        let (superseded, after) = self.control.close_if(wanted, &observers);
        let retired = after.finish(self.name());
        Closing { cell: self, observers, started, retired, superseded }
    }

    /// Settles the flight under way; its callers start over. A published payload stays.
    pub(crate) fn supersede(&self) {
        let _ = self.control.supersede().finish(self.name());
    }

    /// Supersedes the flight under way, which is returned, and prevents any later one. A published payload stays
    /// available until the cell is closed.
    pub(crate) fn shut_down(&self) -> Option<Arc<Flight>> {
        let (flight, after) = self.control.shut_down(self.name());
        let _ = after.finish(self.name());
        flight
    }

    pub(crate) fn record_failure(&self, error: BoxError, ttl: Duration) {
        if ttl.is_zero() {
            return;
        }
        let (cell, cause) = (self.name(), SharedError::new(error));
        let for_callers =
            Error::Lifecycle(LifecycleError::Cooldown { cell, source: cause.clone(), retry_after: ttl });
        let observers = self.observers();
        let recorded = self.control.record_failure(cause.clone(), ttl, for_callers, &observers);
        let Some(after) = recorded else { return };
        let retired = after.finish(cell);
        let generation = retired.as_ref().map(Retired::generation);
        observers.failure_recorded(&FailureRecorded { cell, generation, error: cause, ttl });
        if let Some(retired) = retired {
            let _ = retired.close(WaitFor::Nobody);
        }
    }
}

/// Disposes the payload, as a close would.
impl Drop for RawCell {
    fn drop(&mut self) {
        if self.is_ready() {
            let _ = self.close();
        }
    }
}

/// A close that has changed the cell and has yet to dispose and report.
#[must_use]
pub(crate) struct Closing<'a> {
    cell: &'a RawCell,
    observers: Observers,
    started: Instant,
    retired: Option<Retired>,
    /// Kept alive for the result: the control block remembers a superseded flight only weakly.
    superseded: Option<Arc<Flight>>,
}

impl Closing<'_> {
    /// Disposes the payload, or leaves it to its last lease.
    pub(crate) fn settle(mut self) -> CloseResult {
        match self.retired.take() {
            Some(retired) => retired.close(WaitFor::Nobody),
            None => self.without_payload(),
        }
    }

    /// The payload, not disposed, if there is one and no lease on it is out. Otherwise it is left to its last lease, and
    /// the result says so.
    pub(crate) fn into_payload(mut self) -> Result<Option<AnyPayload>, CloseResult> {
        let Some(retired) = self.retired.take() else { return Ok(None) };
        retired.into_payload().map(Some)
    }

    /// As [`settle`](Self::settle), but waits for leases, for payloads of earlier closes and for superseded factories,
    /// except for a factory that waits for this very call. The only thread of a tokio runtime does not wait for
    /// asynchronous factories: they may need that runtime.
    fn drain(mut self, until: Option<Instant>) -> CloseResult {
        // Read after this close retired its payload, so the list has that one and all earlier ones.
        let draining = self.cell.control.drains();
        let own = match self.retired.take() {
            Some(retired) => retired.close(WaitFor::Leases { until }),
            None => self.without_payload(),
        };
        let result = draining.iter().map(|drain| drain.wait(until)).fold(own, CloseResult::graver);
        let blocks = self.cell.is_asynchronous() && Blocked::by_this_thread().is_any();
        let until = if blocks { Some(clock::now()) } else { until };
        let (flights, mut over) = (self.cell.control.superseded(), true);
        for flight in &flights {
            over &= Caller::Thread.holds_up(flight.id()) || flight.wait_for_end(until);
        }
        let result = self.drained(result, &flights, over);
        if over || !blocks {
            return result;
        }
        let error = result.error.unwrap_or_else(|| SharedError::new(RuntimeBlocked::IN_A_CLOSE));
        CloseResult { error: Some(error), ..result }
    }

    /// [`settle`](Self::settle) in a task.
    pub(crate) async fn settle_async(mut self) -> CloseResult {
        match self.retired.take() {
            Some(retired) => retired.close_async(WaitFor::Nobody).await,
            None => self.without_payload(),
        }
    }

    /// [`drain`](Self::drain) in a task.
    async fn drain_async(mut self, until: Option<Instant>) -> CloseResult {
        let draining = self.cell.control.drains();
        let mut result = match self.retired.take() {
            Some(retired) => retired.close_async(WaitFor::Leases { until }).await,
            None => self.without_payload(),
        };
        for drain in draining {
            result = result.graver(drain.wait_async(until).await);
        }
        let (flights, mut over) = (self.cell.control.superseded(), true);
        for flight in &flights {
            over &= Caller::Task.holds_up(flight.id()) || flight.wait_for_end_async(until).await;
        }
        self.drained(result, &flights, over)
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
            self.cell.name(),
            status,
            clock::now().saturating_duration_since(self.started),
        );
        self.observers.close_end(&result, self.cell.payload_type());
        result
    }
}
