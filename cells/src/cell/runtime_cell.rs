//! A cell that the program creates: its construction, and getting with a factory that comes with each call.

use crate::cell::closable_cell::ClosableCell;
use crate::cell::config::Config;
use crate::cell::get::refuse;
use crate::cell::get_async::{self, BuildAsync};
use crate::cell::wait_budget::Purpose;
use crate::error::{BoxError, Error};
use crate::flight::frames;
use crate::info::{Limits, Nanos, max_waiters};
use crate::observe::hook::Hook;
use crate::observe::observer::CloseResult;
use crate::payload::disposer::{DisposeFn, Disposer};
use crate::payload::lease::{AnyPayload, Lease, Ref};
use crate::sync::world::Scope;
use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::ops::Deref;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

/// A slot for one payload that is built on demand, can fail, can be closed, and can be built again.
///
/// It can be a field, a local, or a `static`. Its factory comes with each call; a [`FactoryCell`](crate::FactoryCell)
/// keeps its own, and so does what `#[runtime_cell]` declares. It dereferences to a [`ClosableCell`], whose methods close,
/// inspect and configure it.
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
#[doc(alias("OnceLock", "OnceCell", "LazyCell", "Mutex<Option>"))]
pub struct RuntimeCell<T: Send + Sync + 'static> {
    cell: ClosableCell<T>,
}

