//! The static by which a program names a declared cell.
//!
//! The cell itself is a hidden static beside it. What a declaration emits names the cell by that one: so an item of the
//! program that has the name of this one is reported once, no use of a deprecated static has to be excused, and the
//! compiler sees whether the program uses it.

use crate::declared::any_cell::AnyCell;
use crate::declared::async_cell::{AsyncCell, DeclaredAsync};
use crate::declared::permanent_cell::{DeclaredPermanent, PermanentCell};
use crate::declared::static_cell::{Declared, StaticCell};
use crate::payload::payload_type::Payload;
use std::fmt;
use std::ops::Deref;

/// The static that `#[runtime_cell]` declares. It dereferences to the cell `C`: a [`StaticCell`], an [`AsyncCell`] or a
/// [`PermanentCell`].
///
/// ```
/// use cells::{AnyCell, runtime_cell};
///
/// #[runtime_cell]
/// fn limit() -> u32 {
///     100
/// }
///
/// assert_eq!(LIMIT.name(), "limit"); // a method of the cell, through two dereferences
/// let untyped: AnyCell = LIMIT.any();
/// assert_eq!(untyped.info().payload_type, "u32");
/// ```
pub struct CellStatic<C: 'static>(&'static C);

/// For the macro.
#[doc(hidden)]
impl<C> CellStatic<C> {
    /// Takes the accessor so that the compiler sees it used wherever the static is.
    pub const fn new<A>(cell: &'static C, _accessor: &A) -> Self {
        Self(cell)
    }
}

impl<C> Deref for CellStatic<C> {
    type Target = C;

    #[inline]
    fn deref(&self) -> &C {
        self.0
    }
}

impl<T: Payload, D: Declared<T>> CellStatic<StaticCell<T, D>> {
    /// Returns the cell without its type, for a table of cells of all types.
    ///
    /// The [type](Self) has an example.
    pub const fn any(&self) -> AnyCell {
        self.0.any()
    }
}

impl<T: Payload, D: DeclaredAsync<T>> CellStatic<AsyncCell<T, D>> {
    /// Returns the cell without its type, for a table of cells of all types.
    ///
    /// The [type](Self) has an example.
    pub const fn any(&self) -> AnyCell {
        self.0.any()
    }
}

impl<T: Payload, D: DeclaredPermanent<T>> CellStatic<PermanentCell<T, D>> {
    /// Returns the cell without its type, for a table of cells of all types.
    ///
    /// The [type](Self) has an example.
    pub const fn any(&self) -> AnyCell {
        self.0.any()
    }
}

impl<C: fmt::Debug> fmt::Debug for CellStatic<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
