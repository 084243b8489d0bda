//! Which disposers cannot go on before the calling thread does, because they run on its stack: a close that waits for one
//! of them would wait for itself. So would a thread that works for this one while it waits ([`Behalf`]).
//!
//! The list has a fixed size and no destructor, because an allocator may read cells and so dispose payloads, also in the
//! destructors of thread-locals. A disposer that is nested deeper than the list is long is not known to be there, and a
//! close inside it that waits for it does so until its limit.

use crate::sync::primitives::thread_local;
use std::cell::Cell;

/// How many are known for each thread.
const KNOWN: usize = 16;

/// Identifies a disposal: its address, which does not change while its disposer runs.
type DisposalId = usize;

type Running = [DisposalId; KNOWN];

thread_local! {
    /// From the outermost to the innermost; 0 is none.
    static RUNNING: Cell<Running> = const { Cell::new([0; KNOWN]) };
}

/// While this guard exists, a disposer runs on this thread.
pub(crate) struct Entered(Running);

impl Drop for Entered {
    fn drop(&mut self) {
        let _ = RUNNING.try_with(|running| running.set(self.0));
    }
}

/// A disposer begins, or is polled.
pub(super) fn enter<D>(disposal: &D) -> Entered {
    let mut running = of_this_thread();
    let before = Entered(running);
    if let Some(place) = running.iter_mut().find(|id| **id == 0) {
        *place = id(disposal);
    }
    replace(running);
    before
}

/// Whether a disposer cannot go on before this thread does.
pub(super) fn has<D>(disposal: &D) -> bool {
    of_this_thread().contains(&id(disposal))
}

fn id<D>(disposal: &D) -> DisposalId {
    std::ptr::from_ref(disposal).addr()
}

fn of_this_thread() -> Running {
    RUNNING.try_with(Cell::get).unwrap_or([0; KNOWN])
}

fn replace(running: Running) {
    let _ = RUNNING.try_with(|here| here.set(running));
}

/// The disposers that cannot go on before this thread does, for threads that work for it while it waits.
#[derive(Clone, Copy)]
pub(crate) struct Behalf(Running);

impl Behalf {
    pub(crate) fn of_caller() -> Self {
        Self(of_this_thread())
    }

    /// Until the guard is dropped, they cannot go on before the calling thread does.
    pub(crate) fn enter(self) -> Entered {
        let before = Entered(of_this_thread());
        replace(self.0);
        before
    }
}
