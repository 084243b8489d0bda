//! What can be done with the payload of a cell that threads close: a plain declared cell, or one that the program
//! creates. How such a cell is built is the business of what dereferences to it.

use crate::cell::ages::Ages;
use crate::cell::cell_base::CellBase;
use crate::cell::config::{Config, DeclaredFactory};
use crate::cell::provide::{Place, ProvideError};
use crate::cell::raw_cell::RawCell;
use crate::cell::seed::SeedError;
use crate::cell::typed_cell::TypedCell;
use crate::error::{BoxError, Error};
use crate::flight::adjuster::{Adjuster, Adjusts, FactoryAdjuster};
use crate::info::CellInfo;
use crate::observe::hook::Hook;
use crate::observe::observer::{CloseResult, Observer};
use crate::payload::disposer::{DisposeFn, Disposer};
use crate::payload::lease::{AnyPayload, Lease, Ref};
use crate::sync::clock::deadline;
use crate::sync::world::Scope;
use std::fmt;
use std::ops::Deref;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::Arc;
use std::time::Duration;

/// What [`StaticCell`](crate::StaticCell), [`FactoryCell`](crate::FactoryCell) and [`RuntimeCell`](crate::RuntimeCell)
/// have in common, which dereference to it: looking at the payload, ending it, and what tests and hooks need.
///
/// An [`AsyncCell`](crate::AsyncCell) has these methods too, but those that close it are asynchronous. A
/// [`PermanentCell`](crate::PermanentCell) cannot be closed.
///
/// A function that takes a `&ClosableCell<T>` works with all three:
///
/// ```
/// use cells::{ClosableCell, RuntimeCell, runtime_cell};
///
/// #[runtime_cell]
/// fn greeting() -> String {
///     "hello".to_owned()
/// }
///
/// static FAREWELL: RuntimeCell<String> = RuntimeCell::new("farewell");
///
/// fn length(cell: &ClosableCell<String>) -> Option<usize> {
///     cell.peek().map(|text| text.len())
/// }
///
/// drop(greeting());
/// assert_eq!((length(&GREETING), length(&FAREWELL)), (Some(5), None));
/// ```
pub struct ClosableCell<T: Send + Sync + 'static> {
    pub(crate) typed: TypedCell<T>,
    pub(crate) disposer: DisposeFn<T>,
}

