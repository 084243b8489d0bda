//! The errors of a cell: why a call got no payload.

use crate::shared_error::look_through;
use std::any::Any;
use std::error::Error as StdError;
use std::fmt;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

pub use crate::shared_error::{BoxError, SharedError};

/// Why a cell returned no payload.
///
/// `{}` is one line that names the cell; [`source`](StdError::source) is the cause, down to the factory's own error.
/// `{:#}` is that line with all causes, and so is `{:?}`, which `unwrap` and `main` print.
///
/// ```
/// use cells::RuntimeCell;
///
/// let cell = RuntimeCell::<u8>::new("db");
/// let error = cell.get_or_initialize(|| "refused".parse::<u8>()).unwrap_err();
/// assert_eq!(error.to_string(), "cell `db`: initialization failed");
/// assert_eq!(format!("{error:#}"), "cell `db`: initialization failed: invalid digit found in string");
/// assert!(error.downcast_ref::<std::num::ParseIntError>().is_some());
/// ```
#[derive(Clone)]
#[non_exhaustive]
pub enum Error {
    /// The cell cannot serve now, and nothing failed.
    Unavailable(UnavailableError),
    /// An initialization failed.
    Lifecycle(LifecycleError),
}

/// The reasons why a cell cannot serve although nothing failed.
///
/// ```
/// use cells::{Error, RuntimeCell, UnavailableError};
/// use std::time::Duration;
///
/// let db = RuntimeCell::<u16>::new("db");
/// let status = match db.wait(Duration::ZERO) {
///     Err(Error::Unavailable(UnavailableError::ShutDown { .. })) => 410,
///     Err(Error::Unavailable(_)) => 503, // later, perhaps
///     Err(_) => 500,
///     Ok(_) => 200,
/// };
/// assert_eq!(status, 503);
/// ```
#[derive(Clone)]
#[non_exhaustive]
pub enum UnavailableError {
    /// As many callers as `max_waiters` allows are waiting already.
    WaitersFull {
        /// The cell's name.
        cell: &'static str,
        /// How many callers may wait at once.
        limit: usize,
    },
    /// The call's deadline passed while another caller was still initializing; that flight goes on.
    WaitTimeout {
        /// The cell's name.
        cell: &'static str,
        /// How long this call waited.
        waited: Duration,
        /// The cell's last failure, if it is not cleared yet: a hint, not what happened to this call.
        last: Option<SharedError>,
    },
    /// There is no payload, and this call waits for none, or no longer.
    NotReady {
        /// The cell's name.
        cell: &'static str,
    },
    /// The cell is closed for good.
    ShutDown {
        /// The cell's name.
        cell: &'static str,
    },
    /// The cell has no factory, and the program has not provided its payload, or not again since that was closed.
    NotProvided {
        /// The cell's name.
        cell: &'static str,
        /// The name of the static, by which the program provides it.
        ident: &'static str,
    },
    /// The payload of a permanent cell cannot be replaced or ended.
    Permanent {
        /// The cell's name.
        cell: &'static str,
    },
    /// The flight of a factory that can run only once was superseded: its payload is disposed, and the call cannot build
    /// another one.
    Superseded {
        /// The cell's name.
        cell: &'static str,
    },
}

/// The ways in which an initialization fails for a caller.
///
/// ```
/// use cells::{Error, LifecycleError, RuntimeCell};
///
/// let db = RuntimeCell::<u16>::new("db");
/// match db.get_or_initialize(|| "refused".parse::<u16>()) {
///     Err(Error::Lifecycle(LifecycleError::Init { cell, source })) => {
///         assert_eq!((cell, source.to_string().as_str()), ("db", "invalid digit found in string"));
///     }
///     _ => unreachable!("this call runs the factory"),
/// }
/// ```
#[derive(Clone)]
#[non_exhaustive]
pub enum LifecycleError {
    /// The factory that this call ran failed.
    Init {
        /// The cell's name.
        cell: &'static str,
        /// The factory's error.
        source: SharedError,
    },
    /// The flight that this call waited for failed.
    Waiting {
        /// The cell's name.
        cell: &'static str,
        /// The factory's error.
        source: SharedError,
    },
    /// The cell is cooling down after a failure; no factory ran.
    Cooldown {
        /// The cell's name.
        cell: &'static str,
        /// The failure that started the cooldown.
        source: SharedError,
        /// How long until a call may run the factory again; with a cooldown of [`Duration::MAX`], centuries.
        retry_after: Duration,
    },
    /// The factory that this call waited for panicked.
    Panicked {
        /// The cell's name.
        cell: &'static str,
        /// A [`Panic`] with the panic's message.
        source: SharedError,
    },
    /// The factory asked, directly or through other cells, for the cell it was building; or other work did that its
    /// thread took on while it waited, for which the factory would have to go on first ([`outside`](crate::outside)).
    Reentrant {
        /// The cell's name.
        cell: &'static str,
        /// The cells of the circle: `a -> b -> a`.
        chain: Arc<str>,
    },
    /// The factory that this call ran failed with an error of another cell.
    Dependency {
        /// The cell's name.
        cell: &'static str,
        /// The factory's error: the other cell's [`Error`], or one that was caused by it.
        source: SharedError,
    },
}