/// Construction, all of it `const`: a cell can be a `static`.
impl<T: Send + Sync + 'static> RuntimeCell<T> {
    /// Creates an empty cell; an empty name becomes `"runtime"`.
    ///
    /// By default any number of callers may wait, each for at most 1500 ms; there is no cooldown, and a payload is
    /// simply dropped at its end.
    ///
    /// ```
    /// use cells::RuntimeCell;
    ///
    /// struct Client {
    ///     session: RuntimeCell<String>,
    /// }
    ///
    /// let client = Client { session: RuntimeCell::new("session") };
    /// assert_eq!(*client.session.get_or_init(|| "s-1".to_owned()), "s-1");
    /// ```
    pub const fn new(name: &'static str) -> Self {
        let config = Config {
            name: if name.is_empty() { "runtime" } else { name },
            limits: Limits::DEFAULT,
            info: None,
            factory: None,
            observer: Hook::none(),
            adjuster: Hook::none(),
            scope: Scope::PROCESS,
            #[cfg(feature = "testing")]
            factory_of_sandbox: false,
        };
        Self { cell: ClosableCell::new(config, DisposeFn::Drop) }
    }

    /// Sets how many callers may wait at once for a flight; 0 means no limit.
    ///
    /// ```
    /// use cells::{Ref, RuntimeCell};
    /// use std::thread;
    ///
    /// static MODEL: RuntimeCell<u8> = RuntimeCell::new("model").max_waiters(1);
    ///
    /// fn ask() -> Result<Ref<'static, u8>, cells::Error> {
    ///     MODEL.get_or_initialize(|| {
    ///         // One call waits for this factory. The next one is turned away.
    ///         thread::spawn(ask);
    ///         while MODEL.snapshot().waiters == 0 {
    ///             thread::yield_now();
    ///         }
    ///         let error = thread::spawn(ask).join().unwrap().unwrap_err();
    ///         assert!(error.is_waiters_full());
    ///         Ok::<_, cells::Error>(1)
    ///     })
    /// }
    ///
    /// assert_eq!(*ask()?, 1);
    /// # Ok::<(), cells::Error>(())
    /// ```
    #[doc(alias("bulkhead", "backpressure"))]
    #[must_use]
    pub const fn max_waiters(mut self, n: usize) -> Self {
        self.cell.typed.config_mut().limits.max_waiters = max_waiters(n);
        self
    }

    /// Sets how long one call may wait for flights of other callers; [`Duration::ZERO`] means no limit.
    ///
    /// ```
    /// use cells::RuntimeCell;
    /// use std::time::Duration;
    ///
    /// static MODEL: RuntimeCell<u8> = RuntimeCell::new("model").wait_timeout(Duration::from_millis(10));
    ///
    /// let late = MODEL.get_or_initialize(|| {
    ///     // Somebody else asks meanwhile, and is not served in time.
    ///     let other = std::thread::spawn(|| MODEL.get_or_initialize(|| Ok::<_, cells::Error>(1)).map(drop));
    ///     assert!(other.join().unwrap().unwrap_err().is_timeout());
    ///     Ok::<_, cells::Error>(2)
    /// })?;
    /// assert_eq!(*late, 2);
    /// # Ok::<(), cells::Error>(())
    /// ```
    #[must_use]
    pub const fn wait_timeout(mut self, limit: Duration) -> Self {
        self.cell.typed.config_mut().limits.wait_timeout = Nanos::of(limit);
        self
    }

    /// Sets for how long no factory runs after a failed flight; [`Duration::ZERO`] means no cooldown.
    ///
    /// ```
    /// use cells::RuntimeCell;
    /// use std::time::Duration;
    ///
    /// static DB: RuntimeCell<u16> = RuntimeCell::new("db").cooldown(Duration::from_secs(5));
    ///
    /// assert!(DB.get_or_initialize(|| "refused".parse::<u16>()).is_err());
    /// // For five seconds nobody bothers the server.
    /// let error = DB.get_or_initialize(|| -> Result<_, cells::Error> { unreachable!() }).unwrap_err();
    /// assert!(error.is_cooldown());
    /// ```
    #[doc(alias("circuit breaker", "negative caching"))]
    #[must_use]
    pub const fn cooldown(mut self, ttl: Duration) -> Self {
        self.cell.typed.config_mut().limits.cooldown = Nanos::of(ttl);
        self
    }

    /// Lets the [cooldown](Self::cooldown) double with each failure in a row, up to `most`. Each of them is then shortened
    /// at random by up to a half, so that those who failed together do not try again together. A payload that is published
    /// ends the row.
    ///
    /// ```
    /// use cells::RuntimeCell;
    /// use std::time::Duration;
    ///
    /// static DB: RuntimeCell<u16> =
    ///     RuntimeCell::new("db").cooldown(Duration::from_secs(1)).max_cooldown(Duration::from_secs(60));
    ///
    /// let error = DB.get_or_initialize(|| "refused".parse::<u16>()).unwrap_err();
    /// assert!(!error.is_cooldown());
    /// let left = DB.get_or_initialize(|| "5432".parse::<u16>()).unwrap_err().retry_after();
    /// assert!(left.is_some_and(|left| left <= Duration::from_secs(1)));
    /// ```
    #[must_use]
    pub const fn max_cooldown(mut self, most: Duration) -> Self {
        self.cell.typed.config_mut().limits.max_cooldown = Nanos::of(most);
        self
    }

    /// Sets how often one flight runs a factory again that has returned an error; 0, the default, is never.
    ///
    /// A panic, and an error of another cell, which has retries of its own, end the flight at once. The earlier errors are
    /// in the log; the flight's error is that of its last attempt. Factories that can run only once are not run again.
    ///
    /// ```
    /// use cells::RuntimeCell;
    /// use std::time::Duration;
    ///
    /// let cell = RuntimeCell::new("flaky").retry(2).backoff(Duration::from_millis(1), Duration::from_millis(5));
    /// let mut attempts = 0;
    /// let value = cell.get_or_initialize(|| {
    ///     attempts += 1;
    ///     if attempts < 3 { Err("not yet") } else { Ok(attempts) }
    /// })?;
    /// assert_eq!(*value, 3);
    /// # Ok::<(), cells::Error>(())
    /// ```
    #[must_use]
    pub const fn retry(mut self, retries: u32) -> Self {
        self.cell.typed.config_mut().limits.retries = retries;
        self
    }

    /// Sets how long a flight waits before it runs the factory [again](Self::retry): `first` before the second attempt, and
    /// twice as long before each further one, up to `most`, shortened at random by up to a half. With `most` no longer than
    /// `first`, it is always `first`. By default it is 100 ms to 5 s.
    ///
    /// [`retry`](Self::retry) has an example.
    #[must_use]
    pub const fn backoff(mut self, first: Duration, most: Duration) -> Self {
        let limits = &mut self.cell.typed.config_mut().limits;
        (limits.backoff, limits.max_backoff) = (Nanos::of(first), Nanos::of(most));
        self
    }

    /// Sets the disposer, which ends a payload.
    ///
    /// [`Disposer`] has an example.
    #[must_use]
    pub const fn disposer(mut self, disposer: Disposer<T>) -> Self {
        self.cell.disposer = disposer.run;
        self
    }
}

// To whoever passes a closure that can run only once (E0507), the compiler shows the line of the bound, so that line names
// the remedy. A trait of our own in its place would have a message of its own, but from such a bound the compiler would not
// know what the closure returns: it would convert nothing (`Ok(Box::new(..))` for a `Box<dyn Trait>`), and report a wrong
// type at the whole closure.

