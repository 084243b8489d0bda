//! What tokio adds: flights as tasks of their own, payloads that end with their runtime, factories on the blocking
//! pool.

use crate::building;
use crate::cell::RuntimeCell;
use crate::context::RequestContext;
use crate::error::{BoxError, Error};
use crate::flight::{Flight, Outcome, Place};
use crate::fly::Flying;
use crate::lease::Ref;
use crate::log;
use crate::obtain::{Patience, Turn};
use crate::runtime::Watch;
use crate::watchers::guarded;
use once_cell::sync::OnceCell;
use parking_lot::Mutex;
use std::future::{Future, pending};
use std::panic::resume_unwind;
use std::sync::Arc;
use tokio::runtime::{Handle, Id};

/// Gets the payload of a static cell, and sees to it that the payload does not outlive the runtime it is built on.
pub(crate) async fn obtain<T, F>(
    cell: &'static RuntimeCell<T>,
    refresh: bool,
    detached: bool,
    factory: impl FnMut() -> F + Clone + Send + 'static,
) -> Result<Ref<'static, T>, Error>
where
    T: Send + Sync + 'static,
    F: Future<Output = Result<T, BoxError>> + Send + 'static,
{
    let _waiting = building::Waiting::start();
    let mut patience = Patience::new(cell.wait_timeout);
    let make = if detached { Flight::detached } else { Flight::new };
    loop {
        let outcome = match cell.turn(refresh, make)? {
            Turn::Take(lease) => return Ok(lease),
            Turn::Wait(flight, _blocked) => cell.wait_async(&flight, &mut patience, cell.waiter()).await?,
            Turn::Fly(flight) if detached => {
                // A new flight waits for nobody, so this closes no circle.
                let blocked = building::wait_for(flight.id(), cell.name());
                let flying = Flying::begin(cell, Arc::clone(&flight));
                let task = fly(cell, flying, factory.clone());
                let context = RequestContext::current().unwrap_or_default();
                tokio::spawn(async { drop(context.instrument(task).await) });
                let outcome = cell.wait_async(&flight, &mut patience, Place::Pilot).await?;
                drop(blocked);
                outcome
            }
            Turn::Fly(flight) => fly(cell, Flying::begin(cell, flight), factory.clone()).await?,
        };
        match outcome {
            Outcome::Ready(lease) => return Ok(lease),
            Outcome::Failed(error) => return Err(error),
            Outcome::Superseded => {}
        }
    }
}

async fn fly<T, F>(
    cell: &'static RuntimeCell<T>,
    flying: Flying<'static, T>,
    factory: impl FnOnce() -> F,
) -> Result<Outcome<T>, Error>
where
    T: Send + Sync + 'static,
    F: Future<Output = Result<T, BoxError>>,
{
    let outcome = cell.fly_async(flying, factory).await?;
    if let Outcome::Ready(lease) = &outcome {
        close_with_runtime(cell, Ref::generation(lease));
    }
    Ok(outcome)
}

/// Closes a generation when the runtime of the caller ends: what is tied to a runtime (sockets, timers, tasks) is
/// dead after that.
fn close_with_runtime<T: Send + Sync + 'static>(cell: &'static RuntimeCell<T>, generation: u64) {
    let Ok(runtime) = Handle::try_current() else { return };
    let end = OnRuntimeEnd(move || {
        if cell.generation() == Some(generation) {
            guarded(cell.name(), || log::runtime_gone(cell.name(), generation));
            let _ = cell.close_generation(generation);
        }
    });
    // A task that ends only with its runtime, or with its cell's next payload.
    let watch = runtime.spawn(async move {
        let _end = end;
        pending::<()>().await;
    });
    cell.watch(generation, Watch::new(watch.abort_handle()));
}

/// Runs its closure when it is dropped: by a runtime that drops its tasks.
struct OnRuntimeEnd<F: FnMut()>(F);

impl<F: FnMut()> Drop for OnRuntimeEnd<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

/// One cell for each runtime that asked. A runtime's cell is never freed, but handed to a later runtime when its own
/// has ended, so a lease on it is as good as on a static.
pub(crate) struct Runtimes<T: Send + Sync + 'static> {
    cells: OnceCell<Arc<Mutex<Cells<T>>>>,
}

struct Cells<T: Send + Sync + 'static> {
    used: Vec<(Id, &'static RuntimeCell<T>)>,
    free: Vec<&'static RuntimeCell<T>>,
}

impl<T: Send + Sync + 'static> Runtimes<T> {
    pub(crate) const fn new() -> Self {
        Self { cells: OnceCell::new() }
    }

    fn cells(&self) -> &Arc<Mutex<Cells<T>>> {
        self.cells.get_or_init(|| Arc::new(Mutex::new(Cells { used: Vec::new(), free: Vec::new() })))
    }

    /// The cells of the runtimes there are.
    pub(crate) fn all(&self) -> Vec<&'static RuntimeCell<T>> {
        self.cells().lock().used.iter().map(|(_, cell)| *cell).collect()
    }

    /// The cell of the caller's runtime; `outside` where there is none.
    pub(crate) fn here<'a>(
        &'a self,
        outside: &'a RuntimeCell<T>,
        make: fn() -> RuntimeCell<T>,
    ) -> &'a RuntimeCell<T> {
        let Ok(runtime) = Handle::try_current() else { return outside };
        let id = runtime.id();
        let mut cells = self.cells().lock();
        if let Some((_, cell)) = cells.used.iter().find(|(used, _)| *used == id) {
            return cell;
        }
        let cell = cells.free.pop().unwrap_or_else(|| Box::leak(Box::new(make())));
        cells.used.push((id, cell));
        drop(cells);
        if outside.is_shut_down() {
            cell.shut_down();
        }
        let shared = Arc::clone(self.cells());
        let end = OnRuntimeEnd(move || {
            shared.lock().used.retain(|(used, _)| *used != id);
            let _ = cell.close();
            shared.lock().free.push(cell);
        });
        runtime.spawn(async move {
            let _end = end;
            pending::<()>().await;
        });
        cell
    }
}

/// Runs a synchronous factory on tokio's blocking pool, as part of the flight that this task flies.
pub(crate) async fn blocking<R: Send + 'static>(factory: impl FnOnce() -> R + Send + 'static) -> R {
    let frame = building::current();
    let context = RequestContext::current();
    let run = move || {
        let _entered = frame.as_ref().map(building::Frame::enter);
        let _context = context.as_ref().map(RequestContext::enter);
        factory()
    };
    match tokio::task::spawn_blocking(run).await {
        Ok(built) => built,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => resume_unwind(panic),
            Err(error) => panic!("the blocking pool has not run the factory: {error}"),
        },
    }
}
