//! One run of a factory: who waits for it, and what they get.
//!
//! A flight is under way until it is *settled*, once, by whoever comes first, always under the cell's lock:
//!
//! | settled by | outcome | its waiters |
//! |---|---|---|
//! | its initializer, with a payload | `Ready` | get a lease on that payload, whatever has happened since |
//! | its initializer, with an error or a panic | `Failed` | get that error |
//! | `record_failure` | `Failed` | get the recorded error, and so does the initializer |
//! | `close` and its kin | `Superseded` | start over, and so does the initializer |
//!
//! What the factory of a flight returns after somebody else settled it is disposed and changes nothing. A flight
//! is *over* when its factory has returned and what it made is published or disposed.
//!
//! Waiters look at the flight alone, never at the cell: their outcome does not depend on when they are scheduled,
//! and a woken waiter queues for no lock, neither the cell's nor the flight's. Threads sleep at a [`Latch`] and are
//! woken together, tasks leave a [`Waker`] each; both are counted under the flight's lock. Whoever settles the flight
//! takes wakers and count out under that lock and wakes after unlocking, so a waiter is either counted before the
//! outcome is there, and woken, or finds the outcome.

use crate::error::Error;
use crate::flight::frames::{self, FlightId};
use crate::observe::observer::CloseResult;
use crate::payload::lease::Lease;
use crate::sync::primitives::{Latch, Mutex};
use crate::sync::timer::until;
use crate::sync::wait::{Ticket, WakerQueue, Wakers, block_on, by_the_real_clock};
use once_cell::sync::OnceCell;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Poll, Waker};
use std::time::Instant;

pub(crate) struct Flight {
    id: FlightId,
    pub(crate) generation: u64,
    /// Whether its factory runs in a task of its own, so that the caller who began it is among the waiters and yet
    /// does not count as one.
    detached: bool,
    /// Set once, under the lock of `progress`; read without it, so that woken waiters queue for nothing.
    outcome: OnceCell<Outcome>,
    /// Opened when the outcome is there.
    landing: Latch,
    progress: Mutex<Progress>,
}

struct Progress {
    /// How many threads wait for the outcome.
    threads: usize,
    /// The tasks that do.
    tasks: WakerQueue,
    /// Whether the caller who began the flight sits among the tasks, as one that does not count.
    initiator: bool,
    over: bool,
    /// How what it made was disposed, where it came too late.
    leftover: Option<Box<CloseResult>>,
    /// Closers that superseded the flight and wait for its end.
    closers: WakerQueue,
}

/// What a flight is settled with, for its waiters.
pub(crate) enum Outcome {
    Ready(Lease),
    Failed(Error),
    Superseded,
}

impl Clone for Outcome {
    fn clone(&self) -> Self {
        match self {
            Self::Ready(lease) => Self::Ready(lease.clone()),
            Self::Failed(error) => Self::Failed(error.clone()),
            Self::Superseded => Self::Superseded,
        }
    }
}

/// Why a caller did not get a flight's outcome.
pub(crate) enum Rejected {
    WaitersFull,
    TimedOut,
}

impl Flight {
    pub(crate) fn new(generation: u64) -> Self {
        Self {
            id: FlightId::next(),
            generation,
            detached: false,
            outcome: OnceCell::new(),
            landing: Latch::new(),
            progress: Mutex::new(Progress {
                threads: 0,
                tasks: WakerQueue::new(),
                initiator: false,
                over: false,
                leftover: None,
                closers: WakerQueue::new(),
            }),
        }
    }

    #[cfg(feature = "tokio")]
    pub(crate) fn detached(generation: u64) -> Self {
        Self { detached: true, ..Self::new(generation) }
    }

    pub(crate) fn is_detached(&self) -> bool {
        self.detached
    }

    pub(crate) fn id(&self) -> FlightId {
        self.id
    }

    /// Gives the flight its outcome. The caller holds the cell's lock and has seen that it has none yet.
    pub(crate) fn settle(self: &Arc<Self>, outcome: Outcome) -> Settled {
        let mut progress = self.progress.lock();
        let first = self.outcome.set(outcome).is_ok();
        debug_assert!(first, "a flight is settled once");
        frames::settled(self.id());
        let threads = std::mem::take(&mut progress.threads) != 0;
        Settled { flight: threads.then(|| Arc::clone(self)), tasks: progress.tasks.take() }
    }

    pub(crate) fn outcome(&self) -> Option<Outcome> {
        self.outcome.get().cloned()
    }

    pub(crate) fn waiters(&self) -> usize {
        self.progress.lock().counted()
    }

    /// Blocks for the outcome up to the deadline, as one of at most `max_waiters` (0: any number).
    pub(crate) fn wait(&self, deadline: Option<Instant>, max_waiters: usize) -> Result<Outcome, Rejected> {
        let mut progress = self.progress.lock();
        // It may have come before the lock did.
        if let Some(outcome) = self.outcome() {
            return Ok(outcome);
        }
        if progress.is_full(max_waiters) {
            return Err(Rejected::WaitersFull);
        }
        progress.threads += 1;
        drop(progress);
        if !self.landing.wait(deadline.and_then(by_the_real_clock)) {
            let mut progress = self.progress.lock();
            // What has happened wins over what is late; if nothing has, the thread is still counted.
            if self.outcome.get().is_none() {
                progress.threads -= 1;
                return Err(Rejected::TimedOut);
            }
        }
        Ok(self.outcome().unwrap_or_else(|| unreachable!("the latch opens when there is one")))
    }

