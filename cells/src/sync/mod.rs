//! How threads and tasks wait, what time it is, and what a model checker replaces.
//!
//! Nothing in this folder knows of cells. Whatever takes part in the protocol imports its locks, atomics, thread-locals
//! and parking from [`primitives`], so that shuttle and loom can take their place. Waiting has three forms, on purpose
//! kept apart: threads sleep at a [`latch`] or park ([`block_on`]), tasks leave a waker ([`waker_queue`]), and time
//! limits of tasks are timers ([`timer`]).

pub(crate) mod block_on;
pub(crate) mod clock;
pub(crate) mod executor;
#[cfg(not(any(loom, shuttle)))]
pub(crate) mod latch;
pub(crate) mod primitives;
pub(crate) mod timer;
pub(crate) mod waker_queue;
