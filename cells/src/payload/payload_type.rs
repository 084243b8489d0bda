//! What may be a payload, and how its type is known where it is not written.

use std::any::{Any, TypeId, type_name};

/// What every thread may use at any time.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the payload of a cell, which every thread may use at any time",
    label = "this type is not `Send + Sync + 'static`"
)]
pub trait Payload: Send + Sync + 'static {}

#[diagnostic::do_not_recommend]
impl<T: Send + Sync + 'static> Payload for T {}

/// The type of a cell's payloads, as a value.
pub(crate) struct PayloadType {
    id: TypeId,
    name: fn() -> &'static str,
}

impl PayloadType {
    pub(crate) const fn of<T: 'static>() -> &'static Self {
        const { &Self { id: TypeId::of::<T>(), name: type_name::<T> } }
    }

    /// # Panics
    /// If the payload is of another type.
    pub(crate) fn expect(&self, payload: &(dyn Any + Send + Sync)) {
        assert!(payload.type_id() == self.id, "a cell holds payloads of one type: {}", self.name());
    }

    pub(crate) fn name(&self) -> &'static str {
        (self.name)()
    }
}
