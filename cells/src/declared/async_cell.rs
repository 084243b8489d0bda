//! A cell with its asynchronous factory wired in: what `#[runtime_cell]` on an `async fn` declares.

use crate::cell::raw_cell::RawCell;
use crate::cell::runtime_cell::RuntimeCell;
use crate::cell::snapshot::State;
use crate::declared::any_cell::{AnyAsyncCell, AnyCell};
use crate::declared::mode::Mode;
use crate::error::{BoxError, Error, UnavailableError};
use crate::flight::adjuster::{Adjusts, AsyncAdjuster, AsyncFactoryAdjuster};
use crate::flight::observed_calls;
use crate::info::CellInfo;
use crate::observe::hook::Hook;
use crate::observe::observer::{CloseResult, Observer};
use crate::payload::disposer::Disposer;
use crate::payload::lease::{AnyPayload, Lease, Ref};
use crate::payload::payload_type::Payload;
use crate::sync::executor::BoxFuture;
use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

#[cfg(feature = "tokio")]
use crate::declared::per_runtime::PerRuntime;

/// What a declaration says of its asynchronous cell; `#[runtime_cell]` implements it.
pub trait DeclaredAsync: Sized + 'static {
    /// What the cell holds. [`AsyncCell`] alone requires what makes it one, so that a mistake is told once.
    type Payload;
    /// Whether the accessor returns a `Result`.
    type Mode: Mode;
    /// What is known when it is compiled.
    const INFO: &'static CellInfo;
    /// What ends a payload.
    const DISPOSER: Disposer<Self::Payload>;
    /// Whether a flight runs as a task of its own (feature `tokio`).
    const DETACHED: bool = false;
    /// Whether each tokio runtime has a payload of its own (feature `tokio`).
    const OWN_RUNTIME: bool = false;
    /// What makes the declared observer.
    const OBSERVER: Option<fn() -> Arc<dyn Observer>> = None;
    /// What makes the declared adjuster.
    #[expect(clippy::type_complexity, reason = "said once")]
    const ADJUSTER: Option<fn() -> Arc<dyn AsyncFactoryAdjuster<Self::Payload>>> = None;

    /// Runs the factory.
    ///
    /// # Errors
    /// Those of the factory.
    fn build() -> impl Future<Output = Result<Self::Payload, BoxError>> + Send;
}

/// A declared cell whose factory is asynchronous: a [`RuntimeCell`] with factory, disposer and limits wired in.
///
/// It dereferences to the [`RuntimeCell`], whose methods look and configure; getting and closing are asynchronous
/// here. With `runtime = "own"` it dereferences to the cell of the runtime that the caller runs on.
pub struct AsyncCell<T: Payload, D: DeclaredAsync<Payload = T>> {
    cell: RuntimeCell<T>,
    adjuster: Hook<dyn AsyncAdjuster>,
    #[cfg(feature = "tokio")]
    runtimes: PerRuntime<T>,
    declaration: PhantomData<fn() -> D>,
}

impl<T: Payload, D: DeclaredAsync<Payload = T>> AsyncCell<T, D> {
    /// Makes the cell as it is declared.
    #[expect(clippy::new_without_default, reason = "the macro's alone: a declaration has one cell")]
    pub const fn new() -> Self {
        Self {
            cell: Self::declared(),
            adjuster: Hook::new(match D::ADJUSTER {
                Some(_) => Some(Self::adjuster),
                None => None,
            }),
            #[cfg(feature = "tokio")]
            runtimes: PerRuntime::new(),
            declaration: PhantomData,
        }
    }

    fn adjuster() -> Arc<dyn AsyncAdjuster> {
        let Some(declared) = D::ADJUSTER else { unreachable!("asked for where there is one") };
        Arc::new(Adjusts { adjuster: declared(), disposer: D::DISPOSER.run })
    }

    /// The entry in the list of all cells: the macro's.
    #[doc(hidden)]
    pub const fn entry(&'static self) -> AnyCell {
        AnyCell::asynchronous(self)
    }

    const fn declared() -> RuntimeCell<T> {
        RuntimeCell::declared(D::INFO, None, D::DISPOSER, Hook::new(D::OBSERVER), Hook::none())
    }

    /// The cell for where the caller runs.
    #[cfg(feature = "tokio")]
    fn here(&self) -> &RuntimeCell<T> {
        if D::OWN_RUNTIME { self.runtimes.here(&self.cell, Self::declared) } else { &self.cell }
    }

    #[cfg(not(feature = "tokio"))]
    fn here(&self) -> &RuntimeCell<T> {
        &self.cell
    }

