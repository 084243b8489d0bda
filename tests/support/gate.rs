//! Where threads and tasks stop until the test lets them go on.

use crate::waiting::NEVER;
use crate::{leak, lock};
use std::sync::{Condvar, Mutex};
use tokio::sync::Notify;

/// A gate that opens once, for threads and tasks.
#[derive(Default)]
pub struct Gate {
    open: Mutex<bool>,
    threads: Condvar,
    tasks: Notify,
}

impl Gate {
    /// A closed one, for the rest of the process.
    pub fn new() -> &'static Self {
        leak(Self::default())
    }

    /// Lets everybody through, now and later.
    pub fn open(&self) {
        *lock(&self.open) = true;
        self.threads.notify_all();
        self.tasks.notify_waiters();
    }

    /// Whether it has been opened.
    pub fn is_open(&self) -> bool {
        *lock(&self.open)
    }

    /// Blocks the thread until the gate is open.
    #[track_caller]
    pub fn wait(&self) {
        let closed = |open: &mut bool| !*open;
        let waited = self.threads.wait_timeout_while(lock(&self.open), NEVER, closed);
        assert!(!waited.is_ok_and(|(_, timeout)| timeout.timed_out()), "a gate never opened");
    }

    /// Completes when the gate is open.
    pub async fn wait_async(&self) {
        // Created first: it is notified of an opening from now on, also before it is polled.
        let opened = self.tasks.notified();
        if !self.is_open() {
            opened.await;
        }
    }
}

/// A place where user code stops until the test lets it go on.
#[derive(Default)]
pub struct Stage {
    reached: Gate,
    released: Gate,
}

impl Stage {
    /// One that nobody has reached, for the rest of the process.
    pub fn new() -> &'static Self {
        leak(Self::default())
    }

    /// Called by user code that blocks its thread: stops here until [`release`](Self::release).
    #[track_caller]
    pub fn pause(&self) {
        self.reached.open();
        self.released.wait();
    }

    /// Called by user code in a task: stops here until [`release`](Self::release).
    pub async fn pause_async(&self) {
        self.reached.open();
        self.released.wait_async().await;
    }

    /// Called by the test: waits until the user code is here.
    #[track_caller]
    pub fn reached(&self) {
        self.reached.wait();
    }

    /// Whether the user code has been here.
    pub fn is_reached(&self) -> bool {
        self.reached.is_open()
    }

    /// Called by the test: lets the user code go on.
    pub fn release(&self) {
        self.released.open();
    }
}