impl fmt::Display for UnavailableError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::WaitersFull { cell, limit } => write!(f, "cell `{cell}`: too many waiters (limit {limit})"),
            Self::WaitTimeout { cell, waited, last } => {
                write!(
                    f,
                    "cell `{cell}`: still initializing after {waited:.1?}; the build goes on, \
                     and `wait_timeout` sets how long a call waits for it"
                )?;
                match last {
                    Some(last) if f.alternate() => write!(f, "; its last failure: {last:#}"),
                    _ => Ok(()),
                }
            }
            Self::NotReady { cell } => write!(f, "cell `{cell}`: not ready"),
            Self::ShutDown { cell } => write!(f, "cell `{cell}`: shut down"),
            Self::Permanent { cell } => {
                write!(f, "cell `{cell}`: it is permanent: its payload is never replaced or ended")
            }
            Self::NotProvided { cell, ident } => {
                write!(f, "cell `{cell}`: no value was provided; call `{ident}.provide(..)` first")
            }
            Self::Superseded { cell } => {
                write!(f, "cell `{cell}`: superseded while a factory ran that can run only once")
            }
        }
    }
}

impl fmt::Display for LifecycleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self {
            Self::Init { cell, .. } => format!("cell `{cell}`: initialization failed"),
            Self::Waiting { cell, .. } => format!("cell `{cell}`: the initialization it waited for failed"),
            Self::Cooldown { cell, retry_after, .. } => {
                format!("cell `{cell}`: cooling down, {}", Retry(*retry_after))
            }
            Self::Panicked { cell, .. } => format!("cell `{cell}`: the factory panicked"),
            Self::Reentrant { cell, chain } => format!(
                "cell `{cell}`: re-entrant initialization ({chain}), by its factory or by other work on its thread"
            ),
            Self::Dependency { cell, .. } => format!("cell `{cell}`: a dependency failed"),
        };
        write_chain(f, text, Causes::below(self))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unavailable(error) => fmt::Display::fmt(error, f),
            Self::Lifecycle(error) => fmt::Display::fmt(error, f),
        }
    }
}

impl StdError for UnavailableError {}

impl StdError for LifecycleError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(&**self.shared()?)
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self {
            Self::Unavailable(error) => error.source(),
            Self::Lifecycle(error) => error.source(),
        }
    }
}

/// With `{:#}`, the error and its causes on one line.
impl fmt::Display for SharedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_chain(f, (**self).to_string(), Causes::below_shared(self))
    }
}

/// Writes an error's text, and with `{:#}` its causes. A cause with the text of what it caused is only wrapped in that,
/// and is not told twice.
pub(crate) fn write_chain<'e>(
    f: &mut fmt::Formatter<'_>,
    text: String,
    causes: impl Iterator<Item = &'e (dyn StdError + 'static)>,
) -> fmt::Result {
    f.write_str(&text)?;
    if f.alternate() {
        let mut before = text;
        for cause in causes {
            let text = cause.to_string();
            if text != before {
                write!(f, ": {text}")?;
            }
            before = text;
        }
    }
    Ok(())
}

/// What `unwrap` and `main` print: the error and its causes on one line.
macro_rules! debug_as_chain {
    ($($error:ident)*) => {
        $(impl fmt::Debug for $error {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{self:#}")
            }
        })*
    };
}

