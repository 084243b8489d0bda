//! One run of a factory: who waits for it, and what they get.
//!
//! A flight is under way until it is *settled*, once, by whoever comes first, always under the cell's lock:
//!
//! | settled by | outcome | its waiters |
//! |---|---|---|
//! | its initializer, with a payload | `Ready` | get a lease on that payload, whatever has happened since |
//! | its initializer, with an error or a panic, after its last attempt | `Failed` | get that error |
//! | its initializer, cancelled | `Superseded` | start over |
//! | `record_failure` | `Failed` | get the recorded error, and so does the initializer |
//! | a value that the program puts in its place | `Ready` | get a lease on that, and so does the initializer |
//! | a close, a shutdown | `Superseded` | start over, and so does the initializer |
//!
//! What the factory of a flight returns after somebody else settled it is disposed and changes nothing. A flight is
//! *over* when its factory has returned or was dropped, and what it returned is published or disposed.
//!
//! Waiters look only at the flight, never at the cell. So their outcome does not depend on when they are scheduled, and
//! a woken waiter queues for no lock, neither the cell's nor the flight's. Threads sleep at a [`Latch`] and are woken
//! together; tasks leave a [`Waker`] each; both are counted under the flight's lock. Whoever settles the flight takes
//! the wakers and the count out under that lock, and wakes after unlocking. So a waiter either is counted before the
//! outcome is set, and is woken, or finds the outcome. Whoever begins the flight may wait for it too, for a detached one or
//! between two attempts of the factory: that [`Role`] is woken like the others, and is not one of the waiters.

use crate::error::Error;
use crate::flight::frames::FlightId;
use crate::flight::wait_graph;
use crate::observe::observer::CloseResult;
use crate::payload::lease::Lease;
use crate::sync::block_on::{block_until, sleep_until};
use crate::sync::clock;
use crate::sync::primitives::{Latch, Mutex};
use crate::sync::process;
use crate::sync::timer::until;
use crate::sync::waker_queue::{Ticket, WakerQueue, Wakers};
use once_cell::sync::OnceCell;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Poll, Waker};
use std::time::Instant;

pub(crate) struct Flight {
    id: FlightId,
    /// The process that began it. In a forked child nobody runs it, unless the child goes on with that very thread.
    process: u32,
    pub(crate) generation: u64,
    pub(crate) began: Instant,
    /// Whether its factory runs in a task of its own. The caller that began it then waits too, but does not count as a
    /// waiter.
    detached: bool,
    /// Set once, under the lock of `state`; read without that lock, so that woken waiters queue for nothing.
    outcome: OnceCell<Outcome>,
    /// Opened after the outcome is set.
    settled: Latch,
    state: Mutex<State>,
}

struct State {
    /// How many threads wait for the outcome.
    threads: usize,
    /// The tasks that wait for the outcome.
    tasks: WakerQueue,
    /// How many of these threads and tasks do not count: who has begun the flight, and who runs its factory.
    uncounted: usize,
    over: bool,
    /// How the payload was disposed, if it came too late.
    leftover: Option<Box<CloseResult>>,
    /// Closers that wait for the end of the flight, which was superseded.
    closers: WakerQueue,
}

/// What a flight is settled with, and its waiters get.
#[derive(Clone)]
pub(crate) enum Outcome {
    Ready(Lease),
    Failed(Error),
    Superseded,
}

impl Outcome {
    /// What it means for a caller; `None` is to start over.
    pub(crate) fn into_lease(self) -> Result<Option<Lease>, Error> {
        match self {
            Self::Ready(lease) => Ok(Some(lease)),
            Self::Failed(error) => Err(error),
            Self::Superseded => Ok(None),
        }
    }
}

/// Why a caller did not get a flight's outcome.
pub(crate) enum Rejected {
    WaitersFull { limit: usize },
    TimedOut,
}

