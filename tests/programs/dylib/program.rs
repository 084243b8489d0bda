//! A program that declares cells of its own, and has the library from a `dylib`. Each test runs in a process of its own.

use cells::{ShutdownOutcome, State, runtime_cell};
use cells_test_support::{LONG, alone};
use cells_tests_dylib::{INSIDE, inside};

#[runtime_cell(eager)]
fn outside(#[from(INSIDE)] inside: &u8) -> u8 {
    inside + 1
}

#[runtime_cell]
fn unused() -> u8 {
    3
}

fn names(cells: &[cells::AnyCell]) -> Vec<&'static str> {
    cells.iter().map(|cell| cell.info().name).collect()
}

#[test]
fn x9_the_cells_of_the_program_are_listed() {
    alone(|| {
        assert_eq!(names(&cells::all()), ["inside", "outside", "unused"]);
        assert_eq!(cells::graph().nodes.len(), 3);
        assert_eq!(cells::snapshot().len(), 3);
    });
}

#[test]
fn x9_they_are_warmed_up() {
    alone(|| {
        let report = cells::warm_up();
        assert_eq!(report.cells.len(), 2, "{report}");
        assert!(report.is_ok() && OUTSIDE.is_ready());
    });
}

#[test]
fn x9_they_are_shut_down_once_one_of_them_was_used() {
    alone(|| {
        assert_eq!((*inside(), *outside()), (1, 2));
        let report = cells::shutdown(LONG);
        assert_eq!(report.cells.len(), 2, "{report}");
        assert!(report.cells.iter().all(|cell| cell.outcome == ShutdownOutcome::Disposed), "{report}");
        assert_eq!((OUTSIDE.state(), UNUSED.state()), (State::Closed, State::Closed));
    });
}
