//! An error of any type: as a factory or disposer returns it, and as all callers share it.
//!
//! Some errors are no [`std::error::Error`] and dereference to one: `anyhow::Error`, `eyre::Report`. Their own conversion
//! into a box puts the error into a private type, where nobody finds it. [`keep`] boxes them whole, as a [`Kept`]. Whoever
//! asks for the error or walks its causes looks through that type, so nothing else knows of it.

use std::any::Any;
use std::error::Error as StdError;
use std::fmt;
use std::ops::Deref;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::Arc;

/// Any error that can be sent between threads: what factories and disposers fail with.
///
/// An `anyhow::Error` or `eyre::Report` becomes one by [`keep`].
///
/// ```
/// use cells::{BoxError, runtime_cell};
///
/// #[runtime_cell]
/// fn port() -> Result<u16, BoxError> {
///     let text = "8080";
///     if text.is_empty() {
///         return Err("no port is set".into());
///     }
///     Ok(text.parse()?)
/// }
///
/// assert_eq!(*port()?, 8080);
/// # Ok::<(), BoxError>(())
/// ```
pub type BoxError = Box<dyn StdError + Send + Sync>;

/// Boxes an error that dereferences to a [`std::error::Error`], such as an `anyhow::Error` or an `eyre::Report`, so that
/// the library finds what is in it.
///
/// The `?` operator and `into()` box such an error too, but in a private type of its crate, in which
/// [`Error::downcast_ref`](crate::Error::downcast_ref) finds nothing. The functions that
/// [`#[runtime_cell]`](crate::runtime_cell) knows, factories and disposers, may return `anyhow::Result` and
/// `eyre::Result` as they are. Call this for the factory of a bare [`RuntimeCell`](crate::RuntimeCell), in an adjuster, or
/// in [`Close::close`](crate::Close::close).
///
/// ```
/// use cells::{RuntimeCell, keep};
/// use std::io;
///
/// fn connect() -> anyhow::Result<u16> {
///     Err(anyhow::Error::from(io::Error::other("refused")).context("cannot connect"))
/// }
///
/// let cell = RuntimeCell::<u16>::new("db");
/// let error = cell.get_or_initialize(|| connect().map_err(keep)).unwrap_err();
/// assert!(error.downcast_ref::<io::Error>().is_some());
/// ```
pub fn keep<E>(error: E) -> BoxError
where
    E: Deref<Target = dyn StdError + Send + Sync> + fmt::Debug + Send + Sync + 'static,
{
    let mut error = Some(error);
    // A box is kept as it is.
    if let Some(boxed) =
        (&mut error as &mut dyn Any).downcast_mut::<Option<BoxError>>().and_then(Option::take)
    {
        return boxed;
    }
    match error {
        Some(error) => Box::new(Kept { error: Box::new(error), hidden: None }),
        None => unreachable!("only a box was taken"),
    }
}

/// What can be [kept](keep).
trait ErrorInside: fmt::Debug + Send + Sync {
    fn error(&self) -> &(dyn StdError + Send + Sync + 'static);
}

impl<E: Deref<Target = dyn StdError + Send + Sync> + fmt::Debug + Send + Sync> ErrorInside for E {
    fn error(&self) -> &(dyn StdError + Send + Sync + 'static) {
        &**self
    }
}

/// An error in a type that is no error itself.
struct Kept {
    error: Box<dyn ErrorInside>,
    hidden: Option<Hidden>,
}

/// An error that is a cause of another one, which does not name it as its source.
struct Hidden {
    /// How many errors come before it: the other one, and its causes.
    below: usize,
    error: BoxError,
}

impl fmt::Debug for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.error, f)
    }
}

impl fmt::Display for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self.error.error(), f)
    }
}

impl StdError for Kept {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.error.error().source()
    }
}

/// The error itself, or the one that is kept in it.
pub(crate) fn look_through<'e>(error: &'e (dyn StdError + 'static)) -> &'e (dyn StdError + 'static) {
    error.downcast_ref::<Kept>().map_or(error, |kept| kept.error.error())
}

/// An error shared by all callers that got the outcome of one failure.
///
/// It dereferences to the original error, so [`downcast_ref`](#method.downcast_ref-1) on it finds the type
/// the factory failed with. Of an `anyhow::Error` or `eyre::Report` that is the error in it; `{:?}` shows the whole report.
///
/// ```
/// use cells::SharedError;
///
/// let shared = SharedError::new("refused".parse::<u8>().unwrap_err());
/// assert!(shared.downcast_ref::<std::num::ParseIntError>().is_some());
/// ```
#[derive(Clone)]
pub struct SharedError(Arc<dyn StdError + Send + Sync>);

impl SharedError {
    /// Shares `error`.
    ///
    /// The [type](Self) has an example.
    pub fn new(error: impl Into<BoxError>) -> Self {
        Self(Arc::from(error.into()))
    }

    /// Shares `error`, one of whose causes is `hidden`, though none of them names it. `below` errors come before it.
    pub(crate) fn hiding(error: BoxError, below: usize, hidden: BoxError) -> Self {
        let error = match error.downcast::<Kept>() {
            Ok(kept) => kept.error,
            Err(error) => Box::new(error),
        };
        Self(Arc::new(Kept { error, hidden: Some(Hidden { below, error: hidden }) }))
    }

    /// The error that this one hides, and how many errors come before it.
    pub(crate) fn hidden(&self) -> Option<(usize, &(dyn StdError + 'static))> {
        let hidden = self.0.downcast_ref::<Kept>()?.hidden.as_ref()?;
        Some((hidden.below, &*hidden.error))
    }
}

impl Deref for SharedError {
    type Target = dyn StdError + Send + Sync;

    fn deref(&self) -> &Self::Target {
        self.0.downcast_ref::<Kept>().map_or(&*self.0, |kept| kept.error.error())
    }
}

impl fmt::Debug for SharedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

/// So that a factory or disposer can fail with an error that another cell has shared.
impl From<SharedError> for BoxError {
    fn from(error: SharedError) -> Self {
        keep(error)
    }
}

/// It is only read: no panic leaves it half-changed.
impl UnwindSafe for SharedError {}
impl RefUnwindSafe for SharedError {}
