//! What may stand between a cell and its factory.

use crate::dispose::BoxFuture;
use crate::error::BoxError;
use std::any::Any;
use std::sync::Arc;

/// Wraps the factory of a cell: to retry it, to time it, to replace what it makes.
///
/// It runs inside the flight, for the initializer alone: its time is part of the flight's, its error or panic is
/// the flight's failure, and a ready read never meets it.
///
/// ```
/// use cells::{BoxError, FactoryAdjuster, RuntimeCell};
/// use std::sync::Arc;
///
/// /// Tries once more.
/// struct Retry;
///
/// impl<T> FactoryAdjuster<T> for Retry {
///     fn adjust(
///         &self,
///         _cell: &str,
///         factory: &mut dyn FnMut() -> Result<T, BoxError>,
///     ) -> Result<T, BoxError> {
///         factory().or_else(|_| factory())
///     }
/// }
///
/// let cell = RuntimeCell::new("flaky");
/// cell.configure_adjuster(Arc::new(Retry));
/// let mut tries = 0;
/// let value = cell.get_or_initialize(|| {
///     tries += 1;
///     if tries == 1 { Err("not yet") } else { Ok(tries) }
/// })?;
/// assert_eq!(*value, 2);
/// # Ok::<(), cells::Error>(())
/// ```
pub trait FactoryAdjuster<T>: Send + Sync {
    /// Runs the factory, or does something in its place; calls it as often as it likes.
    ///
    /// # Errors
    /// An error is the flight's failure.
    fn adjust(&self, cell: &str, factory: &mut dyn FnMut() -> Result<T, BoxError>) -> Result<T, BoxError> {
        let _ = cell;
        factory()
    }
}

/// Wraps the factory of an asynchronous cell, as [`FactoryAdjuster`] wraps a synchronous one.
///
/// ```
/// use cells::{AsyncFactoryAdjuster, BoxError, BoxFuture};
///
/// /// Tries once more.
/// struct Retry;
///
/// impl<T: Send> AsyncFactoryAdjuster<T> for Retry {
///     fn adjust<'a>(
///         &'a self,
///         _cell: &'a str,
///         factory: &'a mut (dyn FnMut() -> BoxFuture<'static, Result<T, BoxError>> + Send),
///     ) -> BoxFuture<'a, Result<T, BoxError>> {
///         Box::pin(async move {
///             match factory().await {
///                 Ok(payload) => Ok(payload),
///                 Err(_) => factory().await,
///             }
///         })
///     }
/// }
/// ```
pub trait AsyncFactoryAdjuster<T>: Send + Sync {
    /// Runs the factory, or does something in its place; calls it as often as it likes.
    ///
    /// # Errors
    /// An error is the flight's failure.
    fn adjust<'a>(
        &'a self,
        cell: &'a str,
        factory: &'a mut (dyn FnMut() -> BoxFuture<'static, Result<T, BoxError>> + Send),
    ) -> BoxFuture<'a, Result<T, BoxError>> {
        let _ = cell;
        factory()
    }
}

/// An adjuster that changes nothing: the default.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoopFactoryAdjuster;

impl<T> FactoryAdjuster<T> for NoopFactoryAdjuster {}

impl<T> AsyncFactoryAdjuster<T> for NoopFactoryAdjuster {}

/// An adjuster without the type of what it adjusts: an [`Adjusts`].
pub(crate) type Adjuster = dyn Any + Send + Sync;

/// An adjuster of factories of `T`; `A` is one of the two traits.
pub(crate) struct Adjusts<A: ?Sized>(pub(crate) Arc<A>);

/// Runs a factory the way the adjuster wants it, if there is one.
pub(crate) fn adjusted<T: 'static>(
    adjuster: Option<&Adjuster>,
    cell: &str,
    factory: &mut dyn FnMut() -> Result<T, BoxError>,
) -> Result<T, BoxError> {
    match adjuster.and_then(<Adjuster>::downcast_ref) {
        Some(Adjusts::<dyn FactoryAdjuster<T>>(adjuster)) => adjuster.adjust(cell, factory),
        None => factory(),
    }
}
