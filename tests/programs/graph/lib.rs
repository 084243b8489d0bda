//! A program of many cells in a random acyclic graph. It logs what is built and disposed.
//!
//! The build script generates the cells; [`PLAN`] describes what it meant to write.

use cells::{BoxError, CellInfo, CloseResult, Error, Ref, State};
use std::collections::HashSet;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::{self, ThreadId};

/// The cells, thirty to a module.
#[allow(missing_docs, clippy::missing_errors_doc, reason = "generated code")]
mod program {
    use super::Planned;
    include!(concat!(env!("OUT_DIR"), "/program.rs"));
}

pub use program::*;

/// What the generator wrote for a cell; cells are identified by numbers.
#[derive(Debug)]
pub struct Planned {
    /// The cells that are injected as `&Node`.
    pub lent: &'static [usize],
    /// The cells that are injected as leases, which the payload keeps.
    pub kept: &'static [usize],
    /// The cells of `after`.
    pub after: &'static [usize],
    /// The cells whose accessors the factory calls.
    pub called: &'static [usize],
    /// Whether the factory returns a `Result`.
    pub fallible: bool,
    /// Whether the cell is eager.
    pub eager: bool,
    /// Its `info`.
    pub info: fn() -> &'static CellInfo,
    /// Its `try_get`.
    pub try_get: fn() -> Result<Ref<'static, Node>, Error>,
    /// Its `peek`.
    pub peek: fn() -> Option<Ref<'static, Node>>,
    /// Its `state`.
    pub state: fn() -> State,
    /// Its `close`.
    pub close: fn() -> CloseResult,
    /// Its `invalidate_with_dependents`.
    pub invalidate_with_dependents: fn(),
    /// Its `refresh_with_dependents`.
    pub refresh_with_dependents: fn() -> Result<Ref<'static, Node>, Error>,
}

impl Planned {
    /// The cells that are injected.
    pub fn injected(&self) -> impl Iterator<Item = usize> {
        self.lent.iter().chain(self.kept).copied()
    }

    /// The cells on which a payload is built.
    pub fn built_on(&self) -> impl Iterator<Item = usize> {
        self.injected().chain(self.called.iter().copied())
    }

    /// All cells that are ordered before this one.
    pub fn dependencies(&self) -> impl Iterator<Item = usize> {
        self.built_on().chain(self.after.iter().copied())
    }
}

/// What happened. Payloads are identified by serial numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the variants and fields are named for what they are")]
pub enum Event {
    /// A factory begins; its injected dependencies are ready.
    Begin { cell: usize },
    /// A factory is about to return a payload, which was built on these payloads of these cells.
    Built { cell: usize, serial: usize, uses: Vec<(usize, usize)> },
    /// A factory fails.
    Failed { cell: usize },
    /// A disposer begins.
    Disposing { cell: usize, serial: usize },
    /// A disposer is about to return.
    Disposed { cell: usize, serial: usize },
}

static LOG: Mutex<Vec<Event>> = Mutex::new(Vec::new());
static SERIAL: AtomicUsize = AtomicUsize::new(0);
static FAILING: Mutex<Option<HashSet<usize>>> = Mutex::new(None);
static RUNNING: Mutex<Vec<ThreadId>> = Mutex::new(Vec::new());
static MOST_RUNNING: AtomicUsize = AtomicUsize::new(0);

fn lock<V>(mutex: &Mutex<V>) -> MutexGuard<'_, V> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn log(event: Event) {
    lock(&LOG).push(event);
}

/// Everything that happened so far, in order.
pub fn events() -> Vec<Event> {
    lock(&LOG).clone()
}

/// Makes the factories of these cells fail: fallible ones with an error, infallible ones with a panic.
pub fn fail(cells: impl IntoIterator<Item = usize>) {
    *lock(&FAILING) = Some(cells.into_iter().collect());
}

/// The greatest number of threads on which factories ran at the same time.
pub fn most_at_once() -> usize {
    MOST_RUNNING.load(SeqCst)
}

/// The payload of every cell.
pub struct Node {
    /// Its cell.
    pub cell: usize,
    /// Its own number.
    pub serial: usize,
    /// The cells and serial numbers of the payloads it was built on.
    pub uses: Vec<(usize, usize)>,
    kept: Vec<Ref<'static, Self>>,
    alive: AtomicBool,
}

impl Node {
    /// Uses it.
    ///
    /// # Panics
    /// If it, or a payload that it holds a lease on, has been disposed.
    pub fn touch(&self) {
        assert!(self.alive.load(SeqCst), "{self:?} is used after its end");
        for kept in &self.kept {
            assert!(kept.alive.load(SeqCst), "{self:?} keeps {kept:?}, which is disposed");
        }
    }

    fn dispose(self) {
        let Self { cell, serial, .. } = self;
        log(Event::Disposing { cell, serial });
        self.touch();
        thread::yield_now();
        self.alive.store(false, SeqCst);
        log(Event::Disposed { cell, serial });
    }
}

impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "payload {} of c{}", self.serial, self.cell)
    }
}

/// A payload under construction.
struct Draft {
    cell: usize,
    uses: Vec<(usize, usize)>,
    kept: Vec<Ref<'static, Node>>,
}

/// Where an infallible factory begins.
fn begin(cell: usize) -> Draft {
    try_begin(cell).unwrap_or_else(|error| panic!("{error}"))
}

/// Where a fallible factory begins.
fn try_begin(cell: usize) -> Result<Draft, BoxError> {
    log(Event::Begin { cell });
    let mut running = lock(&RUNNING);
    running.push(thread::current().id());
    let threads: HashSet<_> = running.iter().collect();
    MOST_RUNNING.fetch_max(threads.len(), SeqCst);
    drop(running);
    let draft = Draft { cell, uses: Vec::new(), kept: Vec::new() };
    thread::yield_now();
    if lock(&FAILING).as_ref().is_some_and(|failing| failing.contains(&cell)) {
        log(Event::Failed { cell });
        return Err(format!("c{cell} is to fail").into());
    }
    Ok(draft)
}

/// A factory of this thread has ended.
fn over() {
    let this = thread::current().id();
    let mut running = lock(&RUNNING);
    let index = running.iter().position(|&thread| thread == this);
    running.swap_remove(index.expect("it has begun"));
}

impl Draft {
    fn uses(mut self, node: &Node) -> Self {
        node.touch();
        self.uses.push((node.cell, node.serial));
        self
    }

    fn keeps(self, node: Ref<'static, Node>) -> Self {
        let mut draft = self.uses(&node);
        draft.kept.push(node);
        draft
    }

    fn end(mut self) -> Node {
        thread::yield_now();
        let (cell, serial) = (self.cell, SERIAL.fetch_add(1, SeqCst));
        let (uses, kept) = (std::mem::take(&mut self.uses), std::mem::take(&mut self.kept));
        log(Event::Built { cell, serial, uses: uses.clone() });
        Node { cell, serial, uses, kept, alive: AtomicBool::new(true) }
    }
}

/// Also runs if a factory returns early.
impl Drop for Draft {
    fn drop(&mut self) {
        over();
    }
}
