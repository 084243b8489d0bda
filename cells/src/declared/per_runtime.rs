//! The cells of `runtime = "own"`: one for each tokio runtime.
//!
//! When a runtime ends, its cell is first removed from the list, where no caller finds it any more, then closed, and
//! then free for another runtime. A thread that found it before may use it even later, so it is closed once more before
//! another runtime gets it. The list's lock is held only to look at it or to change it.

use crate::cell::closable_cell::ClosableCell;
use crate::sync::executor::on_runtime_end;
use once_cell::sync::OnceCell;
use parking_lot::Mutex;
use std::sync::Arc;
use tokio::runtime::{Handle, Id};

/// One cell for each runtime that has used it. The memory of a cell is never freed: a later runtime gets the cell of
/// one that has ended. So cells, and leases on them, are `'static`.
pub(crate) struct PerRuntime<T: Send + Sync + 'static> {
    cells: OnceCell<Arc<Mutex<Cells<T>>>>,
}

struct Cells<T: Send + Sync + 'static> {
    used: Vec<(Id, &'static ClosableCell<T>)>,
    free: Vec<&'static ClosableCell<T>>,
}

impl<T: Send + Sync + 'static> Cells<T> {
    fn of(&self, runtime: Id) -> Option<&'static ClosableCell<T>> {
        self.used.iter().find(|(used, _)| *used == runtime).map(|(_, cell)| *cell)
    }
}

impl<T: Send + Sync + 'static> PerRuntime<T> {
    pub(crate) const fn new() -> Self {
        Self { cells: OnceCell::new() }
    }

    fn cells(&self) -> &Arc<Mutex<Cells<T>>> {
        self.cells.get_or_init(|| Arc::new(Mutex::new(Cells { used: Vec::new(), free: Vec::new() })))
    }

    /// The cells of all runtimes that have not ended, or also those that have.
    pub(crate) fn all(&self, ended: bool) -> Vec<&'static ClosableCell<T>> {
        let cells = self.cells().lock();
        let free = cells.free.iter().filter(|_| ended);
        cells.used.iter().map(|(_, cell)| cell).chain(free).copied().collect()
    }

    /// The cell of the caller's runtime; `outside` for a caller outside of any runtime.
    pub(crate) fn here<'a>(
        &'a self,
        outside: &'a ClosableCell<T>,
        make: fn() -> ClosableCell<T>,
    ) -> &'a ClosableCell<T> {
        let Ok(runtime) = Handle::try_current() else { return outside };
        let id = runtime.id();
        let mut cells = self.cells().lock();
        if let Some(cell) = cells.of(id) {
            return cell;
        }
        let cell = if let Some(cell) = cells.free.pop() {
            drop(cells);
            let _ = cell.itself().close();
            cells = self.cells().lock();
            if let Some(first) = cells.of(id) {
                cells.free.push(cell);
                return first;
            }
            cell
        } else {
            Box::leak(Box::new(make()))
        };
        cells.used.push((id, cell));
        drop(cells);
        if outside.itself().control.is_shut_down() {
            cell.itself().shut_down();
        }
        let shared = Arc::clone(self.cells());
        on_runtime_end(&runtime, move || {
            shared.lock().used.retain(|(used, _)| *used != id);
            let _ = cell.itself().close();
            shared.lock().free.push(cell);
        });
        cell
    }
}
