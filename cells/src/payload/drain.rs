//! A retired payload until its disposal: who waits for that, and who runs the disposer.
//!
//! The thread that drops the last lease hands over the payload here, once ([`Drain::receive`]). If a closer waits, the
//! payload is left to it; both sides decide under the drain's lock, so it is neither lost nor taken twice. Otherwise
//! the disposer runs on that thread, unless it is asynchronous: a drop cannot run asynchronous code, so that disposer
//! goes to the executor that the payload was built on. A closer that is the only thread of that very executor does not
//! wait: the disposer can run only after it.
//!
//! Where a disposer may take only so long ([`Disposal::limit`]), whoever would run it starts it instead, on a thread of its
//! own, and waits for it like any closer, up to that limit. Then the drain is *overdue*: nobody waits for it any more, and
//! the disposer goes on.
//!
//! A disposer may drop the last lease on another payload, and so on. Where that goes too deep, the payload is put off
//! ([`nested`]): it stays here, handed over as if to a closer, until the disposer that dropped the lease has returned.
//! A closer that comes meanwhile takes it.

use crate::observe::log;
use crate::observe::observer::CloseResult;
use crate::observe::user_panic::catch_user_panic;
use crate::payload::beneath;
use crate::payload::disposal::{Disposal, DisposerFuture};
use crate::payload::lease::{AnyPayload, Parting, Receiver};
use crate::payload::nested::{self, PutOff};
use crate::sync::block_on::{block_on, block_until};
use crate::sync::clock::{self, deadline};
use crate::sync::primitives::Mutex;
use crate::sync::timer::until;
use crate::sync::waker_queue::{Ticket, WakerQueue};
use std::future::{Future, poll_fn};
use std::sync::Arc;
use std::task::{Poll, Waker};
use std::thread;
use std::time::{Duration, Instant};

/// How long a closer waits for leases that are out.
#[derive(Clone, Copy)]
pub(crate) enum WaitFor {
    Nobody,
    Leases { until: Option<Instant> },
}

/// A payload that is to be disposed, as soon as no lease on it is out.
#[must_use]
pub(crate) struct Retired {
    held: Held,
    drain: Arc<Drain>,
}

enum Held {
    /// The cell's own hold on a payload; leases on it may be out.
    Published(Parting),
    /// A payload on which there never was a lease.
    Unpublished(AnyPayload),
}

impl Retired {
    /// A payload that was published; `drain` becomes its receiver.
    pub(crate) fn published(parting: Parting, drain: Arc<Drain>) -> Self {
        parting.leave_to(drain.clone());
        Self { held: Held::Published(parting), drain }
    }

    /// A payload that was never published.
    pub(crate) fn unpublished(payload: AnyPayload, disposal: Disposal) -> Self {
        Self { held: Held::Unpublished(payload), drain: Arc::new(Drain::new(disposal)) }
    }

    pub(crate) fn generation(&self) -> u64 {
        self.drain.disposal.generation()
    }

    fn let_go(held: Held, drain: &Arc<Drain>) {
        match held {
            Held::Published(parting) => drop(parting),
            Held::Unpublished(payload) => Arc::clone(drain).receive(payload),
        }
    }

    /// Lets go of the payload, and waits as `wait` says. The disposer runs on this thread if no lease is out, or none
    /// is by the end of the wait.
    pub(crate) fn close(self, wait: WaitFor) -> CloseResult {
        let Self { held, drain } = self;
        let result = match wait {
            WaitFor::Nobody => {
                Self::let_go(held, &drain);
                // A close in a disposer may be nested too deep, but disposes all the same.
                drain.take_up();
                drain.look()
            }
            WaitFor::Leases { until } => {
                let closer = Closer::new(&drain);
                Self::let_go(held, &drain);
                closer.wait(until)
            }
        };
        drain.disposal.report_if_open(result)
    }

    /// Takes the payload and does not dispose it, if no lease is out. Otherwise lets go of it as a close does.
    pub(crate) fn into_payload(self) -> Result<AnyPayload, CloseResult> {
        let Self { held, drain } = self;
        let closer = Closer::new(&drain);
        Self::let_go(held, &drain);
        let handed = drain.state.lock().handed.take();
        drop(closer);
        handed.ok_or_else(|| drain.disposal.report_if_open(drain.look()))
    }