impl<T: Send + Sync + 'static> ClosableCell<T> {
    pub(crate) const fn new(config: Config, disposer: DisposeFn<T>) -> Self {
        Self { typed: TypedCell::new(config), disposer }
    }

    /// Creates a declared cell, whose hooks are created on first use.
    pub(crate) const fn declared(
        info: &'static CellInfo,
        factory: Option<DeclaredFactory>,
        disposer: Disposer<T>,
        observer: Hook<dyn Observer>,
        adjuster: Hook<dyn Adjuster>,
    ) -> Self {
        let (name, limits, info) = (info.name, info.limits(), Some(info));
        let scope = Scope::PROCESS;
        let config = Config {
            name,
            limits,
            info,
            factory,
            observer,
            adjuster,
            scope,
            #[cfg(feature = "testing")]
            factory_of_sandbox: false,
        };
        Self::new(config, disposer.run)
    }

    /// The cell itself, whoever asks.
    #[inline]
    pub(crate) const fn itself(&self) -> &RawCell {
        self.typed.raw()
    }

    /// The cell that the caller means.
    #[inline]
    pub(crate) fn raw(&self) -> &RawCell {
        self.itself().here()
    }

    #[inline]
    pub(crate) const fn base(&self) -> &CellBase {
        self.typed.base()
    }

    /// The payload, not disposed.
    pub(crate) fn into_payload(self) -> Result<Option<T>, CloseResult> {
        Ok(self.raw().unpublish().into_payload()?.map(AnyPayload::into_inner))
    }

    /// A payload of this cell, which its disposer ends.
    pub(crate) fn payload(&self, payload: T) -> AnyPayload {
        AnyPayload::new(payload, self.disposer)
    }

    /// Returns the published payload, if there is one.
    ///
    /// ```
    /// # use cells::RuntimeCell;
    /// let port = RuntimeCell::new("port");
    /// assert!(port.peek().is_none()); // nothing is built for this
    /// drop(port.get_or_init(|| 8080));
    /// assert_eq!(port.peek().as_deref(), Some(&8080));
    /// ```
    #[inline]
    pub fn peek(&self) -> Option<Ref<'static, T>> {
        self.typed.lease()
    }

    /// Returns the payload once one is published, by whatever call, and blocks for that up to `limit`. It builds nothing.
    ///
    /// Failures do not end the wait, and the cell's own limits do not concern it. A `limit` of [`Duration::MAX`] is none.
    ///
    /// ```
    /// use cells::RuntimeCell;
    /// use std::time::Duration;
    ///
    /// static PORT: RuntimeCell<u16> = RuntimeCell::new("port");
    ///
    /// let reader = std::thread::spawn(|| PORT.wait(Duration::from_secs(60)).map(|port| *port));
    /// drop(PORT.get_or_init(|| 8080));
    /// assert_eq!(reader.join().unwrap()?, 8080);
    /// # Ok::<(), cells::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`NotReady`](crate::UnavailableError::NotReady) if there is none after `limit`;
    /// [`ShutDown`](crate::UnavailableError::ShutDown) if the cell is or gets shut down;
    /// [`Reentrant`](crate::LifecycleError::Reentrant) inside the cell's own factory. A factory that waits for what only a
    /// later step of its own caller publishes is not found, and waits for the whole `limit`.
    pub fn wait(&self, limit: Duration) -> Result<Ref<'static, T>, Error> {
        self.raw().wait(deadline(limit)).map(Lease::typed)
    }

    /// Does the same as [`wait`](Self::wait) in a task, and blocks no thread.
    ///
    /// # Errors
    /// As [`wait`](Self::wait).
    pub async fn wait_async(&self, limit: Duration) -> Result<Ref<'static, T>, Error> {
        self.raw().wait_async(deadline(limit)).await.map(Lease::typed)
    }
}

