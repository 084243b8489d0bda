//! Who builds what on whose behalf: how a cell knows that it is asked from inside its own factory, on this thread
//! or around a circle of threads, and which cells a factory used.
//!
//! While a factory runs, its [`Frame`] is the thread's current one; a frame knows the frame it was asked from. Two
//! checks find a cycle when a cell is asked from inside a factory:
//!
//! - *Ancestors*: the asked cell is among the frames of this very chain.
//! - *Waits*: an edge from one flight to another says that the first cannot go on before the second has an outcome,
//!   because its factory runs the second or waits for it. A wait that would close a circle is refused. The edge is
//!   drawn under the asked cell's lock, where its flight is known to be under way, and taken away when that flight
//!   is settled, so no edge speaks of a wait that is over. All edges stand under one lock: of the waits that would
//!   close a circle together, the last one to come sees the others.
//!
//! A caller that builds nothing can close no circle, and meets neither.
//!
//! Ready reads cost nothing for all this: while a thread has a frame its reads are sent a slower way (the
//! [detour](lease::detour)), and there it is noted which accessors the factory calls.

use crate::info::CellInfo;
use crate::payload::lease;
use crate::sync::primitives::thread_local;
use parking_lot::Mutex;
use std::cell::RefCell;
use std::marker::PhantomData;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Tells one cell from another: its address, which stays while anybody builds it.
pub(crate) type CellId = usize;

/// Tells one flight from another. No address would: an edge may outlast a flight whose memory is another's by then.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct FlightId(u64);

impl FlightId {
    /// Returns one that no other flight of the process has.
    pub(crate) fn next() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Self(NEXT.fetch_add(1, Ordering::Relaxed))
    }
}

/// One running factory.
pub(crate) struct Frame {
    pub(crate) cell: CellId,
    pub(crate) name: &'static str,
    pub(crate) flight: FlightId,
    /// Where the cell is a declared one.
    pub(crate) info: Option<&'static CellInfo>,
    parent: Option<Arc<Frame>>,
    /// Time spent in other cells' flights.
    waiting: Mutex<Duration>,
}

thread_local! {
    static CURRENT: RefCell<Option<Arc<Frame>>> = const { RefCell::new(None) };
}

/// The innermost factory that runs on this thread.
pub(crate) fn current() -> Option<Arc<Frame>> {
    // Most threads that ask run none, and need not make the thread-local for that, whose end every thread would pay.
    if !lease::is_tracked() {
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
    /// The frame of a flight that begins here.
    pub(crate) fn new(
        cell: CellId,
        name: &'static str,
        flight: FlightId,
        info: Option<&'static CellInfo>,
    ) -> Arc<Self> {
        Arc::new(Self { cell, name, flight, info, parent: current(), waiting: Mutex::default() })
    }

    /// Makes this the thread's current frame until the guard is dropped.
    pub(crate) fn enter(self: &Arc<Self>) -> Entered {
        let outer = CURRENT.try_with(|current| current.borrow_mut().replace(Arc::clone(self)));
        let detour = lease::detour(true);
        Entered { outer: outer.ok().flatten(), detour, on_this_thread: PhantomData }
    }

    /// How much of the flight's time went into other cells' flights.
    pub(crate) fn waiting(&self) -> Duration {
        *self.waiting.lock()
    }

    /// From the outermost frame of this chain to this one.
    fn chain(&self) -> Vec<&Self> {
        let mut chain: Vec<_> = std::iter::successors(Some(self), |frame| frame.parent.as_deref()).collect();
        chain.reverse();
        chain
    }
}

/// While it lives, the thread runs the factory of a frame.
pub(crate) struct Entered {
    outer: Option<Arc<Frame>>,
    /// Whether the thread's reads were looked at before.
    detour: bool,
    on_this_thread: PhantomData<*const ()>,
}

impl Drop for Entered {
    fn drop(&mut self) {
        let outer = self.outer.take();
        let inner = CURRENT.try_with(|current| std::mem::replace(&mut *current.borrow_mut(), outer));
        lease::detour(self.detour);
        drop(inner);
    }
}

/// The way from `cell` back to itself, `a -> b -> a`, if this thread's chain is building it.
pub(crate) fn chain_to(cell: CellId) -> Option<Arc<str>> {
    let current = current()?;
    let chain = current.chain();
    let from = chain.iter().position(|frame| frame.cell == cell)?;
    Some(circle(chain[from..].iter().map(|frame| frame.name)))
}

/// Writes the names of a circle, the first of them again at its end.
fn circle(names: impl Iterator<Item = &'static str>) -> Arc<str> {
    let mut names: Vec<_> = names.collect();
    names.extend(names.first().copied());
    names.join(" -> ").into()
}

/// The flight `from` cannot go on before `to` has an outcome.
struct Edge {
    from: FlightId,
    to: FlightId,
    /// The cell of `to`.
    name: &'static str,
    /// `from` runs the factory of `to` itself; else it waits for another's.
    runs: bool,
}

/// A leaf lock: nothing else is locked while it is held.
static EDGES: Mutex<Vec<Edge>> = Mutex::new(Vec::new());

/// While it lives, the current frame's flight cannot go on before another one.
pub(crate) struct Blocked {
    from: FlightId,
    to: FlightId,
    runs: bool,
}

impl Drop for Blocked {
    fn drop(&mut self) {
        let mut edges = EDGES.lock();
        let this = |edge: &Edge| (edge.from, edge.to, edge.runs) == (self.from, self.to, self.runs);
        // It may be gone already: the flight was settled.
        if let Some(index) = edges.iter().position(this) {
            edges.swap_remove(index);
        }
    }
}

/// Says that the current factory (if there is one) is about to wait for a flight that is under way; fails with the
/// circle that this would close. The caller holds the lock of the flight's cell.
pub(crate) fn wait_for(flight: FlightId, name: &'static str) -> Result<Option<Blocked>, Arc<str>> {
    let Some(current) = current() else { return Ok(None) };
    let mut edges = EDGES.lock();
    if let Some(way) = way(&edges, flight, current.flight) {
        return Err(circle(std::iter::once(name).chain(way)));
    }
    let from = current.flight;
    edges.push(Edge { from, to: flight, name, runs: false });
    Ok(Some(Blocked { from, to: flight, runs: false }))
}

/// Says that the factory this frame was asked from (if there is one) goes on only after this frame's.
pub(crate) fn runs(frame: &Frame) -> Option<Blocked> {
    let from = frame.parent.as_ref()?.flight;
    EDGES.lock().push(Edge { from, to: frame.flight, name: frame.name, runs: true });
    Some(Blocked { from, to: frame.flight, runs: true })
}

/// Says that a flight has its outcome: nobody waits for it any more. The caller holds its cell's lock.
pub(crate) fn settled(flight: FlightId) {
    EDGES.lock().retain(|edge| edge.runs || edge.to != flight);
}

/// The cells on the way from one flight to another, the first one left out.
fn way(edges: &[Edge], from: FlightId, to: FlightId) -> Option<Vec<&'static str>> {
    let mut seen = vec![from];
    let mut ways = vec![(from, Vec::new())];
    while let Some((at, way)) = ways.pop() {
        if at == to {
            return Some(way);
        }
        for edge in edges.iter().filter(|edge| edge.from == at) {
            if !seen.contains(&edge.to) {
                seen.push(edge.to);
                let mut longer = way.clone();
                longer.push(edge.name);
                ways.push((edge.to, longer));
            }
        }
    }
    None
}

/// While it lives, time counts as the current factory's waiting.
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
