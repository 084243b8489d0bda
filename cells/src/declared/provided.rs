//! Values that the program provides to declared cells, which take them only with the key `provided`.

#[cfg(feature = "tokio")]
use crate::cell::on_tokio;
use crate::cell::provide::{Place, ProvideError};
use crate::declared::async_cell::{AsyncCell, DeclaredAsync};
use crate::declared::permanent_cell::{Closable, DeclaredPermanent, PermanentCell};
use crate::declared::static_cell::{Declared, StaticCell};
use crate::payload::payload_type::Payload;

/// A declaration with the key `provided`.
#[diagnostic::on_unimplemented(
    message = "this cell is not declared `provided`",
    label = "the declaration lets nothing but the factory build a payload",
    note = "write `#[runtime_cell(provided)]`; for tests there are `seed` and `cells::testing`"
)]
pub trait Provided {}

/// Values from outside, with the key `provided`.
impl<T: Payload, D: Declared<T>> StaticCell<T, D> {
    /// Publishes a value where there is neither a payload nor a flight:
    /// [`ClosableCell::provide`](crate::ClosableCell::provide).
    ///
    /// ```standalone_crate
    /// use cells::runtime_cell;
    ///
    /// #[derive(Debug)]
    /// struct Args {
    ///     verbose: bool,
    /// }
    ///
    /// #[runtime_cell(provided)]
    /// fn args() -> Args;
    ///
    /// assert_eq!(
    ///     ARGS.try_get().unwrap_err().to_string(),
    ///     "cell `args`: no value was provided; call `ARGS.provide(..)` first"
    /// );
    /// ARGS.provide(Args { verbose: true })?;
    /// assert!(args().verbose);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// If the cell is ready, initializing or shut down.
    pub fn provide(&'static self, value: T) -> Result<(), ProvideError<T>>
    where
        D: Provided,
    {
        (**self).provide(value)?;
        self.any().here().watch_payload();
        Ok(())
    }

    /// Publishes a value in the place of what is there: [`ClosableCell::replace`](crate::ClosableCell::replace).
    ///
    /// # Errors
    /// If the cell is shut down.
    pub fn replace(&'static self, value: T) -> Result<(), ProvideError<T>>
    where
        D: Provided,
    {
        (**self).replace(value)?;
        self.any().here().watch_payload();
        Ok(())
    }
}

/// Values from outside, with the key `provided`. They are published at once, so there is nothing to await.
impl<T: Payload, D: DeclaredAsync<T>> AsyncCell<T, D> {
    /// Publishes a value where there is neither a payload nor a flight:
    /// [`ClosableCell::provide`](crate::ClosableCell::provide).
    ///
    /// Like a payload that was built there, the value belongs to the tokio runtime of this call: it is closed when that
    /// ends, and an asynchronous disposer runs on it.
    ///
    /// # Errors
    /// If the cell is ready, initializing or shut down.
    pub fn provide(&'static self, value: T) -> Result<(), ProvideError<T>>
    where
        D: Provided,
    {
        self.provide_at(Place::Empty, value)
    }

    /// Publishes a value in the place of what is there: [`ClosableCell::replace`](crate::ClosableCell::replace).
    ///
    /// The value belongs to the runtime of this call, as that of [`provide`](Self::provide). An asynchronous disposer of
    /// the old payload is left to the runtime to which that belongs.
    ///
    /// # Errors
    /// If the cell is shut down.
    pub fn replace(&'static self, value: T) -> Result<(), ProvideError<T>>
    where
        D: Provided,
    {
        self.provide_at(Place::Any, value)
    }

    fn provide_at(&'static self, place: Place, value: T) -> Result<(), ProvideError<T>> {
        let generation = self.here().provide_at(place, value, |value| value)?;
        let cell = self.any().here();
        cell.watch_payload();
        #[cfg(feature = "tokio")]
        on_tokio::close_with_runtime(cell, generation);
        #[cfg(not(feature = "tokio"))]
        let _ = generation;
        Ok(())
    }
}

/// Values from outside, with the key `provided`.
impl<T: Payload, D: DeclaredPermanent<T>> PermanentCell<T, D> {
    /// Publishes a value where there is neither a payload nor a flight:
    /// [`ClosableCell::provide`](crate::ClosableCell::provide). It stays until the process ends.
    ///
    /// # Errors
    /// If the cell is ready, initializing or shut down.
    pub fn provide(&'static self, value: T) -> Result<(), ProvideError<T>>
    where
        D: Provided,
    {
        let here = self.cell.raw();
        self.cell.provide_at(Place::Empty, value, |value| self.store_in(here, value)).map(drop)
    }

    /// Cannot be called: the payload is permanent.
    ///
    /// [`runtime_cell`](crate::runtime_cell#permanent-cells) says why.
    pub fn replace(&self, _value: T)
    where
        D: Closable,
    {
    }
}