impl Flight {
    pub(crate) fn new(generation: u64) -> Self {
        Self {
            id: FlightId::next(),
            process: process::id(),
            generation,
            began: clock::now(),
            detached: false,
            outcome: OnceCell::new(),
            settled: Latch::new(),
            state: Mutex::new(State {
                threads: 0,
                tasks: WakerQueue::new(),
                uncounted: 0,
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

    /// Whether it was begun before this process was forked.
    pub(crate) fn is_foreign(&self) -> bool {
        self.process != process::id()
    }

    /// Gives the flight its outcome. The caller holds the cell's lock and has checked that there is none yet.
    pub(crate) fn settle(self: &Arc<Self>, outcome: Outcome) -> Settled {
        if self.is_foreign() {
            // Its waiters are not in this process, and one of them may have held the lock at the fork.
            let _ = self.outcome.set(outcome);
            wait_graph::settled(self.id());
            return Settled { flight: None, tasks: WakerQueue::new().take() };
        }
        let mut state = self.state.lock();
        let first = self.outcome.set(outcome).is_ok();
        debug_assert!(first, "a flight is settled once");
        wait_graph::settled(self.id());
        let threads = std::mem::take(&mut state.threads) != 0;
        state.uncounted = 0;
        Settled { flight: threads.then(|| Arc::clone(self)), tasks: state.tasks.take() }
    }

    pub(crate) fn outcome(&self) -> Option<Outcome> {
        self.outcome.get().cloned()
    }

    pub(crate) fn is_settled(&self) -> bool {
        self.outcome.get().is_some()
    }

    pub(crate) fn waiters(&self) -> usize {
        self.state.lock().counted()
    }

    /// Blocks for the outcome up to the deadline.
    pub(crate) fn wait(&self, deadline: Option<Instant>, role: Role) -> Result<Outcome, Rejected> {
        let mut state = self.state.lock();
        // The outcome may have been set before the lock was taken.
        if let Some(outcome) = self.outcome() {
            return Ok(outcome);
        }
        if let Some(limit) = state.full(role) {
            return Err(Rejected::WaitersFull { limit });
        }
        state.threads += 1;
        state.uncounted += role.uncounted();
        drop(state);
        if role.is_over_at_once(deadline) || !sleep_until(deadline, |until| self.settled.wait(until)) {
            let mut state = self.state.lock();
            // An outcome that is there wins over the timeout; if there is none, the thread is still counted.
            if self.outcome.get().is_none() {
                state.threads -= 1;
                state.uncounted -= role.uncounted();
                return Err(Rejected::TimedOut);
            }
        }
        Ok(self.outcome().unwrap_or_else(|| unreachable!("the latch opens after the outcome is set")))
    }

    /// The same in a task.
    pub(crate) async fn wait_async(
        &self,
        deadline: Option<Instant>,
        role: Role,
    ) -> Result<Outcome, Rejected> {
        let mut queued = Queued::new(self, role);
        let outcome = poll_fn(|cx| match self.poll(&mut queued, cx.waker()) {
            Poll::Pending if role.is_over_at_once(deadline) => Poll::Ready(Err(Rejected::TimedOut)),
            polled => polled,
        });
        until(deadline, outcome).await.unwrap_or(Err(Rejected::TimedOut))
    }

    fn poll(&self, queued: &mut Queued<'_>, waker: &Waker) -> Poll<Result<Outcome, Rejected>> {
        if let Some(outcome) = self.answer(queued) {
            return Poll::Ready(Ok(outcome));
        }
        let waker = waker.clone();
        let mut state = self.state.lock();
        // The outcome may have been set before the lock was taken.
        if let Some(outcome) = self.answer(queued) {
            return Poll::Ready(Ok(outcome));
        }
        if queued.ticket.is_none() {
            if let Some(limit) = state.full(queued.role) {
                drop(state);
                return Poll::Ready(Err(Rejected::WaitersFull { limit }));
            }
            state.uncounted += queued.role.uncounted();
        }
        let before = state.tasks.insert(&mut queued.ticket, waker);
        drop(state);
        drop(before);
        Poll::Pending
    }

    /// The outcome for a task. Its ticket left the queue with all others when the outcome was set.
    fn answer(&self, queued: &mut Queued<'_>) -> Option<Outcome> {
        let outcome = self.outcome()?;
        queued.ticket = None;
        Some(outcome)
    }

    /// Marks the flight as over, and wakes the closers that wait for that.
    pub(crate) fn end(&self) {
        let mut state = self.state.lock();
        state.over = true;
        let closers = state.closers.take();
        drop(state);
        closers.wake();
    }

    /// Records how the payload that came too late was disposed.
    pub(crate) fn disposed(&self, result: CloseResult) {
        self.state.lock().leftover = Some(Box::new(result));
    }

    /// The result of that disposal, if it failed.
    pub(crate) fn failed_disposal(&self) -> Option<CloseResult> {
        let leftover = self.state.lock().leftover.as_deref().cloned();
        leftover.filter(|result| result.error.is_some())
    }

    pub(crate) fn is_over(&self) -> bool {
        self.state.lock().over
    }

    /// Blocks until the flight is over, up to the deadline; returns whether it is.
    pub(crate) fn wait_for_end(&self, deadline: Option<Instant>) -> bool {
        let mut queued = Queued::new(self, Role::Closer);
        block_until(deadline, |waker| self.poll_end(&mut queued.ticket, waker)).is_some()
    }

    /// The same in a task.
    pub(crate) async fn wait_for_end_async(&self, deadline: Option<Instant>) -> bool {
        let mut queued = Queued::new(self, Role::Closer);
        until(deadline, poll_fn(|cx| self.poll_end(&mut queued.ticket, cx.waker()))).await.is_some()
    }

    fn poll_end(&self, ticket: &mut Option<Ticket>, waker: &Waker) -> Poll<()> {
        let waker = waker.clone();
        let mut state = self.state.lock();
        if state.over {
            drop(state);
            return Poll::Ready(());
        }
        let before = state.closers.insert(ticket, waker);
        drop(state);
        drop(before);
        Poll::Pending
    }
}

impl State {
    /// The number of waiters.
    fn counted(&self) -> usize {
        (self.threads + self.tasks.len()).saturating_sub(self.uncounted)
    }

    /// The limit, if it is reached.
    fn full(&self, role: Role) -> Option<usize> {
        let Role::Waiter { max_waiters } = role else { return None };
        max_waiters.filter(|limit| self.counted() >= *limit)
    }
}

/// A flight's waiters, taken out to be woken when no lock is held.
#[must_use]
pub(crate) struct Settled {
    /// The flight, if threads wait at its latch.
    flight: Option<Arc<Flight>>,
    tasks: Wakers,
}

impl Settled {
    pub(crate) fn wake(self) {
        if let Some(flight) = self.flight {
            flight.settled.open();
        }
        self.tasks.wake();
    }
}

/// What a caller waits for, and whether it counts.
#[derive(Clone, Copy)]
pub(crate) enum Role {
    /// Waits for the outcome, as one of at most `max_waiters`.
    Waiter { max_waiters: Option<usize> },
    /// Waits for the outcome of a detached flight that it began itself; not counted, and without limit.
    #[cfg_attr(not(feature = "tokio"), expect(dead_code, reason = "detached flights need tokio"))]
    Initiator,
    /// Waits for its own flight to be settled by somebody else before the next attempt of its factory; not counted.
    Initializer,
    /// Waits for the end of the flight.
    Closer,
}

impl Role {
    fn uncounted(self) -> usize {
        matches!(self, Self::Initiator | Self::Initializer).into()
    }

    /// Under shuttle, where deadlines never pass, the next attempt would never come: there the wait for it is over as soon
    /// as it has begun, unless it has no end.
    fn is_over_at_once(self, deadline: Option<Instant>) -> bool {
        cfg!(cells_shuttle) && matches!(self, Self::Initializer) && deadline.is_some()
    }
}

/// A place in one of a flight's queues. It is given back when its holder has an answer, times out or is dropped.
struct Queued<'a> {
    flight: &'a Flight,
    role: Role,
    ticket: Option<Ticket>,
}

impl<'a> Queued<'a> {
    fn new(flight: &'a Flight, role: Role) -> Self {
        Self { flight, role, ticket: None }
    }
}

impl Drop for Queued<'_> {
    fn drop(&mut self) {
        if self.ticket.is_some() {
            let mut state = self.flight.state.lock();
            let waker = match self.role {
                Role::Closer => state.closers.remove(self.ticket),
                Role::Waiter { .. } | Role::Initiator | Role::Initializer => {
                    state.uncounted = state.uncounted.saturating_sub(self.role.uncounted());
                    state.tasks.remove(self.ticket)
                }
            };
            drop(state);
            drop(waker);
        }
    }
}
