//! A lock and what is waited for under it. Threads of ours that sleep for long sleep here.
//!
//! Not `parking_lot`'s condition variable: its sleepers are in a table of the process, which a forked child has too, with
//! entries of threads that it does not have and whose memory its own threads get. Its locks alone put nobody there but
//! for the few instructions that another thread holds them. Nothing panics under the lock, so it is never poisoned.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::Instant;

#[derive(Default)]
pub(crate) struct Monitor<T> {
    value: Mutex<T>,
    changed: Condvar,
}

impl<T> Monitor<T> {
    #[cfg_attr(cells_shuttle, allow(dead_code, reason = "its threads sleep in the models' own primitives"))]
    pub(crate) const fn new(value: T) -> Self {
        Self { value: Mutex::new(value), changed: Condvar::new() }
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
        self.value.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// `None` if another thread holds the lock.
    pub(crate) fn try_lock(&self) -> Option<MutexGuard<'_, T>> {
        match self.value.try_lock() {
            Ok(value) => Some(value),
            Err(TryLockError::Poisoned(value)) => Some(value.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        }
    }

    /// Sleeps until somebody notifies, or until the deadline (if any); now and then less.
    pub(crate) fn wait<'a>(&self, value: MutexGuard<'a, T>, deadline: Option<Instant>) -> MutexGuard<'a, T> {
        let Some(deadline) = deadline else {
            return self.changed.wait(value).unwrap_or_else(PoisonError::into_inner);
        };
        let left = deadline.saturating_duration_since(Instant::now());
        self.changed.wait_timeout(value, left).unwrap_or_else(PoisonError::into_inner).0
    }

    /// Locks, and sleeps while the condition holds, or until the deadline (if any).
    pub(crate) fn lock_after(
        &self,
        deadline: Option<Instant>,
        mut waits: impl FnMut(&T) -> bool,
    ) -> MutexGuard<'_, T> {
        let mut value = self.lock();
        while waits(&value) && deadline.is_none_or(|deadline| Instant::now() < deadline) {
            value = self.wait(value, deadline);
        }
        value
    }

    pub(crate) fn notify_one(&self) {
        self.changed.notify_one();
    }

    // Of the portable latch.
    #[cfg(any(test, not(all(target_os = "linux", not(any(cells_portable, miri))))))]
    pub(crate) fn notify_all(&self) {
        self.changed.notify_all();
    }
}
