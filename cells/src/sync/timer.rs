//! Time limits for tasks, on any executor.

use crate::sync::clock;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::{Duration, Instant};

/// Waits for `future` up to the deadline (if any). `None` is a timeout; an output that is there wins over it.
pub(crate) async fn until<F: Future>(deadline: Option<Instant>, future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    let mut sleep: Option<Sleep> = None;
    poll_fn(|cx| {
        let late = match deadline {
            None => false,
            Some(deadline) => {
                let left = deadline.saturating_duration_since(clock::now());
                left.is_zero() || sleep.get_or_insert_with(|| Sleep::new(left)).poll(cx).is_ready()
            }
        };
        match future.as_mut().poll(cx) {
            Poll::Ready(output) => Poll::Ready(Some(output)),
            Poll::Pending if late => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}

/// A timer: tokio's inside a tokio runtime, so that a test can pause its time; otherwise `futures-timer`'s, which has a
/// thread of its own.
enum Sleep {
    #[cfg(feature = "tokio")]
    Tokio(Pin<Box<tokio::time::Sleep>>),
    Own(futures_timer::Delay),
}

impl Sleep {
    fn new(limit: Duration) -> Self {
        #[cfg(feature = "tokio")]
        if tokio::runtime::Handle::try_current().is_ok() {
            // It panics on a runtime that was built without timers, and there is no other way to find that out.
            if let Ok(sleep) = std::panic::catch_unwind(|| tokio::time::sleep(limit)) {
                return Self::Tokio(Box::pin(sleep));
            }
        }
        Self::Own(futures_timer::Delay::new(limit))
    }

    fn poll(&mut self, cx: &mut std::task::Context<'_>) -> Poll<()> {
        match self {
            #[cfg(feature = "tokio")]
            Self::Tokio(sleep) => sleep.as_mut().poll(cx),
            Self::Own(delay) => Pin::new(delay).poll(cx),
        }
    }
}
