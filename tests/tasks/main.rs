//! Cells in tasks, clause by clause. A test is named by the clause it holds: those of the contract (`c4_…`), which
//! hold for threads and for tasks alike, and those of tasks alone (`a3_…`).
//!
//! `cargo test -p cells-tests-tasks --no-default-features` runs what needs no feature `tokio` without it.

mod cancelling;
mod contract;
mod cycles;
mod disposing;
mod getting;
mod kinds;
mod limits;
mod sending;
mod shutdown;
mod wakers;

#[cfg(feature = "tokio")]
mod blocking;
#[cfg(feature = "tokio")]
mod detached;
#[cfg(feature = "tokio")]
mod runtimes;
#[cfg(feature = "tokio")]
mod shared_pool;
