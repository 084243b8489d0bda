//! What a sandbox needs to know of the cell that a static names: how a value becomes its payload.

use crate::declared::any_cell::AnyCell;
use crate::declared::async_cell::{AsyncCell, DeclaredAsync};
use crate::declared::cell_static::CellStatic;
use crate::declared::permanent_cell::{DeclaredPermanent, PermanentCell};
use crate::declared::static_cell::{Declared, StaticCell};
use crate::payload::lease::AnyPayload;
use crate::payload::payload_type::Payload;

/// The static of a declared cell, for the methods of a [`Sandbox`](crate::testing::Sandbox).
///
/// ```
/// use cells::runtime_cell;
/// use cells::testing::{EnteredSandbox, Sandbox, SandboxCell};
///
/// #[runtime_cell]
/// fn limit() -> u32 {
///     100
/// }
///
/// /// A sandbox for the tests of a program: all its cells, but for one.
/// fn with<C: SandboxCell>(cell: &'static C, payload: C::Payload) -> EnteredSandbox {
///     Sandbox::new().put(cell, payload).enter()
/// }
///
/// let _cells = with(&LIMIT, 2);
/// assert_eq!(*limit(), 2);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not the static of a declared cell",
    label = "a sandbox has cells that `#[runtime_cell]` declares; that of the accessor `pool` is `POOL`"
)]
pub trait SandboxCell: sealed::Sealed + 'static {
    /// What the cell's factory builds.
    type Payload: Payload;

    // Names that resemble no method of a program, because the compiler suggests methods of all traits.
    #[doc(hidden)]
    fn __any(cell: &'static Self) -> AnyCell;

    /// A payload as a factory returns it.
    #[doc(hidden)]
    fn __built(payload: Self::Payload) -> AnyPayload;

    /// A payload as it is published.
    #[doc(hidden)]
    fn __published(payload: Self::Payload) -> AnyPayload {
        Self::__built(payload)
    }
}

/// A [`SandboxCell`] whose factory is asynchronous.
///
/// [`Sandbox::factory_async`](crate::testing::Sandbox::factory_async) has an example.
#[diagnostic::on_unimplemented(
    message = "the factory of this cell is not asynchronous",
    label = "callers do not await this cell; give its sandbox a factory by `factory`"
)]
pub trait AsyncSandboxCell: SandboxCell {}

mod sealed {
    pub trait Sealed {}
    impl<C> Sealed for super::CellStatic<C> {}
}

#[diagnostic::do_not_recommend]
impl<T: Payload, D: Declared<T>> SandboxCell for CellStatic<StaticCell<T, D>> {
    type Payload = T;

    fn __any(cell: &'static Self) -> AnyCell {
        cell.any()
    }

    fn __built(payload: T) -> AnyPayload {
        AnyPayload::new(payload, D::DISPOSER.run)
    }
}

#[diagnostic::do_not_recommend]
impl<T: Payload, D: DeclaredAsync<T>> SandboxCell for CellStatic<AsyncCell<T, D>> {
    type Payload = T;

    fn __any(cell: &'static Self) -> AnyCell {
        cell.any()
    }

    fn __built(payload: T) -> AnyPayload {
        AnyPayload::new(payload, D::DISPOSER.run)
    }
}

#[diagnostic::do_not_recommend]
impl<T: Payload, D: DeclaredAsync<T>> AsyncSandboxCell for CellStatic<AsyncCell<T, D>> {}

#[diagnostic::do_not_recommend]
impl<T: Payload, D: DeclaredPermanent<T>> SandboxCell for CellStatic<PermanentCell<T, D>> {
    type Payload = T;

    fn __any(cell: &'static Self) -> AnyCell {
        cell.any()
    }

    fn __built(payload: T) -> AnyPayload {
        AnyPayload::new_dropped(payload)
    }

    fn __published(payload: T) -> AnyPayload {
        // A test has it as a `&'static T`.
        let payload: &'static T = Box::leak(Box::new(payload));
        AnyPayload::new(payload, D::DISPOSER.run)
    }
}
