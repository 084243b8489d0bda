//! A declared cell without the type of its payload: what can be done with any of the three kinds.

use crate::cell::close::Closing;
use crate::cell::get_async;
use crate::cell::raw_cell::RawCell;
use crate::cell::snapshot::CellSnapshot;
#[cfg(feature = "tokio")]
use crate::declared::per_runtime;
use crate::error::{BoxError, Error};
use crate::flight::adjuster::{Adjuster, AsyncAdjuster};
use crate::flight::observed_calls;
use crate::flight::single_flight::Flight;
use crate::info::CellInfo;
use crate::observe::hook::Hook;
use crate::observe::observer::{CloseResult, CloseStatus};
use crate::payload::disposer::BoxFuture;
use crate::payload::lease::{AnyPayload, Lease};
use crate::sync::wait;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::Context;
use std::time::{Duration, Instant};

/// A declared cell whatever it holds.
#[derive(Clone, Copy)]
pub(crate) enum Erased {
    Thread(&'static RawCell),
    Task(&'static dyn Asynchronous),
    /// Only a shutdown ends it.
    Permanent(&'static dyn Permanent),
}

/// An [`AsyncCell`](crate::AsyncCell).
pub(crate) trait Asynchronous: Sync {
    /// The cell that is declared.
    fn declared(&self) -> &RawCell;
    /// The cell for where the caller runs: that one, or its runtime's own.
    fn here(&self) -> &RawCell;
    /// All its cells: one, or one a runtime.
    fn everywhere(&self) -> Vec<&RawCell>;
    /// Whether a flight runs as a task of its own.
    #[cfg(feature = "tokio")]
    fn is_detached(&self) -> bool;
    fn adjuster(&self) -> &Hook<dyn AsyncAdjuster>;
    /// Runs the factory.
    fn build(&'static self) -> BoxFuture<'static, Result<AnyPayload, BoxError>>;
}

/// A [`PermanentCell`](crate::PermanentCell).
pub(crate) trait Permanent: Sync {
    /// The cell of references to the payload.
    fn raw(&self) -> &RawCell;
    fn adjuster(&self) -> &Hook<dyn Adjuster>;
    /// Runs the factory.
    fn build(&self) -> Result<AnyPayload, BoxError>;
    /// Puts a payload into its place for good, and gives the reference to it. One flight at a time comes here, and none
    /// after one that did.
    fn keep(&'static self, payload: AnyPayload) -> AnyPayload;
}

impl dyn Asynchronous {
    /// Runs the factory the way the adjuster (if there is one) wants it.
    pub(crate) fn adjusted(&'static self) -> BoxFuture<'static, Result<AnyPayload, BoxError>> {
        let name = self.declared().name();
        match self.adjuster().get(name) {
            Some(adjuster) => Box::pin(async move { adjuster.adjust(name, &mut || self.build()).await }),
            None => self.build(),
        }
    }
}

impl dyn Permanent {
    /// The same, and keeps what it made.
    fn kept(&'static self) -> Result<AnyPayload, BoxError> {
        let name = self.raw().name();
        let payload = match self.adjuster().get(name) {
            Some(adjuster) => adjuster.adjust(name, &mut || self.build())?,
            None => self.build()?,
        };
        Ok(self.keep(payload))
    }
}

/// [`Erased::called`] of a synchronous cell; it may be ready, and only the fast way to it was closed.
pub(crate) fn called(raw: &'static RawCell) -> Result<Lease, Error> {
    match raw.leases.lease_unheard() {
        Some(lease) => Ok(lease),
        None => Erased::Thread(raw).called(),
    }
}

impl Erased {
    /// The cell for where the caller runs.
    fn here(self) -> &'static RawCell {
        match self {
            Self::Thread(raw) => raw,
            Self::Task(cell) => cell.here(),
            Self::Permanent(cell) => cell.raw(),
        }
    }

    pub(crate) fn info(self) -> &'static CellInfo {
        match self {
            Self::Thread(raw) => raw.info(),
            Self::Task(cell) => cell.declared().info(),
            Self::Permanent(cell) => cell.raw().info(),
        }
    }

    pub(crate) fn snapshot(self) -> CellSnapshot {
        self.here().snapshot()
    }

    fn everywhere(self) -> Vec<&'static RawCell> {
        match self {
            Self::Thread(raw) => vec![raw],
            Self::Task(cell) => cell.everywhere(),
            Self::Permanent(cell) => vec![cell.raw()],
        }
    }

    /// What may be closed: of a permanent cell nothing before the shutdown.
    fn closable(self) -> Vec<&'static RawCell> {
        let mut raws = self.everywhere();
        if let Self::Permanent(_) = self {
            raws.retain(|raw| raw.is_shut_down());
        }
        raws
    }

    /// Whether there is nothing to close.
    pub(crate) fn is_untouched(self) -> bool {
        self.closable().into_iter().all(RawCell::is_untouched)
    }

    /// Gets the payload for who calls the accessor, where it is not ready, or a factory asks.
    pub(crate) fn called(self) -> Result<Lease, Error> {
        observed_calls::call(self.info());
        self.get()
    }

    /// Gets the payload.
    pub(crate) fn get(self) -> Result<Lease, Error> {
        match self {
            Self::Thread(raw) => raw.get(&mut || raw.build()),
            Self::Task(_) => block_on(self.get_async()),
            Self::Permanent(cell) => cell.raw().get(&mut || cell.kept()),
        }
    }

    /// The same in a task, where it waits as one; a synchronous factory runs as it is. Boxed, so that it is compiled
    /// here and not for every cell.
    pub(crate) fn get_async(self) -> BoxFuture<'static, Result<Lease, Error>> {
        Box::pin(async move {
            match self.here().leases.lease() {
                Some(lease) => Ok(lease),
                None => self.obtain_async(false).await,
            }
        })
    }

    /// Builds a new payload, also where there is none.
    pub(crate) fn refresh(self) -> Result<Lease, Error> {
        match self {
            Self::Thread(raw) => raw.obtain(true, &mut || raw.build()),
            Self::Task(_) => block_on(self.refresh_async()),
            Self::Permanent(_) => self.get(),
        }
    }

    /// The same in a task.
    pub(crate) fn refresh_async(self) -> BoxFuture<'static, Result<Lease, Error>> {
        Box::pin(self.obtain_async(true))
    }

