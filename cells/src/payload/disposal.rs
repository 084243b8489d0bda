//! One run of a disposer, with everything it needs, so that any thread can run it: inside the drop of a lease, or when
//! the cell already holds another payload. It never unwinds, and it notifies the observers of its end.

use crate::error::{BoxError, Panic, SharedError};
use crate::observe::observer::{CloseResult, CloseStatus};
use crate::observe::observers::Observers;
use crate::observe::span::Span;
use crate::payload::beneath;
use crate::payload::disposer::{Abandoned, Disposing};
use crate::payload::lease::AnyPayload;
use crate::sync::clock;
use crate::sync::executor::{BoxFuture, Executor, RuntimeBlocked};
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::Poll;
use std::thread;
use std::time::{Duration, Instant};

/// An asynchronous disposer under way; it owns the payload.
pub(crate) type DisposerFuture = BoxFuture<'static, Result<(), BoxError>>;

pub(crate) struct Disposal {
    observers: Observers,
    payload_type: &'static str,
    generation: u64,
    /// Whether code of the program runs, rather than a plain drop.
    calls: bool,
    started: Instant,
    /// Where an asynchronous disposer runs if no closer waits for it.
    executor: Executor,
}

impl Disposal {
    /// The disposal of a payload that is retired now.
    pub(crate) fn new(
        observers: &Observers,
        payload_type: &'static str,
        generation: u64,
        calls: bool,
        executor: Executor,
    ) -> Self {
        let observers = observers.clone();
        Self { observers, payload_type, generation, calls, started: clock::now(), executor }
    }

    pub(crate) fn generation(&self) -> u64 {
        self.generation
    }

    pub(crate) fn executor(&self) -> &Executor {
        &self.executor
    }

    /// How long closes wait for the disposer; `None` if as long as it takes.
    pub(crate) fn limit(&self) -> Option<Duration> {
        self.observers.dispose_timeout()
    }

    /// Disposes the payload, unless that takes a task: `Err` is an asynchronous disposer that has yet to run.
    pub(crate) fn begin(&self, payload: AnyPayload) -> Result<CloseResult, DisposerFuture> {
        let cell = self.observers.cell();
        let span = if self.calls { Span::dispose(cell, self.generation) } else { Span::none() };
        let outcome = match self.call(payload, &span) {
            Ok(Disposing::Later(future)) => return Err(span.instrument(future)),
            Ok(Disposing::Done(result)) => Ok(result),
            Err(panic) => Err(panic),
        };
        span.close();
        Ok(self.end(outcome))
    }

    fn call(&self, payload: AnyPayload, span: &Span) -> thread::Result<Disposing> {
        let _in_span = span.enter();
        let _beneath = beneath::enter(self);
        let _bound = self.observers.scope().enter();
        catch_unwind(AssertUnwindSafe(|| payload.dispose()))
    }

    /// Whether the disposer cannot go on before the calling thread does.
    pub(crate) fn is_beneath(&self) -> bool {
        beneath::has(self)
    }

    /// Runs an asynchronous disposer to its end.
    pub(crate) async fn run(&self, future: &mut DisposerFuture) -> CloseResult {
        let outcome = poll_fn(|cx| {
            let _beneath = beneath::enter(self);
            let _bound = self.observers.scope().enter();
            match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(cx))) {
                Ok(Poll::Pending) => Poll::Pending,
                Ok(Poll::Ready(result)) => Poll::Ready(Ok(result)),
                Err(panic) => Poll::Ready(Err(panic)),
            }
        });
        self.end(outcome.await)
    }

    /// Drops an asynchronous disposer that will not run to its end, and the payload with it.
    pub(crate) fn abandon(&self, future: Option<DisposerFuture>) -> CloseResult {
        self.observers.abandoned();
        let _bound = self.observers.scope().enter();
        let dropped = catch_unwind(AssertUnwindSafe(|| drop(future)));
        self.end(dropped.and(Ok(Err(Abandoned.into()))))
    }

    fn end(&self, outcome: thread::Result<Result<(), BoxError>>) -> CloseResult {
        let error = match outcome {
            Ok(Ok(())) => None,
            Ok(Err(error)) => Some(SharedError::new(error)),
            Err(panic) => Some(SharedError::new(Panic::caught(panic))),
        };
        let status = if error.is_some() { CloseStatus::Error } else { CloseStatus::Ok };
        let result = CloseResult { close_called: self.calls, error, ..self.result(status) };
        self.observers.close_end(&result, self.payload_type);
        result
    }

    /// The result for a closer while leases on the payload are out.
    pub(crate) fn draining(&self) -> CloseResult {
        self.result(CloseStatus::Draining)
    }

    /// The result for a closer while the disposer runs.
    pub(crate) fn disposing(&self) -> CloseResult {
        CloseResult { close_called: self.calls, ..self.result(CloseStatus::Disposing) }
    }

    /// The result for a closer that keeps the disposer from running.
    pub(crate) fn blocked(&self) -> CloseResult {
        let error = SharedError::new(RuntimeBlocked::IN_A_CLOSE);
        CloseResult { error: Some(error), ..self.disposing() }
    }

    /// Reports what a close has come to, if the payload is not disposed then: the end of its disposal is reported by itself.
    pub(crate) fn report_if_open(&self, result: CloseResult) -> CloseResult {
        if matches!(result.status, CloseStatus::Draining | CloseStatus::Disposing) {
            self.observers.not_disposed_yet(&result, self.payload_type);
        }
        result
    }

    fn result(&self, status: CloseStatus) -> CloseResult {
        CloseResult {
            cell: self.observers.cell(),
            generation: Some(self.generation),
            had_payload: true,
            close_called: false,
            status,
            duration: clock::now().saturating_duration_since(self.started),
            error: None,
        }
    }
}
