//! The wakers of tasks and threads that wait for an event that happens under a lock.
//!
//! A waiter leaves a [`Waker`] in the [`WakerQueue`] inside that lock. Whoever brings about the event takes the wakers
//! out under the lock and wakes them after unlocking, because waking runs code of an executor. For the same reason a
//! waker is cloned before locking, and dropped after unlocking: it may be the last owner of its task. A woken waiter
//! looks again; a waiter that gives up takes its waker back.

use crate::error::Panic;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::Waker;

/// The wakers of all waiters; part of the state that a lock guards.
pub(crate) struct WakerQueue {
    issued: u64,
    wakers: Vec<(Ticket, Waker)>,
}

/// A place in a [`WakerQueue`], never issued twice.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ticket(u64);

impl WakerQueue {
    pub(crate) const fn new() -> Self {
        Self { issued: 0, wakers: Vec::new() }
    }

    pub(crate) fn len(&self) -> usize {
        self.wakers.len()
    }

    /// Stores `waker` under `ticket`, or under a new ticket if that is `None` or no longer in the queue. The caller
    /// unlocks before it drops the waker that was there before.
    #[must_use]
    pub(crate) fn insert(&mut self, ticket: &mut Option<Ticket>, waker: Waker) -> Option<Waker> {
        let known = ticket.and_then(|ticket| self.wakers.iter_mut().find(|(at, _)| *at == ticket));
        if let Some((_, current)) = known {
            return Some(std::mem::replace(current, waker));
        }
        let new = Ticket(self.issued);
        self.issued += 1;
        self.wakers.push((new, waker));
        *ticket = Some(new);
        None
    }

    /// Takes back the waker of `ticket`, unless it was taken out to be woken. The caller unlocks before it drops it.
    #[must_use]
    pub(crate) fn remove(&mut self, ticket: Option<Ticket>) -> Option<Waker> {
        let index = ticket.and_then(|ticket| self.wakers.iter().position(|(at, _)| *at == ticket))?;
        Some(self.wakers.swap_remove(index).1)
    }

    /// Takes all wakers out; the caller unlocks before it wakes them.
    pub(crate) fn take(&mut self) -> Wakers {
        Wakers(std::mem::take(&mut self.wakers))
    }
}

/// Wakers that were taken out and are woken after unlocking.
#[must_use]
pub(crate) struct Wakers(Vec<(Ticket, Waker)>);

impl Wakers {
    pub(crate) fn wake(self) {
        for (_, waker) in self.0 {
            // A waker may panic, and the others must still be woken.
            let _ = catch_unwind(AssertUnwindSafe(|| waker.wake())).map_err(Panic::caught);
        }
    }
}
