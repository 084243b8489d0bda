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

/// The time, and whether it is the system's: nobody has paused or advanced the time of the tokio runtime.
pub(crate) fn now_and_is_real() -> (Instant, bool) {
    #[cfg(feature = "tokio")]
    {
        let before = Instant::now();
        let now = now();
        (now, before <= now && now <= Instant::now())
    }
    #[cfg(not(feature = "tokio"))]
    (now(), true)
}

/// The point in time `limit` from now; `None`, which means never, if the clock cannot represent it.
pub(crate) fn deadline(limit: Duration) -> Option<Instant> {
    now().checked_add(limit)
}
