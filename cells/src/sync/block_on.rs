//! How a thread blocks on what a task would await: it parks, and its waker unparks it.

use crate::sync::clock;
use crate::sync::primitives::{Parker, thread_local};
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::time::Instant;

/// Runs a future to its end on the calling thread.
pub(crate) fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    loop {
        let output = block_until(None, |waker| future.as_mut().poll(&mut Context::from_waker(waker)));
        // Without a deadline there always is an output.
        if let Some(output) = output {
            return output;
        }
    }
}

/// Blocks the thread until `poll` is ready or the deadline (if any) has passed.
///
/// `poll` is called once more after the deadline, so that a result that is there wins over the timeout.
pub(crate) fn block_until<R>(
    deadline: Option<Instant>,
    mut poll: impl FnMut(&Waker) -> Poll<R>,
) -> Option<R> {
    let thread = Sleeper::current();
    let waker = Waker::from(Arc::clone(&thread));
    let deadline = ThreadDeadline::new(deadline);
    loop {
        let late = deadline.is_over();
        match poll(&waker) {
            Poll::Ready(result) => return Some(result),
            Poll::Pending if late => return None,
            Poll::Pending => thread.0.park(deadline.nap()),
        }
    }
}

/// Sleeps until `wait` returns that what it waits for is there, or until the deadline (if any); `wait` sleeps up to the
/// given time.
pub(crate) fn sleep_until(deadline: Option<Instant>, wait: impl Fn(Option<Instant>) -> bool) -> bool {
    let deadline = ThreadDeadline::new(deadline);
    loop {
        if wait(deadline.nap()) {
            return true;
        }
        if deadline.is_over() {
            return false;
        }
    }
}

/// A deadline for a thread. Threads sleep by the real clock: by a paused clock they would sleep forever.
struct ThreadDeadline {
    deadline: Option<Instant>,
    real: Option<Instant>,
}

impl ThreadDeadline {
    fn new(deadline: Option<Instant>) -> Self {
        let real = deadline.and_then(|deadline| {
            Instant::now().checked_add(deadline.saturating_duration_since(clock::now()))
        });
        Self { deadline, real }
    }

    fn is_over(&self) -> bool {
        // By the other clock, which a sandbox may have advanced meanwhile.
        self.real.is_some_and(|real| Instant::now() >= real)
            || self.deadline.is_some_and(|deadline| clock::now() >= deadline)
    }

    /// Until when to sleep at most, by the real clock.
    fn nap(&self) -> Option<Instant> {
        self.real.map(clock::nap)
    }
}

struct Sleeper(Parker);

impl Sleeper {
    /// The calling thread's own; a new one if the thread-local has already been destroyed.
    fn current() -> Arc<Self> {
        thread_local! {
            static CURRENT: Arc<Sleeper> = Arc::new(Sleeper(Parker::new()));
        }
        CURRENT.try_with(Arc::clone).unwrap_or_else(|_| Arc::new(Self(Parker::new())))
    }
}

impl Wake for Sleeper {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.0.unpark();
    }
}
