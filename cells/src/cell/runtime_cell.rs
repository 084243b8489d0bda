//! The public cell: a [`TypedCell`], its disposer, and the methods that users call.

use crate::cell::config::{Config, DeclaredFactory};
use crate::cell::get_async;
use crate::cell::raw_cell::RawCell;
use crate::cell::seed::SeedError;
use crate::cell::snapshot::CellSnapshot;
use crate::cell::snapshot::State;
use crate::cell::typed_cell::TypedCell;
use crate::cell::wait_budget::Purpose;
use crate::error::{BoxError, Error};
use crate::flight::adjuster::{Adjuster, Adjusts, FactoryAdjuster};
use crate::flight::frames;
use crate::info::{CellInfo, Limits, unless_zero, unless_zero_time};
use crate::observe::hook::Hook;
use crate::observe::observer::{CloseResult, Observer};
use crate::payload::disposer::{DisposeFn, Disposer};
use crate::payload::lease::{AnyPayload, Lease, Ref};
use crate::sync::clock::deadline;
use std::fmt;
use std::future::Future;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::Arc;
use std::time::Duration;

/// A slot for one payload that is built on demand, can fail, can be closed, and can be built again.
///
/// `#[runtime_cell]` declares one as a `static`. Created with [`new`](Self::new), it can also be a field or a local.
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

/// Construction, all of it `const`: a cell can be a `static`.
impl<T: Send + Sync + 'static> RuntimeCell<T> {
    /// Creates an empty cell; an empty name becomes `"runtime"`.
    ///
    /// By default any number of callers may wait, each for at most 1500 ms; there is no cooldown, and a payload is
    /// simply dropped at its end.
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

    /// Sets how many callers may wait at once for a flight; 0 means no limit.
    #[must_use]
    pub const fn max_waiters(mut self, n: usize) -> Self {
        self.typed.config_mut().limits.max_waiters = unless_zero(n);
        self
    }

    /// Sets how long one call may wait for flights of other callers; [`Duration::ZERO`] means no limit.
    #[must_use]
    pub const fn wait_timeout(mut self, limit: Duration) -> Self {
        self.typed.config_mut().limits.wait_timeout = unless_zero_time(limit);
        self
    }

    /// Sets for how long no factory runs after a failed flight; [`Duration::ZERO`] means no cooldown.
    #[must_use]
    pub const fn cooldown(mut self, ttl: Duration) -> Self {
        self.typed.config_mut().limits.cooldown = ttl;
        self
    }

    /// Sets the disposer, which ends a payload.
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

/// Inspection, which never runs a factory.
impl<T: Send + Sync + 'static> RuntimeCell<T> {
    /// Returns the cell's name.
    pub fn name(&self) -> &'static str {
        self.raw().name()
    }

    /// Returns the current state.
    pub fn state(&self) -> State {
        self.raw().state()
    }

    /// Returns `true` if a payload is published.
    pub fn is_ready(&self) -> bool {
        self.raw().is_ready()
    }

    /// Returns the generation of the published payload, if there is one.
    pub fn generation(&self) -> Option<u64> {
        self.raw().generation()
    }

    /// Returns the published payload, if there is one.
    pub fn peek(&self) -> Option<Ref<'static, T>> {
        self.typed.lease()
    }

    /// Returns the state and figures of the cell at this moment.
    ///
    /// The numbers of waiters and leases may change while they are counted: show them, but do not decide by them.
    pub fn snapshot(&self) -> CellSnapshot {
        self.raw().snapshot()
    }
}

