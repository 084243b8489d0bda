//! The cell as its users see it: a [`RawCell`] with the type of its payload.

use crate::cell::config::{Config, DeclaredFactory};
use crate::cell::get_async;
use crate::cell::raw_cell::RawCell;
use crate::cell::seed::SeedError;
use crate::cell::snapshot::CellSnapshot;
use crate::cell::snapshot::State;
use crate::cell::typed_cell::TypedCell;
use crate::error::{BoxError, Error};
use crate::flight::adjuster::{Adjuster, Adjusts, FactoryAdjuster};
use crate::info::{CellInfo, Limits, unless_zero, unless_zero_time};
use crate::observe::hook::Hook;
use crate::observe::observer::{CloseResult, Observer};
use crate::payload::disposer::{DisposeFn, Disposer};
use crate::payload::lease::{AnyPayload, Lease, Ref};
use crate::sync::clock::deadline;
use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

/// A slot for one payload that is built on demand, may fail, can be closed, and comes back.
///
/// `#[runtime_cell]` declares one as a `static`; as a value it can be a field as well.
///
/// ```
/// use cells::RuntimeCell;
///
/// static GREETING: RuntimeCell<String> = RuntimeCell::new("greeting");
///
/// let greeting = GREETING.get_or_initialize(|| Ok::<_, cells::Error>("hello".to_owned()))?;
/// assert_eq!(*greeting, "hello");
/// drop(greeting);
/// GREETING.invalidate();
/// assert!(GREETING.peek().is_none());
/// # Ok::<(), cells::Error>(())
/// ```
pub struct RuntimeCell<T: Send + Sync + 'static> {
    pub(crate) typed: TypedCell<T>,
    disposer: DisposeFn<T>,
}

/// Construction. All of it is `const`: a cell can be a `static`.
impl<T: Send + Sync + 'static> RuntimeCell<T> {
    /// Makes an empty cell; an empty name becomes `"runtime"`.
    ///
    /// Its waiters are not limited in number and wait 1500 ms at most; there is no cooldown, and payloads are
    /// plainly dropped.
    pub const fn new(name: &'static str) -> Self {
        let config = Config {
            name: if name.is_empty() { "runtime" } else { name },
            limits: Limits::DEFAULT,
            info: None,
            factory: None,
            observer: Hook::none(),
            adjuster: Hook::none(),
        };
        Self { typed: TypedCell::new(config), disposer: DisposeFn::Drop }
    }

    /// Sets how many callers may wait at once for a flight; 0 is any number.
    #[must_use]
    pub const fn max_waiters(mut self, n: usize) -> Self {
        self.typed.config_mut().limits.max_waiters = unless_zero(n);
        self
    }

    /// Sets how long one call may wait for flights of other callers; [`Duration::ZERO`] is for ever.
    #[must_use]
    pub const fn wait_timeout(mut self, limit: Duration) -> Self {
        self.typed.config_mut().limits.wait_timeout = unless_zero_time(limit);
        self
    }

    /// Sets how long after a failed flight no factory runs; [`Duration::ZERO`] is no cooldown.
    #[must_use]
    pub const fn cooldown(mut self, ttl: Duration) -> Self {
        self.typed.config_mut().limits.cooldown = ttl;
        self
    }

    /// Sets what ends a payload.
    #[must_use]
    pub const fn disposer(mut self, disposer: Disposer<T>) -> Self {
        self.disposer = disposer.run;
        self
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
        let config = Config { name, limits, info, factory, observer, adjuster };
        Self { typed: TypedCell::new(config), disposer: disposer.run }
    }

    #[inline]
    pub(crate) const fn raw(&self) -> &RawCell {
        self.typed.raw()
    }
}

/// Looks. None of them initializes.
impl<T: Send + Sync + 'static> RuntimeCell<T> {
    /// Returns the cell's name.
    pub fn name(&self) -> &'static str {
        self.raw().name()
    }

    /// Returns what the cell is doing, as of now.
    pub fn state(&self) -> State {
        self.raw().state()
    }

    /// Returns `true` if a payload is published.
    pub fn is_ready(&self) -> bool {
        self.raw().is_ready()
    }

    /// Returns the generation of the published payload.
    pub fn generation(&self) -> Option<u64> {
        self.raw().generation()
    }

    /// Returns the published payload.
    pub fn peek(&self) -> Option<Ref<'_, T>> {
        self.typed.lease()
    }

    /// Returns what the cell is doing, as of now.
    ///
    /// Counts of waiters and leases change while they are taken; they are for people.
    pub fn snapshot(&self) -> CellSnapshot {
        self.raw().snapshot()
    }
}

