//! A flight whose factory runs on a thread that nobody can stop, and whose task may be dropped meanwhile: tokio's
//! blocking pool, when the runtime ends.
//!
//! The flight must not end before its factory does. Otherwise another factory would run beside it, and what it builds
//! would reach nobody who disposes it. So the task that is dropped leaves its future here, and the thread that runs the
//! factory polls it once more when the factory has returned.
//!
//! | state | when | who moves it on |
//! |---|---|---|
//! | nothing runs, nothing is left | before and after a factory | [`begin`](Handover::begin), the task |
//! | `running` | while factories run | [`end`](Handover::end), the thread of each |
//! | `running`, and the future is `left` | the task was dropped | `end`, which takes the future out |
//! | `unread` | a factory has returned, and the flight has not taken what it returned | the task; if it is dropped first, [`leave`](Handover::leave) |

use crate::error::Panic;
use crate::sync::executor::BoxFuture;
use parking_lot::Mutex;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::{Context, Waker};

/// One flight's, which begins and ends its factories one after the other; an adjuster may run several at once.
#[derive(Default)]
pub(crate) struct Handover(Mutex<State>);

#[derive(Default)]
struct State {
    /// How many factories run.
    running: usize,
    /// How many have returned what the flight has not taken yet. The flight may be the faster one to note that.
    unread: isize,
    left: Option<BoxFuture<'static, ()>>,
    /// Whether the task was dropped.
    was_left: bool,
}

impl Handover {
    /// Whether the flight's task was dropped: no other factory can follow, because the runtime has ended.
    pub(crate) fn was_left(&self) -> bool {
        self.0.lock().was_left
    }

    /// A factory begins.
    pub(crate) fn begin(&self) {
        self.0.lock().running += 1;
    }

    /// The flight has taken what a factory returned.
    pub(crate) fn taken(&self) {
        self.0.lock().unread -= 1;
    }

    /// A factory has returned, and the flight's future can take what it returned.
    pub(crate) fn end(&self) {
        let mut state = self.0.lock();
        state.running -= 1;
        state.unread += 1;
        let left = state.left.take();
        drop(state);
        if let Some(flight) = left {
            self.go_on(flight);
        }
    }

    /// A factory was dropped before it ran. So is the flight, if its task was.
    pub(crate) fn dropped(&self) {
        let mut state = self.0.lock();
        state.running -= 1;
        let left = if state.running == 0 { state.left.take() } else { None };
        drop(state);
        drop(left);
    }

    /// The flight's task is dropped, and leaves its future.
    pub(crate) fn leave(&self, flight: BoxFuture<'static, ()>) {
        let mut state = self.0.lock();
        state.was_left = true;
        if state.running == 0 {
            drop(state);
            self.go_on(flight);
        } else {
            state.left = Some(flight);
        }
    }

    /// Polls a flight that no task polls any more as far as it gets. What it still waits for, other than another
    /// factory, has ended with its runtime, and so does the flight.
    fn go_on(&self, mut flight: BoxFuture<'static, ()>) {
        let mut unread = self.0.lock().unread;
        while unread > 0 {
            let mut cx = Context::from_waker(Waker::noop());
            // A panic of the factory has been recorded by the flight.
            let polled = catch_unwind(AssertUnwindSafe(|| flight.as_mut().poll(&mut cx)));
            if polled.map_err(Panic::caught).map_or(true, |polled| polled.is_ready()) {
                break;
            }
            let mut state = self.0.lock();
            // As much as before: an adjuster no longer wants it.
            let waits = state.unread <= 0 || state.unread == unread;
            if waits && state.running != 0 {
                state.left = Some(flight);
                return;
            }
            unread = if waits { 0 } else { state.unread };
        }
        let _ = catch_unwind(AssertUnwindSafe(|| drop(flight))).map_err(Panic::caught);
    }
}

#[cfg(test)]
mod tests {
    use super::Handover;
    use std::future::{pending, poll_fn};
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
    use std::task::Poll;

    #[test]
    fn a_future_that_is_left_is_polled_when_a_factory_has_returned_and_dropped_with_the_last_one() {
        let (handover, polls, kept) = (Handover::default(), Arc::new(AtomicUsize::new(0)), Arc::new(()));
        let (counted, held) = (Arc::clone(&polls), Arc::clone(&kept));
        handover.begin();
        handover.begin();
        handover.leave(Box::pin(poll_fn(move |_| {
            let _ = &held;
            counted.fetch_add(1, Relaxed);
            Poll::Pending
        })));
        assert_eq!(polls.load(Relaxed), 0);
        handover.end();
        handover.taken();
        assert!(polls.load(Relaxed) >= 1);
        handover.dropped();
        assert_eq!(Arc::strong_count(&kept), 1);
    }

    #[test]
    fn a_future_for_which_nothing_runs_is_dropped() {
        let (handover, kept) = (Handover::default(), Arc::new(()));
        let held = Arc::clone(&kept);
        handover.leave(Box::pin(async move {
            pending::<()>().await;
            drop(held);
        }));
        assert_eq!(Arc::strong_count(&kept), 1);
    }
}
