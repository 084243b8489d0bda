//! The tables and lanes of this process, and the calling thread's part: which table its leases are counted in, whether its
//! reads are tracked, and what becomes of the table when the thread ends. The protocol is in [`counters`](super::counters).

use crate::observe::log;
use crate::payload::counters::{Counters, Draining, Registry};
use crate::payload::read_path::ReadPath;
use crate::payload::tables::{Local, Never};
use crate::sync::primitives::thread_local;
use std::panic::catch_unwind;
use std::sync::atomic::{AtomicBool, Ordering};

static DRAINING: Draining = Draining::new();
static NEVER: Never = Never::new();
pub(super) static REGISTRY: Registry = Registry::new(enlist);

#[inline]
pub(crate) fn counters() -> Counters {
    Counters { draining: &DRAINING, registry: &REGISTRY }
}

thread_local! {
    // Without a destructor, so that a thread can read and drop leases until its very end.
    static LOCAL: Local = const { Local::new(&raw const NEVER) };
    pub(super) static LEAVING: Leaving = const { Leaving };
}

/// Hands on the thread's table when the thread ends.
pub(super) struct Leaving;

impl Drop for Leaving {
    fn drop(&mut self) {
        with_local(|counters, local| counters.registry.leave(local));
    }
}

/// Registers the destructor; returns whether it will run. Shuttle runs all its threads on one, so they have no tables.
fn enlist() -> bool {
    !cfg!(cells_shuttle) && LEAVING.try_with(|_| ()).is_ok()
}

/// Calls `f` with the counters and the calling thread's part.
#[cfg(not(cells_shuttle))]
#[inline]
pub(crate) fn with_local<R>(f: impl FnOnce(Counters, &Local) -> R) -> R {
    LOCAL.with(|local| f(counters(), local))
}

/// The same under shuttle, where every thread-local ends with its thread: afterwards the thread has no table.
#[cfg(cells_shuttle)]
pub(crate) fn with_local<R>(f: impl FnOnce(Counters, &Local) -> R) -> R {
    let mut f = Some(f);
    let done = LOCAL.try_with(|local| f.take().map(|f| f(counters(), local)));
    match (done, f) {
        (Ok(Some(result)), _) => result,
        (_, Some(f)) => f(counters(), &Local::new(&raw const NEVER)),
        (_, None) => unreachable!("`f` was either called or left"),
    }
}

/// Turns tracking of the thread's reads on or off; returns whether it was on. Tracked reads take the slow path, which
/// records the factory that reads.
pub(crate) fn track_reads(on: bool) -> bool {
    with_local(|_, local| local.track(on))
}

/// Whether the thread's reads are tracked.
pub(crate) fn reads_are_tracked() -> bool {
    with_local(|_, local| local.is_tracked())
}

/// Returns how ready reads in this process are synchronized with closes, on which their cost depends:
/// [`ReadPath::Membarrier`] or [`ReadPath::Fences`]. [`CellBase::read_path`](crate::CellBase::read_path) says it of one
/// cell, which may be one of too many.
///
/// The choice is made by the first build of a cell that can be closed, or when it is first needed. `CELLS_READ_PATH=fences` in the environment forces
/// [`ReadPath::Fences`]. After that only two things change it, both to `Fences`: [`use_fences`], and a close to which
/// the kernel denies `membarrier(2)`.
///
/// ```
/// use cells::ReadPath;
///
/// if cells::read_path() != ReadPath::Membarrier {
///     eprintln!("reads of cells take ten nanoseconds here, not one");
/// }
/// # assert_ne!(cells::read_path(), ReadPath::Lock);
/// ```
pub fn read_path() -> ReadPath {
    REGISTRY.path()
}

/// Makes reads and closes do without `membarrier(2)`, as `CELLS_READ_PATH=fences` does. For a program that denies the
/// call to itself while it runs, for example by a seccomp filter: call this first thing in `main`.
///
/// Returns whether no payload needs `membarrier(2)` any more. `false` means that cells were in use before: a payload that
/// was published before this call, or is being published now, still needs it at its close. A program that then denies
/// itself the call refreshes or closes such cells first. Otherwise these payloads are never disposed, which is logged
/// once, as the error `runtime_cells_membarrier_denied`; payloads that are published later are disposed as always.
///
/// ```
/// assert!(cells::use_fences());
/// assert_eq!(cells::read_path(), cells::ReadPath::Fences);
/// // Enter the sandbox here, and then use cells.
/// ```
pub fn use_fences() -> bool {
    REGISTRY.change_to_fences()
}

/// Tells the log, once, that payloads will not be disposed. Called without a lock.
#[cold]
pub(crate) fn report_denied_membarrier() {
    static REPORTED: AtomicBool = AtomicBool::new(false);
    if !REPORTED.swap(true, Ordering::Relaxed) {
        // The log's subscriber may panic.
        let _ = catch_unwind(log::membarrier_denied);
    }
}
