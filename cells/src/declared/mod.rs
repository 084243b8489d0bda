//! Cells with a factory of their own: the three kinds that `#[runtime_cell]` declares, the static that names one, a
//! declared cell of any kind, and one that the program creates.

pub(crate) mod any_cell;
pub(crate) mod async_cell;
pub(crate) mod cell_of;
pub(crate) mod cell_static;
pub(crate) mod factory_cell;
pub(crate) mod factory_output;
pub(crate) mod mode;
#[cfg(feature = "tokio")]
pub(crate) mod per_runtime;
pub(crate) mod permanent_cell;
pub(crate) mod provided;
#[cfg(feature = "testing")]
pub(crate) mod sandboxed;
pub(crate) mod static_cell;
