//! How reads and closes are ordered against each other: the fences of both sides, and which of two ways they take.
//!
//! A light fence is always ordered against a heavy one: either what comes after the heavy fence sees what came before
//! the light one, or what comes after the light fence sees what came before the heavy one. A light fence only keeps the
//! compiler from reordering; the heavy one is `membarrier(2)`, which makes every running thread of the process pass a
//! full fence (Linux, `Documentation/scheduler/membarrier.rst`). The scheme is that of SRCU (Linux,
//! `kernel/rcu/srcutree.c`) and of folly's hazard pointers (`folly/synchronization/AsymmetricThreadFence.h`). Without
//! `membarrier`, both are `SeqCst` fences. The choice is made once ([`Choice::path`]). A reader before the choice takes
//! the `SeqCst` fence, which goes with either.

use crate::sync::primitives::inner::atomic::{Ordering, fence};
// Of the choice, which is no part of the models: they know only one way.
use std::sync::atomic::{AtomicU8, compiler_fence};

/// How ready reads are synchronized with closes.
///
/// [`read_path`](crate::read_path) says it of the process, and [`CellBase::read_path`](crate::CellBase::read_path) of what
/// is published in one cell.
///
/// [`read_path`](crate::read_path()) has an example.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum ReadPath {
    /// Readers pay no memory fence: a read and its drop take about a nanosecond. A close calls `membarrier(2)`, which
    /// takes a few microseconds. Linux since 4.14.
    Membarrier,
    /// Readers pay two memory fences: a read and its drop take ten to fifteen nanoseconds. Closes are cheap. Used everywhere
    /// else: other systems, older kernels, and sandboxes that deny the call.
    Fences,
    /// Readers take a short lock, and wait for each other: ten to fifteen nanoseconds without contention. Of some cells, if
    /// more than 131,071 payloads are published or leased at a time (16,383 where a pointer has 32 bits): those that come
    /// too late, until others have gone and they are built again. A thirty-second part of that number is kept for declared
    /// cells.
    Lock,
}

/// The way that this process takes.
pub(super) struct Choice(AtomicU8);

const UNCHOSEN: u8 = 0;
const MEMBARRIER: u8 = 1;
const FENCES: u8 = 2;

impl Choice {
    pub(super) const fn new() -> Self {
        Self(AtomicU8::new(UNCHOSEN))
    }

    /// The way, chosen now if need be. Allocates then.
    pub(super) fn path(&self) -> ReadPath {
        self.chosen().unwrap_or_else(|| self.choose())
    }

    pub(super) fn chosen(&self) -> Option<ReadPath> {
        if !barrier::POSSIBLE {
            return Some(ReadPath::Fences);
        }
        // Acquire: pairs with the release in `set_fences`.
        match self.0.load(Ordering::Acquire) {
            UNCHOSEN => None,
            MEMBARRIER => Some(ReadPath::Membarrier),
            _ => Some(ReadPath::Fences),
        }
    }

    /// Not under a lock, because it allocates: of two threads that choose, the first decides.
    #[cold]
    fn choose(&self) -> ReadPath {
        let path = if barrier::is_granted() { MEMBARRIER } else { FENCES };
        let _ = self.0.compare_exchange(UNCHOSEN, path, Ordering::AcqRel, Ordering::Acquire);
        self.chosen().unwrap_or(ReadPath::Fences)
    }

    /// Chooses fences, if nothing is chosen yet; returns whether this call did.
    pub(super) fn choose_fences(&self) -> bool {
        self.0.compare_exchange(UNCHOSEN, FENCES, Ordering::AcqRel, Ordering::Acquire).is_ok()
    }

    /// Changes over to fences. What the caller did before is known to whoever sees the new way.
    pub(super) fn set_fences(&self) {
        self.0.store(FENCES, Ordering::Release);
    }

    /// The fence of a reader that may be on either way.
    pub(super) fn light(&self) {
        if self.chosen() == Some(ReadPath::Membarrier) {
            compiler_fence(Ordering::SeqCst);
        } else {
            fence(Ordering::SeqCst);
        }
    }
}

/// The fence of a reader that is known to be on the way of `membarrier`. The models have the same code on the other way.
#[inline]
pub(super) fn light() {
    if cfg!(cells_loom) {
        fence(Ordering::SeqCst);
    } else {
        compiler_fence(Ordering::SeqCst);
    }
}

/// The heavy fence that goes with [`light`]; `false` if the kernel denies it.
pub(super) fn heavy() -> bool {
    barrier::heavy()
}

#[cfg(all(target_os = "linux", not(any(cells_loom, cells_portable, miri))))]
mod barrier {
    use rustix::thread::{MembarrierCommand, membarrier};
    use std::sync::atomic::{Ordering, fence};

    pub(super) const POSSIBLE: bool = true;

    /// Whether the kernel grants `membarrier`. `CELLS_READ_PATH=fences` forces the other way, for tests and for sandboxes
    /// that deny the call later on. Allocates.
    pub(super) fn is_granted() -> bool {
        let fences = std::env::var_os("CELLS_READ_PATH").is_some_and(|path| path == "fences");
        !fences && register() && call()
    }

    #[cold]
    pub(super) fn heavy() -> bool {
        // For the compiler, and for this thread itself.
        fence(Ordering::SeqCst);
        // After a fork, the child may have to register for itself.
        let done = call() || (register() && call());
        fence(Ordering::SeqCst);
        done
    }

    fn register() -> bool {
        membarrier(MembarrierCommand::RegisterPrivateExpedited).is_ok()
    }

    fn call() -> bool {
        membarrier(MembarrierCommand::PrivateExpedited).is_ok()
    }
}

#[cfg(not(all(target_os = "linux", not(any(cells_loom, cells_portable, miri)))))]
mod barrier {
    pub(super) const POSSIBLE: bool = false;

    pub(super) fn is_granted() -> bool {
        false
    }

    pub(super) fn heavy() -> bool {
        false
    }
}