/// Closing. The cell stays usable: the next call builds a new payload.
impl<T: Send + Sync + 'static> ClosableCell<T> {
    /// Retires the payload: from now on no new caller gets it.
    ///
    /// If no lease is out, the disposer runs inside this call, and the result is its result. Otherwise the result is
    /// [`CloseStatus::Draining`](crate::CloseStatus::Draining), and whoever drops the last lease runs the disposer
    /// there; or [`CloseStatus::Disposing`](crate::CloseStatus::Disposing), if the disposer is asynchronous and runs on
    /// the tokio runtime that the payload was built on. A flight under way is superseded: what it builds is disposed, and
    /// its callers start over. Without a payload and a flight, this is a
    /// [`CloseStatus::Noop`](crate::CloseStatus::Noop) that clears the failure on record and any cooldown.
    ///
    /// It never unwinds: an error or panic of the disposer is in the result.
    ///
    /// ```
    /// use cells::{CloseStatus, RuntimeCell};
    ///
    /// let greeting = RuntimeCell::new("greeting");
    /// let lease = greeting.get_or_init(|| "hello".to_owned());
    /// assert_eq!(greeting.close().status, CloseStatus::Draining);
    /// assert_eq!(*lease, "hello"); // usable as before; its drop is the end of the payload
    /// drop(lease);
    /// assert_eq!(greeting.close().status, CloseStatus::Noop);
    /// ```
    pub fn close(&self) -> CloseResult {
        self.raw().close()
    }

    /// Closes the cell if `generation` is the published one; otherwise changes nothing and returns
    /// [`CloseStatus::Noop`](crate::CloseStatus::Noop).
    ///
    /// So a caller that finds its payload broken never closes the new one that another caller has built since.
    ///
    /// ```
    /// use cells::{Ref, RuntimeCell};
    ///
    /// let connection = RuntimeCell::new("connection");
    /// let broken = connection.get_or_init(|| "the first");
    /// // Another caller found that out before, and has connected again.
    /// connection.invalidate();
    /// drop(connection.get_or_init(|| "the second"));
    ///
    /// let _ = connection.close_generation(Ref::generation(&broken));
    /// assert_eq!(connection.peek().as_deref(), Some(&"the second"));
    /// ```
    pub fn close_generation(&self, generation: u64) -> CloseResult {
        self.raw().close_generation(generation)
    }

    /// Closes the cell, then waits up to `limit` until no lease on a retired payload is left and no superseded factory
    /// runs. The disposer runs inside this call.
    ///
    /// The wait covers payloads of earlier closes that are still draining. After `limit` the result is
    /// [`CloseStatus::Draining`](crate::CloseStatus::Draining), and whoever drops the last lease runs the disposer; or
    /// [`CloseStatus::Disposing`](crate::CloseStatus::Disposing), if only a disposer still runs. An asynchronous disposer
    /// that needs the tokio runtime whose only thread this call blocks is not waited for: the result has a
    /// [`RuntimeBlocked`](crate::RuntimeBlocked) as its error.
    ///
    /// Drop the calling thread's own leases first: a call that holds one always waits for the whole `limit`.
    ///
    /// ```
    /// use cells::{CloseStatus, RuntimeCell};
    /// use std::time::Duration;
    ///
    /// static INDEX: RuntimeCell<Vec<u64>> = RuntimeCell::new("index");
    ///
    /// let index = INDEX.get_or_init(|| vec![1, 2, 3]);
    /// let reader = std::thread::spawn(move || index.iter().sum::<u64>());
    /// assert_eq!(INDEX.close_and_drain(Duration::from_secs(60)).status, CloseStatus::Ok);
    /// assert_eq!(reader.join().unwrap(), 6); // nobody reads any more
    /// ```
    pub fn close_and_drain(&self, limit: Duration) -> CloseResult {
        self.raw().close_and_drain(deadline(limit))
    }

    /// Does the same as [`close`](Self::close) in a task, where an asynchronous disposer is awaited.
    ///
    /// If the future is dropped while the disposer runs, the disposer is dropped with its payload, and the close event
    /// reports that as an error.
    ///
    /// ```
    /// # pollster::block_on(async {
    /// use cells::{CloseStatus, Disposer, RuntimeCell};
    ///
    /// let session = RuntimeCell::new("session").disposer(Disposer::with_async(|name: String| {
    ///     Box::pin(async move {
    ///         println!("{name} says goodbye"); // and awaits the answer
    ///         Ok(())
    ///     })
    /// }));
    /// drop(session.get_or_init(|| "s-1".to_owned()));
    /// assert_eq!(session.close_async().await.status, CloseStatus::Ok);
    /// # });
    /// ```
    pub async fn close_async(&self) -> CloseResult {
        self.raw().close_async().await
    }

    /// Does the same as [`close_generation`](Self::close_generation) in a task, where an asynchronous disposer is awaited.
    ///
    /// ```
    /// # pollster::block_on(async {
    /// use cells::{CloseStatus, Ref, RuntimeCell};
    ///
    /// let connection = RuntimeCell::new("connection");
    /// let broken = connection.get_or_init(|| "the first");
    /// let generation = Ref::generation(&broken);
    /// drop(broken);
    /// assert_eq!(connection.close_generation_async(generation).await.status, CloseStatus::Ok);
    /// assert_eq!(connection.close_generation_async(generation).await.status, CloseStatus::Noop);
    /// # });
    /// ```
    pub async fn close_generation_async(&self, generation: u64) -> CloseResult {
        self.raw().close_generation_async(generation).await
    }

    /// Does the same as [`close_and_drain`](Self::close_and_drain) in a task, where an asynchronous disposer is awaited.
    ///
    /// The task's own futures that wait for this cell count as leases once they are woken, until they are polled again or
    /// dropped. Finish or drop them first, or the call waits for the whole `limit`.
    ///
    /// ```
    /// # pollster::block_on(async {
    /// use cells::{CloseStatus, RuntimeCell};
    /// use std::time::Duration;
    ///
    /// let index = RuntimeCell::new("index");
    /// let lease = index.get_or_init(|| vec![1, 2, 3]);
    /// drop(lease); // the task's own lease would be waited for in vain
    /// assert_eq!(index.close_and_drain_async(Duration::from_secs(5)).await.status, CloseStatus::Ok);
    /// # });
    /// ```
    pub async fn close_and_drain_async(&self, limit: Duration) -> CloseResult {
        self.raw().close_and_drain_async(deadline(limit)).await
    }

    /// Closes the cell and ignores the result.
    ///
    /// ```
    /// # use cells::RuntimeCell;
    /// let port = RuntimeCell::new("port");
    /// drop(port.get_or_init(|| 8080));
    /// port.invalidate();
    /// assert_eq!(*port.get_or_init(|| 8081), 8081);
    /// ```
    #[doc(alias("reset", "clear", "evict"))]
    pub fn invalidate(&self) {
        let _ = self.close();
    }

    /// Records that this cell's payload does not work: the cell cools down for `ttl` with this error.
    ///
    /// A published payload is retired, and disposed after its last lease. A flight under way is superseded: its callers
    /// get this error, and its success does not end the cooldown. The latest record counts. With a zero `ttl`, and after
    /// a shutdown, this does nothing.
    ///
    /// ```
    /// use cells::RuntimeCell;
    /// use std::time::Duration;
    ///
    /// let connection = RuntimeCell::new("connection");
    /// drop(connection.get_or_initialize(|| Ok::<_, cells::Error>("connected"))?);
    /// // A request shows that the server does not answer any more.
    /// connection.record_failure("no answer", Duration::from_secs(5));
    ///
    /// let error = connection.get_or_initialize(|| Ok::<_, cells::Error>("again")).unwrap_err();
    /// assert!(error.is_cooldown());
    /// assert_eq!(error.root_cause().to_string(), "no answer");
    /// # Ok::<(), cells::Error>(())
    /// ```
    #[doc(alias("circuit breaker", "trip"))]
    pub fn record_failure(&self, error: impl Into<BoxError>, ttl: Duration) {
        self.raw().record_failure(error.into(), ttl);
    }
}

