//! The way of a retired payload to its disposal: who waits for that, and who brings it about.
//!
//! Whoever lets go of the last lease has the payload and brings it here, once ([`Drain::last_out`]). If a closer
//! waits, the payload is left to it; both sides decide under the drain's lock, so it is neither lost nor taken
//! twice. Otherwise the disposer runs right there, unless it is asynchronous: a drop runs no asynchronous code, so
//! the payload goes to the runtime it was built on.

use crate::dispose::{Begun, Disposal, Disposition};
use crate::observe::CloseResult;
use crate::sync::Mutex;
use crate::timer::until;
use crate::wait::{Queue, Seat, block_on};
use crate::watchers::guarded;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Instant;

/// How long a closer waits for leases that are out.
#[derive(Clone, Copy)]
pub(crate) enum Limit {
    No,
    Until(Option<Instant>),
}

/// Where the last lease of a retired payload brings it. A lease names no bounds of `T`, and a drain needs them.
pub(crate) trait LastOut<T>: Send + Sync {
    fn last_out(self: Arc<Self>, payload: T);
}

impl<T: Send + Sync + 'static> LastOut<T> for Drain<T> {
    /// Takes the payload to a closer that waits, else to its end.
    fn last_out(self: Arc<Self>, payload: T) {
        let mut progress = self.progress.lock();
        if progress.closers == 0 {
            drop(progress);
            drop(self.dispose(payload));
        } else {
            progress.handed = Some(payload);
            let wakers = progress.waiting.take();
            drop(progress);
            wakers.wake();
        }
    }
}

pub(crate) struct Drain<T: Send + Sync + 'static> {
    generation: u64,
    disposal: Disposal<T>,
    progress: Mutex<Progress<T>>,
}

struct Progress<T> {
    /// How many closers wait and would take the payload.
    closers: usize,
    waiting: Queue,
    /// The payload on its way from the last lease to a closer.
    handed: Option<T>,
    result: Option<CloseResult>,
}

/// What a waiting closer gets.
enum News<T> {
    Payload(T),
    Result(CloseResult),
}

impl<T: Send + Sync + 'static> Drain<T> {
    pub(crate) const fn new(generation: u64, disposal: Disposal<T>) -> Self {
        let progress = Progress { closers: 0, waiting: Queue::new(), handed: None, result: None };
        Self { generation, disposal, progress: Mutex::new(progress) }
    }

    /// Disposes the payload here, as far as that goes without a task: one is left to the payload's runtime, and comes
    /// back where there is none. Dropped, it drops the payload and says so.
    fn dispose(self: &Arc<Self>, payload: T) -> Option<impl Future<Output = ()> + Send + use<T>> {
        let task = self.begin(payload)?;
        self.disposal.runtime.spawn(task.run()).err()
    }

    fn begin(self: &Arc<Self>, payload: T) -> Option<Task<T>> {
        match self.disposal.begin(payload, self.generation) {
            Begun::Over(result) => {
                self.done(result);
                None
            }
            Begun::Later(future) => {
                Some(Task { future: Some(future), drain: Arc::clone(self), result: None })
            }
        }
    }

    fn done(&self, result: CloseResult) {
        let mut progress = self.progress.lock();
        progress.result = Some(result);
        let wakers = progress.waiting.take();
        drop(progress);
        wakers.wake();
    }

    /// Whether the payload is not disposed yet.
    pub(crate) fn is_open(&self) -> bool {
        self.progress.lock().result.is_none()
    }

    /// The result so far.
    pub(crate) fn look(&self) -> CloseResult {
        let result = self.progress.lock().result.clone();
        result.unwrap_or_else(|| self.disposal.draining(self.generation))
    }

    /// Waits for the disposal up to the deadline, and runs the disposer itself if the payload is handed over.
    pub(crate) fn wait(self: &Arc<Self>, deadline: Option<Instant>) -> CloseResult {
        Closer::new(self).wait(deadline)
    }

    /// The same in a task.
    pub(crate) async fn wait_async(self: &Arc<Self>, deadline: Option<Instant>) -> CloseResult {
        Closer::new(self).wait_async(Limit::Until(deadline)).await
    }

    fn poll(&self, seat: &mut Option<Seat>, waker: &Waker) -> Poll<News<T>> {
        let waker = waker.clone();
        let mut progress = self.progress.lock();
        let news = match (progress.handed.take(), &progress.result) {
            (Some(payload), _) => News::Payload(payload),
            (None, Some(result)) => News::Result(result.clone()),
            (None, None) => {
                let before = progress.waiting.sit(seat, waker);
                drop(progress);
                drop(before);
                return Poll::Pending;
            }
        };
        drop(progress);
        drop(waker);
        Poll::Ready(news)
    }
}

