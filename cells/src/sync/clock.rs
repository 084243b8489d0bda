//! The time, and deadlines.

use std::time::{Duration, Instant};

/// The monotonic clock. Inside a tokio runtime it is that runtime's, so that a test that pauses time pauses it for
/// cells too.
pub(crate) fn now() -> Instant {
    #[cfg(feature = "tokio")]
    return tokio::time::Instant::now().into_std();
    #[cfg(not(feature = "tokio"))]
    Instant::now()
}

/// Whether [`now`] is the system's clock: nobody has paused or advanced the time of the tokio runtime.
#[cfg(feature = "tokio")]
pub(crate) fn is_real() -> bool {
    let before = Instant::now();
    let now = now();
    before <= now && now <= Instant::now()
}

/// The point in time `limit` from now; `None`, which means never, if the clock cannot represent it.
pub(crate) fn deadline(limit: Duration) -> Option<Instant> {
    now().checked_add(limit)
}
