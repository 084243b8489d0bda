//! Which factory runs on whose behalf. From this a cell knows that it is asked from inside its own factory, and how
//! much of a flight's time went into other cells' flights.
//!
//! While a factory runs, its [`Frame`] is the thread's current one, and it knows the frame from which it was asked. A
//! cell that is asked from inside a factory looks for itself in that chain of frames. The
//! [wait graph](crate::flight::wait_graph) finds circles over several threads.
//!
//! A ready read outside a factory pays nothing for this: only while a thread has a frame are its reads
//! [tracked](threads::track_reads), which means that they take the slow path, where the accessors that the factory
//! calls are recorded.

use crate::error::Error;
use crate::info::CellInfo;
use crate::observe::user_panic::catch_user_panic;
use crate::payload::threads;
use crate::sync::primitives::thread_local;
use parking_lot::Mutex;
use std::cell::RefCell;
use std::marker::PhantomData;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Identifies a cell: its address, which does not change while the cell is being built.
pub(crate) type CellId = usize;

/// Identifies a flight. An address would not: an edge of the wait graph may outlive its flight, whose memory may then
/// belong to another.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct FlightId(u64);

impl FlightId {
    /// Returns an id that no other flight of the process has.
    pub(crate) fn next() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Self(NEXT.fetch_add(1, Ordering::Relaxed))
    }
}

/// One running factory.
pub(crate) struct Frame {
    cell: CellId,
    name: &'static str,
    flight: FlightId,
    /// Present for a declared cell.
    info: Option<&'static CellInfo>,
    parent: Option<Arc<Frame>>,
    /// Time spent in other cells' flights.
    waiting: Mutex<Duration>,
    /// The last errors that the factory got from cells: its own error may hide one of them.
    errors: Mutex<Vec<Error>>,
}

/// How many errors a frame remembers: a factory may ask again and again.
const REMEMBERED: usize = 8;

thread_local! {
    static CURRENT: RefCell<Option<Arc<Frame>>> = const { RefCell::new(None) };
}

/// The frame of the innermost factory that runs on this thread.
pub(crate) fn current() -> Option<Arc<Frame>> {
    // Most threads that ask run no factory. They need not create the thread-local, for whose
    // destructor each would pay.
    if !threads::reads_are_tracked() {
        return None;
    }
    CURRENT.try_with(|current| current.borrow().clone()).ok().flatten()
}

/// The innermost declared cell whose factory runs on this thread.
pub(crate) fn current_declared() -> Option<&'static CellInfo> {
    let current = current()?;
    std::iter::successors(Some(&*current), |frame| frame.parent.as_deref()).find_map(|frame| frame.info)
}

impl Frame {
    /// The frame of a flight that begins on this thread.
    pub(crate) fn new(
        cell: CellId,
        name: &'static str,
        flight: FlightId,
        info: Option<&'static CellInfo>,
    ) -> Arc<Self> {
        let parent = current();
        Arc::new(Self {
            cell,
            name,
            flight,
            info,
            parent,
            waiting: Mutex::default(),
            errors: Mutex::default(),
        })
    }

    /// Makes this the thread's current frame until the guard is dropped.
    pub(crate) fn enter(self: &Arc<Self>) -> Entered {
        let outer = CURRENT.try_with(|current| current.borrow_mut().replace(Arc::clone(self)));
        let tracked = threads::track_reads(true);
        Entered { outer: outer.ok().flatten(), tracked, on_this_thread: PhantomData }
    }

    /// The flight whose factory runs.
    pub(crate) fn flight(&self) -> FlightId {
        self.flight
    }

    /// The name of the flight's cell.
    pub(crate) fn name(&self) -> &'static str {
        self.name
    }

    /// The frame from which this one was asked.
    pub(crate) fn parent(&self) -> Option<&Arc<Self>> {
        self.parent.as_ref()
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

    /// The last errors that the factory got from cells.
    pub(crate) fn errors(&self) -> Vec<Error> {
        self.errors.lock().clone()
    }

    /// The frames from the outermost one to this one.
    fn chain(&self) -> Vec<&Self> {
        let mut chain: Vec<_> = std::iter::successors(Some(self), |frame| frame.parent.as_deref()).collect();
        chain.reverse();
        chain
    }
}

/// The errors may be the last to hold an error of the program, whose destructor may panic.
impl Drop for Frame {
    fn drop(&mut self) {
        let errors = std::mem::take(self.errors.get_mut());
        catch_user_panic(self.name, || drop(errors));
    }
}

/// Notes what a cell answers to the factory that runs on this thread, if there is one.
pub(crate) fn note<T>(answer: Result<T, Error>) -> Result<T, Error> {
    if let Err(error) = &answer
        && let Some(frame) = current()
    {
        frame.remember(error.clone());
    }
    answer
}

/// While this guard exists, the thread runs the factory of a frame.
pub(crate) struct Entered {
    outer: Option<Arc<Frame>>,
    /// Whether the thread's reads were tracked before.
    tracked: bool,
    on_this_thread: PhantomData<*const ()>,
}

impl Drop for Entered {
    fn drop(&mut self) {
        let outer = self.outer.take();
        let inner = CURRENT.try_with(|current| std::mem::replace(&mut *current.borrow_mut(), outer));
        threads::track_reads(self.tracked);
        drop(inner);
    }
}

/// The circle from `cell` back to itself, such as `a -> b -> a`, if a factory in this thread's chain is building it.
pub(crate) fn chain_to(cell: CellId) -> Option<Arc<str>> {
    let current = current()?;
    let chain = current.chain();
    let from = chain.iter().position(|frame| frame.cell == cell)?;
    Some(circle(chain[from..].iter().map(|frame| frame.name)))
}

/// Joins the names of a circle, and repeats the first at its end.
pub(crate) fn circle(names: impl Iterator<Item = &'static str>) -> Arc<str> {
    let mut names: Vec<_> = names.collect();
    names.extend(names.first().copied());
    names.join(" -> ").into()
}

/// While this guard exists, time counts as the current factory's waiting time.
pub(crate) struct Waiting {
    frame: Arc<Frame>,
    since: Instant,
}

impl Waiting {
    pub(crate) fn start() -> Option<Self> {
        current().map(|frame| Self { frame, since: Instant::now() })
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        *self.frame.waiting.lock() += self.since.elapsed();
    }
}