    /// The same as [`close`](Self::close) in a task, where the disposer may be asynchronous.
    pub(crate) async fn close_async(self, wait: WaitFor) -> CloseResult {
        let Self { held, drain } = self;
        let closer = Closer::new(&drain);
        Self::let_go(held, &drain);
        let result = closer.wait_async(wait).await;
        drain.disposal.report_if_open(result)
    }
}

/// Where a payload and its closers meet.
pub(crate) struct Drain {
    disposal: Disposal,
    state: Mutex<State>,
}

struct State {
    /// How many closers are here; each would take the payload.
    closers: usize,
    waiting: WakerQueue,
    /// The payload, between the end of the last lease and a closer that takes it.
    handed: Option<AnyPayload>,
    disposer: Stage,
    /// When the disposer began.
    since: Option<Instant>,
    result: Option<CloseResult>,
}

/// How far the disposer has come.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Waits,
    Runs,
    /// It runs, or will run, as a task of the payload's executor.
    RunsOnExecutor,
    /// It runs, and has done so for longer than it is waited for.
    Overdue,
}

/// What ends the wait of a closer.
enum News {
    Payload(AnyPayload),
    Result(CloseResult),
}

impl Drain {
    pub(crate) const fn new(disposal: Disposal) -> Self {
        let state = State {
            closers: 0,
            waiting: WakerQueue::new(),
            handed: None,
            disposer: Stage::Waits,
            since: None,
            result: None,
        };
        Self { disposal, state: Mutex::new(state) }
    }

    /// Disposes the payload here, unless that takes a task: an asynchronous disposer goes to the payload's executor, or
    /// is returned if there is none. Dropping it drops the payload and reports the disposer as abandoned. With a limit,
    /// nothing is left to do here.
    fn dispose(self: &Arc<Self>, payload: AnyPayload) -> Option<impl Future<Output = ()> + Send + use<>> {
        let Some(limit) = self.limit() else { return self.dispose_here(payload) };
        self.start(payload);
        let (blocks, mut waiting) = (self.disposal.executor().is_blocked(), Waiting::new(self));
        if block_until(deadline(limit), |waker| waiting.poll(blocks, waker)).is_none() {
            self.overdue(limit);
        }
        None
    }

    /// Waits for a disposer on a thread of its own, in a task.
    async fn wait_for_disposer(&self, limit: Duration) {
        let mut waiting = Waiting::new(self);
        if until(deadline(limit), poll_fn(|cx| waiting.poll(false, cx.waker()))).await.is_none() {
            self.overdue(limit);
        }
    }

    fn limit(&self) -> Option<Duration> {
        self.disposal.limit()
    }

    /// Has the payload disposed on a thread of its own; here, if there can be none.
    fn start(self: &Arc<Self>, payload: AnyPayload) {
        self.begins();
        let apart = Apart { drain: Arc::clone(self), payload: Some(payload) };
        let disposers = beneath::Behalf::of_caller();
        #[cfg(feature = "tracing")]
        let (dispatch, span) = (tracing::dispatcher::get_default(Clone::clone), tracing::Span::current());
        let run = move || {
            #[cfg(feature = "tracing")]
            let _dispatch = tracing::dispatcher::set_default(&dispatch);
            #[cfg(feature = "tracing")]
            let _span = span.enter();
            let _disposers = disposers.enter();
            drop(apart);
        };
        drop(thread::Builder::new().name("cells-dispose".into()).spawn(run));
    }

    /// The disposer begins.
    fn begins(&self) {
        let mut state = self.state.lock();
        if state.disposer == Stage::Waits {
            state.disposer = Stage::Runs;
            state.since = Some(clock::now());
        }
    }

    /// Ends all waits for a disposer that takes longer than its limit.
    fn overdue(&self, limit: Duration) {
        let mut state = self.state.lock();
        if state.result.is_some() || state.disposer == Stage::Overdue {
            return;
        }
        state.disposer = Stage::Overdue;
        let wakers = state.waiting.take();
        drop(state);
        wakers.wake();
        let result = self.disposal.disposing();
        catch_user_panic(result.cell, || log::dispose_overdue(result.cell, result.generation, limit));
    }

