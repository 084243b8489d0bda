//! Polling futures by hand.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::task::{Context, Poll, Wake, Waker};

/// Counts how often its wakers were woken.
#[derive(Default)]
pub struct Wakes(AtomicUsize);

impl Wakes {
    /// None so far.
    pub fn new() -> Arc<Self> {
        Arc::default()
    }

    /// A waker that it counts.
    pub fn waker(self: &Arc<Self>) -> Waker {
        Waker::from(self.clone())
    }

    /// The number so far.
    pub fn get(&self) -> usize {
        self.0.load(SeqCst)
    }
}

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, SeqCst);
    }
}

/// Polls once, with a waker that does nothing.
pub fn poll<F: Future + ?Sized>(future: &mut Pin<Box<F>>) -> Poll<F::Output> {
    poll_with(future, Waker::noop())
}

/// Polls once, with that waker.
pub fn poll_with<F: Future + ?Sized>(future: &mut Pin<Box<F>>, waker: &Waker) -> Poll<F::Output> {
    future.as_mut().poll(&mut Context::from_waker(waker))
}

/// Polls until the future is ready, or pending without having woken itself.
pub fn poll_to_rest<F: Future + ?Sized>(future: &mut Pin<Box<F>>) -> Poll<F::Output> {
    let wakes = Wakes::new();
    loop {
        let before = wakes.get();
        match poll_with(future, &wakes.waker()) {
            Poll::Pending if wakes.get() != before => {}
            polled => return polled,
        }
    }
}
