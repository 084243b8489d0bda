//! Which factory runs on whose behalf. From this a cell knows that it is asked from inside its own factory, and how
//! much of a flight's time went into other cells' flights.
//!
//! While a factory runs, its [`Frame`] is on the thread's stack of frames, and it knows the frame that asked for it. An
//! asynchronous factory is on the stack only while it is polled.
//!
//! Not all code that runs on a factory's thread belongs to the factory. One that waits inside a thread pool may have to
//! run other work of that pool meanwhile, and one that blocks on a runtime may poll that runtime's tasks. So there are
//! two questions:
//!
//! | question | answer | decides |
//! |---|---|---|
//! | which factory asks? | [`asking`]: the top of the stack, if the same tokio task runs as when it was entered, and no [`outside`] was entered since | observed dependencies, waiting times, whom a task waits for |
//! | which factory cannot go on before this thread does? | [`beneath`]: the top of the stack in any case | whom a thread waits for |
//!
//! The [wait graph](crate::flight::wait_graph) finds circles with the second answer for threads, because a thread that
//! blocks holds up every factory on its stack, and with the first one for tasks.
//!
//! A frame is over when its factory has returned or was dropped. What it has begun may go on (a detached flight, a
//! future that was moved elsewhere), but no longer on its behalf.
//!
//! A factory's calls are about the cells of the [world](crate::sync::world) that its own cell belongs to, on whatever thread
//! it runs.
//!
//! A ready read outside a factory pays nothing for this: only while a thread has a frame are its reads
//! [tracked](threads::track_reads), which means that they take the slow path, where the accessors that the factory
//! calls are recorded.

use crate::error::Error;
#[cfg(feature = "tokio")]
use crate::flight::handover::Handover;
use crate::info::CellInfo;
use crate::observe::span;
use crate::observe::user_panic::catch_user_panic;
use crate::payload::threads;
use crate::sync::executor::TaskId;
use crate::sync::primitives::thread_local;
use crate::sync::world::{Bound, Held, Scope};
use parking_lot::Mutex;
use std::cell::RefCell;
use std::marker::PhantomData;
use std::mem::ManuallyDrop;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

/// Identifies a cell: its address, which does not change while the cell is being built.
pub(crate) type CellId = usize;

/// Identifies a flight. An address would not: an edge of the wait graph may outlive its flight, whose memory may then
/// belong to another.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct FlightId(u64);

impl FlightId {
    pub(crate) const LEAST: Self = Self(0);
    pub(crate) const GREATEST: Self = Self(u64::MAX);

    /// Returns an id that no other flight of the process has.
    pub(crate) fn next() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Self(NEXT.fetch_add(1, Ordering::Relaxed))
    }
}

/// How many errors a frame remembers: a factory may ask again and again.
const REMEMBERED: usize = 8;

/// One running factory.
pub(crate) struct Frame {
    cell: CellId,
    name: &'static str,
    flight: FlightId,
    /// Present for a declared cell.
    info: Option<&'static CellInfo>,
    /// The frame that asked for this one. It is alive until its factory has returned or was dropped.
    parent: Weak<Frame>,
    /// Whether waits on its behalf have no limit.
    patient: bool,
    /// Whose cells the factory means.
    world: Held,
    /// In which span it runs.
    span: span::Entry,
    over: AtomicBool,
    /// Time spent in other cells' flights.
    waiting: Mutex<Duration>,
    /// The last errors that the factory got from cells: its own error may hide one of them.
    errors: Mutex<Vec<Error>>,
    verdict: Mutex<Verdict>,
    #[cfg(feature = "tokio")]
    pub(crate) handover: Handover,
}

