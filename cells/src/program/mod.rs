//! All cells of a program.

pub(crate) mod all_cells;
pub(crate) mod dependents;
pub(crate) mod graph;
pub(crate) mod jobs;
pub(crate) mod schedule;
#[allow(unsafe_code, reason = "the linker tells no more of a section than its ends")]
pub(crate) mod section;
pub(crate) mod shutdown;
pub(crate) mod table;
pub(crate) mod warm_up;
