//! Who waits for a shutdown to begin: that of the process, or that of a sandbox.
//!
//! A waiter leaves its waker first and then looks whether its cell is shut down. A shutdown marks the cells first and then
//! wakes. So a waiter either finds the mark, or is woken after it was made; it looks again then, because the shutdown may
//! be that of other cells.

use crate::sync::waker_queue::{Ticket, WakerQueue};
use parking_lot::Mutex;
use std::task::Waker;

static WAITING: Mutex<WakerQueue> = Mutex::new(WakerQueue::new());

/// Wakes all who wait: a shutdown has begun.
pub(crate) fn begun() {
    let wakers = WAITING.lock().take();
    wakers.wake();
}

/// A place among those who wait, until it is dropped.
#[derive(Default)]
pub(crate) struct Awaited(Option<Ticket>);

impl Awaited {
    /// Has `waker` woken when a shutdown begins.
    pub(crate) fn wake(&mut self, waker: &Waker) {
        let waker = waker.clone();
        let before = WAITING.lock().insert(&mut self.0, waker);
        drop(before);
    }
}

impl Drop for Awaited {
    fn drop(&mut self) {
        let waker = WAITING.lock().remove(self.0.take());
        drop(waker);
    }
}
