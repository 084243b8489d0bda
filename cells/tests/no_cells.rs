//! A program that links the library and declares no cell. Where linkers name the two ends of a section, they do so only if
//! something is in it.

use std::time::Duration;

#[test]
fn l1_without_a_cell_every_list_is_empty() {
    assert!(cells::all().is_empty());
    assert!(cells::snapshot().is_empty());
    assert!(cells::graph().nodes.is_empty());
    assert!(cells::find("none").is_none());
    assert!(cells::health().ready.ok);
    assert!(cells::page().contains("<html"));
    assert!(cells::warm_up().cells.is_empty());
    assert!(cells::close_all(Duration::ZERO).cells.is_empty());
    assert!(cells::shutdown(Duration::ZERO).into_result().is_ok());
}
