//! Work on several cells at once: each on a thread of its own, or all of them in one task.

use crate::flight::frames;
use crate::observe::context::RequestContext;
use crate::payload::beneath;
use crate::sync::executor::{self, BoxFuture};
use crate::sync::monitor::Monitor;
use crate::sync::world::{Held, Scope};
use parking_lot::Mutex;
use std::collections::{HashMap, VecDeque};
use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::Instant;

/// Jobs on threads of their own, in the surroundings of the caller.
pub(crate) struct Threads<R> {
    name: &'static str,
    inherited: Inherited,
    finished: Finished<R>,
}

/// Not a channel of the standard library, whose receiver takes the token of [`std::thread::park`], which belongs to the
/// program.
type Finished<R> = Arc<Monitor<VecDeque<(usize, R)>>>;

impl<R: Send + 'static> Threads<R> {
    pub(crate) fn new(name: &'static str) -> Self {
        Self { name, inherited: Inherited::from_caller(), finished: Arc::default() }
    }

    /// Starts a job; on this thread if no other can be had.
    pub(crate) fn start(&self, node: usize, job: impl FnOnce() -> R + Clone + Send + 'static) {
        let (inherited, finished) = (self.inherited.clone(), Arc::clone(&self.finished));
        let run = move || {
            let result = inherited.run(job);
            finished.lock().push_back((node, result));
            finished.notify_one();
        };
        thread::Builder::new().name(self.name.into()).spawn(run.clone()).map_or_else(|_| run(), drop);
    }

    /// Waits for a job to finish, up to the deadline (if any).
    pub(crate) fn next(&self, deadline: Option<Instant>) -> Option<(usize, R)> {
        self.finished.lock_after(deadline, VecDeque::is_empty).pop_front()
    }
}

/// What the code of the program finds on a thread of ours as on the caller's own.
#[derive(Clone)]
struct Inherited {
    context: Option<RequestContext>,
    #[cfg(feature = "tracing")]
    dispatch: tracing::Dispatch,
    #[cfg(feature = "tracing")]
    span: tracing::Span,
    #[cfg(feature = "tokio")]
    runtime: Option<tokio::runtime::Handle>,
    blocked: executor::Blocked,
    /// Whose cells it means.
    world: Held,
    /// The factories and the disposers that wait for the caller, and so for this thread.
    factories: frames::Behalf,
    disposers: beneath::Behalf,
}

impl Inherited {
    fn from_caller() -> Self {
        Self {
            context: RequestContext::current(),
            #[cfg(feature = "tracing")]
            dispatch: tracing::dispatcher::get_default(Clone::clone),
            #[cfg(feature = "tracing")]
            span: tracing::Span::current(),
            #[cfg(feature = "tokio")]
            runtime: tokio::runtime::Handle::try_current().ok(),
            blocked: executor::Blocked::by_this_thread(),
            world: Held::new(Scope::current()),
            factories: frames::Behalf::of_caller(),
            disposers: beneath::Behalf::of_caller(),
        }
    }

    fn run<R>(self, job: impl FnOnce() -> R) -> R {
        #[cfg(feature = "tracing")]
        let _dispatch = tracing::dispatcher::set_default(&self.dispatch);
        #[cfg(feature = "tracing")]
        let _span = self.span.enter();
        #[cfg(feature = "tokio")]
        let _runtime = self.runtime.as_ref().map(tokio::runtime::Handle::enter);
        let _context = self.context.as_ref().map(RequestContext::enter);
        let _blocked = self.blocked.enter();
        let _factories = self.factories.enter();
        let _disposers = self.disposers.enter();
        let _bound = self.world.scope().enter();
        job()
    }
}

/// Jobs that one task polls together. Each has a waker of its own, which notes whose turn it is, so a wake costs one
/// poll, whatever the number of jobs.
pub(crate) struct Tasks<R> {
    jobs: HashMap<usize, Job<R>>,
    /// Those of the woken jobs that are polled before any that wakes meanwhile.
    turns: VecDeque<usize>,
    woken: Arc<Woken>,
}

struct Job<R> {
    future: BoxFuture<'static, R>,
    waker: Arc<JobWaker>,
}

/// The jobs whose wakers were called, and the waker of the task that polls them.
#[derive(Default)]
struct Woken {
    turns: Mutex<(VecDeque<usize>, Option<Waker>)>,
}

struct JobWaker {
    node: usize,
    /// Whether the job is among the woken ones.
    noted: AtomicBool,
    woken: Arc<Woken>,
}

impl Wake for JobWaker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        // Acquire and release: whoever finds it noted has what it did before seen by the poll that is to come, which
        // resets this first.
        if !self.noted.swap(true, Ordering::AcqRel) {
            let task = {
                let (turns, task) = &mut *self.woken.turns.lock();
                turns.push_back(self.node);
                task.take()
            };
            if let Some(task) = task {
                task.wake();
            }
        }
    }
}

impl<R> Tasks<R> {
    pub(crate) fn new() -> Self {
        Self { jobs: HashMap::new(), turns: VecDeque::new(), woken: Arc::default() }
    }

    pub(crate) fn start(&mut self, node: usize, future: BoxFuture<'static, R>) {
        let woken = Arc::clone(&self.woken);
        let waker = Arc::new(JobWaker { node, noted: AtomicBool::new(false), woken });
        waker.wake_by_ref();
        self.jobs.insert(node, Job { future, waker });
    }

    /// Takes a job out.
    pub(crate) fn take(&mut self, node: usize) -> Option<BoxFuture<'static, R>> {
        self.jobs.remove(&node).map(|job| job.future)
    }

    /// Drops all jobs.
    pub(crate) fn clear(&mut self) {
        self.jobs.clear();
    }

    /// Waits for a job to finish; without end if there is none.
    pub(crate) async fn next(&mut self) -> (usize, R) {
        poll_fn(|cx| self.poll_next(cx)).await
    }

    fn poll_next(&mut self, cx: &Context<'_>) -> Poll<(usize, R)> {
        let waker = cx.waker().clone();
        let before = {
            let (turns, task) = &mut *self.woken.turns.lock();
            // Those that wake from now on have their turn at the next poll, so that one which wakes itself again and
            // again cannot keep the task from everything else.
            self.turns.append(turns);
            task.replace(waker)
        };
        drop(before);
        while let Some(node) = self.turns.pop_front() {
            let Some(job) = self.jobs.get_mut(&node) else { continue };
            job.waker.noted.swap(false, Ordering::AcqRel);
            let waker = Waker::from(Arc::clone(&job.waker));
            if let Poll::Ready(result) = job.future.as_mut().poll(&mut Context::from_waker(&waker)) {
                self.jobs.remove(&node);
                return Poll::Ready((node, result));
            }
        }
        Poll::Pending
    }
}

#[cfg(test)]
#[path = "jobs_tests.rs"]
mod tests;
