//! A cell with its asynchronous factory wired in: what `#[runtime_cell]` declares on an `async fn`, or with `blocking`.

use crate::cell::cell_base::CellBase;
use crate::cell::closable_cell::ClosableCell;
use crate::cell::raw_cell::RawCell;
use crate::cell::seed::SeedError;
use crate::cell::snapshot::State;
use crate::cell::wait_budget::Purpose;
use crate::declared::any_cell::{AnyAsyncCell, AnyCell};
use crate::declared::factory_output::Keep;
use crate::declared::mode::{Fallible, Mode};
use crate::error::{BoxError, Error, UnavailableError};
use crate::flight::adjuster::{Adjusts, AsyncAdjuster, AsyncFactoryAdjuster};
use crate::flight::frames;
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
use std::mem::ManuallyDrop;
use std::ops::Deref;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

#[cfg(feature = "tokio")]
use crate::declared::per_runtime::PerRuntime;

/// What a declaration says of its asynchronous cell; `#[runtime_cell]` implements it.
///
/// The payload's type is a parameter for the reason given at [`Declared`](crate::Declared).
///
/// `DeclaredAsync` appears in bounds, of functions that take any such cell:
///
/// ```
/// # pollster::block_on(async {
/// use cells::{AsyncCell, DeclaredAsync, runtime_cell};
///
/// #[runtime_cell]
/// async fn session() -> String {
///     "s-1".to_owned()
/// }
///
/// /// Builds the cell, and says for how long it has been there.
/// async fn open<D: DeclaredAsync<String>>(cell: &'static AsyncCell<String, D>) -> Option<std::time::Duration> {
///     cell.try_get().await.ok()?;
///     cell.snapshot().age
/// }
///
/// assert!(open(&SESSION).await.is_some());
/// # });
/// ```
pub trait DeclaredAsync<T>: Sized + 'static {
    /// Whether the accessor returns a `Result`.
    type Mode: Mode;
    /// What is known of the cell at compile time.
    const INFO: &'static CellInfo;
    /// What ends a payload.
    const DISPOSER: Disposer<T>;
    /// Whether a flight runs as a task of its own (feature `tokio`).
    const DETACHED: bool = false;
    /// Whether each tokio runtime has a payload of its own (feature `tokio`).
    const OWN_RUNTIME: bool = false;
    /// Creates the declared observer.
    const OBSERVER: Option<fn() -> Arc<dyn Observer>> = None;
    /// Creates the declared adjuster.
    #[expect(clippy::type_complexity, reason = "an alias would be used only here")]
    const ADJUSTER: Option<fn() -> Arc<dyn AsyncFactoryAdjuster<T>>> = None;
    /// How the factory's error is boxed, if its own conversion would hide it.
    const KEEP: Keep = None;

    /// Runs the factory.
    ///
    /// # Errors
    /// Those of the factory.
    fn build() -> impl Future<Output = Result<T, BoxError>> + Send;
}

/// A declared cell whose factory is asynchronous, with factory, disposer and limits wired in.
///
/// What builds or closes its payload is asynchronous, because an asynchronous disposer may have to be awaited; from
/// synchronous code close it by [`any`](Self::any). It dereferences to a [`CellBase`], which has its name and state. With
/// `runtime = "own"` all methods are about the cell of the tokio runtime that the caller runs on.
///
/// ```
/// # pollster::block_on(async {
/// use cells::{CloseStatus, runtime_cell};
///
/// struct Session(String);
///
/// #[runtime_cell(dispose = log_out)]
/// async fn session() -> std::io::Result<Session> {
///     Ok(Session("s-1".to_owned()))
/// }
///
/// async fn log_out(session: Session) {
///     println!("goodbye, {}", session.0);
/// }
///
/// let lease = session().await?; // the same as `SESSION.get().await?`
/// assert_eq!(lease.0, "s-1");
/// drop(lease);
/// assert_eq!(SESSION.close().await.status, CloseStatus::Ok);
/// assert!(SESSION.peek().is_none());
/// # Ok::<(), cells::Error>(())
/// # }).unwrap();
/// ```
#[doc(alias("tokio OnceCell", "async LazyLock", "async OnceCell"))]
pub struct AsyncCell<T: Payload, D: DeclaredAsync<T>> {
    cell: ClosableCell<T>,
    adjuster: Hook<dyn AsyncAdjuster>,
    #[cfg(feature = "tokio")]
    runtimes: PerRuntime<T>,
    declaration: PhantomData<fn() -> D>,
}

