//! The primitives on which the protocol is built, in one place so that a model checker can replace them.
//!
//! `RUSTFLAGS="--cfg cells_shuttle"` builds the same protocol on shuttle's primitives, whose scheduler then chooses the
//! interleaving. Whatever takes part in the protocol imports its locks, parking, atomics and thread-locals from here.
//! Leaf locks, under which nothing else is locked and nobody waits, are imported directly (for example in `frames`,
//! `wait_graph` and `timeline`), and so is the cell of a flight's outcome, which is set under a lock from here.
//!
//! The reader counters are a protocol of their own, below all others, and import from [`inner`]. One operation on them
//! is one step for shuttle, whose memory is sequentially consistent, and many for loom, whose memory is weak. `--cfg
//! cells_loom` is only for the package `cells-models`, which compiles this file and `counters.rs` into a program of its
//! own. The names of the two flags are the library's own, because `--cfg` reaches every crate of a build: `--cfg loom`
//! is what a program says that runs models of itself.

#[cfg(not(any(cells_loom, cells_shuttle)))]
pub(crate) use self::real::Parker;
#[cfg(not(any(cells_loom, cells_shuttle)))]
pub(crate) use crate::sync::latch::Latch;
#[cfg(not(any(cells_loom, cells_shuttle)))]
pub(crate) use parking_lot::Mutex;
#[cfg(not(any(cells_loom, cells_shuttle)))]
pub(crate) use std::{sync::atomic, thread_local};

#[cfg(cells_shuttle)]
pub(crate) use self::model::{Latch, Mutex, Parker};
#[cfg(cells_shuttle)]
pub(crate) use shuttle::{sync::atomic, thread_local};

/// Declares a `const fn`, or a plain `fn` under loom, whose constructors are not `const`.
macro_rules! const_fn {
    ($(#[$meta:meta])* $vis:vis fn $($rest:tt)*) => {
        #[cfg(not(cells_loom))]
        $(#[$meta])* $vis const fn $($rest)*
        #[cfg(cells_loom)]
        $(#[$meta])* $vis fn $($rest)*
    };
}
pub(crate) use const_fn;

/// The primitives of the reader counters.
pub(crate) mod inner {
    #[cfg(cells_loom)]
    pub(crate) use loom::sync::atomic;
    #[cfg(cells_loom)]
    use loom::sync::{Mutex as Inner, MutexGuard};
    use std::sync::PoisonError;
    #[cfg(not(cells_loom))]
    pub(crate) use std::sync::atomic;
    #[cfg(not(cells_loom))]
    use std::sync::{Mutex as Inner, MutexGuard};

    /// Not `parking_lot`'s, whose locks may allocate: a global allocator may read cells. Nothing panics under it.
    pub(crate) struct Mutex<T>(Inner<T>);

    impl<T> Mutex<T> {
        super::const_fn! {
            pub(crate) fn new(value: T) -> Self {
                Self(Inner::new(value))
            }
        }

        pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
            self.0.lock().unwrap_or_else(PoisonError::into_inner)
        }
    }
}

#[cfg(not(any(cells_loom, cells_shuttle)))]
mod real {
    use crate::sync::monitor::Monitor;
    use std::time::Instant;

    /// Where one thread sleeps: it has its own flag and condition variable, so that a woken thread queues for nothing.
    ///
    /// Not [`std::thread::park`]: its token belongs to the program, which may use it on this thread for something else.
    pub(crate) struct Parker {
        signalled: Monitor<bool>,
    }

    impl Parker {
        pub(crate) fn new() -> Self {
            Self { signalled: Monitor::new(false) }
        }

        /// Sleeps until `unpark` is called, or was called since the last sleep, or until the deadline.
        pub(crate) fn park(&self, deadline: Option<Instant>) {
            let mut signalled = self.signalled.lock_after(deadline, |signalled| !signalled);
            *signalled = false;
        }

        pub(crate) fn unpark(&self) {
            *self.signalled.lock() = true;
            self.signalled.notify_one();
        }
    }
}

/// Shuttle's primitives with the same interface: no poisoning, and deadlines that never pass.
#[cfg(cells_shuttle)]
mod model {
    use shuttle::sync;
    use std::sync::PoisonError;
    use std::time::Instant;

    pub(crate) struct Mutex<T>(sync::Mutex<T>);

    impl<T> Mutex<T> {
        pub(crate) const fn new(value: T) -> Self {
            Self(sync::Mutex::new(value))
        }

        pub(crate) fn lock(&self) -> sync::MutexGuard<'_, T> {
            self.0.lock().unwrap_or_else(PoisonError::into_inner)
        }
    }

    pub(crate) struct Parker(shuttle::thread::Thread);

    impl Parker {
        pub(crate) fn new() -> Self {
            Self(shuttle::thread::current())
        }

        #[expect(clippy::unused_self, reason = "a thread parks itself")]
        pub(crate) fn park(&self, _: Option<Instant>) {
            shuttle::thread::park();
        }

        pub(crate) fn unpark(&self) {
            self.0.unpark();
        }
    }

    pub(crate) struct Latch {
        open: Mutex<bool>,
        opened: sync::Condvar,
    }

    impl Latch {
        pub(crate) const fn new() -> Self {
            Self { open: Mutex::new(false), opened: sync::Condvar::new() }
        }

        pub(crate) fn open(&self) {
            *self.open.lock() = true;
            self.opened.notify_all();
        }

        pub(crate) fn wait(&self, _: Option<Instant>) -> bool {
            let open = self.opened.wait_while(self.open.lock(), |open| !*open);
            *open.unwrap_or_else(PoisonError::into_inner)
        }
    }
}
