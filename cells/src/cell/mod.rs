//! One cell.

pub(crate) mod close;
pub(crate) mod control;
pub(crate) mod get;
pub(crate) mod get_async;
pub(crate) mod initializer;
pub(crate) mod raw_cell;
pub(crate) mod runtime_cell;
pub(crate) mod seed;
pub(crate) mod snapshot;