impl Frame {
    /// The frame of a flight that begins on this thread, asked for by the frame of [`asking`].
    pub(crate) fn new(
        cell: CellId,
        name: &'static str,
        flight: FlightId,
        info: Option<&'static CellInfo>,
        patient: bool,
        scope: Scope,
        span: span::Entry,
    ) -> Arc<Self> {
        let parent = asking();
        Arc::new(Self {
            cell,
            name,
            flight,
            info,
            patient: patient || parent.as_ref().is_some_and(|parent| parent.patient),
            parent: parent.as_ref().map(Arc::downgrade).unwrap_or_default(),
            world: Held::new(scope),
            span,
            over: AtomicBool::new(false),
            waiting: Mutex::default(),
            errors: Mutex::default(),
            verdict: Mutex::default(),
            #[cfg(feature = "tokio")]
            handover: Handover::default(),
        })
    }

    /// Puts this on top of the thread's stack until the guard is dropped, inside the span of its flight: what the subscriber
    /// does when that is entered is not the factory's.
    pub(crate) fn enter(self: &Arc<Self>) -> Entered {
        let span = self.span.enter();
        Entered::new([Some(Arc::clone(self))], Some(self.world.scope()), Some(span))
    }

    /// The flight whose factory runs.
    pub(crate) fn flight(&self) -> FlightId {
        self.flight
    }

    /// The name of the flight's cell.
    pub(crate) fn name(&self) -> &'static str {
        self.name
    }

    /// How much of the flight's time went into other cells' flights.
    pub(crate) fn waiting(&self) -> Duration {
        *self.waiting.lock()
    }

    fn remember(&self, error: Error) {
        let mut errors = self.errors.lock();
        let oldest = (errors.len() == REMEMBERED).then(|| errors.remove(0));
        errors.push(error);
        drop(errors);
        catch_user_panic(self.name, || drop(oldest));
    }

    /// Takes the last errors that the factory got from cells.
    pub(crate) fn take_errors(&self) -> Vec<Error> {
        std::mem::take(&mut *self.errors.lock())
    }

    /// Whether the factory can be run again: not by a thread that has only brought the flight of a dropped task to an end.
    #[cfg_attr(not(feature = "tokio"), expect(clippy::unused_self, reason = "no flight is handed over"))]
    pub(crate) fn may_go_on(&self) -> bool {
        #[cfg(feature = "tokio")]
        return !self.handover.was_left();
        #[cfg(not(feature = "tokio"))]
        true
    }

    /// Takes what the declaration says of the error that the factory has returned.
    pub(crate) fn take_verdict(&self) -> Verdict {
        std::mem::take(&mut *self.verdict.lock())
    }

    /// Records that the factory has returned or was dropped.
    pub(crate) fn end(&self) {
        self.over.store(true, Ordering::Relaxed);
    }

    fn is_over(&self) -> bool {
        self.over.load(Ordering::Relaxed)
    }

    /// This frame and those on whose behalf it runs, from the innermost to the outermost.
    fn chain(self: Arc<Self>) -> impl Iterator<Item = Arc<Self>> {
        std::iter::successors(Some(self), |frame| frame.parent.upgrade().filter(|parent| !parent.is_over()))
    }
}

/// The errors may be the last to hold an error of the program, whose destructor may panic.
impl Drop for Frame {
    fn drop(&mut self) {
        let errors = std::mem::take(self.errors.get_mut());
        catch_user_panic(self.name, || drop(errors));
    }
}

/// What the functions of a declaration say of an error of its factory.
#[derive(Clone, Copy, Default)]
pub(crate) struct Verdict {
    /// No later attempt would mend it: `fatal`.
    pub(crate) fatal: bool,
    /// Whether the next attempt may not meet it; `None` without the key `transient`.
    pub(crate) transient: Option<bool>,
}

/// Notes what the declaration says of what the factory which asks returns.
pub(crate) fn judge(say: impl FnOnce(&mut Verdict)) {
    if let Some(frame) = asking() {
        say(&mut frame.verdict.lock());
    }
}

/// Notes what a cell answers to the factory that asks, if there is one.
pub(crate) fn note<T>(answer: Result<T, Error>) -> Result<T, Error> {
    if let Err(error) = &answer {
        if let Some(frame) = asking() {
            frame.remember(error.clone());
        }
    }
    answer
}