/// Getting a payload.
impl<T: Send + Sync + 'static> RuntimeCell<T> {
    /// Returns the payload. If there is none, waits for the flight under way, or runs `factory` if there is no flight.
    ///
    /// However many callers ask at once, only one of them runs its factory, with no lock of the cell held. The same call
    /// runs it again only if the cell is closed meanwhile: what it built is then disposed, and the call starts over.
    ///
    /// ```
    /// use cells::RuntimeCell;
    /// use std::{env, path::PathBuf};
    ///
    /// static HOME: RuntimeCell<PathBuf> = RuntimeCell::new("home");
    ///
    /// fn home() -> Result<cells::Ref<'static, PathBuf>, cells::Error> {
    ///     HOME.get_or_initialize(|| env::current_dir()) // an `io::Error` may be its cause
    /// }
    ///
    /// assert!(home()?.is_absolute());
    /// # Ok::<(), cells::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Lifecycle`] if the factory failed, in this call or in the one that it waited for; if the cell is cooling
    /// down; if the cell is asked from inside its own factory. [`Error::Unavailable`] if there are too many waiters, if
    /// the wait took too long, or if the cell is shut down.
    ///
    /// # Panics
    /// With the factory's own panic, in the call that ran it.
    #[doc(alias = "get_or_try_init")]
    #[inline]
    pub fn get_or_initialize<E: Into<BoxError>>(
        &self,
        mut factory: impl FnMut() -> Result<T, E>, // to run it only once: `get_or_initialize_once`
    ) -> Result<Ref<'static, T>, Error> {
        match self.cell.typed.lease() {
            Some(lease) => Ok(lease),
            None => self.get_slow(Purpose::Get, &mut factory),
        }
    }

    /// Does the same as [`get_or_initialize`](Self::get_or_initialize) with a factory that can run only once, such as a
    /// closure that gives away what it has captured.
    ///
    /// If the cell is closed while the factory runs, what that built is disposed, and the call gets an error, because it
    /// has no second factory to start over with. [`provide`](ClosableCell::provide) publishes a value that is there already.
    ///
    /// ```
    /// use cells::RuntimeCell;
    ///
    /// let cell = RuntimeCell::new("greeting");
    /// let greeting = "hello".to_owned();
    /// assert_eq!(*cell.get_or_initialize_once(|| Ok::<_, cells::Error>(greeting))?, "hello");
    /// # Ok::<(), cells::Error>(())
    /// ```
    ///
    /// # Errors
    /// Those of [`get_or_initialize`](Self::get_or_initialize), and
    /// [`Superseded`](crate::UnavailableError::Superseded). An adjuster that calls the factory a second time gets an error.
    ///
    /// # Panics
    /// With the factory's own panic.
    #[inline]
    pub fn get_or_initialize_once<E: Into<BoxError>>(
        &self,
        factory: impl FnOnce() -> Result<T, E>,
    ) -> Result<Ref<'static, T>, Error> {
        match self.cell.typed.lease() {
            Some(lease) => Ok(lease),
            None => self.get_slow_once(factory),
        }
    }

    #[cold]
    fn get_slow_once<E: Into<BoxError>>(
        &self,
        factory: impl FnOnce() -> Result<T, E>,
    ) -> Result<Ref<'static, T>, Error> {
        let mut factory = Some(factory);
        let mut build = || match factory.take() {
            Some(factory) => factory().map_err(Into::into),
            None => Err(BoxError::from("the factory can run only once, and has run")),
        };
        self.get_slow(Purpose::Once, &mut build)
    }

    /// Returns the payload; builds it by `factory`, which cannot fail, if there is none.
    ///
    /// It does what [`get_or_initialize`](Self::get_or_initialize) does, but waits for a flight of another caller as long
    /// as that takes: neither [`wait_timeout`](Self::wait_timeout) nor [`max_waiters`](Self::max_waiters) concerns it.
    ///
    /// ```
    /// use cells::RuntimeCell;
    ///
    /// let numbers = RuntimeCell::new("numbers");
    /// assert_eq!(numbers.get_or_init(|| vec![1, 2, 3]).len(), 3);
    /// ```
    ///
    /// # Panics
    /// With the factory's own panic. Also where there is no payload and none can be built: if the flight of another
    /// caller that it waited for failed or panicked, if the cell is cooling down, if it is asked for from inside its own
    /// factory, and if an adjuster returned an error.
    #[inline]
    #[track_caller]
    pub fn get_or_init(&self, mut factory: impl FnMut() -> T) -> Ref<'static, T> {
        match self.cell.typed.lease() {
            Some(lease) => lease,
            None => self
                .get_slow(Purpose::CannotFail, &mut || Ok::<_, Infallible>(factory()))
                .unwrap_or_else(|error| refuse(&error)),
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
    /// ```
    /// use cells::RuntimeCell;
    ///
    /// static LIMIT: RuntimeCell<u32> = RuntimeCell::new("limit");
    ///
    /// let old = LIMIT.get_or_initialize(|| "10".parse::<u32>())?;
    /// assert!(LIMIT.refresh(|| "many".parse::<u32>()).is_err());
    /// assert_eq!(LIMIT.peek().as_deref(), Some(&10)); // a refresh that fails changes nothing
    /// assert_eq!(*LIMIT.refresh(|| "20".parse::<u32>())?, 20);
    /// assert_eq!(*old, 10); // who has the old payload keeps it
    /// # Ok::<(), cells::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`get_or_initialize`](Self::get_or_initialize).
    ///
    /// # Panics
    /// With the factory's own panic, in the call that ran it.
    #[doc(alias("reload", "ArcSwap"))]
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
    /// On a ready cell the future is ready at its first poll and allocates nothing, except that a thread's first read may
    /// create the thread's table of leases. If the future that runs the factory is dropped, its flight is cancelled
    /// ([`InitStatus::Cancelled`](crate::InitStatus::Cancelled)), and one of its waiters begins the next one.
    ///
    /// ```
    /// # pollster::block_on(async {
    /// use cells::RuntimeCell;
    ///
    /// static SESSION: RuntimeCell<String> = RuntimeCell::new("session");
    ///
    /// async fn log_in() -> Result<String, std::io::Error> {
    ///     Ok("s-1".to_owned())
    /// }
    ///
    /// assert_eq!(*SESSION.get_or_initialize_async(log_in).await?, "s-1");
    /// # Ok::<(), cells::Error>(())
    /// # }).unwrap();
    /// ```
    ///
    /// # Errors
    /// As [`get_or_initialize`](Self::get_or_initialize).
    ///
    /// # Panics
    /// With the factory's own panic, in the task that ran it.
    pub async fn get_or_initialize_async<E: Into<BoxError>, F: Future<Output = Result<T, E>>>(
        &self,
        factory: impl FnMut() -> F, // to run it only once: `get_or_initialize_once_async`
    ) -> Result<Ref<'static, T>, Error> {
        match self.cell.typed.lease() {
            Some(lease) => Ok(lease),
            // Boxed: the future is moved whenever a task is spawned, and most often the cell is ready.
            None => Box::pin(self.get_slow_async(Purpose::Get, AsyncFactory { cell: self, factory })).await,
        }
    }

    /// Does the same as [`get_or_initialize_once`](Self::get_or_initialize_once) with an asynchronous factory, and blocks
    /// no thread while it waits.
    ///
    /// # Errors
    /// As [`get_or_initialize_once`](Self::get_or_initialize_once).
    ///
    /// # Panics
    /// With the factory's own panic, in the task that ran it.
    pub async fn get_or_initialize_once_async<E: Into<BoxError>, F: Future<Output = Result<T, E>>>(
        &self,
        factory: impl FnOnce() -> F,
    ) -> Result<Ref<'static, T>, Error> {
        if let Some(lease) = self.cell.typed.lease() {
            return Ok(lease);
        }
        let mut factory = Some(factory);
        let factory = || {
            // The asynchronous factories of a bare cell have no adjuster, which might call twice.
            let Some(factory) = factory.take() else { unreachable!("the call does not start over") };
            factory()
        };
        Box::pin(self.get_slow_async(Purpose::Once, AsyncFactory { cell: self, factory })).await
    }

    /// Does the same as [`get_or_init`](Self::get_or_init) with an asynchronous factory, and blocks no thread while it
    /// waits.
    ///
    /// ```
    /// # pollster::block_on(async {
    /// use cells::RuntimeCell;
    ///
    /// let inbox = RuntimeCell::new("inbox");
    /// assert!(inbox.get_or_init_async(async || Vec::<String>::new()).await.is_empty());
    /// # });
    /// ```
    ///
    /// # Panics
    /// As [`get_or_init`](Self::get_or_init), in the task that runs the factory or waits.
    pub async fn get_or_init_async<F: Future<Output = T>>(
        &self,
        mut factory: impl FnMut() -> F,
    ) -> Ref<'static, T> {
        if let Some(lease) = self.cell.typed.lease() {
            return lease;
        }
        let factory = || {
            let built = factory();
            async { Ok::<_, Infallible>(built.await) }
        };
        Box::pin(self.get_slow_async(Purpose::CannotFail, AsyncFactory { cell: self, factory }))
            .await
            .unwrap_or_else(|error| refuse(&error))
    }

    /// Does the same as [`refresh`](Self::refresh) with an asynchronous factory.
    ///
    /// ```
    /// # pollster::block_on(async {
    /// use cells::RuntimeCell;
    ///
    /// static LIMIT: RuntimeCell<u32> = RuntimeCell::new("limit");
    ///
    /// async fn fetch() -> Result<u32, std::io::Error> {
    ///     Ok(20)
    /// }
    ///
    /// drop(LIMIT.get_or_init(|| 10));
    /// assert_eq!(*LIMIT.refresh_async(fetch).await?, 20);
    /// # Ok::<(), cells::Error>(())
    /// # }).unwrap();
    /// ```
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
        self.get_slow_async(Purpose::Refresh, AsyncFactory { cell: self, factory }).await
    }

    async fn get_slow_async<F: Future<Output = Result<AnyPayload, BoxError>>>(
        &self,
        purpose: Purpose,
        build: impl BuildAsync<F>,
    ) -> Result<Ref<'static, T>, Error> {
        frames::note(get_async::get_slow(self.raw(), purpose, build).await).map(Lease::typed)
    }
}

