//! Counting calls.

use crate::leak;
use cells::{BoxError, FactoryAdjuster};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

/// A counter of calls.
#[derive(Debug, Default)]
pub struct Count(AtomicUsize);

impl Count {
    /// For a static.
    pub const fn zero() -> Self {
        Self(AtomicUsize::new(0))
    }

    /// One for the rest of the process.
    pub fn new() -> &'static Self {
        leak(Self::zero())
    }

    /// Adds one and returns the new number.
    pub fn up(&self) -> usize {
        self.0.fetch_add(1, SeqCst) + 1
    }

    /// The number so far.
    pub fn get(&self) -> usize {
        self.0.load(SeqCst)
    }
}

/// An adjuster that counts its calls.
pub struct CountingAdjuster(pub &'static Count);

impl<T> FactoryAdjuster<T> for CountingAdjuster {
    fn adjust(&self, _: &str, factory: &mut dyn FnMut() -> Result<T, BoxError>) -> Result<T, BoxError> {
        self.0.up();
        factory()
    }
}

/// Runs a closure when it is dropped.
pub struct OnDrop<F: FnMut()>(pub F);

impl<F: FnMut()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}