    /// Returns the payload, building it if there is none: what the accessor does.
    ///
    /// # Errors
    /// Those of [`RuntimeCell::get_or_initialize_async`], where the factory returns a `Result`.
    ///
    /// # Panics
    /// With the factory's own panic. Where the factory is infallible, also if it panicked in another caller, if
    /// the cell is asked from inside its own factory, if a failure was recorded, and after shutdown.
    pub async fn get(&'static self) -> <D::Mode as Mode>::Output<T> {
        D::Mode::output(self.try_get().await)
    }

    /// Returns the payload, building it if there is none; always as a `Result`.
    ///
    /// # Errors
    /// Those of [`RuntimeCell::get_or_initialize_async`].
    ///
    /// # Panics
    /// With the factory's own panic, in the task that ran it.
    pub async fn try_get(&'static self) -> Result<Ref<'static, T>, Error> {
        if let Some(lease) = self.here().typed.lease_fast() {
            return Ok(lease);
        }
        observed_calls::record(self.info());
        match self.here().raw().lease_slow() {
            Some(lease) => Ok(lease.typed()),
            None => self.entry().get_slow_async(false).await.map(Lease::typed),
        }
    }

    /// Returns the payload if it is there; starts nothing and waits for nothing.
    ///
    /// # Errors
    /// [`Error::Unavailable`] (not ready, or shut down).
    pub fn try_get_ready(&'static self) -> Result<Ref<'static, T>, Error> {
        observed_calls::record(self.info());
        let cell = self.here();
        cell.peek().ok_or_else(|| {
            let name = cell.name();
            Error::Unavailable(if cell.state() == State::Closed {
                UnavailableError::ShutDown { cell: name }
            } else {
                UnavailableError::NotReady { cell: name }
            })
        })
    }

    /// Builds a new payload with the declared factory and swaps it in: [`RuntimeCell::refresh_async`].
    ///
    /// # Errors
    /// Those of [`RuntimeCell::refresh_async`].
    ///
    /// # Panics
    /// With the factory's own panic, in the task that ran it.
    pub async fn refresh(&'static self) -> Result<Ref<'static, T>, Error> {
        self.entry().get_slow_async(true).await.map(Lease::typed)
    }

    /// Closes the cell: [`RuntimeCell::close_async`].
    pub async fn close(&self) -> CloseResult {
        self.here().close_async().await
    }

    /// Closes the cell and waits up to `limit` until nobody uses its payload any more:
    /// [`RuntimeCell::close_and_drain_async`].
    pub async fn close_and_drain(&self, limit: Duration) -> CloseResult {
        self.here().close_and_drain_async(limit).await
    }

    /// Sets what stands between this cell and its factory, from the next flight on.
    pub fn configure_adjuster(&self, adjuster: Arc<dyn AsyncFactoryAdjuster<T>>) {
        self.adjuster.configure(Arc::new(Adjusts { adjuster, disposer: D::DISPOSER.run }));
    }

    /// Returns what is known of the declaration.
    pub fn info(&self) -> &'static CellInfo {
        self.cell.raw().info()
    }

    /// Gets the payload for a factory that is declared to depend on this cell.
    pub(crate) async fn get_injected(&'static self) -> Result<Ref<'static, T>, Error> {
        match self.here().peek() {
            Some(lease) => Ok(lease),
            None => self.entry().get_slow_async(false).await.map(Lease::typed),
        }
    }
}

impl<T: Payload, D: DeclaredAsync<Payload = T>> AnyAsyncCell for AsyncCell<T, D> {
    fn declared(&self) -> &RawCell {
        self.cell.raw()
    }

    fn here(&self) -> &RawCell {
        self.here().raw()
    }

    fn everywhere(&self) -> Vec<&RawCell> {
        #[cfg(feature = "tokio")]
        if D::OWN_RUNTIME {
            return std::iter::once(&self.cell).chain(self.runtimes.all()).map(RuntimeCell::raw).collect();
        }
        vec![self.cell.raw()]
    }

    #[cfg(feature = "tokio")]
    fn is_detached(&self) -> bool {
        D::DETACHED
    }

    fn adjuster(&self) -> &Hook<dyn AsyncAdjuster> {
        &self.adjuster
    }

    fn build(&'static self) -> BoxFuture<'static, Result<AnyPayload, BoxError>> {
        Box::pin(async { Ok(AnyPayload::new(D::build().await?, D::DISPOSER.run)) })
    }
}

impl<T: Payload, D: DeclaredAsync<Payload = T>> Deref for AsyncCell<T, D> {
    type Target = RuntimeCell<T>;

    fn deref(&self) -> &RuntimeCell<T> {
        self.here()
    }
}

impl<T: Payload, D: DeclaredAsync<Payload = T>> fmt::Debug for AsyncCell<T, D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.here(), f)
    }
}
