//! What ends a payload: `Close`, the disposers that a program names, and a plain drop.

use crate::error::BoxError;
use crate::sync::executor::BoxFuture;
use std::io::Write;

/// A type that knows how to close itself; `#[runtime_cell]` finds it.
///
/// ```
/// use cells::{BoxError, Close};
///
/// struct Connection;
///
/// impl Close for Connection {
///     fn close(self) -> Result<(), BoxError> {
///         Ok(()) // say goodbye to the server here
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
    /// # Errors
    /// Whatever went wrong; the value is gone all the same.
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

/// What ends a payload, with ownership of it.
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
pub struct Disposer<T> {
    pub(crate) run: DisposeFn<T>,
    /// For the macro, which reads it in a constant: a call would cost the compiler more.
    #[doc(hidden)]
    pub label: &'static str,
}

/// How far a disposer function has come with its payload.
pub enum Disposing {
    /// It is over.
    Done(Result<(), BoxError>),
    /// It takes a task to go on.
    Later(BoxFuture<'static, Result<(), BoxError>>),
}

/// What a disposer does.
pub(crate) enum DisposeFn<T> {
    Drop,
    Sync(fn(T) -> Result<(), BoxError>),
    Async(fn(T) -> BoxFuture<'static, Result<(), BoxError>>),
    /// Only the call tells which of the two it is.
    Either(fn(T) -> Disposing),
}

impl<T> Disposer<T> {
    /// Drops the payload and calls nothing.
    pub const fn drop() -> Self {
        Self { run: DisposeFn::Drop, label: "drop" }
    }

    /// Calls a function with the payload.
    pub const fn with(disposer: fn(T) -> Result<(), BoxError>) -> Self {
        Self { run: DisposeFn::Sync(disposer), label: "function" }
    }

    /// Calls an asynchronous function with the payload.
    ///
    /// The asynchronous ways to close run it to its end. Elsewhere (a synchronous close, the last lease's drop) it
    /// is left to the tokio runtime that the payload was built on (feature `tokio`); where there is none, the
    /// payload is dropped plainly, and the [`CloseResult`](crate::CloseResult) says so.
    pub const fn with_async(disposer: fn(T) -> BoxFuture<'static, Result<(), BoxError>>) -> Self {
        Self { run: DisposeFn::Async(disposer), label: "async function" }
    }

    /// Calls a function of which its call tells whether it is asynchronous: the macro's.
    #[doc(hidden)]
    pub const fn resolving(disposer: fn(T) -> Disposing) -> Self {
        Self { run: DisposeFn::Either(disposer), label: "function" }
    }

    /// Calls the payload's own [`Close::close`].
    pub const fn close() -> Self
    where
        T: Close,
    {
        Self { run: DisposeFn::Sync(T::close), label: "Close::close" }
    }

    /// Returns what was chosen, for people: `drop`, `Close::close` or the function.
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
    /// Whether something of the user's runs, rather than a plain drop.
    pub(crate) const fn calls(&self) -> bool {
        !matches!(self, Self::Drop)
    }

    /// Calls it. May unwind with its panic.
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

/// An asynchronous disposer did not run to its end: nobody waited for it, and there was no runtime to leave it to,
/// or its future was dropped. The payload is dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the asynchronous disposer was given up; the payload was dropped")]
#[non_exhaustive]
pub struct Abandoned;