debug_as_chain!(Error UnavailableError LifecycleError);

/// The error remains the source: `get_ref` of the `io::Error` finds it, as do the library's own questions.
///
/// The kind is `TimedOut` for [`WaitTimeout`](UnavailableError::WaitTimeout), `ResourceBusy` for
/// [`WaitersFull`](UnavailableError::WaitersFull), `WouldBlock` for [`NotReady`](UnavailableError::NotReady) and
/// `Deadlock` for [`Reentrant`](LifecycleError::Reentrant), also where that is a dependency's error; otherwise that of
/// the nearest `io::Error` among the causes, or `Other`.
///
/// ```standalone_crate
/// use std::{io, net::TcpStream};
///
/// #[cells::runtime_cell]
/// fn server() -> io::Result<TcpStream> {
///     Err(io::ErrorKind::ConnectionRefused.into())
/// }
///
/// fn ask() -> io::Result<()> {
///     server()?.set_nodelay(true)
/// }
///
/// assert_eq!(ask().unwrap_err().kind(), io::ErrorKind::ConnectionRefused);
/// ```
impl From<Error> for io::Error {
    fn from(error: Error) -> Self {
        use io::ErrorKind;
        let kind = match error.decisive() {
            Error::Unavailable(error) => match error {
                UnavailableError::WaitTimeout { .. } => ErrorKind::TimedOut,
                UnavailableError::WaitersFull { .. } => ErrorKind::ResourceBusy,
                UnavailableError::NotReady { .. } => ErrorKind::WouldBlock,
                UnavailableError::ShutDown { .. }
                | UnavailableError::NotProvided { .. }
                | UnavailableError::Permanent { .. }
                | UnavailableError::Superseded { .. } => ErrorKind::Other,
            },
            Error::Lifecycle(LifecycleError::Reentrant { .. }) => ErrorKind::Deadlock,
            Error::Lifecycle(_) => error.downcast_ref().map_or(ErrorKind::Other, Self::kind),
        };
        Self::new(kind, error)
    }
}

