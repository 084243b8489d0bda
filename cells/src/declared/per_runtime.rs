//! A cell with one payload for each tokio runtime.

use crate::cell::runtime_cell::RuntimeCell;
use crate::sync::executor::on_runtime_end;
use once_cell::sync::OnceCell;
use parking_lot::Mutex;
use std::sync::Arc;
use tokio::runtime::{Handle, Id};

/// One cell for each runtime that asked. A runtime's cell is never freed, but handed to a later runtime when its own
/// has ended, so a lease on it is as good as on a static.
pub(crate) struct PerRuntime<T: Send + Sync + 'static> {
    cells: OnceCell<Arc<Mutex<Cells<T>>>>,
}

struct Cells<T: Send + Sync + 'static> {
    used: Vec<(Id, &'static RuntimeCell<T>)>,
    free: Vec<&'static RuntimeCell<T>>,
}

impl<T: Send + Sync + 'static> PerRuntime<T> {
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
        if outside.raw().control.is_shut_down() {
            cell.raw().shut_down();
        }
        let shared = Arc::clone(self.cells());
        on_runtime_end(&runtime, move || {
            shared.lock().used.retain(|(used, _)| *used != id);
            let _ = cell.close();
            shared.lock().free.push(cell);
        });
        cell
    }
}
