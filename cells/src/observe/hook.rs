//! A callback object of one cell: declared with the cell, created on first use, replaceable at run time.
//!
//! It is created with no lock held, and stored only if no other one was created or configured meanwhile; otherwise it
//! is dropped after unlocking.

use crate::observe::user_panic::catch_user_panic;
use crate::sync::primitives::Mutex;
use std::sync::Arc;

/// An observer or adjuster of a cell.
pub(crate) struct Hook<H: ?Sized> {
    /// Creates it. This is code of the program.
    declared: Option<fn() -> Arc<H>>,
    /// `None` if it was not needed so far. Boxed, like everything that most cells never have (target: size of a cell,
    /// docs/performance.md).
    known: Mutex<Option<Box<Option<Arc<H>>>>>,
}

impl<H: ?Sized> Hook<H> {
    pub(crate) const fn new(declared: Option<fn() -> Arc<H>>) -> Self {
        Self { declared, known: const { Mutex::new(None) } }
    }

    pub(crate) const fn none() -> Self {
        Self::new(None)
    }

    /// A hook that is declared alike, and knows nothing of what was configured here.
    #[cfg(feature = "testing")]
    pub(crate) const fn twin(&self) -> Self {
        Self::new(self.declared)
    }

    pub(crate) fn configure(&self, hook: Arc<H>) {
        let before = self.known.lock().replace(Box::new(Some(hook)));
        drop(before); // after unlocking: its destructor is code of the program
    }

    /// Returns the hook, and creates the declared one on first use. Two threads may both create it, because neither
    /// waits for code of the program here; one result is used. If creating it panics, there is none.
    pub(crate) fn get(&self, cell: &str) -> Option<Arc<H>> {
        if let Some(known) = &*self.known.lock() {
            return Option::clone(known);
        }
        let declared = self.declared?;
        let mut created = None;
        catch_user_panic(cell, || created = Some(declared()));
        let mut known = self.known.lock();
        if let Some(hook) = &*known {
            let hook = Option::clone(hook);
            drop(known); // before `created`, whose destructor is code of the program
            return hook;
        }
        *known = Some(Box::new(created.clone()));
        created
    }
}
