//! A cell that the program creates together with its factory.

use crate::cell::closable_cell::ClosableCell;
use crate::cell::get_async;
use crate::cell::runtime_cell::RuntimeCell;
use crate::cell::wait_budget::Purpose;
use crate::declared::factory_output::FactoryOutput;
use crate::declared::mode::Mode;
use crate::error::Error;
use crate::flight::frames;
use crate::observe::observer::CloseResult;
use crate::payload::lease::{Lease, Ref};
use crate::payload::payload_type::Payload;
use std::fmt;
use std::future::Future;
use std::ops::Deref;

/// A cell that keeps its factory, for a field, a map, or a `static` that needs no attribute.
///
/// The factory returns the payload, or a `Result` of it; then [`get`](Self::get) returns a `Result` too. It may capture
/// what it needs. A `static` names its type, which is `fn() -> T` if nothing else is said; a local variable whose factory
/// returns a `Result` names the payload, as in `FactoryCell<u16, _>`. The setters are those of
/// [`RuntimeCell`], which [`with_factory`](RuntimeCell::with_factory) turns into one of these.
///
/// It dereferences to a [`ClosableCell`], whose methods close, inspect and configure it. Unlike a declared cell it is not
/// in the list of all cells, so warm-up, shutdown and graph know nothing of it.
///
/// ```
/// use cells::{FactoryCell, RuntimeCell};
/// use std::num::ParseIntError;
/// use std::time::Duration;
///
/// static GREETING: FactoryCell<String> = FactoryCell::new("greeting", || "hello".to_owned());
/// static PORT: FactoryCell<u16, fn() -> Result<u16, ParseIntError>> =
///     RuntimeCell::new("port").cooldown(Duration::from_secs(5)).with_factory(|| "8080".parse());
///
/// assert_eq!(*GREETING.get(), "hello");
/// assert_eq!(*PORT.get()?, 8080);
///
/// let names = ["a", "b"];
/// let tenants = names.map(|name| FactoryCell::new("tenant", move || format!("tenant {name}")));
/// assert_eq!(*tenants[1].get(), "tenant b");
/// # Ok::<(), cells::Error>(())
/// ```
#[doc(alias("LazyLock", "LazyCell", "Lazy"))]
pub struct FactoryCell<T: Payload, F = fn() -> T> {
    cell: RuntimeCell<T>,
    factory: F,
}

impl<T: Payload, F> FactoryCell<T, F> {
    /// Creates an empty cell, as [`RuntimeCell::new`] does, with its factory.
    ///
    /// The [type](Self) has an example.
    pub const fn new(name: &'static str, factory: F) -> Self {
        RuntimeCell::new(name).with_factory(factory)
    }

    /// Returns the payload, if there is one, and does not dispose it: [`RuntimeCell::into_inner`].
    ///
    /// # Errors
    /// If a lease is out; the payload is then closed.
    pub fn into_inner(self) -> Result<Option<T>, CloseResult> {
        self.cell.into_inner()
    }
}

impl<T: Payload> RuntimeCell<T> {
    /// Returns the cell with a factory of its own.
    ///
    /// [`FactoryCell`] has an example.
    pub const fn with_factory<F>(self, factory: F) -> FactoryCell<T, F> {
        FactoryCell { cell: self, factory }
    }
}

/// With a factory that returns the payload, or a `Result` of it.
impl<T: Payload, R: FactoryOutput<T>, F: Fn() -> R> FactoryCell<T, F> {
    /// Returns the payload, building it if there is none; in a `Result`, if the factory returns one.
    ///
    /// The [type](Self) has an example.
    ///
    /// # Errors
    /// Those of [`RuntimeCell::get_or_initialize`], if the factory returns a `Result`.
    ///
    /// # Panics
    /// Those of [`RuntimeCell::get_or_init`], if the factory returns the payload itself; otherwise only with the factory's
    /// own panic.
    #[inline]
    #[track_caller]
    pub fn get(&self) -> <R::Mode as Mode>::Output<T> {
        R::Mode::output_by_mode(self.try_get())
    }

