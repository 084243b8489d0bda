//! Flights of declared asynchronous cells with the feature `tokio`: flights that run as tasks of their own, and payloads
//! that are closed when the runtime they were built on ends.

use crate::cell::get_async::{Caller, Step, initialize};
use crate::cell::initializer::Initializer;
use crate::cell::raw_cell::RawCell;
use crate::error::{BoxError, Error};
use crate::flight::single_flight::{Flight, Outcome, Role};
use crate::flight::wait_graph;
use crate::observe::context::RequestContext;
use crate::observe::log;
use crate::observe::user_panic::catch_user_panic;
use crate::payload::lease::{AnyPayload, Lease};
use crate::sync::executor::{BoxFuture, RuntimeWatch, on_runtime_end};
use std::sync::Arc;
use tokio::runtime::Handle;

/// An adjusted factory of a declared cell.
pub(crate) trait Build:
    Fn() -> BoxFuture<'static, Result<AnyPayload, BoxError>> + Copy + Send + 'static
{
}

impl<F: Fn() -> BoxFuture<'static, Result<AnyPayload, BoxError>> + Copy + Send + 'static> Build for F {}

/// Waits for a payload or builds it, since none was published a moment ago; with `refresh`, gets a new one even if one
/// is published. With `detached`, a flight that this call begins runs as a task of its own.
pub(crate) async fn get_slow(
    cell: &'static RawCell,
    refresh: bool,
    detached: bool,
    build: impl Build,
) -> Result<Lease, Error> {
    let mut caller = Caller::new(cell, refresh, if detached { Flight::detached } else { Flight::new });
    loop {
        let outcome = match caller.next_step().await? {
            Step::Take(lease) => return Ok(lease),
            Step::Initialize(flight) if detached => run_detached(&mut caller, cell, flight, build).await?,
            Step::Initialize(flight) => run(Initializer::begin(cell, flight), build).await?,
        };
        if let Some(lease) = outcome.into_lease()? {
            return Ok(lease);
        }
    }
}

/// Runs a flight as a task of its own, and waits for it.
async fn run_detached(
    caller: &mut Caller<'static>,
    cell: &'static RawCell,
    flight: Arc<Flight>,
    build: impl Build,
) -> Result<Outcome, Error> {
    // A new flight waits for no other, so this cannot close a circle.
    let _blocked = wait_graph::wait_for(flight.id(), cell.name());
    let initializer = Initializer::begin(cell, Arc::clone(&flight));
    let context = RequestContext::current().unwrap_or_default();
    tokio::spawn(async move { drop(context.instrument(run(initializer, build)).await) });
    caller.wait(&flight, Role::Initiator).await
}

async fn run(initializer: Initializer<'static>, build: impl Build) -> Result<Outcome, Error> {
    let cell = initializer.cell();
    let outcome = initialize(initializer, build).await?;
    if let Outcome::Ready(lease) = &outcome {
        close_with_runtime(cell, lease.generation());
    }
    Ok(outcome)
}

/// Closes a generation when the caller's runtime ends: whatever is tied to that runtime (sockets, timers, tasks) no
/// longer works then.
fn close_with_runtime(cell: &'static RawCell, generation: u64) {
    let Ok(runtime) = Handle::try_current() else { return };
    let task = on_runtime_end(&runtime, move || {
        if cell.generation() == Some(generation) {
            catch_user_panic(cell.name(), || log::runtime_gone(cell.name(), generation));
            let _ = cell.close_generation(generation);
        }
    });
    cell.control.watch(generation, RuntimeWatch::new(task));
}
