//! One cell: its states, how its payload is read, built and closed, and its public type.
//!
//! [`control`] has the states, the transitions and the invariants; it alone takes the lock of a cell, which guards the
//! [`block`]. A caller asks it what to do ([`get`], [`get_async`]), it answers in the terms of [`decisions`], and an
//! [`initializer`] runs the flight. [`close`] lets go of a payload, and [`provide`] takes one from outside. All of that
//! is compiled once, on a [`raw_cell`]; [`typed_cell`] restores the payload's type. What users see is [`cell_base`], on
//! that [`closable_cell`], and on that [`runtime_cell`]; declared cells begin with one of the first two.

pub(crate) mod ageing;
pub(crate) mod ages;
pub(crate) mod block;
pub(crate) mod cell_base;
pub(crate) mod closable_cell;
pub(crate) mod close;
pub(crate) mod config;
pub(crate) mod control;
pub(crate) mod decisions;
pub(crate) mod get;
pub(crate) mod get_async;
pub(crate) mod initializer;
pub(crate) mod linger;
#[cfg(feature = "tokio")]
pub(crate) mod on_tokio;
pub(crate) mod provide;
pub(crate) mod raw_cell;
pub(crate) mod retry;
pub(crate) mod runtime_cell;
pub(crate) mod seed;
pub(crate) mod snapshot;
#[cfg(feature = "testing")]
pub(crate) mod twin;
#[expect(
    unsafe_code,
    reason = "leases get their type back unchecked, and `Send` and `Sync` are implemented by hand"
)]
pub(crate) mod typed_cell;
pub(crate) mod wait;
pub(crate) mod wait_budget;
