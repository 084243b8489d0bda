//! How threads and tasks wait.

pub(crate) mod clock;
pub(crate) mod executor;
#[cfg(not(any(loom, shuttle)))]
pub(crate) mod latch;
pub(crate) mod primitives;
pub(crate) mod timer;
pub(crate) mod wait;
