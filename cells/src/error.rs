//! The errors of a cell: why a call got no payload.

use std::any::Any;
use std::error::Error as StdError;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

/// Any error that can be sent between threads: what factories and disposers fail with.
pub type BoxError = Box<dyn StdError + Send + Sync>;

/// An error shared by all callers that got the outcome of one failure.
///
/// It dereferences to the original error, so [`downcast_ref`](#method.downcast_ref-1) on it finds the type
/// the factory failed with.
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
    pub fn new(error: impl Into<BoxError>) -> Self {
        Self(Arc::from(error.into()))
    }
}

impl Deref for SharedError {
    type Target = dyn StdError + Send + Sync;

    fn deref(&self) -> &Self::Target {
        &*self.0
    }
}

impl fmt::Display for SharedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl fmt::Debug for SharedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

/// Why a cell returned no payload.
///
/// `Display` is one line that names the cell; [`source`](StdError::source) is the cause, down to the factory's
/// own error.
///
/// ```
/// use cells::RuntimeCell;
///
/// let cell = RuntimeCell::<u8>::new("db");
/// let error = cell.get_or_initialize(|| "refused".parse::<u8>()).unwrap_err();
/// assert_eq!(error.to_string(), "cell `db`: initialization failed");
/// assert!(error.downcast_ref::<std::num::ParseIntError>().is_some());
/// ```
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The cell cannot serve now, and nothing failed.
    #[error(transparent)]
    Unavailable(UnavailableError),
    /// An initialization failed.
    #[error(transparent)]
    Lifecycle(LifecycleError),
}

/// The reasons why a cell cannot serve although nothing failed.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UnavailableError {
    /// As many callers as `max_waiters` allows are waiting already.
    #[error("cell `{cell}`: too many waiters (limit {limit})")]
    WaitersFull {
        /// The cell's name.
        cell: &'static str,
        /// How many callers may wait at once.
        limit: usize,
    },
    /// The call's deadline passed while another caller was still initializing; that flight goes on.
    #[error("cell `{cell}`: still initializing after {waited:.1?}")]
    WaitTimeout {
        /// The cell's name.
        cell: &'static str,
        /// How long this call waited.
        waited: Duration,
        /// The cell's last failure, if it is not cleared yet: a hint, not what happened to this call.
        last: Option<SharedError>,
    },
    /// There is no payload, and this call does not wait for one.
    #[error("cell `{cell}`: not ready")]
    NotReady {
        /// The cell's name.
        cell: &'static str,
    },
    /// The cell is closed for good.
    #[error("cell `{cell}`: shut down")]
    ShutDown {
        /// The cell's name.
        cell: &'static str,
    },
}

/// The ways in which an initialization fails for a caller.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LifecycleError {
    /// The factory that this call ran failed.
    #[error("cell `{cell}`: initialization failed")]
    Init {
        /// The cell's name.
        cell: &'static str,
        /// The factory's error.
        source: SharedError,
    },
    /// The flight that this call waited for failed.
    #[error("cell `{cell}`: the initialization it waited for failed")]
    Waiting {
        /// The cell's name.
        cell: &'static str,
        /// The factory's error.
        source: SharedError,
    },
    /// The cell is cooling down after a failure; no factory ran.
    #[error("cell `{cell}`: cooling down, retry in {retry_after:.1?}")]
    Cooldown {
        /// The cell's name.
        cell: &'static str,
        /// The failure that started the cooldown.
        source: SharedError,
        /// How long until a call may run the factory again.
        retry_after: Duration,
    },
    /// The factory that this call waited for panicked.
    #[error("cell `{cell}`: the factory panicked")]
    Panicked {
        /// The cell's name.
        cell: &'static str,
        /// A [`Panic`] with the panic's message.
        source: SharedError,
    },
    /// The factory asked, directly or through other cells, for the cell it was building.
    #[error("cell `{cell}`: re-entrant initialization ({chain})")]
    Reentrant {
        /// The cell's name.
        cell: &'static str,
        /// The cells of the circle: `a -> b -> a`.
        chain: Arc<str>,
    },
    /// The factory that this call ran failed with an error of another cell.
    #[error("cell `{cell}`: a dependency failed")]
    Dependency {
        /// The cell's name.
        cell: &'static str,
        /// The factory's error: the other cell's [`Error`], or one that was caused by it.
        source: SharedError,
    },
}

impl Error {
    /// Returns the name of the cell that returned this error.
    pub fn cell(&self) -> &'static str {
        match self {
            Self::Unavailable(
                UnavailableError::WaitersFull { cell, .. }
                | UnavailableError::WaitTimeout { cell, .. }
                | UnavailableError::NotReady { cell }
                | UnavailableError::ShutDown { cell },
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

    /// Returns `true` if the cell cannot serve now and nothing failed.
    pub fn is_unavailable(&self) -> bool {
        matches!(self, Self::Unavailable(_))
    }

    /// Returns `true` if this call's deadline passed while it waited.
    pub fn is_timeout(&self) -> bool {
        matches!(self, Self::Unavailable(UnavailableError::WaitTimeout { .. }))
    }

    /// Returns `true` if too many callers were waiting already.
    pub fn is_waiters_full(&self) -> bool {
        matches!(self, Self::Unavailable(UnavailableError::WaitersFull { .. }))
    }

    /// Returns `true` if the cell is closed for good.
    pub fn is_shut_down(&self) -> bool {
        matches!(self, Self::Unavailable(UnavailableError::ShutDown { .. }))
    }

    /// Returns `true` if the cell is cooling down after a failure.
    pub fn is_cooldown(&self) -> bool {
        matches!(self, Self::Lifecycle(LifecycleError::Cooldown { .. }))
    }

    /// Returns `true` if the cell was asked for from inside its own factory.
    pub fn is_reentrant(&self) -> bool {
        matches!(self, Self::Lifecycle(LifecycleError::Reentrant { .. }))
    }

    /// Returns `true` if the factory that this call waited for panicked.
    pub fn is_panicked(&self) -> bool {
        matches!(self, Self::Lifecycle(LifecycleError::Panicked { .. }))
    }

    /// Returns how long a caller should wait before it tries again, if the cell is cooling down.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Lifecycle(LifecycleError::Cooldown { retry_after, .. }) => Some(*retry_after),
            _ => None,
        }
    }

    /// Returns the last of the causes, which is what went wrong first; the error itself if it has no cause.
    pub fn root_cause(&self) -> &(dyn StdError + 'static) {
        causes(self).last().unwrap_or(self)
    }

    /// Finds the nearest cause of type `E`, such as the factory's own error, through waiting, cooldowns and
    /// dependencies.
    pub fn downcast_ref<E: StdError + 'static>(&self) -> Option<&E> {
        causes(self).find_map(|cause| cause.downcast_ref())
    }
}

/// The causes of an error, from the nearest to the first.
pub(crate) fn causes<'e>(
    error: &'e (dyn StdError + 'static),
) -> impl Iterator<Item = &'e (dyn StdError + 'static)> {
    std::iter::successors(error.source(), |&cause| cause.source())
}

/// A panic of the program's code, as an error.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{message}")]
pub struct Panic {
    message: Arc<str>,
}

impl Panic {
    /// Turns what [`std::panic::catch_unwind`] caught into an error.
    ///
    /// The value of the panic is leaked, because its destructor is code of the program and might panic in turn.
    pub(crate) fn caught(payload: Box<dyn Any + Send>) -> Self {
        let panic = Self::message_of(&*payload);
        std::mem::forget(payload);
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
    pub fn message(&self) -> &str {
        &self.message
    }
}
