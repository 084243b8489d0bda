//! What cells do when tasks use them, clause by clause. The name of a test begins with the clause it holds: one for threads
//! and tasks alike (`c4_…`), or one for tasks alone (`a3_…`).
//!
//! `cargo test -p cells-tests-tasks --no-default-features` runs the tests that do not need the library's feature `tokio`
//! without it.

mod ageing;
mod cancelling;
mod contract;
mod cycles;
mod disposing;
mod foreign_errors;
mod getting;
mod health;
mod kinds;
mod limits;
mod providing;
mod refresh_on;
mod retrying;
mod sending;
mod shutdown;
mod shutting_down;
mod spans;
mod waiting;
mod wakers;

#[cfg(feature = "tokio")]
mod blocking;
#[cfg(feature = "tokio")]
mod detached;
#[cfg(feature = "tokio")]
mod runtimes;
#[cfg(feature = "tokio")]
mod shared_pool;
