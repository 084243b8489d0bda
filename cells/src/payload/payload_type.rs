//! What may be a payload, and the payload type of a cell as a value, for code that is compiled without it.

use std::any::{Any, TypeId, type_name};

/// A type that can be the payload of a cell. Every type that is `Send + Sync + 'static` implements it; the trait exists
/// for the compiler's message about other types.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the payload of a cell, which every thread may use at any time",
    label = "this type is not `Send + Sync + 'static`"
)]
pub trait Payload: Send + Sync + 'static {}

#[diagnostic::do_not_recommend]
impl<T: Send + Sync + 'static> Payload for T {}

/// The payload type of a cell, as a value.
pub(crate) struct PayloadType {
    id: fn() -> TypeId,
    name: fn() -> &'static str,
}

impl PayloadType {
    pub(crate) const fn of<T: 'static>() -> &'static Self {
        const { &Self { id: TypeId::of::<T>, name: type_name::<T> } }
    }

    /// Checks the type of a payload.
    ///
    /// # Panics
    /// If the payload is of another type.
    pub(crate) fn expect(&self, payload: &(dyn Any + Send + Sync)) {
        assert!(payload.type_id() == (self.id)(), "a cell holds payloads of one type: {}", self.name());
    }

    pub(crate) fn name(&self) -> &'static str {
        (self.name)()
    }
}
