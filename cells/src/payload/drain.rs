//! The way of a retired payload to its disposal: who waits for that, and who brings it about.
//!
//! Whoever lets go of the last lease has the payload and brings it here, once ([`Drain::last_out`]). If a closer
//! waits, the payload is left to it; both sides decide under the drain's lock, so it is neither lost nor taken
//! twice. Otherwise the disposer runs right there, unless it is asynchronous: a drop runs no asynchronous code, so
//! the payload goes to the runtime it was built on.

use crate::observe::observer::CloseResult;
use crate::observe::observers::catch_user_panic;
use crate::payload::disposer::{Begun, Disposal, Disposition};
use crate::payload::lease::{AnyPayload, Parting};
use crate::sync::primitives::Mutex;
use crate::sync::timer::until;
use crate::sync::wait::{Ticket, WakerQueue, block_on};
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

/// A payload that is not, or not any more, published, on its way out.
#[must_use]
pub(crate) struct Retired {
    held: Held,
    drain: Arc<Drain>,
}

enum Held {
    /// The cell's own hold, beside leases that may be out.
    Published(Parting),
    /// A payload that nobody has seen.
    Unpublished(AnyPayload),
}

impl Retired {
    pub(crate) fn published(parting: Parting, drain: Arc<Drain>) -> Self {
        Self { held: Held::Published(parting), drain }
    }

    /// A payload that was never published.
    pub(crate) fn unpublished(payload: AnyPayload, disposal: Disposal) -> Self {
        Self { held: Held::Unpublished(payload), drain: Arc::new(Drain::new(disposal)) }
    }

    fn let_go(held: Held, drain: &Arc<Drain>) {
        match held {
            Held::Published(parting) => drop(parting),
            Held::Unpublished(payload) => drain.last_out(payload),
        }
    }

    /// Lets go, and disposes the payload on this thread if nobody else uses it, or waits for that.
    pub(crate) fn close(self, limit: Limit) -> CloseResult {
        let Self { held, drain } = self;
        match limit {
            Limit::No => {
                Self::let_go(held, &drain);
                drain.look()
            }
            Limit::Until(deadline) => {
                let closer = Closer::new(&drain);
                Self::let_go(held, &drain);
                closer.wait(deadline)
            }
        }
    }

    /// The same in a task, where the disposer may be asynchronous.
    pub(crate) async fn close_async(self, limit: Limit) -> CloseResult {
        let Self { held, drain } = self;
        let closer = Closer::new(&drain);
        Self::let_go(held, &drain);
        closer.wait_async(limit).await
    }
}

pub(crate) struct Drain {
    disposal: Disposal,
    progress: Mutex<Progress>,
}

struct Progress {
    /// How many closers wait and would take the payload.
    closers: usize,
    waiting: WakerQueue,
    /// The payload on its way from the last lease to a closer.
    handed: Option<AnyPayload>,
    result: Option<CloseResult>,
}

/// What a waiting closer gets.
enum News {
    Payload(AnyPayload),
    Result(CloseResult),
}

impl Drain {
    pub(crate) const fn new(disposal: Disposal) -> Self {
        let progress = Progress { closers: 0, waiting: WakerQueue::new(), handed: None, result: None };
        Self { disposal, progress: Mutex::new(progress) }
    }

    /// Takes the payload from the last one out to a closer that waits, else to its end.
    pub(crate) fn last_out(self: &Arc<Self>, payload: AnyPayload) {
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

    /// Disposes the payload here, as far as that goes without a task: one is left to the payload's runtime, and comes
    /// back where there is none. Dropped, it drops the payload and says so.
    fn dispose(self: &Arc<Self>, payload: AnyPayload) -> Option<impl Future<Output = ()> + Send + use<>> {
        let task = self.begin(payload)?;
        self.disposal.runtime.spawn(task.run()).err()
    }

    fn begin(self: &Arc<Self>, payload: AnyPayload) -> Option<Task> {
        match self.disposal.begin(payload) {
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
        result.unwrap_or_else(|| self.disposal.draining())
    }

    /// Waits for the disposal up to the deadline, and runs the disposer itself if the payload is handed over.
    pub(crate) fn wait(self: &Arc<Self>, deadline: Option<Instant>) -> CloseResult {
        Closer::new(self).wait(deadline)
    }

    /// The same in a task.
    pub(crate) async fn wait_async(self: &Arc<Self>, deadline: Option<Instant>) -> CloseResult {
        Closer::new(self).wait_async(Limit::Until(deadline)).await
    }

    fn poll(&self, ticket: &mut Option<Ticket>, waker: &Waker) -> Poll<News> {
        let waker = waker.clone();
        let mut progress = self.progress.lock();
        let news = match (progress.handed.take(), &progress.result) {
            (Some(payload), _) => News::Payload(payload),
            (None, Some(result)) => News::Result(result.clone()),
            (None, None) => {
                let before = progress.waiting.sit(ticket, waker);
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
struct Task {
    future: Option<Disposition>,
    drain: Arc<Drain>,
    result: Option<CloseResult>,
}

impl Task {
    async fn run(mut self) {
        if let Some(future) = &mut self.future {
            self.result = Some(self.drain.disposal.go_on(future).await);
        }
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        let drain = &self.drain;
        let future = self.future.take();
        let result = match self.result.take() {
            Some(result) => {
                catch_user_panic(result.cell, || drop(future));
                result
            }
            None => drain.disposal.abandon(future),
        };
        drain.done(result);
    }
}

/// Somebody who waits for a drain, and would take the payload.
pub(crate) struct Closer<'a> {
    drain: &'a Arc<Drain>,
    ticket: Option<Ticket>,
}

impl<'a> Closer<'a> {
    pub(crate) fn new(drain: &'a Arc<Drain>) -> Self {
        drain.progress.lock().closers += 1;
        Self { drain, ticket: None }
    }

    pub(crate) fn wait(mut self, deadline: Option<Instant>) -> CloseResult {
        let drain = self.drain;
        loop {
            match block_on(deadline, |waker| drain.poll(&mut self.ticket, waker)) {
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
        let news = poll_fn(|cx| match drain.poll(&mut self.ticket, cx.waker()) {
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

impl Drop for Closer<'_> {
    fn drop(&mut self) {
        let mut progress = self.drain.progress.lock();
        progress.closers -= 1;
        let waker = progress.waiting.leave(self.ticket);
        // What came after the last look at it is for the last closer to leave.
        let late = if progress.closers == 0 { progress.handed.take() } else { None };
        drop(progress);
        drop(waker);
        if let Some(payload) = late {
            drop(self.drain.dispose(payload));
        }
    }
}