impl Error {
    /// Returns the name of the cell that returned this error.
    ///
    /// ```
    /// # use cells::RuntimeCell;
    /// let db = RuntimeCell::<u16>::new("db");
    /// let error = db.get_or_initialize(|| "refused".parse::<u16>()).unwrap_err();
    /// assert_eq!(error.cell(), "db");
    /// ```
    pub fn cell(&self) -> &'static str {
        match self {
            Self::Unavailable(
                UnavailableError::WaitersFull { cell, .. }
                | UnavailableError::WaitTimeout { cell, .. }
                | UnavailableError::NotReady { cell }
                | UnavailableError::ShutDown { cell }
                | UnavailableError::NotProvided { cell, .. }
                | UnavailableError::Permanent { cell }
                | UnavailableError::Superseded { cell },
            )
            | Self::Lifecycle(
                LifecycleError::Init { cell, .. }
                | LifecycleError::Waiting { cell, .. }
                | LifecycleError::Cooldown { cell, .. }
                | LifecycleError::Panicked { cell, .. }
                | LifecycleError::Reentrant { cell, .. }
                | LifecycleError::Dependency { cell, .. },
            ) => cell,
        }
    }

    /// Returns `true` if nothing failed: this cell cannot serve now, or, of
    /// [`Dependency`](LifecycleError::Dependency), [`Waiting`](LifecycleError::Waiting) and
    /// [`Panicked`](LifecycleError::Panicked), the nearest cell whose error is among the causes. Such an error starts no
    /// cooldown.
    ///
    /// [`AsyncCell::try_get_ready`](crate::AsyncCell::try_get_ready) has an example.
    pub fn is_unavailable(&self) -> bool {
        matches!(self.decisive(), Self::Unavailable(_))
    }

    /// Returns `true` if this call's deadline passed while it waited.
    ///
    /// [`RuntimeCell::wait_timeout`](crate::RuntimeCell::wait_timeout) has an example.
    pub fn is_timeout(&self) -> bool {
        matches!(self, Self::Unavailable(UnavailableError::WaitTimeout { .. }))
    }

    /// Returns `true` if too many callers were waiting already.
    ///
    /// [`RuntimeCell::max_waiters`](crate::RuntimeCell::max_waiters) has an example.
    pub fn is_waiters_full(&self) -> bool {
        matches!(self, Self::Unavailable(UnavailableError::WaitersFull { .. }))
    }

    /// Returns `true` if the cell is closed for good.
    ///
    /// ```
    /// use cells::runtime_cell;
    /// use std::time::Duration;
    ///
    /// #[runtime_cell]
    /// fn limit() -> u32 {
    ///     100
    /// }
    ///
    /// let _ = cells::shutdown(Duration::from_secs(5));
    /// assert!(LIMIT.try_get().unwrap_err().is_shut_down());
    /// ```
    pub fn is_shut_down(&self) -> bool {
        matches!(self, Self::Unavailable(UnavailableError::ShutDown { .. }))
    }

    /// Returns `true` if the cell has no factory, and the program has not provided its payload.
    ///
    /// ```
    /// use cells::runtime_cell;
    ///
    /// #[runtime_cell(provided)]
    /// fn args() -> Vec<String>;
    ///
    /// assert!(ARGS.try_get().unwrap_err().is_not_provided());
    /// ```
    pub fn is_not_provided(&self) -> bool {
        matches!(self, Self::Unavailable(UnavailableError::NotProvided { .. }))
    }

    /// Returns `true` if the cell is cooling down after a failure.
    ///
    /// [`RuntimeCell::cooldown`](crate::RuntimeCell::cooldown) has an example.
    pub fn is_cooldown(&self) -> bool {
        matches!(self, Self::Lifecycle(LifecycleError::Cooldown { .. }))
    }

    /// Returns `true` if the cell was asked for from inside its own factory.
    ///
    /// ```
    /// use cells::{BoxError, runtime_cell};
    ///
    /// #[runtime_cell]
    /// fn limit() -> Result<u32, BoxError> {
    ///     Ok(2 * *LIMIT.try_get()?)
    /// }
    ///
    /// assert!(limit().unwrap_err().downcast_ref::<cells::Error>().unwrap().is_reentrant());
    /// ```
    pub fn is_reentrant(&self) -> bool {
        matches!(self, Self::Lifecycle(LifecycleError::Reentrant { .. }))
    }

    /// Returns `true` if the factory that this call waited for panicked.
    ///
    /// ```
    /// # std::panic::set_hook(Box::new(|_| ()));
    /// use cells::RuntimeCell;
    /// use std::thread;
    ///
    /// static MODEL: RuntimeCell<u8> = RuntimeCell::new("model");
    ///
    /// let builder = thread::spawn(|| {
    ///     drop(MODEL.get_or_init(|| {
    ///         while MODEL.snapshot().waiters == 0 {
    ///             thread::yield_now();
    ///         }
    ///         panic!("out of memory");
    ///     }));
    /// });
    /// while MODEL.snapshot().flights == 0 {
    ///     thread::yield_now();
    /// }
    /// let error = MODEL.get_or_initialize(|| Ok::<_, cells::Error>(1)).unwrap_err(); // waits for the other thread
    /// assert!(error.is_panicked());
    /// assert_eq!(error.root_cause().to_string(), "out of memory");
    /// assert!(builder.join().is_err());
    /// ```
    pub fn is_panicked(&self) -> bool {
        matches!(self, Self::Lifecycle(LifecycleError::Panicked { .. }))
    }

    /// Returns how long a caller should wait before it tries again, if this cell is cooling down, or, of
    /// [`Dependency`](LifecycleError::Dependency), [`Waiting`](LifecycleError::Waiting) and
    /// [`Panicked`](LifecycleError::Panicked), the nearest cell whose error is among the causes. A cell that failed because of that one may have a cooldown of its own beside it.
    ///
    /// ```
    /// use cells::RuntimeCell;
    /// use std::time::Duration;
    ///
    /// let db = RuntimeCell::<u16>::new("db").cooldown(Duration::from_secs(5));
    /// let _ = db.get_or_initialize(|| "refused".parse::<u16>());
    /// let error = db.get_or_initialize(|| "5432".parse::<u16>()).unwrap_err();
    /// let seconds = error.retry_after().map_or(1, |left| left.as_secs() + 1); // for a header `Retry-After`
    /// assert!((1..=5).contains(&seconds));
    /// ```
    pub fn retry_after(&self) -> Option<Duration> {
        match self.decisive() {
            Self::Lifecycle(LifecycleError::Cooldown { retry_after, .. }) => Some(*retry_after),
            _ => None,
        }
    }

    /// Returns the last of the causes, which is what went wrong first; the error itself if it has no cause.
    ///
    /// [`ClosableCell::record_failure`](crate::ClosableCell::record_failure) has an example.
    pub fn root_cause(&self) -> &(dyn StdError + 'static) {
        causes(self).last().unwrap_or(self)
    }

    /// Finds the nearest cause of type `E`, such as the factory's own error, through waiting, cooldowns and
    /// dependencies, and inside an `anyhow::Error` or `eyre::Report`.
    ///
    /// The [type](Self) has an example.
    pub fn downcast_ref<E: StdError + 'static>(&self) -> Option<&E> {
        causes(self).find_map(|cause| cause.downcast_ref())
    }

    /// The error of the cell that decides what this one means: this one, or that of a dependency because of which the
    /// factory failed.
    fn decisive(&self) -> &Self {
        let mut error = self;
        while let Self::Lifecycle(
            LifecycleError::Dependency { source, .. }
            | LifecycleError::Waiting { source, .. }
            | LifecycleError::Panicked { source, .. },
        ) = error
        {
            let Some(of_dependency) = cell_error(source) else { break };
            error = of_dependency;
        }
        error
    }
}