    /// The same in a task.
    pub(crate) async fn wait_async(
        &self,
        deadline: Option<Instant>,
        place: Place,
    ) -> Result<Outcome, Rejected> {
        let mut ticket = Waiter::new(self, place);
        let outcome = poll_fn(|cx| self.poll(&mut ticket, cx.waker()));
        until(deadline, outcome).await.unwrap_or(Err(Rejected::TimedOut))
    }

    fn poll(&self, seated: &mut Waiter<'_>, waker: &Waker) -> Poll<Result<Outcome, Rejected>> {
        if let Some(outcome) = self.answer(seated) {
            return Poll::Ready(Ok(outcome));
        }
        let waker = waker.clone();
        let mut progress = self.progress.lock();
        // It may have come before the lock did.
        if let Some(outcome) = self.answer(seated) {
            return Poll::Ready(Ok(outcome));
        }
        match seated.place {
            Place::Initiator => progress.initiator = true,
            Place::Waiter { limit } => {
                if seated.ticket.is_none() && progress.is_full(limit) {
                    drop(progress);
                    return Poll::Ready(Err(Rejected::WaitersFull));
                }
            }
            Place::Closer => {}
        }
        let before = progress.tasks.sit(&mut seated.ticket, waker);
        drop(progress);
        drop(before);
        Poll::Pending
    }

    /// The outcome for a task, whose ticket was taken away with all others when it came.
    fn answer(&self, seated: &mut Waiter<'_>) -> Option<Outcome> {
        let outcome = self.outcome()?;
        seated.ticket = None;
        Some(outcome)
    }

    /// Says that the factory has returned and nothing of the flight is left to do.
    pub(crate) fn end(&self) {
        let mut progress = self.progress.lock();
        progress.over = true;
        let closers = progress.closers.take();
        drop(progress);
        closers.wake();
    }

    /// Notes how what it made was disposed.
    pub(crate) fn disposed(&self, result: CloseResult) {
        self.progress.lock().leftover = Some(Box::new(result));
    }

    /// What went wrong when that was disposed.
    pub(crate) fn failed_disposal(&self) -> Option<CloseResult> {
        let leftover = self.progress.lock().leftover.as_deref().cloned();
        leftover.filter(|result| result.error.is_some())
    }

    pub(crate) fn is_over(&self) -> bool {
        self.progress.lock().over
    }

    /// Blocks until the flight is over, up to the deadline; says whether it is.
    pub(crate) fn wait_for_end(&self, deadline: Option<Instant>) -> bool {
        let mut ticket = Waiter::new(self, Place::Closer);
        block_on(deadline, |waker| self.poll_end(&mut ticket.ticket, waker)).is_some()
    }

    /// The same in a task.
    pub(crate) async fn wait_for_end_async(&self, deadline: Option<Instant>) -> bool {
        let mut ticket = Waiter::new(self, Place::Closer);
        until(deadline, poll_fn(|cx| self.poll_end(&mut ticket.ticket, cx.waker()))).await.is_some()
    }

    fn poll_end(&self, ticket: &mut Option<Ticket>, waker: &Waker) -> Poll<()> {
        let waker = waker.clone();
        let mut progress = self.progress.lock();
        if progress.over {
            drop(progress);
            return Poll::Ready(());
        }
        let before = progress.closers.sit(ticket, waker);
        drop(progress);
        drop(before);
        Poll::Pending
    }
}

impl Progress {
    /// How many waiters count.
    fn counted(&self) -> usize {
        (self.threads + self.tasks.len()).saturating_sub(self.initiator.into())
    }

    /// Whether there are as many waiters as there may be (0: any number).
    fn is_full(&self, limit: usize) -> bool {
        limit != 0 && self.counted() >= limit
    }
}

/// A flight's waiters, taken out to be woken when no lock is held any more.
#[must_use]
pub(crate) struct Settled {
    /// The flight, if threads wait at its latch.
    flight: Option<Arc<Flight>>,
    tasks: Wakers,
}

impl Settled {
    pub(crate) fn wake(self) {
        if let Some(flight) = self.flight {
            flight.landing.open();
        }
        self.tasks.wake();
    }

    pub(crate) fn wake_any(settled: Option<Self>) {
        if let Some(settled) = settled {
            settled.wake();
        }
    }
}

/// As what somebody waits.
#[derive(Clone, Copy)]
pub(crate) enum Place {
    /// For the outcome, as one of at most `limit` (0: any number).
    Waiter { limit: usize },
    /// For the outcome, as the caller who began the flight, which is detached.
    #[cfg_attr(not(feature = "tokio"), expect(dead_code, reason = "there are no detached flights"))]
    Initiator,
    /// For the end.
    Closer,
}

/// A place in one of a flight's queues, given back when its holder goes: with an answer, late, or dropped.
struct Waiter<'a> {
    flight: &'a Flight,
    place: Place,
    ticket: Option<Ticket>,
}

impl<'a> Waiter<'a> {
    fn new(flight: &'a Flight, place: Place) -> Self {
        Self { flight, place, ticket: None }
    }
}

impl Drop for Waiter<'_> {
    fn drop(&mut self) {
        if self.ticket.is_some() {
            let mut progress = self.flight.progress.lock();
            let waker = match self.place {
                Place::Closer => progress.closers.leave(self.ticket),
                Place::Waiter { .. } => progress.tasks.leave(self.ticket),
                Place::Initiator => {
                    progress.initiator = false;
                    progress.tasks.leave(self.ticket)
                }
            };
            drop(progress);
            drop(waker);
        }
    }
}
