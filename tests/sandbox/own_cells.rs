//! T1: which cells a sandbox has, and what builds them.

use crate::graph::{
    FOUR_TIMES, LIMIT, MODEL, NAME, TWICE, four_times, greeting, limit, model, name, thrice, twice,
};
use cells::State;
use cells::testing::Sandbox;

#[test]
fn t1_a_sandbox_is_empty_and_builds_by_the_declared_factories() {
    let _cells = Sandbox::new().enter();
    assert_eq!(TWICE.state(), State::Empty);
    assert_eq!((*twice(), *thrice()), (200, 300));
    assert_eq!((LIMIT.generation(), TWICE.generation()), (Some(1), Some(1)));
}

#[test]
fn t1_injected_and_asked_for_parameters_are_the_sandboxes() {
    let _cells = Sandbox::new().put(&LIMIT, 7).enter();
    assert_eq!((*twice(), *thrice(), *limit()), (14, 21, 7));
}

#[test]
fn t1_another_factory_is_run_again_after_a_close() {
    let _cells = Sandbox::new().factory(&LIMIT, || 5).enter();
    assert_eq!(*twice(), 10);
    LIMIT.invalidate_with_dependents();
    assert_eq!(TWICE.state(), State::Empty);
    assert_eq!(*twice(), 10);
    assert_eq!(LIMIT.generation(), Some(2));
}

#[test]
fn t1_permanent_cells_too() {
    let build = |value: &'static str| {
        let _cells = Sandbox::new().factory(&NAME, move || value.to_owned()).enter();
        (name().as_str(), greeting().clone(), NAME.peek().map(String::as_str))
    };
    assert_eq!(build("one"), ("one", "hello one".to_owned(), Some("one")));
    let _put = Sandbox::new().put(&NAME, "two".to_owned()).enter();
    assert_eq!((name().as_str(), greeting().as_str()), ("two", "hello two"));
}

#[tokio::test]
async fn t1_asynchronous_cells_too() {
    let cells = Sandbox::new().put(&LIMIT, 2).enter();
    assert_eq!(*four_times().await, 8);
    cells.leave().await;
    let cells = Sandbox::new().factory_async(&FOUR_TIMES, || async { 9 }).enter();
    assert_eq!(*four_times().await, 9);
    cells.leave().await;
    let cells = Sandbox::new().factory(&FOUR_TIMES, || 10).enter();
    assert_eq!(*four_times().await, 10);
    cells.leave().await;
}

#[test]
fn t1_a_shared_cell_is_the_processs() {
    let outside = *model();
    let _cells = Sandbox::new().share(&MODEL).enter();
    assert_eq!(*model(), outside);
}
