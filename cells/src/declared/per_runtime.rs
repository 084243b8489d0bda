//! What tokio adds: flights as tasks of their own, payloads that end with their runtime, factories on the blocking
//! pool.

use crate::cell::get::{Decision, WaitBudget};
use crate::cell::get_async;
use crate::cell::initializer::Initializer;
use crate::cell::raw_cell::RawCell;
use crate::cell::runtime_cell::RuntimeCell;
use crate::declared::erased::Asynchronous;
use crate::error::Error;
use crate::flight::frames;
use crate::flight::single_flight::{Flight, Outcome, Place};
use crate::observe::context::RequestContext;
use crate::observe::log;
use crate::observe::observers::catch_user_panic;
use crate::payload::lease::Lease;
use crate::sync::executor::Watch;
use once_cell::sync::OnceCell;
use parking_lot::Mutex;
use std::future::pending;
use std::panic::resume_unwind;
use std::sync::Arc;
use tokio::runtime::{Handle, Id};

/// Gets the payload of a cell, and sees to it that the payload does not outlive the runtime it is built on.
pub(crate) async fn obtain(cell: &'static dyn Asynchronous, refresh: bool) -> Result<Lease, Error> {
    let raw = cell.here();
    let _waiting = frames::Waiting::start();
    let mut budget = WaitBudget::new(raw.config.wait_timeout);
    let make = if cell.is_detached() { Flight::detached } else { Flight::new };
    loop {
        let outcome = match raw.turn(refresh, make)? {
            Decision::Take(lease) => return Ok(lease),
            Decision::Wait(flight, _blocked) => {
                get_async::wait(raw, &flight, &mut budget, get_async::waiter(raw)).await?
            }
            Decision::Fly(flight) if flight.is_detached() => {
                // A new flight waits for nobody, so this closes no circle.
                let blocked = frames::wait_for(flight.id(), raw.name());
                let initializer = Initializer::begin(raw, Arc::clone(&flight));
                let context = RequestContext::current().unwrap_or_default();
                tokio::spawn(async move { drop(context.instrument(fly(cell, initializer)).await) });
                let outcome = get_async::wait(raw, &flight, &mut budget, Place::Initiator).await?;
                drop(blocked);
                outcome
            }
            Decision::Fly(flight) => fly(cell, Initializer::begin(raw, flight)).await?,
        };
        match outcome {
            Outcome::Ready(lease) => return Ok(lease),
            Outcome::Failed(error) => return Err(error),
            Outcome::Superseded => {}
        }
    }
}

async fn fly(cell: &'static dyn Asynchronous, initializer: Initializer<'static>) -> Result<Outcome, Error> {
    let raw = initializer.raw();
    let outcome = get_async::fly(initializer, || cell.adjusted()).await?;
    if let Outcome::Ready(lease) = &outcome {
        close_with_runtime(raw, lease.generation());
    }
    Ok(outcome)
}

/// Closes a generation when the runtime of the caller ends: what is tied to a runtime (sockets, timers, tasks) is
/// dead after that.
fn close_with_runtime(raw: &'static RawCell, generation: u64) {
    let Ok(runtime) = Handle::try_current() else { return };
    let end = OnRuntimeEnd(move || {
        if raw.generation() == Some(generation) {
            catch_user_panic(raw.name(), || log::runtime_gone(raw.name(), generation));
            let _ = raw.close_generation(generation);
        }
    });
    // A task that ends only with its runtime, or with its cell's next payload.
    let watch = runtime.spawn(async move {
        let _end = end;
        pending::<()>().await;
    });
    raw.watch(generation, Watch::new(watch.abort_handle()));
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
        if outside.raw().is_shut_down() {
            cell.raw().shut_down();
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
    let frame = frames::current();
    let context = RequestContext::current();
    let run = move || {
        let _entered = frame.as_ref().map(frames::Frame::enter);
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
