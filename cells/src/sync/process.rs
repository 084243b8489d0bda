//! Which process this is, without asking the kernel each time: flights and alarms are compared with it by everybody who
//! waits, because a forked child has what its parent had, but not the threads that would go on with it.

use crate::sync::fork::{self, InChild};
use crate::sync::reserve;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

/// Where this process has noted its number; a fork resets it. `None` where nothing does that.
static NOTED: OnceLock<Option<&'static AtomicU32>> = OnceLock::new();

/// Resets the number as the kernel does, because an emulator may only say that it will: qemu 7.2 does so.
struct Forget(&'static AtomicU32);

impl InChild for Forget {
    fn in_child(&self) {
        self.0.store(0, Ordering::Relaxed);
    }
}

/// A value that each process has of its own. A forked child gets another than its parent, whose threads it does not have, and
/// whose locks may be held by one of them. Each process looks past those that it comes from, into none of them.
pub(crate) struct PerProcess<T: 'static>(OnceLock<Box<Generation<T>>>);

struct Generation<T: 'static> {
    process: u32,
    value: T,
    children: PerProcess<T>,
}

impl<T: Default> PerProcess<T> {
    pub(crate) const fn new() -> Self {
        Self(OnceLock::new())
    }

    pub(crate) fn get(&'static self) -> &'static T {
        let (process, mut at) = (id(), self);
        loop {
            let new = || Box::new(Generation { process, value: T::default(), children: Self::new() });
            let generation = at.0.get_or_init(new);
            if generation.process == process {
                return &generation.value;
            }
            at = &generation.children;
        }
    }
}

/// The number of this process; another one in a forked child, however it was forked.
pub(crate) fn id() -> u32 {
    let Some(noted) = NOTED.get_or_init(note) else { return std::process::id() };
    // Relaxed, both: the number stands for nothing else.
    match noted.load(Ordering::Relaxed) {
        0 => {
            let id = std::process::id();
            noted.store(id, Ordering::Relaxed);
            id
        }
        id => id,
    }
}

fn note() -> Option<&'static AtomicU32> {
    let noted = reserve::reset_by_fork()?;
    fork::in_children(Box::leak(Box::new(Forget(noted))));
    Some(noted)
}
