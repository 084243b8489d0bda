//! A program without a cell that has the library from a `dylib` without one.

use cells_tests_empty_dylib as _;

#[path = "../../../cells/tests/no_cells.rs"]
mod no_cells;