/// What is on a thread's stack.
struct Entry {
    /// `None` where code runs that is not the factory's.
    frame: Option<Arc<Frame>>,
    /// The task that ran when the frame was entered.
    task: TaskId,
}

thread_local! {
    // Without a destructor, so that a factory is known until the thread's very end. Whoever empties the stack frees it.
    static STACK: ManuallyDrop<RefCell<Vec<Entry>>> = const { ManuallyDrop::new(RefCell::new(Vec::new())) };
}

/// Calls `f` with the thread's stack, if a factory runs on it.
fn with_stack<R>(f: impl FnOnce(&[Entry]) -> Option<R>) -> Option<R> {
    // Most threads that ask run no factory. They need not create the thread-local.
    if !threads::reads_are_tracked() {
        return None;
    }
    STACK.try_with(|stack| f(&stack.borrow())).ok().flatten()
}

/// The factory that asks, as far as that can be known.
pub(crate) fn asking() -> Option<Arc<Frame>> {
    with_asking(|frame| Some(Arc::clone(frame)))
}

fn with_asking<R>(f: impl FnOnce(&Arc<Frame>) -> Option<R>) -> Option<R> {
    with_stack(|stack| {
        let top = stack.last()?;
        let frame = top.frame.as_ref()?;
        if top.task == TaskId::current() && !frame.is_over() { f(frame) } else { None }
    })
}

/// The innermost factory that cannot go on before this thread does.
pub(crate) fn beneath() -> Option<Arc<Frame>> {
    with_stack(|stack| running(stack).next().cloned())
}

/// The factories on the stack, from the innermost to the outermost.
fn running(stack: &[Entry]) -> impl Iterator<Item = &Arc<Frame>> {
    stack.iter().rev().filter_map(|entry| entry.frame.as_ref()).filter(|frame| !frame.is_over())
}

/// The innermost declared cell whose factory asks.
pub(crate) fn asking_declared() -> Option<&'static CellInfo> {
    if !threads::reads_are_tracked() {
        return None;
    }
    // Most often without a clone of the frame: every read of a factory asks this.
    with_asking(|frame| frame.info).or_else(|| asking()?.chain().find_map(|frame| frame.info))
}

/// Whether a wait that begins here has no limit, because somebody up the chain has none.
pub(crate) fn is_patient() -> bool {
    asking().is_some_and(|frame| frame.patient)
}

/// Who makes a call: the thread, which blocks until it has its answer, or the task that runs on it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Caller {
    Thread,
    Task,
}

impl Caller {
    /// The factory that cannot go on before this caller does.
    pub(crate) fn factory(self) -> Option<Arc<Frame>> {
        match self {
            Self::Thread => beneath(),
            Self::Task => asking(),
        }
    }

    /// Whether a flight cannot go on before this caller does.
    pub(crate) fn holds_up(self, flight: FlightId) -> bool {
        self.find(|frame| frame.flight == flight).is_some()
    }

    /// The circle from `cell` back to itself, such as `a -> b -> a`, if one of its factories cannot go on before this
    /// caller does.
    pub(crate) fn circle_to(self, cell: CellId) -> Option<Arc<str>> {
        self.find(|frame| frame.cell == cell).map(circle)
    }

    /// The names of the cells from a factory that cannot go on before this caller does to the one that is nearest to
    /// the caller.
    fn find(self, wanted: impl Fn(&Frame) -> bool) -> Option<Vec<&'static str>> {
        let path = |frame: &Arc<Frame>| {
            let chain: Vec<_> = Arc::clone(frame).chain().collect();
            let found = chain.iter().position(|frame| wanted(frame))?;
            Some(chain[..=found].iter().rev().map(|frame| frame.name).collect())
        };
        match self {
            Self::Thread => with_stack(|stack| running(stack).find_map(path)),
            Self::Task => path(&asking()?),
        }
    }
}

