//! The counters of this process, and the calling thread's part: which table it counts in, whether its reads are
//! tracked, and what becomes of the table when the thread ends. The protocol is in [`counters`](super::counters).

use crate::payload::counters::{Counters, FirstLanes, Local, ReadPath, Registry};
use crate::sync::primitives::thread_local;

static FIRST_LANES: FirstLanes = FirstLanes::new();
pub(super) static REGISTRY: Registry = Registry::new(enlist);

#[inline]
pub(crate) fn counters() -> Counters {
    Counters { first: &FIRST_LANES, registry: &REGISTRY }
}

thread_local! {
    // Without a destructor, so that a thread can read and drop leases until its very end.
    static LOCAL: Local = const { Local::new() };
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
        (_, Some(f)) => f(counters(), &Local::new()),
        (_, None) => unreachable!("`f` was either called or left"),
    }
}

/// Turns tracking of the thread's reads on or off; returns whether it was on. Tracked reads take the slow path, which
/// records the factory that reads.
pub(crate) fn track_reads(on: bool) -> bool {
    with_local(|counters, local| counters.registry.track(local, on))
}

/// Whether the thread's reads are tracked.
pub(crate) fn reads_are_tracked() -> bool {
    with_local(|_, local| local.is_tracked())
}

/// Returns how ready reads in this process are synchronized with closes, on which their cost depends.
///
/// The choice is made once, when it is first needed. `CELLS_READ_PATH=fences` in the environment forces
/// [`ReadPath::Fences`]. A program that denies itself `membarrier(2)` while it runs needs that: otherwise its closes
/// can no longer tell whether a lease is out, and leave their payloads undisposed.
pub fn read_path() -> ReadPath {
    REGISTRY.path()
}