/// Getting a payload.
impl<T: Send + Sync + 'static> RuntimeCell<T> {
    /// Returns the payload. If there is none, waits for the flight under way, or runs `factory` if there is no flight.
    ///
    /// However many callers ask at once, only one of them runs its factory, with no lock of the cell held. The same call
    /// runs it again only if the cell is closed meanwhile: what it built is then disposed, and the call starts over.
    ///
    /// # Errors
    /// [`Error::Lifecycle`] if the factory failed, in this call or in the one that it waited for; if the cell is cooling
    /// down; if the cell is asked from inside its own factory. [`Error::Unavailable`] if there are too many waiters, if
    /// the wait took too long, or if the cell is shut down.
    ///
    /// # Panics
    /// With the factory's own panic, in the call that ran it.
    #[inline]
    pub fn get_or_initialize<E: Into<BoxError>>(
        &self,
        mut factory: impl FnMut() -> Result<T, E>,
    ) -> Result<Ref<'static, T>, Error> {
        match self.typed.lease() {
            Some(lease) => Ok(lease),
            None => self.get_slow(Purpose::Get, &mut factory),
        }
    }

    /// Builds a new payload and swaps it in. Until then readers get the old one, without waiting.
    ///
    /// The old payload is then retired, and disposed after its last lease. If the factory fails or panics, the old
    /// payload stays, and no cooldown starts.
    ///
    /// What the call returns, payload or error, is of a flight that began after the call. If one is under way already, the
    /// call waits for its end and then for the next one, which all who call meanwhile share. The cell's wait limit
    /// bounds both waits together.
    ///
    /// # Errors
    /// As [`get_or_initialize`](Self::get_or_initialize).
    ///
    /// # Panics
    /// With the factory's own panic, in the call that ran it.
    pub fn refresh<E: Into<BoxError>>(
        &self,
        mut factory: impl FnMut() -> Result<T, E>,
    ) -> Result<Ref<'static, T>, Error> {
        self.get_slow(Purpose::Refresh, &mut factory)
    }

    #[cold]
    fn get_slow<E: Into<BoxError>>(
        &self,
        purpose: Purpose,
        factory: &mut impl FnMut() -> Result<T, E>,
    ) -> Result<Ref<'static, T>, Error> {
        let mut build = || Ok(self.payload(factory().map_err(Into::into)?));
        self.raw().get_slow(purpose, &mut build).map(Lease::typed)
    }

    /// Does the same as [`get_or_initialize`](Self::get_or_initialize) with an asynchronous factory, and blocks no thread
    /// while it waits.
    ///
    /// On a ready cell the future is ready at its first poll and allocates nothing, except that a thread's first read
    /// of a cell may create or enlarge the thread's table of counters. If the future that runs the factory is dropped,
    /// its flight is cancelled ([`InitStatus::Cancelled`](crate::InitStatus::Cancelled)), and one of its waiters begins
    /// the next one.
    ///
    /// # Errors
    /// As [`get_or_initialize`](Self::get_or_initialize).
    ///
    /// # Panics
    /// With the factory's own panic, in the task that ran it.
    pub async fn get_or_initialize_async<E: Into<BoxError>, F: Future<Output = Result<T, E>>>(
        &self,
        factory: impl FnMut() -> F,
    ) -> Result<Ref<'static, T>, Error> {
        match self.typed.lease() {
            Some(lease) => Ok(lease),
            None => self.get_slow_async(Purpose::Get, factory).await,
        }
    }

    /// Does the same as [`refresh`](Self::refresh) with an asynchronous factory.
    ///
    /// # Errors
    /// As [`get_or_initialize`](Self::get_or_initialize).
    ///
    /// # Panics
    /// With the factory's own panic, in the task that ran it.
    pub async fn refresh_async<E: Into<BoxError>, F: Future<Output = Result<T, E>>>(
        &self,
        factory: impl FnMut() -> F,
    ) -> Result<Ref<'static, T>, Error> {
        self.get_slow_async(Purpose::Refresh, factory).await
    }

    async fn get_slow_async<E: Into<BoxError>, F: Future<Output = Result<T, E>>>(
        &self,
        purpose: Purpose,
        mut factory: impl FnMut() -> F,
    ) -> Result<Ref<'static, T>, Error> {
        let build = || {
            // Boxed: the caller's future would contain it twice, where it is kept and where it is awaited, and a future
            // that is nested in others twice as often at each level.
            let built = Box::pin(factory());
            async { Ok(self.payload(built.await.map_err(Into::into)?)) }
        };
        frames::note(get_async::get_slow(self.raw(), purpose, build).await).map(Lease::typed)
    }

    fn payload(&self, payload: T) -> AnyPayload {
        AnyPayload::new(payload, self.disposer)
    }
}

