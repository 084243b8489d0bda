//! What a sandbox needs to know of the cell that a static names: how a value becomes its payload.

use crate::declared::any_cell::AnyCell;
use crate::declared::async_cell::{AsyncCell, DeclaredAsync};
use crate::declared::cell_static::CellStatic;
use crate::declared::permanent_cell::{DeclaredPermanent, PermanentCell};
use crate::declared::static_cell::{Declared, StaticCell};
use crate::payload::lease::AnyPayload;
use crate::payload::payload_type::Payload;

/// The static of a declared cell, for the methods of a [`Sandbox`](crate::testing::Sandbox).
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not the static of a declared cell",
    label = "a sandbox has cells that `#[runtime_cell]` declares; that of the accessor `pool` is `POOL`"
)]
pub trait SandboxCell: hidden::Payloads + 'static {}

/// A [`SandboxCell`] whose factory is asynchronous.
#[diagnostic::on_unimplemented(
    message = "the factory of this cell is not asynchronous",
    label = "callers do not await this cell; give its sandbox a factory by `factory`"
)]
pub trait AsyncSandboxCell: SandboxCell {}

pub(crate) mod hidden {
    use crate::declared::any_cell::AnyCell;
    use crate::payload::lease::AnyPayload;
    use crate::payload::payload_type::Payload;

    // Names that resemble no method of a program, because the compiler suggests methods of all traits.
    pub trait Payloads {
        /// What the cell's factory builds.
        type Payload: Payload;
        fn __any(cell: &'static Self) -> AnyCell;
        /// A payload as a factory returns it.
        fn __built(payload: Self::Payload) -> AnyPayload;
        /// A payload as it is published.
        fn __published(payload: Self::Payload) -> AnyPayload;
    }
}

impl<T: Payload, D: Declared<T>> SandboxCell for CellStatic<StaticCell<T, D>> {}
impl<T: Payload, D: DeclaredAsync<T>> SandboxCell for CellStatic<AsyncCell<T, D>> {}
impl<T: Payload, D: DeclaredPermanent<T>> SandboxCell for CellStatic<PermanentCell<T, D>> {}

#[diagnostic::do_not_recommend]
impl<T: Payload, D: DeclaredAsync<T>> AsyncSandboxCell for CellStatic<AsyncCell<T, D>> {}

impl<T: Payload, D: Declared<T>> hidden::Payloads for CellStatic<StaticCell<T, D>> {
    type Payload = T;

    fn __any(cell: &'static Self) -> AnyCell {
        cell.any()
    }

    fn __built(payload: T) -> AnyPayload {
        AnyPayload::new(payload, D::DISPOSER.run)
    }

    fn __published(payload: T) -> AnyPayload {
        Self::__built(payload)
    }
}

impl<T: Payload, D: DeclaredAsync<T>> hidden::Payloads for CellStatic<AsyncCell<T, D>> {
    type Payload = T;

    fn __any(cell: &'static Self) -> AnyCell {
        cell.any()
    }

    fn __built(payload: T) -> AnyPayload {
        AnyPayload::new(payload, D::DISPOSER.run)
    }

    fn __published(payload: T) -> AnyPayload {
        Self::__built(payload)
    }
}

impl<T: Payload, D: DeclaredPermanent<T>> hidden::Payloads for CellStatic<PermanentCell<T, D>> {
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