/// Getting a payload.
impl<T: Send + Sync + 'static> RuntimeCell<T> {
    /// Returns the payload; where there is none, waits for the flight under way or else runs `factory`.
    ///
    /// The factory runs in one thread at a time, with no lock of the cell held. It is called again only if the
    /// cell is closed while it runs: what it made is then disposed, and this call starts over.
    ///
    /// # Errors
    /// [`Error::Lifecycle`] if the factory failed, here or in the caller that this one waited for; if the cell
    /// cools down; if the cell is asked from inside its own factory. [`Error::Unavailable`] if there are too many
    /// waiters, or the wait took too long.
    ///
    /// # Panics
    /// With the factory's own panic, in the call that ran it.
    #[inline]
    pub fn get_or_initialize<E: Into<BoxError>>(
        &self,
        mut factory: impl FnMut() -> Result<T, E>,
    ) -> Result<Ref<'_, T>, Error> {
        match self.typed.lease() {
            Some(lease) => Ok(lease),
            None => self.get_slow(false, &mut factory),
        }
    }

    /// Builds a new payload and swaps it in; readers get the old one until then, and never block.
    ///
    /// The old payload is then retired, and disposed when its last lease is gone. If the factory fails or panics
    /// the old payload stays, and no cooldown starts. A second caller waits for the first and gets its outcome.
    /// On a cell without payload it is [`get_or_initialize`](Self::get_or_initialize).
    ///
    /// # Errors
    /// As [`get_or_initialize`](Self::get_or_initialize).
    ///
    /// # Panics
    /// With the factory's own panic, in the call that ran it.
    pub fn refresh<E: Into<BoxError>>(
        &self,
        mut factory: impl FnMut() -> Result<T, E>,
    ) -> Result<Ref<'_, T>, Error> {
        self.get_slow(true, &mut factory)
    }

    #[cold]
    fn get_slow<E: Into<BoxError>>(
        &self,
        refresh: bool,
        factory: &mut impl FnMut() -> Result<T, E>,
    ) -> Result<Ref<'_, T>, Error> {
        let mut build = || Ok(self.payload(factory().map_err(Into::into)?));
        self.raw().get_slow(refresh, &mut build).map(Lease::typed)
    }

    /// [`get_or_initialize`](Self::get_or_initialize) with an asynchronous factory; where it waits, it waits as a task.
    ///
    /// On a ready cell the future is ready at its first poll, and allocates nothing, except that a thread's first
    /// read of a cell may make or enlarge the thread's table of counters. If the future that runs the factory is
    /// dropped, its flight is cancelled ([`InitStatus::Cancelled`](crate::InitStatus::Cancelled)), and one of those
    /// who wait for it begins the next one.
    ///
    /// # Errors
    /// As [`get_or_initialize`](Self::get_or_initialize).
    ///
    /// # Panics
    /// With the factory's own panic, in the task that ran it.
    pub async fn get_or_initialize_async<E: Into<BoxError>, F: Future<Output = Result<T, E>>>(
        &self,
        factory: impl FnMut() -> F,
    ) -> Result<Ref<'_, T>, Error> {
        match self.typed.lease() {
            Some(lease) => Ok(lease),
            None => self.get_slow_async(false, factory).await,
        }
    }

    /// [`refresh`](Self::refresh) with an asynchronous factory.
    ///
    /// # Errors
    /// As [`get_or_initialize`](Self::get_or_initialize).
    ///
    /// # Panics
    /// With the factory's own panic, in the task that ran it.
    pub async fn refresh_async<E: Into<BoxError>, F: Future<Output = Result<T, E>>>(
        &self,
        factory: impl FnMut() -> F,
    ) -> Result<Ref<'_, T>, Error> {
        self.get_slow_async(true, factory).await
    }

    async fn get_slow_async<E: Into<BoxError>, F: Future<Output = Result<T, E>>>(
        &self,
        refresh: bool,
        mut factory: impl FnMut() -> F,
    ) -> Result<Ref<'_, T>, Error> {
        let build = || {
            let built = factory();
            async { Ok(self.payload(built.await.map_err(Into::into)?)) }
        };
        Ok(get_async::get_slow(self.raw(), refresh, build).await?.typed())
    }

    fn payload(&self, payload: T) -> AnyPayload {
        AnyPayload::new(payload, self.disposer)
    }
}