/// Closing. The cell stays usable: the next call builds a new payload.
impl<T: Send + Sync + 'static> RuntimeCell<T> {
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
    pub fn close(&self) -> CloseResult {
        self.raw().close()
    }

    /// Closes the cell if `generation` is the published one; otherwise changes nothing and returns
    /// [`CloseStatus::Noop`](crate::CloseStatus::Noop).
    ///
    /// So a caller that finds its payload broken never closes the new one that another caller has built since.
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
    pub fn close_and_drain(&self, limit: Duration) -> CloseResult {
        self.raw().close_and_drain(deadline(limit))
    }

    /// Does the same as [`close`](Self::close) in a task, where an asynchronous disposer is awaited.
    ///
    /// If the future is dropped while the disposer runs, the disposer is dropped with its payload, and the close event
    /// reports that as an error.
    pub async fn close_async(&self) -> CloseResult {
        self.raw().close_async().await
    }

    /// Does the same as [`close_and_drain`](Self::close_and_drain) in a task, where an asynchronous disposer is awaited.
    ///
    /// The task's own futures that wait for this cell count as leases once they are woken, until they are polled again or
    /// dropped. Finish or drop them first, or the call waits for the whole `limit`.
    pub async fn close_and_drain_async(&self, limit: Duration) -> CloseResult {
        self.raw().close_and_drain_async(deadline(limit)).await
    }

    /// Closes the cell and ignores the result.
    pub fn invalidate(&self) {
        let _ = self.close();
    }

    /// Records that this cell's payload does not work: the cell cools down for `ttl` with this error.
    ///
    /// A published payload is retired, and disposed after its last lease. A flight under way is superseded: its callers
    /// get this error, and its success does not end the cooldown. The latest record counts. With a zero `ttl`, and after
    /// a shutdown, this does nothing.
    pub fn record_failure(&self, error: impl Into<BoxError>, ttl: Duration) {
        self.raw().record_failure(error.into(), ttl);
    }
}

/// Payloads and hooks from outside.
impl<T: Send + Sync + 'static> RuntimeCell<T> {
    /// Publishes a ready-made payload. This is for tests, and works only where it is [allowed](crate::testing).
    ///
    /// The payload is the next generation, ends a cooldown, and is closed and disposed like any other.
    ///
    /// # Errors
    /// If seeding is not allowed, or if the cell is ready, initializing or shut down. [`SeedError::into_value`] returns
    /// the value.
    pub fn seed(&self, value: T) -> Result<(), SeedError<T>> {
        self.seed_with(value, |value| value)
    }

    /// As [`seed`](Self::seed), but `place` turns `value` into the payload, once nothing can refuse it any more. `place`
    /// runs under the cell's lock.
    pub(crate) fn seed_with<V>(&self, value: V, place: impl Fn(V) -> T) -> Result<(), SeedError<V>> {
        let mut value = Some(value);
        let mut build = || {
            let Some(value) = value.take() else { unreachable!("a payload is placed once") };
            self.payload(place(value))
        };
        let refused = self.raw().seed(&mut build).err();
        match (refused, value) {
            (Some(refusal), Some(value)) => Err(SeedError::new(self.name(), refusal, value)),
            _ => Ok(()),
        }
    }

    /// Sets the cell's observer, which is notified in addition to the global one. A flight under way keeps the observer
    /// that it began with.
    pub fn configure_observer(&self, observer: Arc<dyn Observer>) {
        self.raw().config.observer.configure(observer);
    }

    /// Sets the cell's adjuster, which wraps the factory from the next flight on. The factories of
    /// [`get_or_initialize_async`](Self::get_or_initialize_async) and [`refresh_async`](Self::refresh_async) are not
    /// adjusted.
    pub fn configure_adjuster(&self, adjuster: Arc<dyn FactoryAdjuster<T>>) {
        self.raw().config.adjuster.configure(Arc::new(Adjusts { adjuster, disposer: self.disposer }));
    }
}

/// A panic of the factory, or of any other code of the program, leaves the cell as it was or failed, and poisons nothing.
impl<T: Send + Sync + RefUnwindSafe + 'static> UnwindSafe for RuntimeCell<T> {}
impl<T: Send + Sync + RefUnwindSafe + 'static> RefUnwindSafe for RuntimeCell<T> {}

/// Shows the name and the state, never the payload.
impl<T: Send + Sync + 'static> fmt::Debug for RuntimeCell<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.raw(), f)
    }
}
