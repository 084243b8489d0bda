//! How a payload ends: what disposes it, and the one run of that.

use crate::error::{BoxError, Panic, SharedError};
use crate::observe::observer::{CloseResult, CloseStatus};
use crate::observe::observers::Observers;
use crate::payload::lease::AnyPayload;
use crate::sync::clock;
use crate::sync::executor::Runtime;
use std::future::poll_fn;
use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::Poll;
use std::thread;
use std::time::Instant;

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

/// A boxed future that may move between threads.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

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
    /// payload is dropped plainly, and the [`CloseResult`] says so.
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

/// An asynchronous disposal, with the payload in it.
pub(crate) type Disposition = BoxFuture<'static, Result<(), BoxError>>;

/// How far the disposal of a payload has come.
pub(crate) enum Begun {
    Over(CloseResult),
    Later(Disposition),
}

/// All that the end of one payload needs, so that whoever is last can bring it about: on another thread, inside
/// a drop, after the cell has gone on.
pub(crate) struct Disposal {
    pub(crate) cell: &'static str,
    pub(crate) payload_type: &'static str,
    pub(crate) generation: u64,
    /// Whether something of the user's runs, rather than a plain drop.
    pub(crate) calls: bool,
    pub(crate) observers: Observers,
    pub(crate) started: Instant,
    pub(crate) runtime: Runtime,
}

impl Disposal {
    /// Disposes the payload and tells whoever watches, as far as that goes without a task. Never unwinds.
    pub(crate) fn begin(&self, payload: AnyPayload) -> Begun {
        let disposed = catch_unwind(AssertUnwindSafe(|| payload.dispose()));
        match disposed {
            Ok(Disposing::Later(future)) => Begun::Later(future),
            Ok(Disposing::Done(result)) => Begun::Over(self.end(Ok(result))),
            Err(panic) => Begun::Over(self.end(Err(panic))),
        }
    }

    /// Goes on with an asynchronous disposal, and tells whoever watches. Never unwinds.
    pub(crate) async fn go_on(&self, future: &mut Disposition) -> CloseResult {
        let outcome = poll_fn(|cx| match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(cx))) {
            Ok(Poll::Pending) => Poll::Pending,
            Ok(Poll::Ready(result)) => Poll::Ready(Ok(result)),
            Err(panic) => Poll::Ready(Err(panic)),
        });
        self.end(outcome.await)
    }

    /// Drops an asynchronous disposal that nobody runs, or not to its end, and the payload with it.
    pub(crate) fn abandon(&self, future: Option<Disposition>) -> CloseResult {
        let dropped = catch_unwind(AssertUnwindSafe(|| drop(future)));
        self.end(dropped.and(Ok(Err(Abandoned.into()))))
    }

    fn end(&self, outcome: thread::Result<Result<(), BoxError>>) -> CloseResult {
        let error = match outcome {
            Ok(Ok(())) => None,
            Ok(Err(error)) => Some(SharedError::new(error)),
            Err(panic) => Some(SharedError::new(Panic::caught(panic))),
        };
        let result = CloseResult {
            cell: self.cell,
            generation: Some(self.generation),
            had_payload: true,
            close_called: self.calls,
            status: if error.is_some() { CloseStatus::Error } else { CloseStatus::Ok },
            duration: clock::now().saturating_duration_since(self.started),
            error,
        };
        self.observers.close_end(&result, self.payload_type);
        result
    }

    /// What a closer learns while a lease is still out.
    pub(crate) fn draining(&self) -> CloseResult {
        CloseResult {
            cell: self.cell,
            generation: Some(self.generation),
            had_payload: true,
            close_called: false,
            status: CloseStatus::Draining,
            duration: clock::now().saturating_duration_since(self.started),
            error: None,
        }
    }
}
