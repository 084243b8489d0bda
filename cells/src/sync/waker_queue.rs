//! The wakers of tasks and threads that wait for an event that happens under a lock.
//!
//! A waiter leaves a [`Waker`] in the [`WakerQueue`] inside that lock. Whoever brings about the event takes the wakers
//! out under the lock and wakes them after unlocking, because waking runs code of an executor. For the same reason a
//! waker is cloned before locking, and dropped after unlocking: it may be the last owner of its task. A woken waiter
//! looks again; a waiter that gives up takes its waker back.
//!
//! Each waker has a slot, and its ticket names the slot, so that coming and leaving take constant time however many
//! wait. A slot is used again. The number in the ticket, which is not, tells whether the slot still is that waiter's.

use crate::error::Panic;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::Waker;

/// The wakers of all waiters; part of the state that a lock guards.
pub(crate) struct WakerQueue {
    issued: u64,
    len: usize,
    slots: Vec<Slot>,
    /// The first slot that is free, which names the next one.
    free: Option<usize>,
}

enum Slot {
    Free { next: Option<usize> },
    Taken { number: u64, waker: Waker },
}

/// A place in a [`WakerQueue`], never issued twice.
#[derive(Clone, Copy)]
pub(crate) struct Ticket {
    slot: usize,
    number: u64,
}

impl WakerQueue {
    pub(crate) const fn new() -> Self {
        Self { issued: 0, len: 0, slots: Vec::new(), free: None }
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Stores `waker` under `ticket`, or under a new ticket if that is `None` or no longer in the queue. The caller
    /// unlocks before it drops the waker that was there before.
    #[must_use]
    pub(crate) fn insert(&mut self, ticket: &mut Option<Ticket>, waker: Waker) -> Option<Waker> {
        if let Some(current) = ticket.and_then(|ticket| self.waker(ticket)) {
            return Some(std::mem::replace(current, waker));
        }
        let number = self.issued;
        self.issued += 1;
        self.len += 1;
        let taken = Slot::Taken { number, waker };
        let slot = self.free.unwrap_or(self.slots.len());
        if self.free.is_none() {
            self.slots.push(taken);
        } else if let Slot::Free { next } = std::mem::replace(&mut self.slots[slot], taken) {
            self.free = next;
        }
        *ticket = Some(Ticket { slot, number });
        None
    }

    /// Takes back the waker of `ticket`, unless it was taken out to be woken. The caller unlocks before it drops it.
    #[must_use]
    pub(crate) fn remove(&mut self, ticket: Option<Ticket>) -> Option<Waker> {
        let ticket = ticket?;
        self.waker(ticket)?;
        let slot = std::mem::replace(&mut self.slots[ticket.slot], Slot::Free { next: self.free });
        self.free = Some(ticket.slot);
        self.len -= 1;
        slot.waker()
    }

    /// Takes all wakers out; the caller unlocks before it wakes them.
    pub(crate) fn take(&mut self) -> Wakers {
        self.len = 0;
        self.free = None;
        Wakers(std::mem::take(&mut self.slots))
    }

    /// The waker of a ticket, if it is still in the queue.
    fn waker(&mut self, ticket: Ticket) -> Option<&mut Waker> {
        match self.slots.get_mut(ticket.slot)? {
            Slot::Taken { number, waker } if *number == ticket.number => Some(waker),
            _ => None,
        }
    }
}

impl Slot {
    fn waker(self) -> Option<Waker> {
        match self {
            Self::Taken { waker, .. } => Some(waker),
            Self::Free { .. } => None,
        }
    }
}

/// Wakers that were taken out and are woken after unlocking.
#[must_use]
pub(crate) struct Wakers(Vec<Slot>);

impl Wakers {
    pub(crate) fn wake(self) {
        self.0.into_iter().filter_map(Slot::waker).for_each(wake);
    }
}

/// Wakes a waker. It may panic, and the others must still be woken.
pub(crate) fn wake(waker: Waker) {
    let _ = catch_unwind(AssertUnwindSafe(|| waker.wake())).map_err(Panic::caught);
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::Wake;

    #[derive(Default)]
    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[test]
    fn x7_a_slot_is_used_again_and_its_old_ticket_is_not() {
        let (mut queue, woken) = (WakerQueue::new(), Arc::new(Count::default()));
        let waker = || Waker::from(Arc::clone(&woken));
        let (mut first, mut second, mut third) = (None, None, None);
        assert!(queue.insert(&mut first, waker()).is_none() && queue.insert(&mut second, waker()).is_none());
        assert!(queue.insert(&mut first, waker()).is_some(), "the same waiter, another waker");
        assert!(queue.remove(first).is_some() && queue.remove(first).is_none());
        assert!(queue.insert(&mut third, waker()).is_none());
        assert_eq!((queue.len(), queue.slots.len()), (2, 2), "the free slot was used");
        assert!(queue.remove(first).is_none(), "it is another waiter's now");
        queue.take().wake();
        assert_eq!((queue.len(), woken.0.load(Ordering::Relaxed)), (0, 2));
        let mut fourth = None;
        assert!(queue.insert(&mut fourth, waker()).is_none());
        assert!(queue.remove(second).is_none() && queue.remove(third).is_none(), "they were taken out");
        assert!(queue.insert(&mut second, waker()).is_none() && queue.len() == 2);
    }
}
