//! What may be a payload.

/// What every thread may use at any time.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the payload of a cell, which every thread may use at any time",
    label = "this type is not `Send + Sync + 'static`"
)]
pub trait Payload: Send + Sync + 'static {}

#[diagnostic::do_not_recommend]
impl<T: Send + Sync + 'static> Payload for T {}