impl<T: Payload, D: DeclaredAsync<T>> AsyncCell<T, D> {
    /// Creates the cell as it is declared.
    ///
    /// The [attribute](crate::runtime_cell) writes this call; [`AsyncCell`] shows what to write instead.
    #[expect(clippy::new_without_default, reason = "only the macro calls it, once for each declaration")]
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
        let Some(declared) = D::ADJUSTER else { unreachable!("called only if an adjuster is declared") };
        Arc::new(Adjusts { adjuster: declared(), disposer: D::DISPOSER.run })
    }

    /// Returns the cell without its type, for a table of cells of all types.
    ///
    /// [`AnyCell`] has an example.
    pub const fn any(&'static self) -> AnyCell {
        AnyCell::asynchronous(self)
    }

    const fn declared() -> ClosableCell<T> {
        ClosableCell::declared(D::INFO, None, D::DISPOSER, Hook::new(D::OBSERVER), Hook::none())
    }

    /// The cell of the caller's runtime, if each runtime has its own; else the only one.
    #[cfg(feature = "tokio")]
    pub(crate) fn here(&self) -> &ClosableCell<T> {
        if D::OWN_RUNTIME { self.runtimes.here(&self.cell, Self::declared) } else { &self.cell }
    }

    #[cfg(not(feature = "tokio"))]
    pub(crate) fn here(&self) -> &ClosableCell<T> {
        &self.cell
    }

    /// Returns the payload, building it if there is none: what the accessor does.
    ///
    /// The [type](Self) has an example.
    ///
    /// # Errors
    /// Those of [`RuntimeCell::get_or_initialize_async`](crate::RuntimeCell::get_or_initialize_async), if the factory
    /// returns a `Result`.
    ///
    /// # Panics
    /// With the factory's own panic. The accessor of an infallible cell also panics if the factory panicked in another
    /// caller, if the cell is asked for from inside its own factory, if a failure was recorded, if an adjuster returned an
    /// error, after a shutdown, and if there is no factory and nothing is [provided](Self::provide).
    #[inline]
    pub fn get(&'static self) -> impl Future<Output = <D::Mode as Mode>::Output<T>> + Send {
        Getting::<T, D, D::Mode>::new(self)
    }

    /// Returns the payload, building it if there is none; always as a `Result`.
    ///
    /// ```
    /// # pollster::block_on(async {
    /// use cells::runtime_cell;
    ///
    /// #[runtime_cell]
    /// async fn limit() -> u32 {
    ///     100
    /// }
    ///
    /// assert_eq!(*limit().await, 100); // cannot fail, but a shutdown makes it panic
    /// assert_eq!(*LIMIT.try_get().await?, 100); // which is an error here
    /// # Ok::<(), cells::Error>(())
    /// # }).unwrap();
    /// ```
    ///
    /// # Errors
    /// Those of [`RuntimeCell::get_or_initialize_async`](crate::RuntimeCell::get_or_initialize_async).
    ///
    /// # Panics
    /// With the factory's own panic, in the task that ran it.
    #[inline]
    pub fn try_get(&'static self) -> impl Future<Output = Result<Ref<'static, T>, Error>> + Send {
        Getting::<T, D, Fallible>::new(self)
    }

    /// Returns the payload if one is published; starts no flight and waits for none.
    ///
    /// ```
    /// # pollster::block_on(async {
    /// use cells::runtime_cell;
    ///
    /// #[runtime_cell]
    /// async fn limit() -> u32 {
    ///     100
    /// }
    ///
    /// assert!(LIMIT.try_get_ready().unwrap_err().is_unavailable());
    /// drop(limit().await);
    /// assert_eq!(*LIMIT.try_get_ready()?, 100);
    /// # Ok::<(), cells::Error>(())
    /// # }).unwrap();
    /// ```
    ///
    /// # Errors
    /// [`UnavailableError::NotReady`] or [`UnavailableError::ShutDown`].
    pub fn try_get_ready(&'static self) -> Result<Ref<'static, T>, Error> {
        observed_calls::record(self.info());
        let cell = self.here();
        frames::note(cell.peek().ok_or_else(|| {
            let name = cell.name();
            Error::Unavailable(if cell.state() == State::Closed {
                UnavailableError::ShutDown { cell: name }
            } else {
                UnavailableError::NotReady { cell: name }
            })
        }))
    }

    /// Returns the payload once one is published, by whatever call, and waits for that up to `limit`. It builds nothing:
    /// [`ClosableCell::wait_async`].
    ///
    /// # Errors
    /// Those of [`ClosableCell::wait`].
    pub async fn wait(&'static self, limit: Duration) -> Result<Ref<'static, T>, Error> {
        self.here().wait_async(limit).await
    }

    /// Builds a new payload with the declared factory and swaps it in:
    /// [`RuntimeCell::refresh_async`](crate::RuntimeCell::refresh_async).
    ///
    /// # Errors
    /// Those of [`RuntimeCell::refresh_async`](crate::RuntimeCell::refresh_async).
    ///
    /// # Panics
    /// With the factory's own panic, in the task that ran it.
    pub async fn refresh(&'static self) -> Result<Ref<'static, T>, Error> {
        self.any().get_slow_async(Purpose::Refresh).await.map(Lease::typed)
    }

    /// Returns the published payload, if there is one.
    ///
    /// The [type](Self) has an example.
    #[inline]
    pub fn peek(&self) -> Option<Ref<'static, T>> {
        self.here().peek()
    }

    /// Closes the cell: [`ClosableCell::close_async`].
    pub async fn close(&self) -> CloseResult {
        self.here().close_async().await
    }

    /// Closes the cell if `generation` is the published one: [`ClosableCell::close_generation_async`].
    pub async fn close_generation(&self, generation: u64) -> CloseResult {
        self.here().close_generation_async(generation).await
    }

    /// Closes the cell and waits up to `limit` until its payload is not in use any more:
    /// [`ClosableCell::close_and_drain_async`].
    pub async fn close_and_drain(&self, limit: Duration) -> CloseResult {
        self.here().close_and_drain_async(limit).await
    }

    /// Closes the cell and ignores the result.
    ///
    /// ```
    /// # pollster::block_on(async {
    /// # use cells::runtime_cell;
    /// # #[runtime_cell]
    /// # async fn session() -> String { "s-1".to_owned() }
    /// drop(session().await);
    /// SESSION.invalidate().await;
    /// assert!(!SESSION.is_ready());
    /// # });
    /// ```
    #[doc(alias("reset", "clear", "evict"))]
    pub async fn invalidate(&self) {
        let _ = self.close().await;
    }

    /// Records that this cell's payload does not work: [`ClosableCell::record_failure`]. An asynchronous disposer is left
    /// to the runtime on which the payload was built.
    pub fn record_failure(&self, error: impl Into<BoxError>, ttl: Duration) {
        self.here().record_failure(error, ttl);
    }

    /// Publishes a ready-made payload for tests: [`ClosableCell::seed`].
    ///
    /// [`allow_seeding`](crate::testing::allow_seeding) has an example.
    ///
    /// # Errors
    /// Those of [`ClosableCell::seed`].
    pub fn seed(&self, value: T) -> Result<(), SeedError<T>> {
        self.here().seed(value)
    }

    /// Sets the adjuster of this cell, from the next flight on.
    ///
    /// [`AsyncFactoryAdjuster`] has an example.
    pub fn configure_adjuster(&'static self, adjuster: Arc<dyn AsyncFactoryAdjuster<T>>) {
        let here = self.any().here();
        let adjuster: Arc<dyn AsyncAdjuster> = Arc::new(Adjusts { adjuster, disposer: D::DISPOSER.run });
        (self as &dyn AnyAsyncCell).adjuster_here(here).configure(adjuster);
    }

    /// Returns what is known of the cell at compile time.
    ///
    /// [`CellInfo`] has an example.
    pub fn info(&self) -> &'static CellInfo {
        self.cell.itself().info()
    }

    /// Returns the cells whose accessors this cell's factory has called in this process.
    ///
    /// [`StaticCell::observed`](crate::StaticCell::observed) has an example.
    pub fn observed(&self) -> Vec<&'static CellInfo> {
        observed_calls::by(self.info())
    }

    /// Gets the payload for a factory that declares this dependency, so the call is not recorded as observed.
    pub(crate) async fn get_injected(&'static self) -> Result<Ref<'static, T>, Error> {
        self.any().get_async(Purpose::Get).await.map(Lease::typed)
    }
}

/// A get. Where the payload is ready its first poll finds it; otherwise the wait, or the flight, is in a box. Not an
/// `async fn`, whose state would be written and whose output would be copied (target: async ready, docs/performance.md).
#[must_use]
struct Getting<T: Payload, D: DeclaredAsync<T>, M> {
    cell: &'static AsyncCell<T, D>,
    /// Dropped by [`end`], out of line: otherwise the poll of an accessor is too long to be inlined.
    slow: ManuallyDrop<Option<Slow>>,
    mode: PhantomData<fn() -> M>,
}

type Slow = BoxFuture<'static, Result<Lease, Error>>;

impl<T: Payload, D: DeclaredAsync<T>, M> Getting<T, D, M> {
    #[inline]
    fn new(cell: &'static AsyncCell<T, D>) -> Self {
        Self { cell, slow: ManuallyDrop::new(None), mode: PhantomData }
    }
}

impl<T: Payload, D: DeclaredAsync<T>, M: Mode> Future for Getting<T, D, M> {
    type Output = M::Output<T>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if self.slow.is_none() {
            if let Some(lease) = self.cell.here().typed.lease_fast() {
                return Poll::Ready(M::output_by_mode(Ok(lease)));
            }
        }
        poll_slow::<T, M>(self.cell, &mut self.slow, cx).map(M::rebuild)
    }
}

