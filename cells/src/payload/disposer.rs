//! What ends a payload: `Close`, a disposer that the program names, or a plain drop.

use crate::error::BoxError;
use crate::sync::executor::BoxFuture;
use std::error::Error as StdError;
use std::fmt;
use std::io::Write;

/// A type that knows how to close itself. `#[runtime_cell]` uses the implementation as the payload's disposer.
///
/// ```
/// use cells::{BoxError, Close};
///
/// struct Connection;
///
/// impl Close for Connection {
///     fn close(self) -> Result<(), BoxError> {
///         Ok(()) // log out of the server here
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not say how it is closed",
    label = "`cells::Close` is not implemented for this type",
    note = "implement `Close`, or name a function with `dispose = …`"
)]
pub trait Close {
    /// Ends the use of this value.
    ///
    /// The [trait](Self) has an example.
    ///
    /// # Errors
    /// Returns what went wrong; the value is gone all the same.
    fn close(self) -> Result<(), BoxError>;
}

impl<T: Close> Close for Box<T> {
    fn close(self) -> Result<(), BoxError> {
        (*self).close()
    }
}

impl<T: Close> Close for Option<T> {
    fn close(self) -> Result<(), BoxError> {
        self.map_or(Ok(()), T::close)
    }
}

/// Syncs the file's data and metadata to disk.
impl Close for std::fs::File {
    fn close(self) -> Result<(), BoxError> {
        Ok(self.sync_all()?)
    }
}

/// Flushes the buffer, whose errors a plain drop would swallow.
impl<W: Write> Close for std::io::BufWriter<W> {
    fn close(mut self) -> Result<(), BoxError> {
        Ok(self.flush()?)
    }
}

/// What ends a payload; it takes ownership of it.
///
/// ```
/// use cells::{Disposer, RuntimeCell};
///
/// fn shut(name: String) -> Result<(), cells::BoxError> {
///     println!("closing {name}");
///     Ok(())
/// }
///
/// static CELL: RuntimeCell<String> = RuntimeCell::new("named").disposer(Disposer::with(shut));
/// ```
#[doc(alias("destructor", "teardown", "cleanup"))]
pub struct Disposer<T> {
    pub(crate) run: DisposeFn<T>,
    /// A field, so that the macro can read it in a constant: a call would cost more compile time.
    #[doc(hidden)]
    pub label: &'static str,
}

/// How far a disposer function got in its call.
pub enum Disposing {
    /// It has ended.
    Done(Result<(), BoxError>),
    /// It is asynchronous, and needs a task.
    Later(BoxFuture<'static, Result<(), BoxError>>),
}

/// The function in a disposer, if any.
pub(crate) enum DisposeFn<T> {
    Drop,
    Sync(fn(T) -> Result<(), BoxError>),
    Async(fn(T) -> BoxFuture<'static, Result<(), BoxError>>),
    /// Sync or async: only the call shows which.
    Either(fn(T) -> Disposing),
}

impl<T> Disposer<T> {
    /// Returns a disposer that drops the payload and calls nothing.
    ///
    /// ```
    /// use cells::{Disposer, RuntimeCell};
    /// use std::{fs::File, io::BufWriter};
    ///
    /// // A `BufWriter` implements `Close`; for the sake of speed, this one is not even flushed.
    /// static SCRATCH: RuntimeCell<BufWriter<File>> = RuntimeCell::new("scratch").disposer(Disposer::drop());
    /// assert_eq!(Disposer::<u8>::drop().label(), "drop");
    /// assert_eq!(format!("{:?}", Disposer::<u8>::drop()), "Disposer(\"drop\")");
    /// ```
    pub const fn drop() -> Self {
        Self { run: DisposeFn::Drop, label: "drop" }
    }

    /// Returns a disposer that calls a function with the payload.
    ///
    /// The [type](Self) has an example.
    pub const fn with(disposer: fn(T) -> Result<(), BoxError>) -> Self {
        Self { run: DisposeFn::Sync(disposer), label: "function" }
    }

    /// Returns a disposer that calls an asynchronous function with the payload.
    ///
    /// The asynchronous close methods run it to its end. Otherwise it runs on the tokio runtime that the payload was
    /// built on (feature `tokio`). Without such a runtime, `close_and_drain` runs it on the calling thread; a plain
    /// `close` and the drop of the last lease drop the payload instead, and the [`CloseResult`](crate::CloseResult) has
    /// the error [`Abandoned`].
    ///
    /// [`ClosableCell::close_async`](crate::ClosableCell::close_async) has an example.
    pub const fn with_async(disposer: fn(T) -> BoxFuture<'static, Result<(), BoxError>>) -> Self {
        Self { run: DisposeFn::Async(disposer), label: "async function" }
    }

    /// Returns the macro's disposer: a function whose call shows whether it is asynchronous.
    #[doc(hidden)]
    pub const fn resolving(disposer: fn(T) -> Disposing) -> Self {
        Self { run: DisposeFn::Either(disposer), label: "function" }
    }

    /// Returns a disposer that calls the payload's own [`Close::close`].
    ///
    /// ```
    /// use cells::{Disposer, RuntimeCell};
    /// use std::{fs::File, io::BufWriter};
    ///
    /// // Flushes the buffer, and reports an error of that.
    /// static REPORT: RuntimeCell<BufWriter<File>> = RuntimeCell::new("report").disposer(Disposer::close());
    /// # assert!(REPORT.peek().is_none());
    /// ```
    pub const fn close() -> Self
    where
        T: Close,
    {
        Self { run: DisposeFn::Sync(T::close), label: "Close::close" }
    }

    /// Returns a name for the choice, for people: `drop`, `Close::close` or the function.
    ///
    /// [`drop`](Self::drop) has an example.
    pub const fn label(&self) -> &'static str {
        self.label
    }

    #[doc(hidden)]
    #[must_use]
    pub const fn labelled(mut self, label: &'static str) -> Self {
        self.label = label;
        self
    }
}

/// Shows the [`label`](Disposer::label).
impl<T> fmt::Debug for Disposer<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Disposer").field(&self.label).finish()
    }
}

impl<T> Clone for Disposer<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Disposer<T> {}

impl<T> Clone for DisposeFn<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for DisposeFn<T> {}

impl<T> DisposeFn<T> {
    /// Whether code of the program runs, rather than a plain drop.
    pub(crate) const fn calls(&self) -> bool {
        !matches!(self, Self::Drop)
    }

    /// Runs it. May unwind with a panic of the function or of the payload's destructor.
    pub(crate) fn call(self, payload: T) -> Disposing {
        match self {
            Self::Drop => {
                drop(payload);
                Disposing::Done(Ok(()))
            }
            Self::Sync(disposer) => Disposing::Done(disposer(payload)),
            Self::Async(disposer) => Disposing::Later(disposer(payload)),
            Self::Either(disposer) => disposer(payload),
        }
    }
}

/// An asynchronous disposer did not run to its end, and the payload was dropped: either nobody waited for the disposer
/// and there was no runtime to run it, or its future was dropped.
///
/// ```
/// use cells::{Abandoned, Disposer, RuntimeCell, find_error};
///
/// let session = RuntimeCell::new("session").disposer(Disposer::with_async(|_: u8| Box::pin(async { Ok(()) })));
/// drop(session.get_or_init(|| 1));
/// let closed = session.close(); // no runtime to run the disposer on; `close_async` would have run it
/// assert!(find_error::<Abandoned>(&*closed.error.unwrap()).is_some());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Abandoned;

impl fmt::Display for Abandoned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the asynchronous disposer was abandoned; the payload was dropped")
    }
}

impl StdError for Abandoned {}