    fn dispose_here(
        self: &Arc<Self>,
        payload: AnyPayload,
    ) -> Option<impl Future<Output = ()> + Send + use<>> {
        let task = self.begin(payload)?;
        if self.disposal.executor().exists() {
            let mut state = self.state.lock();
            if state.disposer != Stage::Overdue {
                state.disposer = Stage::RunsOnExecutor;
            }
            // A closer may be the one that blocks it.
            let wakers = state.waiting.take();
            drop(state);
            wakers.wake();
        }
        self.disposal.executor().spawn(task.run()).err()
    }

    fn begin(self: &Arc<Self>, payload: AnyPayload) -> Option<DisposalTask> {
        self.begins();
        match self.disposal.begin(payload) {
            Ok(result) => {
                self.done(result);
                None
            }
            Err(future) => Some(DisposalTask { future: Some(future), drain: Arc::clone(self), result: None }),
        }
    }

    fn done(&self, result: CloseResult) {
        let mut state = self.state.lock();
        state.result = Some(result);
        let wakers = state.waiting.take();
        drop(state);
        wakers.wake();
    }

    /// Disposes the payload if it was put off, or handed over to a closer that has left.
    fn take_up(self: &Arc<Self>) {
        let mut state = self.state.lock();
        let payload = if state.closers == 0 { state.handed.take() } else { None };
        drop(state);
        if let Some(payload) = payload {
            drop(self.dispose(payload));
        }
    }

    /// When the disposer began that still runs.
    pub(crate) fn disposing_since(&self) -> Option<Instant> {
        let state = self.state.lock();
        state.since.filter(|_| state.result.is_none())
    }

    /// Whether the payload is not disposed yet.
    pub(crate) fn is_open(&self) -> bool {
        self.state.lock().result.is_none()
    }

    /// The result so far.
    pub(crate) fn look(&self) -> CloseResult {
        let state = self.state.lock();
        let (disposer, result) = (state.disposer, state.result.clone());
        drop(state);
        result.unwrap_or_else(|| match disposer {
            Stage::Waits => self.disposal.draining(),
            Stage::Runs | Stage::RunsOnExecutor | Stage::Overdue => self.disposal.disposing(),
        })
    }

    /// Waits for the disposal up to the deadline, and runs the disposer itself if it gets the payload.
    pub(crate) fn wait(self: &Arc<Self>, deadline: Option<Instant>) -> CloseResult {
        Closer::new(self).wait(deadline)
    }

    /// The same in a task.
    pub(crate) async fn wait_async(self: &Arc<Self>, deadline: Option<Instant>) -> CloseResult {
        Closer::new(self).wait_async(WaitFor::Leases { until: deadline }).await
    }

    /// `blocks` says whether the closer keeps the payload's executor from going on.
    fn poll(&self, ticket: &mut Option<Ticket>, blocks: bool, waker: &Waker) -> Poll<News> {
        let waker = waker.clone();
        let mut state = self.state.lock();
        let news = match (state.handed.take(), &state.result) {
            (Some(payload), _) => News::Payload(payload),
            (None, Some(result)) => News::Result(result.clone()),
            (None, None) if blocks && state.disposer == Stage::RunsOnExecutor => {
                News::Result(self.disposal.blocked())
            }
            (None, None) if state.disposer == Stage::Overdue => News::Result(self.disposal.disposing()),
            // The disposer would wait for itself.
            (None, None) if self.disposal.is_beneath() => News::Result(self.disposal.disposing()),
            (None, None) => {
                let before = state.waiting.insert(ticket, waker);
                drop(state);
                drop(before);
                return Poll::Pending;
            }
        };
        drop(state);
        drop(waker);
        Poll::Ready(news)
    }
}

impl Receiver for Drain {
    /// Hands the payload to a waiting closer; disposes it if there is none.
    fn receive(self: Arc<Self>, payload: AnyPayload) {
        let mut state = self.state.lock();
        if state.closers == 0 && !nested::is_deep() {
            drop(state);
            nested::run(|| drop(self.dispose(payload)));
        } else {
            state.handed = Some(payload);
            let (alone, wakers) = (state.closers == 0, state.waiting.take());
            drop(state);
            wakers.wake();
            if alone {
                nested::put_off(self);
            }
        }
    }
}