/// Payloads and hooks from outside.
impl<T: Send + Sync + 'static> ClosableCell<T> {
    /// Publishes a ready-made payload. This is for tests, and works only where it is [allowed](crate::testing).
    ///
    /// The payload is the next generation, ends a cooldown, and is closed and disposed like any other.
    ///
    /// [`allow_seeding`](crate::testing::allow_seeding) has an example.
    ///
    /// # Errors
    /// If seeding is not allowed, or if the cell is ready, initializing or shut down. [`SeedError::into_value`] returns
    /// the value.
    #[doc(alias("mock", "stub"))]
    pub fn seed(&self, value: T) -> Result<(), SeedError<T>> {
        self.seed_with(value, |value| value)
    }

    /// As [`seed`](Self::seed), but `place` turns `value` into the payload, once nothing can refuse it any more. `place`
    /// runs under the cell's lock.
    pub(crate) fn seed_with<V: Send + Sync + 'static>(
        &self,
        value: V,
        place: impl Fn(V) -> T,
    ) -> Result<(), SeedError<V>> {
        self.publish(value, place, |ages, payload| self.raw().seed(ages, payload))
            .map_err(|(refusal, value)| SeedError::new(self.name(), refusal, value))
    }

    /// Publishes a value where there is neither a payload nor a flight: an argument of `main`, a handle of the host.
    ///
    /// The payload is the next generation, ends a cooldown and the wait of those who [wait](Self::wait), and is closed and
    /// disposed like any other. After each end another one can be provided. A declared cell takes a value only with the
    /// key `provided`. An asynchronous disposer will run on the runtime of this call.
    ///
    /// ```
    /// use cells::{ProvideRefusal, RuntimeCell};
    ///
    /// static PORT: RuntimeCell<u16> = RuntimeCell::new("port");
    ///
    /// PORT.provide(8080)?;
    /// assert_eq!(PORT.peek().as_deref(), Some(&8080));
    /// assert_eq!(PORT.provide(8081).unwrap_err().refusal(), ProvideRefusal::Ready);
    /// # Ok::<(), cells::ProvideError<u16>>(())
    /// ```
    ///
    /// # Errors
    /// If the cell is ready, initializing or shut down, or declared without the key `provided`.
    /// [`ProvideError::into_value`] returns the value.
    pub fn provide(&self, value: T) -> Result<(), ProvideError<T>> {
        self.provide_at(Place::Empty, value, |value| value).map(drop)
    }

    /// Publishes a value in the place of what is there: a [`provide`](Self::provide) that finds room.
    ///
    /// The old payload is retired, and disposed after its last lease, as by a refresh. A flight under way is settled: its
    /// waiters and the caller that runs its factory get the value, and what that factory builds is disposed.
    ///
    /// ```
    /// use cells::RuntimeCell;
    ///
    /// let level = RuntimeCell::new("level");
    /// level.provide("info")?;
    /// level.replace("debug")?;
    /// assert_eq!(level.peek().as_deref(), Some(&"debug"));
    /// # Ok::<(), cells::ProvideError<&str>>(())
    /// ```
    ///
    /// # Errors
    /// If the cell is shut down, or declared without the key `provided`. [`ProvideError::into_value`] returns the value.
    pub fn replace(&self, value: T) -> Result<(), ProvideError<T>> {
        self.provide_at(Place::Any, value, |value| value).map(drop)
    }

    /// Provides a value, which `make` turns into the payload, once nothing can refuse it any more; returns its generation.
    /// `make` runs under the cell's lock.
    pub(crate) fn provide_at<V: Send + Sync + 'static>(
        &self,
        place: Place,
        value: V,
        make: impl Fn(V) -> T,
    ) -> Result<u64, ProvideError<V>> {
        self.publish(value, make, |ages, payload| self.raw().provide(place, ages, payload))
            .map_err(|(refusal, value)| ProvideError::new(self.name(), refusal, value))
    }

    /// Publishes the payload that `make` makes of `value`, by a function that may refuse it; then the value comes back.
    fn publish<V: Send + Sync + 'static, R, E>(
        &self,
        value: V,
        make: impl Fn(V) -> T,
        publish: impl FnOnce(Option<Box<Ages>>, &mut dyn FnMut() -> AnyPayload) -> Result<R, E>,
    ) -> Result<R, (E, V)> {
        // Only payloads that are the values themselves age. Not under the lock: it may call functions of the program.
        let ages = self.raw().ages_of(&value);
        let mut value = Some(value);
        let mut payload = || {
            let Some(value) = value.take() else { unreachable!("a payload is placed once") };
            self.payload(make(value))
        };
        publish(ages, &mut payload).map_err(|refusal| match value {
            Some(value) => (refusal, value),
            None => unreachable!("a value that is refused is not placed"),
        })
    }

    /// Sets the cell's adjuster, which wraps the factory from the next flight on. Asynchronous factories, which a
    /// [`RuntimeCell`](crate::RuntimeCell) may have, are not adjusted.
    ///
    /// [`FactoryAdjuster`] has an example.
    pub fn configure_adjuster(&self, adjuster: Arc<dyn FactoryAdjuster<T>>) {
        self.raw().config.adjuster.configure(Arc::new(Adjusts { adjuster, disposer: self.disposer }));
    }
}

/// As of a [`CellBase`].
impl<T: Send + Sync + RefUnwindSafe + 'static> UnwindSafe for ClosableCell<T> {}
impl<T: Send + Sync + RefUnwindSafe + 'static> RefUnwindSafe for ClosableCell<T> {}

impl<T: Send + Sync + 'static> Deref for ClosableCell<T> {
    type Target = CellBase;

    #[inline]
    fn deref(&self) -> &CellBase {
        self.base()
    }
}

/// Shows the name and the state, never the payload.
impl<T: Send + Sync + 'static> fmt::Debug for ClosableCell<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.base().raw.here().debug("ClosableCell", f)
    }
}
