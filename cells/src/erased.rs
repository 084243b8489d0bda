//! A declared cell without the type of its payload: what can be done with any of the three kinds.

use crate::async_cell::{AsyncCell, DeclaredAsync};
use crate::cell::RuntimeCell;
use crate::close::Settle;
use crate::dispose::BoxFuture;
use crate::error::Error;
use crate::info::CellInfo;
use crate::observe::{CloseResult, CloseStatus};
use crate::payload::Payload;
use crate::permanent::{DeclaredPermanent, PermanentCell};
use crate::snapshot::CellSnapshot;
use crate::static_cell::{Declared, StaticCell};
use crate::wait;
use std::any::Any;
use std::future::{Future, ready};
use std::pin::pin;
use std::sync::Arc;
use std::task::Context;
use std::time::{Duration, Instant};

/// What can be done with a declared cell whatever it holds.
pub trait Erased: Sync {
    fn info(&self) -> &'static CellInfo;
    fn snapshot(&self) -> CellSnapshot;
    /// Whether there is nothing to close.
    fn is_untouched(&self) -> bool;
    /// Builds the payload if there is none.
    fn warm(&'static self) -> Result<(), Error>;
    /// Builds a new payload where there is one, and starts over where one is being built.
    fn rebuild(&'static self) -> Result<(), Error>;
    /// Unpublishes and supersedes, and leaves the disposal to the caller.
    fn unpublish(&'static self) -> Vec<Box<dyn Settle>>;
    fn close(&self) -> CloseResult;
    fn drain_until(&self, until: Option<Instant>) -> CloseResult;
    /// Lets no flight begin any more; gives the flights that it superseded.
    fn shut_down(&self) -> Vec<Arc<dyn Any + Send + Sync>>;
    /// The same as the others, in a task.
    fn warm_async(&'static self) -> BoxFuture<'static, Result<(), Error>>;
    fn rebuild_async(&'static self) -> BoxFuture<'static, Result<(), Error>>;
    fn drain_until_async(&'static self, until: Option<Instant>) -> BoxFuture<'static, CloseResult>;
}

impl<T: Payload, D: Declared<Payload = T>> Erased for StaticCell<T, D> {
    fn info(&self) -> &'static CellInfo {
        D::INFO
    }

    fn snapshot(&self) -> CellSnapshot {
        (**self).snapshot()
    }

    fn is_untouched(&self) -> bool {
        (**self).is_untouched()
    }

    fn warm(&'static self) -> Result<(), Error> {
        self.obtain().map(drop)
    }

    fn rebuild(&'static self) -> Result<(), Error> {
        self.supersede();
        if self.is_ready() { self.refresh().map(drop) } else { Ok(()) }
    }

    fn unpublish(&'static self) -> Vec<Box<dyn Settle>> {
        vec![Box::new(self.close_if(|_| true))]
    }

    fn close(&self) -> CloseResult {
        (**self).close()
    }

    fn drain_until(&self, until: Option<Instant>) -> CloseResult {
        (**self).drain_until(until)
    }

    fn shut_down(&self) -> Vec<Arc<dyn Any + Send + Sync>> {
        (**self).shut_down().into_iter().map(|flight| flight as _).collect()
    }

    fn warm_async(&'static self) -> BoxFuture<'static, Result<(), Error>> {
        Box::pin(async { self.obtain_async().await.map(drop) })
    }

    fn rebuild_async(&'static self) -> BoxFuture<'static, Result<(), Error>> {
        Box::pin(ready(self.rebuild()))
    }

    fn drain_until_async(&'static self, until: Option<Instant>) -> BoxFuture<'static, CloseResult> {
        Box::pin((**self).drain_until_async(until))
    }
}

impl<T: Payload, D: DeclaredAsync<Payload = T>> Erased for AsyncCell<T, D> {
    fn info(&self) -> &'static CellInfo {
        D::INFO
    }

    fn snapshot(&self) -> CellSnapshot {
        (**self).snapshot()
    }

    fn is_untouched(&self) -> bool {
        self.everywhere().into_iter().all(RuntimeCell::is_untouched)
    }

    fn warm(&'static self) -> Result<(), Error> {
        block_on(self.obtain()).map(drop)
    }

    fn rebuild(&'static self) -> Result<(), Error> {
        block_on(self.rebuild_async())
    }

    fn unpublish(&'static self) -> Vec<Box<dyn Settle>> {
        let closings = self.everywhere().into_iter().map(|cell| cell.close_if(|_| true));
        closings.map(|closing| Box::new(closing) as _).collect()
    }

    fn close(&self) -> CloseResult {
        let closes = self.everywhere().into_iter().map(RuntimeCell::close);
        closes.reduce(CloseResult::graver).unwrap_or_else(|| (**self).close())
    }

    fn drain_until(&self, until: Option<Instant>) -> CloseResult {
        let closes = self.everywhere().into_iter().map(|cell| cell.drain_until(until));
        closes.reduce(CloseResult::graver).unwrap_or_else(|| (**self).close())
    }

    fn shut_down(&self) -> Vec<Arc<dyn Any + Send + Sync>> {
        self.everywhere().into_iter().filter_map(RuntimeCell::shut_down).map(|flight| flight as _).collect()
    }

    fn warm_async(&'static self) -> BoxFuture<'static, Result<(), Error>> {
        Box::pin(async { self.obtain().await.map(drop) })
    }

    /// Only the caller's runtime can build its payload; those of others are closed, and built when they are asked for.
    fn rebuild_async(&'static self) -> BoxFuture<'static, Result<(), Error>> {
        let here: *const RuntimeCell<T> = &raw const **self;
        for cell in self.everywhere() {
            if std::ptr::eq(cell, here) {
                cell.supersede();
            } else {
                cell.invalidate();
            }
        }
        Box::pin(async {
            if self.is_ready() {
                let _ = self.refresh().await?;
            }
            Ok(())
        })
    }

    fn drain_until_async(&'static self, until: Option<Instant>) -> BoxFuture<'static, CloseResult> {
        Box::pin(async move {
            let mut result: Option<CloseResult> = None;
            for cell in self.everywhere() {
                let next = cell.drain_until_async(until).await;
                result = Some(match result {
                    Some(result) => result.graver(next),
                    None => next,
                });
            }
            result.unwrap_or_else(|| (**self).close())
        })
    }
}

/// Only a shutdown ends it.
impl<T: Payload, D: DeclaredPermanent<Payload = T>> Erased for PermanentCell<T, D> {
    fn info(&self) -> &'static CellInfo {
        D::INFO
    }

    fn snapshot(&self) -> CellSnapshot {
        self.snapshot()
    }

    fn is_untouched(&self) -> bool {
        !self.cell().is_shut_down() || self.cell().is_untouched()
    }

    fn warm(&'static self) -> Result<(), Error> {
        self.obtain().map(drop)
    }

    fn rebuild(&'static self) -> Result<(), Error> {
        Ok(())
    }

    fn unpublish(&'static self) -> Vec<Box<dyn Settle>> {
        Vec::new()
    }

    fn close(&self) -> CloseResult {
        CloseResult::without_payload(self.name(), CloseStatus::Noop, Duration::ZERO)
    }

    fn drain_until(&self, until: Option<Instant>) -> CloseResult {
        if self.cell().is_shut_down() { self.cell().drain_until(until) } else { Erased::close(self) }
    }

    fn shut_down(&self) -> Vec<Arc<dyn Any + Send + Sync>> {
        self.cell().shut_down().into_iter().map(|flight| flight as _).collect()
    }

    fn warm_async(&'static self) -> BoxFuture<'static, Result<(), Error>> {
        Box::pin(async { self.obtain_async().await.map(drop) })
    }

    fn rebuild_async(&'static self) -> BoxFuture<'static, Result<(), Error>> {
        Box::pin(ready(Ok(())))
    }

    fn drain_until_async(&'static self, until: Option<Instant>) -> BoxFuture<'static, CloseResult> {
        Box::pin(async move {
            if self.cell().is_shut_down() {
                self.cell().drain_until_async(until).await
            } else {
                Erased::close(self)
            }
        })
    }
}

fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    loop {
        let output = wait::block_on(None, |waker| future.as_mut().poll(&mut Context::from_waker(waker)));
        // Without a deadline there is always one.
        if let Some(output) = output {
            return output;
        }
    }
}