/// The asynchronous factory of a call.
struct AsyncFactory<'a, T: Send + Sync + 'static, B> {
    cell: &'a RuntimeCell<T>,
    factory: B,
}

impl<'a, T: Send + Sync + 'static, F, B: FnMut() -> F> BuildAsync<Built<'a, T, F>>
    for AsyncFactory<'a, T, B>
{
    fn build(&mut self) -> Built<'a, T, F> {
        Built { cell: self.cell, future: Box::pin((self.factory)()) }
    }
}

/// The future of an [`AsyncFactory`].
struct Built<'a, T: Send + Sync + 'static, F> {
    cell: &'a RuntimeCell<T>,
    /// Boxed: the caller's future would contain it twice, where it is kept and where it is awaited, and a future that is
    /// nested in others twice as often at each level.
    future: Pin<Box<F>>,
}

impl<T: Send + Sync + 'static, E: Into<BoxError>, F: Future<Output = Result<T, E>>> Future
    for Built<'_, T, F>
{
    type Output = Result<AnyPayload, BoxError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let polled = self.future.as_mut().poll(cx);
        polled.map(|built| Ok(self.cell.payload(built.map_err(Into::into)?)))
    }
}

/// The end of the cell.
impl<T: Send + Sync + 'static> RuntimeCell<T> {
    /// Returns the payload, if there is one, and does not dispose it. Nobody is notified, because nothing is closed.
    ///
    /// ```
    /// use cells::RuntimeCell;
    ///
    /// let cell = RuntimeCell::new("greeting");
    /// drop(cell.get_or_init(|| "hello".to_owned()));
    /// assert_eq!(cell.into_inner().unwrap().as_deref(), Some("hello"));
    /// ```
    ///
    /// # Errors
    /// If a lease is out, the payload cannot be taken from it. Then it is closed, as by a drop of the cell, and this is the
    /// result: whoever drops the last lease runs the disposer.
    #[doc(alias = "take")]
    pub fn into_inner(self) -> Result<Option<T>, CloseResult> {
        self.cell.into_payload()
    }
}

/// To what it has in common with other cells: closing, inspection, hooks.
impl<T: Send + Sync + 'static> Deref for RuntimeCell<T> {
    type Target = ClosableCell<T>;

    #[inline]
    fn deref(&self) -> &ClosableCell<T> {
        &self.cell
    }
}

/// Shows the name and the state, never the payload.
impl<T: Send + Sync + 'static> fmt::Debug for RuntimeCell<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.raw.here().debug("RuntimeCell", f)
    }
}

#[cfg(all(test, target_pointer_width = "64"))]
mod tests {
    use super::RuntimeCell;

    #[test]
    fn r6_a_cell_that_was_never_used_takes_256_bytes_at_most() {
        // Only tests have sandboxes.
        let most = if cfg!(feature = "testing") { 272 } else { 256 };
        assert!(size_of::<RuntimeCell<u64>>() <= most, "{} bytes", size_of::<RuntimeCell<u64>>());
    }
}