    /// Returns the payload, building it if there is none; always as a `Result`.
    ///
    /// ```
    /// use cells::FactoryCell;
    ///
    /// let port = FactoryCell::<u16, _>::new("port", || "8080".parse::<u16>());
    /// assert_eq!(*port.try_get()?, 8080);
    /// # Ok::<(), cells::Error>(())
    /// ```
    ///
    /// # Errors
    /// Those of [`RuntimeCell::get_or_initialize`].
    ///
    /// # Panics
    /// With the factory's own panic, in the call that ran it.
    #[inline]
    pub fn try_get(&self) -> Result<Ref<'static, T>, Error> {
        match self.cell.typed.lease() {
            Some(lease) => Ok(lease),
            None => self.get_slow(purpose_of_get::<R::Mode>()),
        }
    }

    /// Builds a new payload and swaps it in: [`RuntimeCell::refresh`].
    ///
    /// # Errors
    /// Those of [`RuntimeCell::refresh`].
    ///
    /// # Panics
    /// With the factory's own panic, in the call that ran it.
    pub fn refresh(&self) -> Result<Ref<'static, T>, Error> {
        self.get_slow(Purpose::Refresh)
    }

    #[cold]
    fn get_slow(&self, purpose: Purpose) -> Result<Ref<'static, T>, Error> {
        let mut build = || Ok(self.cell.payload(R::into_result((self.factory)(), None)?));
        self.cell.raw().get_slow(purpose, &mut build).map(Lease::typed)
    }
}

/// With a factory that returns a future of the payload, or of a `Result` of it.
impl<T: Payload, R: FactoryOutput<T>, U: Future<Output = R>, F: Fn() -> U> FactoryCell<T, F> {
    /// Does the same as [`get`](Self::get) with an asynchronous factory, and blocks no thread while it waits.
    ///
    /// ```
    /// # pollster::block_on(async {
    /// use cells::FactoryCell;
    ///
    /// let session = FactoryCell::new("session", async || "s-1".to_owned());
    /// assert_eq!(*session.get_async().await, "s-1");
    /// # });
    /// ```
    ///
    /// # Errors
    /// As [`get`](Self::get).
    ///
    /// # Panics
    /// As [`get`](Self::get).
    pub async fn get_async(&self) -> <R::Mode as Mode>::Output<T> {
        R::Mode::output_by_mode(self.try_get_async().await)
    }

    /// Does the same as [`try_get`](Self::try_get) with an asynchronous factory.
    ///
    /// # Errors
    /// As [`try_get`](Self::try_get).
    ///
    /// # Panics
    /// With the factory's own panic, in the task that ran it.
    pub async fn try_get_async(&self) -> Result<Ref<'static, T>, Error> {
        match self.cell.typed.lease() {
            Some(lease) => Ok(lease),
            // Boxed, as in a `RuntimeCell`: a ready get's future stays small.
            None => Box::pin(self.get_slow_async(purpose_of_get::<R::Mode>())).await,
        }
    }

    /// Does the same as [`refresh`](Self::refresh) with an asynchronous factory.
    ///
    /// [`get_async`](Self::get_async) has an example of such a factory.
    ///
    /// # Errors
    /// As [`refresh`](Self::refresh).
    ///
    /// # Panics
    /// With the factory's own panic, in the task that ran it.
    pub async fn refresh_async(&self) -> Result<Ref<'static, T>, Error> {
        self.get_slow_async(Purpose::Refresh).await
    }

    async fn get_slow_async(&self, purpose: Purpose) -> Result<Ref<'static, T>, Error> {
        let build = || {
            // Boxed, as in a `RuntimeCell`: this future would contain it twice.
            let built = Box::pin((self.factory)());
            async { Ok(self.cell.payload(R::into_result(built.await, None)?)) }
        };
        frames::note(get_async::get_slow(self.cell.raw(), purpose, build).await).map(Lease::typed)
    }
}

/// A get of what cannot fail knows no limits.
const fn purpose_of_get<M: Mode>() -> Purpose {
    if M::MAY_FAIL { Purpose::Get } else { Purpose::CannotFail }
}

/// To what it has in common with other cells: closing, inspection, hooks.
impl<T: Payload, F> Deref for FactoryCell<T, F> {
    type Target = ClosableCell<T>;

    #[inline]
    fn deref(&self) -> &ClosableCell<T> {
        &self.cell
    }
}

/// Shows the name and the state, never the payload.
impl<T: Payload, F> fmt::Debug for FactoryCell<T, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.raw.here().debug("FactoryCell", f)
    }
}
