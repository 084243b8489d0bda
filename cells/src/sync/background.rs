//! Work that nobody waits for, on threads of the library's own.

#[cfg(cells_shuttle)]
use shuttle::thread;
#[cfg(not(cells_shuttle))]
use std::thread;

/// Runs a job on a thread of its own; drops it if there can be no thread, and returns whether there is one.
pub(crate) fn run(job: impl FnOnce() + Send + 'static) -> bool {
    thread::Builder::new().name("cells-background".to_owned()).spawn(job).is_ok()
}