/// Closing. The cell stays usable: the next call builds a new payload.
impl<T: Send + Sync + 'static> RuntimeCell<T> {
    /// Retires the payload: from now on nobody new gets it.
    ///
    /// If no lease is out the disposer runs here, and the result says how that went. Otherwise the result is
    /// [`CloseStatus::Draining`](crate::CloseStatus::Draining), and whoever drops the last lease runs the disposer
    /// there. A flight under way is superseded: what it makes is disposed, and its callers start over. Without payload
    /// and flight it is a [`CloseStatus::Noop`](crate::CloseStatus::Noop) that clears the last error and any cooldown.
    ///
    /// It never unwinds: the disposer's error or panic is in the result.
    pub fn close(&self) -> CloseResult {
        self.raw().close()
    }

    /// Closes if `generation` is the published one; else leaves the cell as it is and says
    /// [`CloseStatus::Noop`](crate::CloseStatus::Noop).
    ///
    /// So a caller that found a payload broken never closes the fresh one that another caller has built since.
    pub fn close_generation(&self, generation: u64) -> CloseResult {
        self.raw().close_generation(generation)
    }

    /// Closes and waits up to `limit` until nobody uses a payload of this cell any more and no superseded factory
    /// runs; the disposer runs here.
    ///
    /// That covers payloads of earlier closes which are still draining. After `limit` the result is
    /// [`CloseStatus::Draining`](crate::CloseStatus::Draining), and whoever drops the last lease disposes.
    ///
    /// A thread that holds a lease on the payload itself waits in vain.
    pub fn close_and_drain(&self, limit: Duration) -> CloseResult {
        self.raw().close_and_drain(deadline(limit))
    }

    /// [`close`](Self::close) in a task, where the disposer may be asynchronous and is run to its end.
    ///
    /// If the future is dropped while the disposer runs, the payload is dropped plainly, and the event says so.
    pub async fn close_async(&self) -> CloseResult {
        self.raw().close_async().await
    }

    /// [`close_and_drain`](Self::close_and_drain) in a task, where the disposer may be asynchronous and is run to
    /// its end.
    pub async fn close_and_drain_async(&self, limit: Duration) -> CloseResult {
        self.raw().close_and_drain_async(deadline(limit)).await
    }

    /// Closes, for those who do not care how that went.
    pub fn invalidate(&self) {
        let _ = self.close();
    }

    /// Records that what this cell holds does not work: it cools down for `ttl` with this error.
    ///
    /// A published payload is retired, and disposed when its last lease is gone. A flight under way is superseded:
    /// its callers get this error, and its success does not end the cooldown. The last record counts. With a zero
    /// `ttl` it does nothing.
    pub fn record_failure(&self, error: impl Into<BoxError>, ttl: Duration) {
        self.raw().record_failure(error.into(), ttl);
    }
}

/// What comes from outside: payloads and hooks.
impl<T: Send + Sync + 'static> RuntimeCell<T> {
    /// Publishes a ready-made payload: for tests, and only where that is [allowed](crate::testing).
    ///
    /// It is the next generation, ends a cooldown, and is closed and disposed like any other.
    ///
    /// # Errors
    /// Where seeding is not allowed, and where the cell is ready or initializing. The value comes back with
    /// [`SeedError::into_value`].
    pub fn seed(&self, value: T) -> Result<(), SeedError<T>> {
        self.seed_with(value, |value| value)
    }

    /// The same, with a payload that is made of `value` where nothing speaks against it. `place` runs under the
    /// cell's lock.
    pub(crate) fn seed_with<V>(&self, value: V, place: impl Fn(V) -> T) -> Result<(), SeedError<V>> {
        let mut value = Some(value);
        let mut made = || {
            let Some(value) = value.take() else { unreachable!("it is placed once") };
            self.payload(place(value))
        };
        let refused = self.raw().seed(&mut made).err();
        match (refused, value) {
            (Some(refusal), Some(value)) => Err(SeedError::new(self.name(), refusal, value)),
            _ => Ok(()),
        }
    }

    /// Sets who hears of this cell, besides the global observer. Flights under way keep the one they began with.
    pub fn configure_observer(&self, observer: Arc<dyn Observer>) {
        self.raw().config.observer.configure(observer);
    }

    /// Sets what stands between this cell and its factories, from the next flight on.
    pub fn configure_adjuster(&self, adjuster: Arc<dyn FactoryAdjuster<T>>) {
        self.raw().config.adjuster.configure(Arc::new(Adjusts { adjuster, disposer: self.disposer }));
    }
}

/// Shows the name and the state, and never the payload.
impl<T: Send + Sync + 'static> fmt::Debug for RuntimeCell<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.raw(), f)
    }
}
