//! A callback object of one cell: declared with the cell, created on first use, replaceable at run time.
//!
//! It is created with no lock held, and stored only if no other one was created or configured meanwhile; otherwise it
//! is dropped after unlocking.

use crate::observe::user_panic::catch_user_panic;
use crate::sync::primitives::Mutex;
use std::sync::Arc;

/// An observer or adjuster of a cell.
pub(crate) struct Hook<H: ?Sized>(Mutex<Current<H>>);

enum Current<H: ?Sized> {
    /// Not needed so far. The function is code of the program.
    Declared(fn() -> Arc<H>),
    /// Boxed, like everything that most cells never have (target: size of a cell, docs/performance.md).
    Known(Option<Box<Arc<H>>>),
}

impl<H: ?Sized> Hook<H> {
    pub(crate) const fn new(declared: Option<fn() -> Arc<H>>) -> Self {
        match declared {
            Some(declared) => Self(Mutex::new(Current::Declared(declared))),
            None => Self::none(),
        }
    }

    pub(crate) const fn none() -> Self {
        const { Self(Mutex::new(Current::Known(None))) }
    }

    pub(crate) fn configure(&self, hook: Arc<H>) {
        let before = std::mem::replace(&mut *self.0.lock(), Current::Known(Some(Box::new(hook))));
        drop(before); // after unlocking: its destructor is code of the program
    }

    /// Returns the hook, and creates the declared one on first use. Two threads may both create it, because neither
    /// waits for code of the program here; one result is used. If creating it panics, there is none.
    pub(crate) fn get(&self, cell: &str) -> Option<Arc<H>> {
        let declared = match &*self.0.lock() {
            Current::Known(hook) => return hook.as_deref().cloned(),
            Current::Declared(declared) => *declared,
        };
        let mut created = None;
        catch_user_panic(cell, || created = Some(declared()));
        let mut current = self.0.lock();
        if let Current::Known(hook) = &*current {
            let hook = hook.as_deref().cloned();
            drop(current); // before `created`, whose destructor is code of the program
            return hook;
        }
        *current = Current::Known(created.clone().map(Box::new));
        created
    }
}