/// Joins the names of a circle, and repeats the first at its end.
pub(crate) fn circle(mut names: Vec<&'static str>) -> Arc<str> {
    names.extend(names.first().copied());
    names.join(" -> ").into()
}

/// Runs `work` as code that does not belong to the factory on whose thread it happens to run.
///
/// A thread pool such as rayon's lets a thread that waits for its own work take on other work meanwhile. If that thread
/// waits inside a factory, the library takes the calls of the other work for the factory's own: it records a
/// dependency that does not exist, which `…_with_dependents` and a shutdown then follow. Wrap such work in this. Tasks
/// that a factory polls while it blocks on a tokio runtime are recognized without it.
///
/// The thread still cannot wait for the factory beneath it: a call that would need that gets
/// [`LifecycleError::Reentrant`](crate::LifecycleError::Reentrant).
///
/// ```
/// # use cells::runtime_cell;
/// #[runtime_cell]
/// fn words() -> Vec<String> {
///     vec!["tea".to_owned()]
/// }
///
/// // A job of a thread pool.
/// let job = || cells::outside(|| words().len());
/// assert_eq!(job(), 1);
/// ```
pub fn outside<R>(work: impl FnOnce() -> R) -> R {
    let _outside = threads::reads_are_tracked().then(|| Entered::new([None], None, None));
    work()
}

/// The factories that cannot go on before this thread does, for threads that work for it while it waits.
#[derive(Clone, Default)]
pub(crate) struct Behalf(Vec<Arc<Frame>>);

impl Behalf {
    pub(crate) fn of_caller() -> Self {
        let frames = with_stack(|stack| {
            let mut frames: Vec<_> = running(stack).cloned().collect();
            frames.reverse();
            Some(frames)
        });
        Self(frames.unwrap_or_default())
    }

    /// Until the guard is dropped, those factories cannot go on before the calling thread does; none of them asks.
    pub(crate) fn enter(&self) -> Option<Entered> {
        let frames = self.0.iter().cloned().map(Some);
        (!self.0.is_empty()).then(|| Entered::new(frames.chain([None]), None, None))
    }
}

/// While this guard exists, its entries are on the thread's stack.
pub(crate) struct Entered {
    entries: usize,
    /// Whether the thread's reads were tracked before.
    tracked: bool,
    /// To whose cells its calls are bound; `None` if that does not change.
    bound: Option<Bound>,
    span: Option<span::Entered>,
    on_this_thread: PhantomData<*const ()>,
}

impl Entered {
    fn new(
        frames: impl IntoIterator<Item = Option<Arc<Frame>>>,
        scope: Option<Scope>,
        span: Option<span::Entered>,
    ) -> Self {
        let task = TaskId::current();
        let entries = STACK.try_with(|stack| {
            let mut stack = stack.borrow_mut();
            let before = stack.len();
            stack.extend(frames.into_iter().map(|frame| Entry { frame, task }));
            stack.len() - before
        });
        Self {
            entries: entries.unwrap_or(0),
            tracked: threads::track_reads(true),
            bound: scope.map(Scope::enter),
            span,
            on_this_thread: PhantomData,
        }
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        let left = STACK.try_with(|stack| {
            let mut stack = stack.borrow_mut();
            let kept = stack.len() - self.entries;
            if kept == 0 { std::mem::take(&mut *stack) } else { stack.split_off(kept) }
        });
        threads::track_reads(self.tracked);
        self.bound = None;
        self.span = None;
        // Without the borrow: a frame may be the last to hold a future of the program.
        drop(left);
    }
}

/// While this guard exists, time counts as the asking factory's waiting time.
pub(crate) struct Waiting {
    frame: Arc<Frame>,
    since: Instant,
}

impl Waiting {
    pub(crate) fn start() -> Option<Self> {
        asking().map(|frame| Self { frame, since: Instant::now() })
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        *self.frame.waiting.lock() += self.since.elapsed();
    }
}
