//! Adjusters: what can be placed between a cell and its factory.

use crate::error::BoxError;
use crate::payload::disposer::DisposeFn;
use crate::payload::lease::AnyPayload;
use crate::sync::executor::BoxFuture;
use std::sync::Arc;

/// Wraps the factory of a cell: to retry it, to time it, to replace what it returns.
///
/// It runs inside the flight, once for each flight, or for each attempt of a cell with [`retry`](crate::RuntimeCell::retry):
/// its time is part of the flight's time, its error or panic is that of the factory, and a ready read never runs it.
///
/// ```
/// use cells::{BoxError, FactoryAdjuster, RuntimeCell};
/// use std::sync::Arc;
///
/// /// Tries a second time if the first attempt fails.
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
    /// Runs the factory any number of times, or does something in its place.
    ///
    /// The [trait](Self) has an example.
    ///
    /// # Errors
    /// Any error is the flight's failure.
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
/// /// Tries a second time if the first attempt fails.
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
    /// Runs the factory any number of times, or does something in its place.
    ///
    /// # Errors
    /// Any error is the flight's failure.
    fn adjust<'a>(
        &'a self,
        cell: &'a str,
        factory: &'a mut (dyn FnMut() -> BoxFuture<'static, Result<T, BoxError>> + Send),
    ) -> BoxFuture<'a, Result<T, BoxError>> {
        let _ = cell;
        factory()
    }
}

/// The default adjuster, which only runs the factory.
///
/// ```
/// use cells::{NoopFactoryAdjuster, RuntimeCell};
/// use std::sync::Arc;
///
/// let port = RuntimeCell::new("port");
/// port.configure_adjuster(Arc::new(NoopFactoryAdjuster)); // takes an earlier adjuster away
/// assert_eq!(*port.get_or_init(|| 8080), 8080);
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct NoopFactoryAdjuster;

impl<T> FactoryAdjuster<T> for NoopFactoryAdjuster {}

impl<T> AsyncFactoryAdjuster<T> for NoopFactoryAdjuster {}

/// The factory that a caller brings.
pub(crate) type BuildFn<'f> = &'f mut dyn FnMut() -> Result<AnyPayload, BoxError>;

/// A [`FactoryAdjuster`] for a payload type that the compiler does not know.
pub(crate) trait Adjuster: Send + Sync {
    fn adjust(&self, cell: &str, build: BuildFn<'_>) -> Result<AnyPayload, BoxError>;
}

/// An [`AsyncFactoryAdjuster`] for a payload type that the compiler does not know.
pub(crate) trait AsyncAdjuster: Send + Sync {
    fn adjust<'a>(
        &'a self,
        cell: &'a str,
        build: &'a mut (dyn FnMut() -> BoxFuture<'static, Result<AnyPayload, BoxError>> + Send),
    ) -> BoxFuture<'a, Result<AnyPayload, BoxError>>;
}

/// An adjuster, and the disposer of the payloads that it returns.
pub(crate) struct Adjusts<A: ?Sized, T> {
    pub(crate) adjuster: Arc<A>,
    pub(crate) disposer: DisposeFn<T>,
}

impl<T: Send + Sync + 'static> Adjuster for Adjusts<dyn FactoryAdjuster<T>, T> {
    fn adjust(&self, cell: &str, build: BuildFn<'_>) -> Result<AnyPayload, BoxError> {
        let payload = self.adjuster.adjust(cell, &mut || Ok(build()?.into_inner()))?;
        Ok(AnyPayload::new(payload, self.disposer))
    }
}

impl<T: Send + Sync + 'static> AsyncAdjuster for Adjusts<dyn AsyncFactoryAdjuster<T>, T> {
    fn adjust<'a>(
        &'a self,
        cell: &'a str,
        build: &'a mut (dyn FnMut() -> BoxFuture<'static, Result<AnyPayload, BoxError>> + Send),
    ) -> BoxFuture<'a, Result<AnyPayload, BoxError>> {
        Box::pin(async move {
            let mut factory = || {
                let payload = build();
                Box::pin(async { Ok(payload.await?.into_inner()) }) as BoxFuture<'static, Result<T, BoxError>>
            };
            let payload = self.adjuster.adjust(cell, &mut factory).await?;
            Ok(AnyPayload::new(payload, self.disposer))
        })
    }
}
