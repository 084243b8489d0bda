//! What `#[runtime_cell]` declares.

pub(crate) mod any_cell;
pub(crate) mod async_cell;
pub(crate) mod erased;
pub(crate) mod factory_output;
#[cfg(feature = "tokio")]
pub(crate) mod per_runtime;
pub(crate) mod permanent_cell;
pub(crate) mod static_cell;
