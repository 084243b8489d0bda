//! The log events, target `cells`. Without the feature `tracing` they are compiled out.
//!
//! Each function here may run a subscriber, which is code of the program: callers hold no lock of a cell and catch its
//! panic. A subscriber may use cells in turn, for example to ship what it gets. What happens to them meanwhile on this
//! thread is not logged: if they fail, the subscriber would be called again for each failure, without end.

#![cfg_attr(
    not(feature = "tracing"),
    expect(unused_variables, clippy::match_same_arms, reason = "every event is compiled out")
)]

use crate::error::{Panic, SharedError};
use crate::observe::notices::{Expired, FailureRecorded, Retrying, Seeded, Stale, WaitRejected};
use crate::observe::observer::{CloseResult, CloseStatus, InitResult, InitStatus};
#[cfg(feature = "tracing")]
use std::cell::Cell;
use std::fmt;
use std::time::Duration;

/// Emits an event of the target `cells`.
#[cfg(feature = "tracing")]
macro_rules! event {
    ($level:ident, $name:literal, $($field:tt)*) => {
        if let Some(_inside) = Inside::enter() {
            tracing::event!(name: $name, target: "cells", tracing::Level::$level, $($field)*, $name);
        }
    };
}

/// While this guard exists, the thread is inside a call of the subscriber by the library.
#[cfg(feature = "tracing")]
pub(super) struct Inside;

#[cfg(feature = "tracing")]
thread_local! {
    /// Without a destructor, so that a thread that is ending can still use it.
    static INSIDE: Cell<bool> = const { Cell::new(false) };
}

#[cfg(feature = "tracing")]
impl Inside {
    /// `None` if it is inside one already.
    pub(super) fn enter() -> Option<Self> {
        // Not `then_some`, whose argument would be dropped inside another call, and end that one.
        (!INSIDE.replace(true)).then(|| Self)
    }
}

#[cfg(feature = "tracing")]
impl Drop for Inside {
    fn drop(&mut self) {
        INSIDE.set(false);
    }
}

#[cfg(not(feature = "tracing"))]
macro_rules! event {
    ($($event:tt)*) => {
        ()
    };
}

pub(crate) fn init_end(event: &InitResult<'_>, payload_type: &str) {
    let InitResult { cell, status, generation, error, .. } = event;
    let duration_ms = millis(event.duration);
    let (own_ms, waiting_ms) = (millis(event.own), millis(event.waiting));
    match status {
        InitStatus::Ok => {
            event!(
                DEBUG,
                "runtime_cell_initialized",
                cell,
                payload_type,
                generation,
                duration_ms,
                own_ms,
                waiting_ms,
                ?status
            );
        }
        InitStatus::Superseded => {
            event!(DEBUG, "runtime_cell_superseded", cell, generation, duration_ms, own_ms, waiting_ms);
        }
        InitStatus::Cancelled => {
            event!(DEBUG, "runtime_cell_cancelled", cell, generation, duration_ms, own_ms, waiting_ms);
        }
        InitStatus::Error | InitStatus::Panicked => {
            let error = display(error.as_ref());
            event!(
                WARN,
                "runtime_cell_init_failed",
                cell,
                generation,
                duration_ms,
                own_ms,
                waiting_ms,
                ?status,
                error
            );
        }
    }
}

pub(crate) fn retrying(event: &Retrying) {
    let Retrying { cell, generation, attempt, delay, error } = event;
    let delay_ms = millis(*delay);
    event!(
        WARN,
        "runtime_cell_retrying",
        cell,
        generation,
        attempt,
        delay_ms,
        error = %format_args!("{error:#}")
    );
}