impl LifecycleError {
    /// What the error shares with the other callers.
    fn shared(&self) -> Option<&SharedError> {
        match self {
            Self::Reentrant { .. } => None,
            Self::Init { source, .. }
            | Self::Waiting { source, .. }
            | Self::Cooldown { source, .. }
            | Self::Panicked { source, .. }
            | Self::Dependency { source, .. } => Some(source),
        }
    }
}

/// When a call may try again, in words.
struct Retry(Duration);

impl fmt::Display for Retry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        /// What nobody lives to see is as good as never.
        const CENTURY: Duration = Duration::from_secs(36_525 * 24 * 3600);
        if self.0 >= CENTURY { f.write_str("does not retry") } else { write!(f, "retry in {:.1?}", self.0) }
    }
}

/// Finds the nearest error of type `E`: `error` itself or one of its causes.
///
/// It does what [`Error::downcast_ref`] does, for an error that is not a cell's: in an adjuster, or in an observer. It
/// looks into an `anyhow::Error` or `eyre::Report` that a declared factory returned, or that [`keep`](crate::keep) boxed.
///
/// ```
/// use cells::{BoxError, FactoryAdjuster, find_error};
/// use std::io;
///
/// /// Tries again if the factory was interrupted.
/// struct Retry;
///
/// impl<T> FactoryAdjuster<T> for Retry {
///     fn adjust(
///         &self,
///         _cell: &str,
///         factory: &mut dyn FnMut() -> Result<T, BoxError>,
///     ) -> Result<T, BoxError> {
///         factory().or_else(|error| match find_error::<io::Error>(&*error) {
///             Some(io) if io.kind() == io::ErrorKind::Interrupted => factory(),
///             _ => Err(error),
///         })
///     }
/// }
/// ```
pub fn find_error<'e, E: StdError + 'static>(error: &'e (dyn StdError + 'static)) -> Option<&'e E> {
    Causes::from(error).find_map(|error| error.downcast_ref())
}

/// The nearest error of a cell: the shared error itself or one of its causes.
pub(crate) fn cell_error(error: &SharedError) -> Option<&Error> {
    Causes::of(error).find_map(|error| error.downcast_ref())
}

/// An error of a cell that is a cause of another error, though none of its causes names it.
pub(crate) struct HiddenError {
    pub(crate) error: Error,
    /// How many errors come before it: the other one, and its causes.
    pub(crate) below: usize,
}

