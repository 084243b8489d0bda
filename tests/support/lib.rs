//! What the tests of `cells` share. Each file holds one idea; everything is re-exported here.
//!
//! A test stops user code at a [`Stage`], runs callers as [`Job`]s, counts what becomes of payloads in a [`Tally`] and
//! what observers are notified of in a [`Recorder`]. It waits for conditions ([`eventually`]), never for time to pass;
//! a condition that never holds fails the test instead of hanging it.
#![allow(
    clippy::missing_errors_doc,
    clippy::missing_panics_doc,
    reason = "a helper that panics fails the test that calls it, and the errors are part of what is tested"
)]

mod alone;
mod callers;
mod count;
mod executors;
mod failures;
mod gate;
mod job;
mod observers;
mod payloads;
mod polling;
mod random;
mod waiting;

pub use alone::{alone, alone_with, this_program};
pub use callers::{Answer, Crowd, crowd, start_flight};
pub use count::{Count, CountingAdjuster, OnDrop};
pub use executors::{
    Executor, Futures, Pollster, Smol, TokioCurrent, TokioMulti, current_thread, multi_thread,
};
pub use failures::{Boom, message, panic_of};
pub use gate::{Gate, Stage};
pub use job::{Job, spawn};
pub use observers::{Heard, Hooks, Recorder};
pub use payloads::{Counted, Tally, cell, counted};
pub use polling::{Wakes, poll, poll_to_rest, poll_with};
pub use random::{Rng, from_env, seed};
pub use waiting::{LONG, eventually, eventually_async, yield_now};

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Keeps a value for the rest of the process, so that any thread may use it.
pub fn leak<V>(value: V) -> &'static V {
    Box::leak(Box::new(value))
}

/// Locks, even if another test's thread panicked while it held the lock.
pub fn lock<V>(mutex: &Mutex<V>) -> MutexGuard<'_, V> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
