//! What a factory may return, and how that becomes a payload or an error.

use crate::declared::mode::{Fallible, Infallible, Mode};
use crate::error::BoxError;
use crate::payload::lease::AnyPayload;
use crate::payload::payload_type::Payload;
use crate::shared_error::keep;
use std::any::Any;
use std::error::Error as StdError;
use std::fmt::Debug;
use std::ops::Deref;

/// How an error is boxed whose own conversion hides it: takes the error out of an `Option` of its type, and leaves any
/// other value alone. `None` for an error that converts itself. Not generic, so that a declaration can name it without
/// naming the error.
pub type Keep = Option<fn(&mut dyn Any) -> Option<BoxError>>;

/// An error to [`keep`].
pub trait Kept: Deref<Target = dyn StdError + Send + Sync> + Debug + Send + Sync + 'static {}

impl<E: Deref<Target = dyn StdError + Send + Sync> + Debug + Send + Sync + 'static> Kept for E {}

/// The [`Keep`] of an error.
pub(crate) fn keep_out_of<E: Kept>(error: &mut dyn Any) -> Option<BoxError> {
    error.downcast_mut::<Option<E>>()?.take().map(keep)
}

/// Boxes the error of a factory. Once for each type of error, and not for every cell.
fn boxed<E: Into<BoxError> + 'static>(error: E, keep: Keep) -> BoxError {
    let Some(keep) = keep else { return error.into() };
    let mut error = Some(error);
    match (keep(&mut error), error) {
        (Some(kept), _) => kept,
        (None, Some(error)) => error.into(),
        (None, None) => unreachable!("what was taken was kept"),
    }
}

/// What a factory returns: the payload `P`, or a `Result` of it.
///
/// Its functions take no `self`: every type implements it, and the compiler would offer them as methods.
#[diagnostic::on_unimplemented(
    message = "a factory of `{P}` cannot return `{Self}`",
    label = "expected the payload, or a `Result` of it",
    note = "if `Result` is an alias whose payload is not its first parameter, add the key `fallible`; if it is another \
            type, add `infallible`"
)]
pub trait FactoryOutput<P> {
    /// Whether it is a `Result`.
    type Mode: Mode;

    /// The same, with the error in a box.
    #[expect(clippy::missing_errors_doc, reason = "the only errors are the factory's own")]
    fn into_result(output: Self, keep: Keep) -> Result<P, BoxError>;

    /// The same, with the payload in a box that ends it with a plain drop. One step and not two, because it is compiled
    /// for every cell (target: code for each cell, docs/performance.md).
    #[expect(clippy::missing_errors_doc, reason = "the only errors are the factory's own")]
    fn into_dropped(output: Self, keep: Keep) -> Result<AnyPayload, BoxError>
    where
        P: Payload;
}

// `inline(always)`: otherwise a debug build contains one more function per cell (target: code for each cell,
// docs/performance.md).

impl<P> FactoryOutput<P> for P {
    type Mode = Infallible;

    #[inline(always)]
    #[expect(clippy::inline_always, reason = "saves one function per cell in a debug build")]
    fn into_result(output: Self, _: Keep) -> Result<P, BoxError> {
        Ok(output)
    }

    #[inline(always)]
    #[expect(clippy::inline_always, reason = "saves one function per cell in a debug build")]
    fn into_dropped(output: Self, _: Keep) -> Result<AnyPayload, BoxError>
    where
        P: Payload,
    {
        Ok(AnyPayload::new_dropped(output))
    }
}

impl<P, E: FactoryError> FactoryOutput<P> for Result<P, E> {
    type Mode = Fallible;

    #[inline(always)]
    #[expect(clippy::inline_always, reason = "saves one function per cell in a debug build")]
    fn into_result(output: Self, keep: Keep) -> Result<P, BoxError> {
        match output {
            Ok(payload) => Ok(payload),
            Err(error) => Err(boxed(error, keep)),
        }
    }

    #[inline(always)]
    #[expect(clippy::inline_always, reason = "saves one function per cell in a debug build")]
    fn into_dropped(output: Self, keep: Keep) -> Result<AnyPayload, BoxError>
    where
        P: Payload,
    {
        match output {
            Ok(payload) => Ok(AnyPayload::new_dropped(payload)),
            Err(error) => Err(boxed(error, keep)),
        }
    }
}

/// The error of a factory.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the error of a factory, which is shared by all callers on all threads",
    label = "this error does not convert into `cells::BoxError`",
    note = "it must be `Send + Sync + 'static`; for errors of any type write `cells::BoxError`, which is \
            `Box<dyn Error + Send + Sync>`"
)]
pub trait FactoryError: Into<BoxError> + 'static {}

#[diagnostic::do_not_recommend]
impl<E: Into<BoxError> + 'static> FactoryError for E {}

/// A `Result`, also by the name of a type alias.
#[diagnostic::on_unimplemented(
    message = "a fallible factory returns a `Result`",
    label = "neither a `Result` nor an alias of one"
)]
pub trait Alias {
    /// The type in its `Ok`.
    type Payload;
}

impl<T, E> Alias for Result<T, E> {
    type Payload = T;
}
