//! What a factory may return.

use crate::error::BoxError;
use crate::payload::lease::AnyPayload;
use crate::payload::payload_type::Payload;

/// What a factory returns: the payload `P`, or a `Result` of it.
#[diagnostic::on_unimplemented(
    message = "a factory returns its payload, or a `Result` of it whose error converts into `cells::BoxError`",
    label = "the error of this `Result` is no error that may cross threads"
)]
pub trait FactoryOutput<P> {
    /// The same, with the error in a box.
    #[expect(clippy::missing_errors_doc, reason = "the factory's own")]
    fn into_result(self) -> Result<P, BoxError>;

    /// The same, with the payload in a parcel, to be dropped in the end. In one step, for every cell has it compiled.
    #[expect(clippy::missing_errors_doc, reason = "the factory's own")]
    fn into_dropped(self) -> Result<AnyPayload, BoxError>
    where
        P: Payload;
}

// Inlined always, for otherwise a debug build has a function more for every cell.

impl<P> FactoryOutput<P> for P {
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "nothing")]
    fn into_result(self) -> Result<P, BoxError> {
        Ok(self)
    }

    #[inline(always)]
    #[expect(clippy::inline_always, reason = "a call")]
    fn into_dropped(self) -> Result<AnyPayload, BoxError>
    where
        P: Payload,
    {
        Ok(AnyPayload::new_dropped(self))
    }
}

impl<P, E: Into<BoxError>> FactoryOutput<P> for Result<P, E> {
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "a match")]
    fn into_result(self) -> Result<P, BoxError> {
        match self {
            Ok(payload) => Ok(payload),
            Err(error) => Err(error.into()),
        }
    }

    #[inline(always)]
    #[expect(clippy::inline_always, reason = "a match")]
    fn into_dropped(self) -> Result<AnyPayload, BoxError>
    where
        P: Payload,
    {
        match self {
            Ok(payload) => Ok(AnyPayload::new_dropped(payload)),
            Err(error) => Err(error.into()),
        }
    }
}

/// A `Result` under another name.
#[diagnostic::on_unimplemented(
    message = "a fallible factory returns a `Result` whose error converts into `cells::BoxError`",
    label = "neither a `Result` nor an alias of one, or its error is no error that may cross threads"
)]
pub trait Alias {
    /// What it holds if all went well.
    type Payload;
}

impl<T, E: Into<BoxError>> Alias for Result<T, E> {
    type Payload = T;
}
