//! How a payload is checked: what the key `check` takes.

use crate::error::BoxError;
use std::any::Any;
use std::fmt;
use std::future::{Future, ready};
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll};

/// What a check of a payload may return.
#[diagnostic::on_unimplemented(
    message = "a check returns a `bool`, or a `Result` whose error converts into `cells::BoxError`, or a `Send` future of one \
               of these",
    label = "a check cannot return this"
)]
pub trait Checked {
    #[doc(hidden)]
    fn into_checked(answer: Self) -> Result<(), BoxError>;
}

/// `false` is a failure.
#[diagnostic::do_not_recommend]
impl Checked for bool {
    fn into_checked(answer: Self) -> Result<(), BoxError> {
        if answer { Ok(()) } else { Err(ReturnedFalse.into()) }
    }
}

#[diagnostic::do_not_recommend]
impl<T, E: Into<BoxError>> Checked for Result<T, E> {
    fn into_checked(answer: Self) -> Result<(), BoxError> {
        answer.map(drop).map_err(Into::into)
    }
}

/// What a check returned that says no more.
#[derive(Debug)]
struct ReturnedFalse;

impl fmt::Display for ReturnedFalse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the check returned `false`")
    }
}

impl std::error::Error for ReturnedFalse {}

/// What a function returns that checks a payload: the answer, or a future of it. `Marker` keeps the two implementations from
/// overlapping.
#[diagnostic::on_unimplemented(
    message = "a check returns a `bool`, or a `Result` whose error converts into `cells::BoxError`, or a `Send` future of one \
               of these",
    label = "a check cannot return this"
)]
pub trait IntoCheck<Marker> {
    #[doc(hidden)]
    const IS_ASYNC: bool;

    #[doc(hidden)]
    fn into_check(answer: Self) -> impl Future<Output = Result<(), BoxError>> + Send;
}

/// The marker of a check that has ended when it returns.
#[derive(Debug)]
pub struct Immediate;

/// The marker of a check that returns a future.
#[derive(Debug)]
pub struct Awaited;

#[diagnostic::do_not_recommend]
impl<R: Checked> IntoCheck<Immediate> for R {
    const IS_ASYNC: bool = false;

    fn into_check(answer: Self) -> impl Future<Output = Result<(), BoxError>> + Send {
        ready(R::into_checked(answer))
    }
}

#[diagnostic::do_not_recommend]
impl<F: Future<Output: Checked> + Send> IntoCheck<Awaited> for F {
    const IS_ASYNC: bool = true;

    async fn into_check(answer: Self) -> Result<(), BoxError> {
        Checked::into_checked(answer.await)
    }
}

/// A check that was begun. The function that returns it alone requires anything of the program's, so that a mistake is
/// reported once.
pub trait Begun: Future<Output = Result<(), BoxError>> + Send {
    #[doc(hidden)]
    const IS_ASYNC: bool;
}

/// The check that a function returning an `R` has begun.
pub(crate) struct BegunBy<'a, R, Marker> {
    pub(crate) check: Pin<Box<dyn Future<Output = Result<(), BoxError>> + Send + 'a>>,
    pub(crate) by: PhantomData<fn() -> (R, Marker)>,
}

impl<R, Marker> Future for BegunBy<'_, R, Marker> {
    type Output = Result<(), BoxError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.check.as_mut().poll(cx)
    }
}

impl<R: IntoCheck<Marker>, Marker> Begun for BegunBy<'_, R, Marker> {
    const IS_ASYNC: bool = R::IS_ASYNC;
}

/// A check of one payload; it owns a lease.
pub type Checking = Pin<Box<dyn Future<Output = Result<(), BoxError>> + Send>>;

/// The check of a declaration.
#[derive(Clone, Copy)]
pub(crate) struct Check {
    /// Whether it returns a future. Otherwise it may block, and ends at the first poll.
    pub(crate) is_async: bool,
    /// Is called with a lease.
    pub(crate) begin: fn(Box<dyn Any + Send>) -> Checking,
}

impl fmt::Debug for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Check").field("is_async", &self.is_async).finish_non_exhaustive()
    }
}