    async fn obtain_async(self, refresh: bool) -> Result<Lease, Error> {
        match self {
            Self::Thread(raw) => {
                let build = || async { raw.adjusted(&mut || raw.build()) };
                get_async::obtain(raw, refresh, build).await
            }
            #[cfg(feature = "tokio")]
            Self::Task(cell) => per_runtime::obtain(cell, refresh).await,
            #[cfg(not(feature = "tokio"))]
            Self::Task(cell) => get_async::obtain(cell.here(), refresh, || cell.adjusted()).await,
            Self::Permanent(cell) => get_async::obtain(cell.raw(), false, || async { cell.kept() }).await,
        }
    }

    /// Builds a new payload where there is one, and starts over where one is being built. Of an asynchronous cell only
    /// the caller's runtime can build its payload; those of others are closed, and built when they are asked for.
    pub(crate) fn rebuild(self) -> Result<(), Error> {
        if self.start_over() { self.refresh().map(drop) } else { Ok(()) }
    }

    /// The same in a task.
    pub(crate) async fn rebuild_async(self) -> Result<(), Error> {
        if !self.start_over() {
            return Ok(());
        }
        match self {
            Self::Task(_) => self.refresh_async().await.map(drop),
            _ => self.refresh().map(drop),
        }
    }

    /// Starts over what is being built; says whether there is a payload to rebuild.
    fn start_over(self) -> bool {
        if let Self::Permanent(_) = self {
            return false;
        }
        for raw in self.everywhere() {
            if std::ptr::eq(raw, self.here()) {
                raw.supersede();
            } else {
                let _ = raw.close();
            }
        }
        self.here().is_ready()
    }

    /// Unpublishes and supersedes, and leaves the disposal to the caller.
    pub(crate) fn unpublish(self) -> Vec<Closing<'static>> {
        match self {
            Self::Permanent(_) => Vec::new(),
            _ => self.everywhere().into_iter().map(|raw| raw.close_if(|_| true)).collect(),
        }
    }

    pub(crate) fn close(self) -> CloseResult {
        match self {
            Self::Permanent(_) => self.nothing(),
            _ => self.all(RawCell::close),
        }
    }

    pub(crate) fn drain_until(self, until: Option<Instant>) -> CloseResult {
        self.all(|raw| raw.drain_until(until))
    }

    /// Closes all that may be closed; the result is the gravest.
    fn all(self, close: impl Fn(&RawCell) -> CloseResult) -> CloseResult {
        let closes = self.closable().into_iter().map(close);
        closes.reduce(CloseResult::graver).unwrap_or_else(|| self.nothing())
    }

    /// [`drain_until`](Self::drain_until) in a task.
    pub(crate) async fn drain_until_async(self, until: Option<Instant>) -> CloseResult {
        let mut result: Option<CloseResult> = None;
        for raw in self.closable() {
            let next = raw.drain_until_async(until).await;
            result = Some(match result {
                Some(result) => result.graver(next),
                None => next,
            });
        }
        result.unwrap_or_else(|| self.nothing())
    }

    /// The close of what cannot be closed.
    fn nothing(self) -> CloseResult {
        CloseResult::without_payload(self.here().name(), CloseStatus::Noop, Duration::ZERO)
    }

    /// Lets no flight begin any more; gives the flights that it superseded.
    pub(crate) fn shut_down(self) -> Vec<Arc<Flight>> {
        self.everywhere().into_iter().filter_map(RawCell::shut_down).collect()
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
