//! A callback object of one cell: declared with it, made on first use, replaceable at run time.

use crate::observe::user_panic::catch_user_panic;
use crate::sync::primitives::Mutex;
use std::sync::Arc;

/// An observer or adjuster of a cell.
pub(crate) struct Hook<H: ?Sized>(Mutex<Current<H>>);

enum Current<H: ?Sized> {
    /// Nobody has asked yet for what this makes; it is the user's code.
    Declared(fn() -> Arc<H>),
    /// Boxed, like all that most cells never have.
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
        drop(before); // after unlocking: its destructor is the user's
    }

    /// Gives the hook, making the declared one if nobody has. Two threads that come first at once may both make
    /// it, and one is used: nobody waits for the user's code here. If making it panics, there is none.
    pub(crate) fn get(&self, cell: &str) -> Option<Arc<H>> {
        let declared = match &*self.0.lock() {
            Current::Known(hook) => return hook.as_deref().cloned(),
            Current::Declared(declared) => *declared,
        };
        let mut made = None;
        catch_user_panic(cell, || made = Some(declared()));
        let mut current = self.0.lock();
        if let Current::Known(hook) = &*current {
            let hook = hook.as_deref().cloned();
            drop(current); // before `made`, whose destructor is the user's
            return hook;
        }
        *current = Current::Known(made.clone().map(Box::new));
        made
    }
}
