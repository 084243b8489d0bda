//! A cell with the type of its payload: where leases get their type back, unchecked.

use crate::cell::config::Config;
use crate::cell::raw_cell::RawCell;
use crate::error::Error;
use crate::payload::lease::{Lease, Ref};
use crate::payload::payload_type::PayloadType;
use std::marker::PhantomData;

/// A [`RawCell`] whose payloads are `T`.
pub struct TypedCell<T: Send + Sync + 'static> {
    /// Created here, with the type, and never replaced.
    raw: RawCell,
    payloads: PhantomData<fn() -> T>,
}

// Without these impls the compiler derives `Send` and `Sync` again through every field for each static that is a cell or
// points to one, which dominates the time to check such a static (target: `cargo check` of 500 cells, docs/performance.md).
//
// SAFETY: each part of a cell is `Send` and `Sync`, as the compiler proves once, below.
unsafe impl Send for RawCell {}
// SAFETY: as above.
unsafe impl Sync for RawCell {}

const _: fn(&RawCell) = |raw| {
    const fn proved<T: Send + Sync>(_: &T) {}
    let RawCell { config, control } = raw;
    proved(config);
    proved(control);
};

impl<T: Send + Sync + 'static> TypedCell<T> {
    pub(crate) const fn new(config: Config) -> Self {
        Self { raw: RawCell::new(config, PayloadType::of::<T>()), payloads: PhantomData }
    }

    pub(crate) const fn config_mut(&mut self) -> &mut Config {
        &mut self.raw.config
    }

    #[inline]
    pub(crate) const fn raw(&self) -> &RawCell {
        &self.raw
    }

    // What this cell publishes is of the type that it was created with, as publishing checks.

    /// Takes a lease on the published payload.
    #[inline]
    #[expect(clippy::manual_map, reason = "a closure is one more function for each cell in a debug build")]
    pub(crate) fn lease<'a>(&self) -> Option<Ref<'a, T>> {
        match self.raw.lease() {
            // SAFETY: see above.
            Some(lease) => Some(unsafe { lease.assume_type() }),
            None => None,
        }
    }

    /// The same where the fast path can.
    #[inline]
    #[expect(clippy::manual_map, reason = "as above")]
    pub(crate) fn lease_fast<'a>(&self) -> Option<Ref<'a, T>> {
        match self.raw.lease_fast() {
            // SAFETY: see above.
            Some(lease) => Some(unsafe { lease.assume_type() }),
            None => None,
        }
    }

    /// Gets the payload for a caller of the accessor.
    #[inline(always)]
    #[expect(
        clippy::inline_always,
        reason = "the fast path of a read, and one call less for each cell in a debug build"
    )]
    pub(crate) fn get(&'static self) -> Result<Ref<'static, T>, Error> {
        if let Some(lease) = self.raw.lease_fast() {
            // SAFETY: see above.
            return Ok(unsafe { lease.assume_type() });
        }
        Self::get_observed(&self.raw)
    }

    /// The rest, which an optimized program has only once for all types, because it is the same for all (target: `.text`
    /// for each cell).
    #[cold]
    #[inline(never)]
    fn get_observed(raw: &'static RawCell) -> Result<Ref<'static, T>, Error> {
        // SAFETY: see above.
        unsafe { Lease::assume_type_of(raw.get_observed()) }
    }
}
