//! How threads and tasks wait, what time it is, and which primitives a model checker replaces.
//!
//! Nothing in this folder knows about cells. Whatever takes part in the protocol imports its locks, atomics,
//! thread-locals and parking from [`primitives`], so that shuttle and loom can replace them. Waiting has three forms,
//! which are separate on purpose: threads sleep at a [`latch`] or park ([`block_on`]), tasks leave a waker
//! ([`waker_queue`]), and time limits of tasks are timers ([`timer`]), for which one thread of the process keeps the
//! [`alarm`]s. How long to wait after a failure is a [`backoff`].

pub(crate) mod alarm;
pub(crate) mod background;
pub(crate) mod backoff;
pub(crate) mod block_on;
pub(crate) mod clock;
pub(crate) mod executor;
#[cfg(not(any(cells_loom, cells_shuttle)))]
pub(crate) mod latch;
pub(crate) mod moment;
pub(crate) mod monitor;
pub(crate) mod primitives;
pub(crate) mod process;
pub(crate) mod random;
#[expect(unsafe_code, reason = "it asks the system for memory")]
pub(crate) mod reserve;
pub(crate) mod timer;
pub(crate) mod waker_queue;
pub(crate) mod world;
