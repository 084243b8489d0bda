//! Waiting for something that happens under a lock, alike for threads and for tasks.
//!
//! Whoever waits leaves a [`Waker`] in the [`WakerQueue`] that stands under the lock; whoever makes the thing happen
//! takes the wakers out under that lock and wakes them after unlocking, for a waker may be anybody's code. A
//! woken waiter looks again; a waiter that gives up takes its waker back. For the same reason a waker is cloned
//! before locking and dropped after unlocking: it may be the last to hold its task.

use crate::error::Panic;
use crate::sync::clock;
use crate::sync::primitives::{Parker, thread_local};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::task::{Poll, Wake, Waker};
use std::time::Instant;

/// The wakers of those who wait; it stands inside the lock that guards what they wait for.
pub(crate) struct WakerQueue {
    seats: u64,
    wakers: Vec<(Ticket, Waker)>,
}

/// A place in a [`WakerQueue`], never given twice.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ticket(u64);

impl WakerQueue {
    pub(crate) const fn new() -> Self {
        Self { seats: 0, wakers: Vec::new() }
    }

    pub(crate) fn len(&self) -> usize {
        self.wakers.len()
    }

    /// Leaves `waker` at `ticket`, on a new one where that is `None`. The caller unlocks before it drops the waker
    /// that was there before.
    #[must_use]
    pub(crate) fn sit(&mut self, ticket: &mut Option<Ticket>, waker: Waker) -> Option<Waker> {
        let known = ticket.and_then(|ticket| self.wakers.iter_mut().find(|(at, _)| *at == ticket));
        if let Some((_, current)) = known {
            return Some(std::mem::replace(current, waker));
        }
        let new = Ticket(self.seats);
        self.seats += 1;
        self.wakers.push((new, waker));
        *ticket = Some(new);
        None
    }

    /// Takes the waker at `ticket` back, if it was not taken to be woken. The caller unlocks before it drops it.
    #[must_use]
    pub(crate) fn leave(&mut self, ticket: Option<Ticket>) -> Option<Waker> {
        let index = ticket.and_then(|ticket| self.wakers.iter().position(|(at, _)| *at == ticket))?;
        Some(self.wakers.swap_remove(index).1)
    }

    /// Takes all wakers out; the caller unlocks before it wakes them.
    pub(crate) fn take(&mut self) -> Wakers {
        Wakers(std::mem::take(&mut self.wakers))
    }
}

/// Wakers that were taken out and wait for the lock's release.
#[must_use]
pub(crate) struct Wakers(Vec<(Ticket, Waker)>);

impl Wakers {
    pub(crate) fn wake(self) {
        for (_, waker) in self.0 {
            // Anybody's code, and the others are still to be woken.
            let _ = catch_unwind(AssertUnwindSafe(|| waker.wake())).map_err(Panic::caught);
        }
    }
}

/// Blocks the thread until `poll` is ready or the deadline (if any) has passed.
///
/// `poll` is always asked once more after the deadline, so that what has happened wins over what is late.
pub(crate) fn block_on<R>(deadline: Option<Instant>, mut poll: impl FnMut(&Waker) -> Poll<R>) -> Option<R> {
    let thread = Sleeper::current();
    let waker = Waker::from(Arc::clone(&thread));
    let deadline = deadline.and_then(by_the_real_clock);
    loop {
        let late = deadline.is_some_and(|deadline| Instant::now() >= deadline);
        match poll(&waker) {
            Poll::Ready(result) => return Some(result),
            Poll::Pending if late => return None,
            Poll::Pending => thread.0.park(deadline),
        }
    }
}

/// A deadline for a thread, which sleeps by the real clock: a paused one would keep it for ever.
pub(crate) fn by_the_real_clock(deadline: Instant) -> Option<Instant> {
    Instant::now().checked_add(deadline.saturating_duration_since(clock::now()))
}

struct Sleeper(Parker);

impl Sleeper {
    /// The calling thread's own; a fresh one where thread-locals are gone already.
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
