//! What time it is.

use std::time::{Duration, Instant};

/// The monotonic clock; inside a tokio runtime that runtime's, so that a test's paused time holds for cells too.
pub(crate) fn now() -> Instant {
    #[cfg(feature = "tokio")]
    return tokio::time::Instant::now().into_std();
    #[cfg(not(feature = "tokio"))]
    Instant::now()
}

/// The point in time `limit` from now; `None`, which never comes, where the clock cannot count that far.
pub(crate) fn deadline(limit: Duration) -> Option<Instant> {
    now().checked_add(limit)
}
