//! Waiting for conditions.

use std::future::poll_fn;
use std::task::Poll;
use std::thread;
use std::time::{Duration, Instant};

/// When a test gives up on something that never happens. No test depends on how much sooner it happens.
pub(crate) const NEVER: Duration = Duration::from_secs(60);

/// A limit that no test reaches.
pub const LONG: Duration = Duration::from_secs(3600);

/// Polls until the condition holds; fails the test if it never does.
#[track_caller]
pub fn eventually(what: &str, mut condition: impl FnMut() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed() < NEVER, "never happened: {what}");
        thread::yield_now();
    }
}

/// [`eventually`] in a task: lets the other tasks of its thread run in between.
pub async fn eventually_async(what: &str, mut condition: impl FnMut() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed() < NEVER, "never happened: {what}");
        yield_now().await;
    }
}

/// Is pending once, having woken itself.
pub async fn yield_now() {
    let mut yielded = false;
    poll_fn(|cx| {
        if std::mem::replace(&mut yielded, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}
