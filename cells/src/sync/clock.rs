//! The time, and deadlines.
//!
//! The clock of a sandbox may be ahead of the others. Nothing wakes who sleeps when it is advanced: whoever waits in a
//! sandbox up to a deadline looks at the clock every few milliseconds ([`nap`]).

#[cfg(feature = "testing")]
use crate::sync::world::{Scope, World};
use std::time::{Duration, Instant};

/// The monotonic clock. Inside a tokio runtime it is that runtime's, so that a test that pauses time pauses it for
/// cells too.
pub(crate) fn now() -> Instant {
    let now = not_ahead();
    now.checked_add(ahead()).unwrap_or(now)
}

/// The same without what a sandbox has added to it.
fn not_ahead() -> Instant {
    #[cfg(feature = "tokio")]
    return tokio::time::Instant::now().into_std();
    #[cfg(not(feature = "tokio"))]
    Instant::now()
}

/// By how much the clock of the caller's sandbox is ahead.
pub(crate) fn ahead() -> Duration {
    #[cfg(feature = "testing")]
    return Scope::current().world().map_or(Duration::ZERO, World::ahead);
    #[cfg(not(feature = "testing"))]
    Duration::ZERO
}

/// The time, and whether it is the system's: nobody has paused or advanced the time of the tokio runtime.
pub(crate) fn now_and_is_real() -> (Instant, bool) {
    #[cfg(feature = "tokio")]
    {
        let before = Instant::now();
        let now = not_ahead();
        (now.checked_add(ahead()).unwrap_or(now), before <= now && now <= Instant::now())
    }
    #[cfg(not(feature = "tokio"))]
    (now(), true)
}

/// The point in time `limit` from now; `None`, which means never, if the clock cannot represent it.
pub(crate) fn deadline(limit: Duration) -> Option<Instant> {
    now().checked_add(limit)
}

/// A deadline by the clock that no sandbox has advanced.
pub(crate) fn behind(deadline: Instant) -> Instant {
    deadline.checked_sub(ahead()).unwrap_or(deadline)
}

/// Until when to sleep at most, by the system's clock, although nothing happens before `until`.
pub(crate) fn nap(until: Instant) -> Instant {
    #[cfg(feature = "testing")]
    if Scope::current().world().is_some() {
        const NAP: Duration = Duration::from_millis(5);
        return until.min(Instant::now() + NAP);
    }
    until
}
