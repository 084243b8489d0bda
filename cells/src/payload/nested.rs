//! Disposals inside disposals: how deep they nest on a thread, and what is put off.
//!
//! A payload that holds the last lease on another one ends that one too, in its own disposal. In a chain of such payloads
//! each disposal would be a few calls deeper in the stack than the one before. So a thread nests them only up to
//! [`DEPTH`]. Payloads whose last lease ends deeper than that are put off, in their order. The innermost disposal within
//! the limit disposes them when its own payload is gone, and then those that are put off meanwhile. So a chain of any
//! length takes a bounded stack, each payload is disposed before what it leases, and whoever drops a lease outside of a
//! disposer finds all of them disposed on return. A thread that is about to wait for a disposal first resumes what it has
//! put off, because it may wait for that.
//!
//! Everything is the thread's own. The queue is empty whenever no disposal is running, and has no destructor, so that
//! this also works in the destructors of thread-locals.

use crate::sync::primitives::thread_local;
use std::cell::Cell;
use std::collections::VecDeque;
use std::mem::ManuallyDrop;
use std::sync::Arc;

/// How many disposals nest, so that a disposer finds what it has released disposed.
const DEPTH: usize = 32;

/// What can be put off.
pub(crate) trait PutOff {
    /// Does it now, unless somebody else has done it. Does not unwind.
    fn resume(self: Arc<Self>);
}

struct Nesting {
    running: Cell<usize>,
    /// Taken out to be changed, because an allocator may read cells and dispose their payloads.
    put_off: ManuallyDrop<Cell<VecDeque<Arc<dyn PutOff>>>>,
}

thread_local! {
    static NESTING: Nesting = const {
        Nesting { running: Cell::new(0), put_off: ManuallyDrop::new(Cell::new(VecDeque::new())) }
    };
}

/// Whether another disposal on this thread would nest too deep. Under shuttle, where all thread-locals end with their
/// thread, none does after that.
pub(crate) fn is_deep() -> bool {
    NESTING.try_with(|nesting| nesting.running.get() >= DEPTH).unwrap_or(false)
}

/// Runs a disposal, and if it is the innermost one within the limit, then those that were put off in it. It does not
/// unwind.
pub(crate) fn run(dispose: impl FnOnce()) {
    let depth = NESTING.try_with(|nesting| {
        let depth = nesting.running.get() + 1;
        nesting.running.set(depth);
        depth
    });
    dispose();
    if depth == Ok(DEPTH) {
        resume();
    }
    let _ = NESTING.try_with(|nesting| nesting.running.set(nesting.running.get() - 1));
}

/// Leaves a disposal for later.
pub(crate) fn put_off(disposal: Arc<dyn PutOff>) {
    let meanwhile = NESTING.with(|nesting| {
        let mut queue = nesting.put_off.take();
        queue.push_back(disposal);
        nesting.put_off.replace(queue)
    });
    meanwhile.into_iter().for_each(put_off);
}

/// Resumes what this thread has put off.
pub(crate) fn resume() {
    while let Some(disposal) = next() {
        disposal.resume();
    }
}

/// The next one that was put off. An empty queue keeps no memory.
fn next() -> Option<Arc<dyn PutOff>> {
    let take = |nesting: &Nesting| {
        let mut queue = nesting.put_off.take();
        let next = queue.pop_front();
        if !queue.is_empty() {
            nesting.put_off.set(queue);
        }
        next
    };
    NESTING.try_with(take).unwrap_or_default()
}
