//! Tests that share nothing: section T of docs/contract.md. All tests of this suite run in parallel in one process, and
//! use the same cells.

mod ageing;
mod at_exit;
mod checking;
mod clock;
mod counts;
mod following;
mod graph;
mod leaving;
mod membership;
mod own_cells;
mod program;
mod storm;
