//! Flights of declared asynchronous cells with the feature `tokio`: flights that run as tasks of their own, and payloads
//! that are closed when the runtime they were built on ends.

use crate::cell::get_async::{self, Caller, Step, initialize};
use crate::cell::initializer::{Initializer, for_initializer};
use crate::cell::raw_cell::RawCell;
use crate::cell::wait_budget::Purpose;
use crate::error::{BoxError, Error, LifecycleError, SharedError};
use crate::flight::frames::{self, Frame};
use crate::flight::single_flight::{Flight, Outcome, Role};
use crate::flight::wait_graph;
use crate::observe::context::RequestContext;
use crate::observe::log;
use crate::observe::user_panic::catch_user_panic;
use crate::payload::lease::{AnyPayload, Lease};
use crate::sync::executor::{BoxFuture, RuntimeWatch, on_runtime_end};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use tokio::runtime::Handle;

/// An adjusted factory of a declared cell.
pub(crate) trait Build:
    Fn() -> BoxFuture<'static, Result<AnyPayload, BoxError>> + Copy + Send + 'static
{
}

impl<F: Fn() -> BoxFuture<'static, Result<AnyPayload, BoxError>> + Copy + Send + 'static> Build for F {}

/// Waits for a payload or builds it: none was published a moment ago, or `purpose` wants a new one. With `detached`, a
/// flight that this call begins runs as a task of its own.
pub(crate) async fn get_slow(
    cell: &'static RawCell,
    purpose: Purpose,
    detached: bool,
    build: impl Build,
) -> Result<Lease, Error> {
    let mut caller = Caller::new(cell, purpose, if detached { Flight::detached } else { Flight::new });
    loop {
        let outcome = match caller.next_step().await? {
            Step::Take(lease) => return Ok(lease),
            Step::Initialize(flight) if detached => run_detached(&caller, cell, flight, build).await?,
            // Boxed: most callers wait, and their futures need no room for it.
            Step::Initialize(flight) => Box::pin(run(caller.begin(flight), build)).await?,
        };
        if let Some(lease) = outcome.into_lease()? {
            return Ok(lease);
        }
        caller.start_over()?;
    }
}

/// Why the flight of a cell with one of these keys cannot begin.
const NO_RUNTIME: &str = "a cell with the key `blocking` or `detached` is built on a tokio runtime, and this call is \
                          outside of any: make it inside one, as under `#[tokio::main]` or in `Runtime::block_on`";

/// Runs a flight as a task of its own, and waits for it. The wait has no limit, because the flight is the caller's own.
async fn run_detached(
    caller: &Caller<'static>,
    cell: &'static RawCell,
    flight: Arc<Flight>,
    build: impl Build,
) -> Result<Outcome, Error> {
    // A new flight waits for no other, so this cannot close a circle.
    let _blocked = wait_graph::wait_for(frames::Caller::Task, flight.id(), cell.name());
    let initializer = caller.begin(Arc::clone(&flight));
    let failed = |why: &str| {
        Err(Error::Lifecycle(LifecycleError::Init { cell: cell.name(), source: SharedError::new(why) }))
    };
    // The flight is cancelled: a caller on a runtime may begin the next one.
    let Ok(runtime) = Handle::try_current() else { return failed(NO_RUNTIME) };
    let frame = Arc::clone(initializer.frame());
    let context = RequestContext::current().unwrap_or_default();
    let run = Box::pin(async move { drop(context.instrument(run(initializer, build)).await) });
    let polled = Arc::new(AtomicBool::new(false));
    let task = runtime.spawn(FlightTask { run: Some(run), frame, polled: Arc::clone(&polled) });
    let outcome = flight.wait_async(None, Role::Initiator).await;
    match outcome {
        Ok(Outcome::Superseded) if task.is_finished() && !polled.load(Ordering::Acquire) => {
            failed("the tokio runtime of this call has ended")
        }
        Ok(Outcome::Failed(Error::Lifecycle(LifecycleError::Waiting { cell, source }))) => {
            Err(for_initializer(cell, source))
        }
        Ok(outcome) => Ok(outcome),
        Err(_) => unreachable!("whoever began the flight has no limit"),
    }
}

/// The task of a detached flight. If it is dropped while its factory runs on the blocking pool, the flight goes on there.
struct FlightTask {
    /// `None` once it is over.
    run: Option<BoxFuture<'static, ()>>,
    frame: Arc<Frame>,
    /// Whether its runtime has polled it.
    polled: Arc<AtomicBool>,
}

impl Future for FlightTask {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.polled.store(true, Ordering::Release);
        let Some(run) = &mut self.run else { return Poll::Ready(()) };
        let polled = run.as_mut().poll(cx);
        if polled.is_ready() {
            self.run = None;
        }
        polled
    }
}

impl Drop for FlightTask {
    fn drop(&mut self) {
        if let Some(run) = self.run.take() {
            self.frame.handover.leave(run);
        }
    }
}

async fn run(initializer: Initializer<'static>, mut build: impl Build) -> Result<Outcome, Error> {
    let (cell, own) = (initializer.cell(), initializer.generation());
    let outcome = initialize(initializer, &mut build).await?;
    if let Outcome::Ready(lease) = &outcome {
        // A value that replaced the flight belongs to the runtime where it was provided.
        if lease.generation() == own {
            close_with_runtime(cell, own);
        }
        cell.watch_payload();
    }
    Ok(outcome)
}

/// Runs a flight that nobody waits for.
pub(crate) async fn refresh(initializer: Initializer<'static>, mut build: impl Build) {
    let (cell, own) = (initializer.cell(), initializer.generation());
    get_async::refresh(initializer, &mut build).await;
    if cell.generation() == Some(own) {
        close_with_runtime(cell, own);
    }
}

/// Closes a generation when the caller's runtime ends: whatever is tied to that runtime (sockets, timers, tasks) no
/// longer works then.
pub(crate) fn close_with_runtime(cell: &'static RawCell, generation: u64) {
    let Ok(runtime) = Handle::try_current() else { return };
    let task = on_runtime_end(&runtime, move || {
        if cell.generation() == Some(generation) {
            catch_user_panic(cell.name(), || log::runtime_gone(cell.name(), generation));
            let _ = cell.close_generation(generation);
        }
    });
    cell.control.watch(generation, RuntimeWatch::new(task));
}
