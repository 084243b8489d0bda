//! A cell with the type of its payload: leases get their type back here, unchecked.
//!
//! The invariant: a [`TypedCell<T>`] creates its [`RawCell`] with the [`PayloadType`] of `T` and never replaces it, and
//! publishing checks the payload against that type. So every payload of a `TypedCell<T>` is a `T`.

use crate::cell::cell_base::CellBase;
use crate::cell::config::Config;
use crate::cell::raw_cell::RawCell;
use crate::error::Error;
use crate::payload::lease::{Lease, Ref};
use crate::payload::payload_type::PayloadType;
use std::marker::PhantomData;

/// A [`RawCell`] whose payloads are `T`.
pub struct TypedCell<T: Send + Sync + 'static> {
    /// Its raw cell is created here, with the type, and never replaced.
    base: CellBase,
    payloads: PhantomData<fn() -> T>,
}

// Without these impls the compiler proves `Send` and `Sync` again through every field for each static that is a cell or
// points to one, which dominates the time to check such a static (target: `cargo check` of 500 cells,
// docs/performance.md).
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
        let raw = RawCell::new(config, PayloadType::of::<T>());
        Self { base: CellBase { raw }, payloads: PhantomData }
    }

    pub(crate) const fn config_mut(&mut self) -> &mut Config {
        &mut self.base.raw.config
    }

    #[inline]
    pub(crate) const fn raw(&self) -> &RawCell {
        &self.base.raw
    }

    #[inline]
    pub(crate) const fn base(&self) -> &CellBase {
        &self.base
    }

    // "See above" in the arguments below is the invariant at the head of this file.

    /// Takes a lease on the published payload.
    #[inline]
    #[expect(clippy::manual_map, reason = "a closure adds one more function per cell to a debug build")]
    pub(crate) fn lease<'a>(&self) -> Option<Ref<'a, T>> {
        match self.base.raw.lease() {
            // SAFETY: see above.
            Some(lease) => Some(unsafe { lease.assume_type() }),
            None => None,
        }
    }

    /// Takes a lease by the fast path; `None` also where this thread has to take the slow one.
    #[inline]
    #[expect(clippy::manual_map, reason = "a closure adds one more function per cell to a debug build")]
    pub(crate) fn lease_fast<'a>(&self) -> Option<Ref<'a, T>> {
        match self.base.raw.lease_fast() {
            // SAFETY: see above.
            Some(lease) => Some(unsafe { lease.assume_type() }),
            None => None,
        }
    }

    /// Gets the payload for an accessor of a plain cell (target: ready read and `.text` per cell, docs/performance.md).
    #[inline(always)]
    #[expect(
        clippy::inline_always,
        reason = "the fast path of a read; otherwise a debug build contains one more function per cell"
    )]
    pub(crate) fn get(&'static self) -> Result<Ref<'static, T>, Error> {
        if let Some(lease) = self.base.raw.lease_fast_or_observed() {
            // SAFETY: see above.
            return Ok(unsafe { lease.assume_type() });
        }
        Self::get_declared(&self.base.raw)
    }

    /// The same for a cell that cannot fail. The slow path is that of all types, and what it returns fits into registers:
    /// so a row of reads keeps each lease in registers too.
    ///
    /// # Panics
    /// If there is an error.
    #[inline(always)]
    #[expect(
        clippy::inline_always,
        reason = "the fast path of a read; otherwise a debug build contains one more function per cell"
    )]
    #[track_caller]
    pub(crate) fn get_infallible(&'static self) -> Ref<'static, T> {
        let lease = match self.base.raw.lease_fast() {
            Some(lease) => lease,
            None => self.base.raw.get_infallible(),
        };
        // SAFETY: see above.
        unsafe { lease.assume_type() }
    }

    /// The slow path of a cell that is not ready. Its machine code is the same for all types, so an optimized program contains it only once (target:
    /// `.text` per cell).
    #[cold]
    #[inline(never)]
    fn get_declared(raw: &'static RawCell) -> Result<Ref<'static, T>, Error> {
        // SAFETY: see above.
        unsafe { Lease::assume_type_of(raw.get_declared()) }
    }
}
