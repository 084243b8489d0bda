//! The worker, tested from outside. All tests run side by side in one process, each in a sandbox: it has arguments,
//! a model and results of its own, although the program has one static for each.

mod cells_alone;
mod looping;
#[cfg(unix)]
mod process;
mod support;