/// Finds which one of `cells`, the errors that the cells gave to a factory, is hidden in the factory's error.
///
/// `#[error(transparent)]` of the crate `thiserror` hides an error: it shows the text of the error and its causes, but not
/// the error. So a cell's error is hidden where its text is, with or without that of its causes.
pub(crate) fn find_hidden(error: &(dyn StdError + 'static), cells: &[Error]) -> Option<HiddenError> {
    if cells.is_empty() || find_error::<Error>(error).is_some() {
        return None;
    }
    let texts: Vec<_> = cells.iter().map(|error| [error.to_string(), format!("{error:#}")]).collect();
    Causes::from(error).enumerate().find_map(|(index, cause)| {
        let text = cause.to_string();
        // The latest of several with one text.
        let cell = texts.iter().rposition(|known| known.contains(&text))?;
        Some(HiddenError { error: cells[cell].clone(), below: index + 1 })
    })
}

/// The causes of an error, from the nearest to the first.
pub(crate) fn causes<'e>(
    error: &'e (dyn StdError + 'static),
) -> impl Iterator<Item = &'e (dyn StdError + 'static)> {
    Causes::below(error)
}

/// Errors of which each is the cause of the one before.
struct Causes<'e> {
    next: Option<&'e (dyn StdError + 'static)>,
    /// An error that nobody names as a source, and how many come before it.
    hidden: Option<(usize, &'e (dyn StdError + 'static))>,
}

impl<'e> Causes<'e> {
    /// The error and its causes.
    fn from(error: &'e (dyn StdError + 'static)) -> Self {
        Self { next: Some(look_through(error)), hidden: None }
    }

    /// The shared error and its causes.
    fn of(error: &'e SharedError) -> Self {
        Self { next: Some(&**error), hidden: error.hidden() }
    }

    fn below(error: &'e (dyn StdError + 'static)) -> Self {
        let lifecycle = match error.downcast_ref::<Error>() {
            Some(Error::Lifecycle(error)) => Some(error),
            Some(Error::Unavailable(_)) => None,
            None => error.downcast_ref(),
        };
        if let Some(shared) = lifecycle.and_then(LifecycleError::shared) {
            return Self::of(shared);
        }
        // The source of an `io::Error` is that of the error in it.
        let inside = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        match inside.and_then(|inside| inside.downcast_ref::<Error>()) {
            Some(inside) => Self::from(inside),
            None => error.source().map_or(Self { next: None, hidden: None }, Self::from),
        }
    }

    /// The causes of the shared error.
    fn below_shared(error: &'e SharedError) -> Self {
        let mut causes = Self::of(error);
        let _ = causes.next();
        causes
    }
}

impl<'e> Iterator for Causes<'e> {
    type Item = &'e (dyn StdError + 'static);

    fn next(&mut self) -> Option<Self::Item> {
        let hidden = self.hidden.take();
        let (error, hidden) = match hidden {
            Some((0, error)) => (error, None),
            _ => (self.next?, hidden),
        };
        *self = Self::below(error);
        if let Some((before, hidden)) = hidden {
            self.hidden = Some((before - 1, hidden));
        }
        Some(error)
    }
}

/// A panic of the program's code, as an error.
///
/// ```
/// use cells::{CloseStatus, Disposer, Panic, RuntimeCell, find_error};
///
/// # std::panic::set_hook(Box::new(|_| ()));
/// let log = RuntimeCell::new("log").disposer(Disposer::with(|_: u8| panic!("the disk is full")));
/// drop(log.get_or_init(|| 1));
///
/// let closed = log.close();
/// assert_eq!(closed.status, CloseStatus::Error);
/// let error = closed.error.unwrap();
/// assert_eq!(find_error::<Panic>(&*error).unwrap().message(), "the disk is full");
/// ```
#[derive(Clone, Debug)]
pub struct Panic {
    message: Arc<str>,
}

impl fmt::Display for Panic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl StdError for Panic {}

impl Panic {
    /// Turns what [`std::panic::catch_unwind`] caught into an error.
    ///
    /// The value of the panic is dropped here, which may run code of the program, but does not unwind.
    pub(crate) fn caught(payload: Box<dyn Any + Send>) -> Self {
        let panic = Self::message_of(&*payload);
        if let Err(second) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
            // Its destructor might panic as well, and so on.
            std::mem::forget(second);
        }
        panic
    }

    /// Reads the message of a panic that will continue to unwind.
    pub(crate) fn message_of(payload: &(dyn Any + Send)) -> Self {
        let message = payload
            .downcast_ref::<&'static str>()
            .copied()
            .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
            .unwrap_or("a panic without a message");
        Self { message: message.into() }
    }

    /// Returns the panic's message.
    ///
    /// The [type](Self) has an example.
    pub fn message(&self) -> &str {
        &self.message
    }
}
