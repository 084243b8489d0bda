//! A factory's panic as an error of its cell, for callers that go on with other cells or come again.

use crate::declared::any_cell::AnyCell;
use crate::error::{Error, LifecycleError, Panic, SharedError};
use std::any::Any;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::Poll;

/// Calls what may run the factory of a cell.
pub(crate) fn caught<R>(cell: AnyCell, get: impl FnOnce() -> Result<R, Error>) -> Result<R, Error> {
    catch_unwind(AssertUnwindSafe(get)).unwrap_or_else(|panic| panicked(cell, panic))
}

/// The same in a task.
pub(crate) async fn caught_async<R>(
    cell: AnyCell,
    get: impl Future<Output = Result<R, Error>>,
) -> Result<R, Error> {
    let mut get = pin!(get);
    poll_fn(|cx| {
        let polled = catch_unwind(AssertUnwindSafe(|| get.as_mut().poll(cx)));
        polled.unwrap_or_else(|panic| Poll::Ready(panicked(cell, panic)))
    })
    .await
}

fn panicked<R>(cell: AnyCell, panic: Box<dyn Any + Send>) -> Result<R, Error> {
    let source = SharedError::new(Panic::caught(panic));
    Err(Error::Lifecycle(LifecycleError::Panicked { cell: cell.info().name, source }))
}
