//! What `#[runtime_cell]` declares: the three kinds of cells with their factories wired in, the static that
//! names one, and a cell of any kind.

pub(crate) mod any_cell;
pub(crate) mod async_cell;
pub(crate) mod cell_static;
pub(crate) mod factory_output;
pub(crate) mod mode;
#[cfg(feature = "tokio")]
pub(crate) mod per_runtime;
pub(crate) mod permanent_cell;
pub(crate) mod static_cell;
