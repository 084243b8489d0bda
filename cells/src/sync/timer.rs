//! Time limits for tasks, on any executor.
//!
//! By the real clock a limit is an [`Alarm`], which rings whatever the executor is doing: also where a foreign `block_on`
//! holds the thread whose timers tokio would have to look at, and on a runtime without timers. If tokio's clock is not
//! the real one, because a test has paused or advanced it, the limit is a timer of tokio, for which a paused clock
//! advances. Which of them it is, is decided at each poll. So a task that already waits when time is paused is on its
//! alarm until then, and on tokio's timer from its next poll on, at the latest when the alarm rings.

use crate::sync::alarm::Alarm;
use crate::sync::clock;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::{Context, Poll};
use std::time::Instant;

/// Waits for `future` up to the deadline (if any). `None` is a timeout; an output that is there wins over it.
pub(crate) async fn until<F: Future>(deadline: Option<Instant>, future: F) -> Option<F::Output> {
    // Under shuttle deadlines never pass.
    let deadline = deadline.filter(|_| !cfg!(cells_shuttle));
    let mut future = pin!(future);
    let mut timer: Option<Timer> = None;
    poll_fn(|cx| match (future.as_mut().poll(cx), deadline) {
        (Poll::Ready(output), _) => Poll::Ready(Some(output)),
        (Poll::Pending, None) => Poll::Pending,
        (Poll::Pending, Some(deadline)) if Timer::wakes_at(&mut timer, deadline, cx) => Poll::Pending,
        // The output may have come between that poll and the deadline.
        (Poll::Pending, Some(_)) => match future.as_mut().poll(cx) {
            Poll::Ready(output) => Poll::Ready(Some(output)),
            Poll::Pending => Poll::Ready(None),
        },
    })
    .await
}

/// What wakes a task at its deadline, and perhaps earlier: whoever is woken looks at the clock.
enum Timer {
    Alarm(Alarm),
    #[cfg(feature = "tokio")]
    Tokio(std::pin::Pin<Box<tokio::time::Sleep>>),
}

impl Timer {
    /// Sees to it that the task that polls is woken at the deadline; returns `false` if that has passed.
    fn wakes_at(timer: &mut Option<Self>, deadline: Instant, cx: &mut Context<'_>) -> bool {
        let (now, is_real) = clock::now_and_is_real();
        if deadline <= now {
            match timer.take() {
                Some(Self::Alarm(alarm)) if is_real => alarm.leave(),
                other => drop(other),
            }
            return false;
        }
        #[cfg(feature = "tokio")]
        if !is_real {
            if !matches!(timer, Some(Self::Tokio(_))) {
                // Tokio panics if the runtime has no timers, but then nothing would advance the clock that is paused.
                *timer =
                    Some(Self::Tokio(Box::pin(tokio::time::sleep_until(clock::behind(deadline).into()))));
            }
            if let Some(Self::Tokio(sleep)) = timer {
                if sleep.as_mut().poll(cx).is_ready() {
                    cx.waker().wake_by_ref();
                }
            }
            return true;
        }
        if matches!(timer, Some(Self::Alarm(alarm)) if alarm.rings(cx.waker())) {
            return true;
        }
        *timer = Alarm::set(clock::nap(clock::behind(deadline)), cx.waker()).map(Self::Alarm);
        if timer.is_none() {
            // Without a thread there is nobody to wake the task: it looks at the clock itself, between the others.
            cx.waker().wake_by_ref();
        }
        true
    }
}