/// A disposal that takes a task: reports its end, also where it is dropped before that.
struct Task<T: Send + Sync + 'static> {
    future: Option<Disposition>,
    drain: Arc<Drain<T>>,
    result: Option<CloseResult>,
}

impl<T: Send + Sync + 'static> Task<T> {
    async fn run(mut self) {
        if let Some(future) = &mut self.future {
            self.result = Some(self.drain.disposal.go_on(future, self.drain.generation).await);
        }
    }
}

impl<T: Send + Sync + 'static> Drop for Task<T> {
    fn drop(&mut self) {
        let drain = &self.drain;
        let future = self.future.take();
        let result = match self.result.take() {
            Some(result) => {
                guarded(result.cell, || drop(future));
                result
            }
            None => drain.disposal.abandon(future, drain.generation),
        };
        drain.done(result);
    }
}

/// Somebody who waits for a drain, and would take the payload.
pub(crate) struct Closer<'a, T: Send + Sync + 'static> {
    drain: &'a Arc<Drain<T>>,
    seat: Option<Seat>,
}

impl<'a, T: Send + Sync + 'static> Closer<'a, T> {
    pub(crate) fn new(drain: &'a Arc<Drain<T>>) -> Self {
        drain.progress.lock().closers += 1;
        Self { drain, seat: None }
    }

    pub(crate) fn wait(mut self, deadline: Option<Instant>) -> CloseResult {
        let drain = self.drain;
        loop {
            match block_on(deadline, |waker| drain.poll(&mut self.seat, waker)) {
                Some(News::Result(result)) => return result,
                Some(News::Payload(payload)) => {
                    // What a runtime takes is still to be waited for.
                    if let Some(task) = drain.dispose(payload) {
                        let mut task = pin!(task);
                        block_on(None, |waker| task.as_mut().poll(&mut Context::from_waker(waker)));
                    }
                }
                None => return drain.look(),
            }
        }
    }

    pub(crate) async fn wait_async(mut self, limit: Limit) -> CloseResult {
        let drain = self.drain;
        let news = poll_fn(|cx| match drain.poll(&mut self.seat, cx.waker()) {
            Poll::Ready(news) => Poll::Ready(Some(news)),
            Poll::Pending if matches!(limit, Limit::No) => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        });
        let deadline = match limit {
            Limit::No => None,
            Limit::Until(deadline) => deadline,
        };
        match until(deadline, news).await.flatten() {
            Some(News::Result(result)) => return result,
            Some(News::Payload(payload)) => {
                if let Some(task) = drain.begin(payload) {
                    task.run().await;
                }
            }
            None => {}
        }
        drain.look()
    }
}

impl<T: Send + Sync + 'static> Drop for Closer<'_, T> {
    fn drop(&mut self) {
        let mut progress = self.drain.progress.lock();
        progress.closers -= 1;
        let waker = progress.waiting.leave(self.seat);
        // What came after the last look at it is for the last closer to leave.
        let late = if progress.closers == 0 { progress.handed.take() } else { None };
        drop(progress);
        drop(waker);
        if let Some(payload) = late {
            drop(self.drain.dispose(payload));
        }
    }
}