impl<T: Payload, D: DeclaredAsync<T>, M> Drop for Getting<T, D, M> {
    #[inline]
    fn drop(&mut self) {
        if self.slow.is_some() {
            end(&mut self.slow);
        }
    }
}

#[cold]
#[inline(never)]
fn end(slow: &mut Option<Slow>) {
    *slow = None;
}

/// What a get does if there is no payload that the fast path finds.
#[cold]
#[inline(never)]
fn poll_slow<T: Payload, M: Mode>(
    cell: &'static dyn AnyAsyncCell,
    slow: &mut Option<Slow>,
    cx: &mut Context<'_>,
) -> Poll<M::Output<T>> {
    let cell = AnyCell::asynchronous(cell);
    if slow.is_none() {
        *slow = cell.refresh_to_drive();
    }
    if slow.is_none() {
        if let Some(lease) = cell.lease_observed_slow() {
            return Poll::Ready(M::output_by_mode(Ok(lease.typed())));
        }
    }
    slow.get_or_insert_with(|| cell.get_slow_async(Purpose::Get))
        .as_mut()
        .poll(cx)
        .map(|result| M::output_by_mode(result.map(Lease::typed)))
}

impl<T: Payload, D: DeclaredAsync<T>> AnyAsyncCell for AsyncCell<T, D> {
    fn declared(&self) -> &RawCell {
        self.cell.itself()
    }

    fn here(&self) -> &CellBase {
        self.here().base()
    }

    #[cfg_attr(not(feature = "tokio"), expect(unused_variables, reason = "there are no runtimes"))]
    fn everywhere(&self, ended: bool) -> Vec<&RawCell> {
        #[cfg(feature = "tokio")]
        if D::OWN_RUNTIME {
            return std::iter::once(&self.cell)
                .chain(self.runtimes.all(ended))
                .map(ClosableCell::itself)
                .collect();
        }
        vec![self.cell.itself()]
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

impl<T: Payload, D: DeclaredAsync<T>> Deref for AsyncCell<T, D> {
    type Target = CellBase;

    fn deref(&self) -> &CellBase {
        self.here().base()
    }
}

/// As of a [`CellBase`].
impl<T: Payload + RefUnwindSafe, D: DeclaredAsync<T>> UnwindSafe for AsyncCell<T, D> {}
impl<T: Payload + RefUnwindSafe, D: DeclaredAsync<T>> RefUnwindSafe for AsyncCell<T, D> {}

impl<T: Payload, D: DeclaredAsync<T>> fmt::Debug for AsyncCell<T, D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.here().raw.here().debug("AsyncCell", f)
    }
}