pub(crate) fn close_end(event: &CloseResult, payload_type: &str) {
    let CloseResult { cell, status, generation, close_called, error, .. } = event;
    match status {
        CloseStatus::Ok => {
            let duration_ms = millis(event.duration);
            event!(
                DEBUG,
                "runtime_cell_closed",
                cell,
                payload_type,
                generation,
                duration_ms,
                ?status,
                close_called
            );
        }
        CloseStatus::Error => {
            let error = display(error.as_ref());
            event!(WARN, "runtime_cell_dispose_failed", cell, payload_type, generation, ?status, error);
        }
        CloseStatus::Noop | CloseStatus::Superseded => {
            event!(DEBUG, "runtime_cell_close_noop", cell, ?status);
        }
        CloseStatus::Draining => event!(DEBUG, "runtime_cell_draining", cell, generation),
        CloseStatus::Disposing if error.is_some() => {
            let error = display(error.as_ref());
            event!(WARN, "runtime_cell_disposing", cell, generation, error);
        }
        CloseStatus::Disposing => event!(DEBUG, "runtime_cell_disposing", cell, generation),
    }
}

/// A disposer has run for as long as its cell allows closes to wait for it.
pub(crate) fn dispose_overdue(cell: &str, generation: Option<u64>, limit: Duration) {
    let limit_ms = millis(limit);
    event!(WARN, "runtime_cell_dispose_overdue", cell, generation, limit_ms);
}

/// A payload does not work, as its check says.
pub(crate) fn check_failed(cell: &str, error: &SharedError) {
    event!(WARN, "runtime_cell_check_failed", cell, error = %format_args!("{error:#}"));
}

pub(crate) fn failure_recorded(event: &FailureRecorded) {
    let FailureRecorded { cell, error, ttl, .. } = event;
    let ttl_ms = millis(*ttl);
    event!(WARN, "runtime_cell_failure_recorded", cell, error = %format_args!("{error:#}"), ttl_ms);
}

pub(crate) fn seeded(event: &Seeded) {
    let Seeded { cell, generation, permission } = event;
    event!(INFO, "runtime_cell_seeded", cell, generation, permission);
}

pub(crate) fn provided(cell: &str, payload_type: &str, generation: u64) {
    event!(INFO, "runtime_cell_provided", cell, payload_type, generation);
}

/// A value was provided in the place of what was there, if anything.
pub(crate) fn replaced(cell: &str, payload_type: &str, generation: u64) {
    event!(INFO, "runtime_cell_replaced", cell, payload_type, generation);
}

pub(crate) fn stale(event: &Stale) {
    let Stale { cell, generation } = event;
    event!(DEBUG, "runtime_cell_stale", cell, generation);
}

/// Its disposal has an event of its own.
pub(crate) fn expired(event: &Expired) {
    let Expired { cell, generation } = event;
    event!(DEBUG, "runtime_cell_expired", cell, generation);
}

pub(crate) fn wait_rejected(event: &WaitRejected) {
    let WaitRejected { cell, reason, waited } = event;
    let (reason, waited_ms) = (reason.as_str(), millis(*waited));
    event!(DEBUG, "runtime_cell_wait_rejected", cell, reason, waited_ms);
}

pub(crate) fn shut_down(ok: bool, cells: usize, took: Duration, report: &dyn fmt::Display) {
    let duration_ms = millis(took);
    #[cfg(feature = "tracing")]
    if ok {
        event!(INFO, "runtime_cells_shut_down", cells, duration_ms);
    } else {
        event!(WARN, "runtime_cells_shut_down", cells, duration_ms, %report);
    }
}

#[cfg(feature = "tokio")]
pub(crate) fn runtime_gone(cell: &str, generation: u64) {
    event!(WARN, "runtime_cell_runtime_gone", cell, generation);
}

/// Once in a process.
pub(crate) fn membarrier_denied() {
    let error = "the kernel now denies `membarrier(2)`, so no payload that was published before is ever disposed; \
                 call `cells::use_fences()` first thing in `main`, or set CELLS_READ_PATH=fences";
    event!(ERROR, "runtime_cells_membarrier_denied", error);
}

pub(crate) fn observer_panicked(cell: &str, panic: &Panic) {
    event!(WARN, "runtime_cell_observer_panicked", cell, error = %panic);
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// The error with its causes: the log is where people look for them.
fn display(error: Option<&SharedError>) -> String {
    error.map(|error| format!("{error:#}")).unwrap_or_default()
}
