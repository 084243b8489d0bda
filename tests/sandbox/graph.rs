//! The cells that the tests of this suite share: a small program.

use cells::runtime_cell;
use std::sync::atomic::{AtomicUsize, Ordering};

/// What the factories of the process's cells count; nobody runs one but a test that says so.
pub(crate) static IN_PROCESS: AtomicUsize = AtomicUsize::new(0);

#[runtime_cell]
pub(crate) fn limit() -> u32 {
    100
}

#[runtime_cell]
pub(crate) fn twice(limit: &u32) -> u32 {
    2 * limit
}

/// Asks for a cell that it does not declare.
#[runtime_cell]
pub(crate) fn thrice() -> u32 {
    3 * *limit()
}

#[runtime_cell(permanent)]
pub(crate) fn name() -> String {
    "process".to_owned()
}

#[runtime_cell]
pub(crate) fn greeting(name: &String) -> String {
    format!("hello {name}")
}

#[runtime_cell]
pub(crate) async fn four_times(twice: &u32) -> u32 {
    tokio::task::yield_now().await;
    2 * twice
}

/// Shared by tests that share a cell.
#[runtime_cell]
pub(crate) fn model() -> usize {
    IN_PROCESS.fetch_add(1, Ordering::SeqCst) + 1
}