impl PutOff for Drain {
    fn resume(self: Arc<Self>) {
        self.take_up();
    }
}

/// A disposal on a thread of its own. Dropping it runs the disposer, so that one which gets no thread is run all the same.
struct Apart {
    drain: Arc<Drain>,
    payload: Option<AnyPayload>,
}

impl Drop for Apart {
    fn drop(&mut self) {
        let Some(payload) = self.payload.take() else { return };
        let _entered = self.drain.disposal.executor().enter();
        if let Some(task) = self.drain.dispose_here(payload) {
            block_on(task);
        }
    }
}

/// A wait for the end of a disposer.
struct Waiting<'a> {
    drain: &'a Drain,
    ticket: Option<Ticket>,
}

impl<'a> Waiting<'a> {
    fn new(drain: &'a Drain) -> Self {
        Self { drain, ticket: None }
    }

    /// `blocks` is that of [`Drain::poll`].
    fn poll(&mut self, blocks: bool, waker: &Waker) -> Poll<()> {
        let waker = waker.clone();
        let mut state = self.drain.state.lock();
        let blocked = blocks && state.disposer == Stage::RunsOnExecutor;
        if blocked || state.disposer == Stage::Overdue || state.result.is_some() {
            drop(state);
            drop(waker);
            return Poll::Ready(());
        }
        let before = state.waiting.insert(&mut self.ticket, waker);
        drop(state);
        drop(before);
        Poll::Pending
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let waker = self.drain.state.lock().waiting.remove(self.ticket);
        drop(waker);
    }
}

/// A disposal that takes a task. It reports its end, even if it is dropped before that.
struct DisposalTask {
    future: Option<DisposerFuture>,
    drain: Arc<Drain>,
    result: Option<CloseResult>,
}

impl DisposalTask {
    async fn run(mut self) {
        if let Some(future) = &mut self.future {
            self.result = Some(self.drain.disposal.run(future).await);
        }
    }
}

impl Drop for DisposalTask {
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

/// A caller that waits for a drain, and would take the payload.
pub(crate) struct Closer<'a> {
    drain: &'a Arc<Drain>,
    ticket: Option<Ticket>,
}

impl<'a> Closer<'a> {
    pub(crate) fn new(drain: &'a Arc<Drain>) -> Self {
        drain.state.lock().closers += 1;
        Self { drain, ticket: None }
    }

    pub(crate) fn wait(mut self, deadline: Option<Instant>) -> CloseResult {
        let drain = self.drain;
        let blocks = drain.disposal.executor().is_blocked();
        nested::resume();
        loop {
            match block_until(deadline, |waker| drain.poll(&mut self.ticket, blocks, waker)) {
                Some(News::Result(result)) => return result,
                Some(News::Payload(payload)) => {
                    // If an executor runs it, the loop waits for the result.
                    if let Some(task) = drain.dispose(payload) {
                        block_on(task);
                    }
                }
                None => return drain.look(),
            }
        }
    }

    pub(crate) async fn wait_async(mut self, wait: WaitFor) -> CloseResult {
        let drain = self.drain;
        nested::resume();
        let news = poll_fn(|cx| match drain.poll(&mut self.ticket, false, cx.waker()) {
            Poll::Ready(news) => Poll::Ready(Some(news)),
            Poll::Pending if matches!(wait, WaitFor::Nobody) => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        });
        let deadline = match wait {
            WaitFor::Nobody => None,
            WaitFor::Leases { until } => until,
        };
        match until(deadline, news).await.flatten() {
            Some(News::Result(result)) => return result,
            Some(News::Payload(payload)) => match drain.limit() {
                Some(limit) => {
                    drain.start(payload);
                    drain.wait_for_disposer(limit).await;
                }
                None => {
                    if let Some(task) = drain.begin(payload) {
                        task.run().await;
                    }
                }
            },
            None => {}
        }
        drain.look()
    }
}

impl Drop for Closer<'_> {
    fn drop(&mut self) {
        let mut state = self.drain.state.lock();
        state.closers -= 1;
        let waker = state.waiting.remove(self.ticket);
        drop(state);
        drop(waker);
        // A payload that came after the last poll is left to the last closer that leaves.
        self.drain.take_up();
    }
}
