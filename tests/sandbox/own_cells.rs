//! T1: which cells a sandbox has, and what builds them.

use crate::graph::{
    FOUR_TIMES, LIMIT, MODEL, NAME, TWICE, four_times, greeting, limit, model, name, thrice, twice,
};
use cells::testing::Sandbox;
use cells::{Error, ProvideRefusal, State, UnavailableError, runtime_cell};

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

#[runtime_cell(provided)]
fn args() -> Vec<&'static str>;

#[runtime_cell]
fn first(args: &Vec<&'static str>) -> &'static str {
    args.first().copied().unwrap_or("none")
}

#[test]
fn t3_provided_cells_too() {
    let refused = |result: Result<_, Error>| {
        matches!(result, Err(Error::Unavailable(UnavailableError::NotProvided { cell: "args", .. })))
    };
    {
        let _cells = Sandbox::new().enter();
        assert!(refused(ARGS.try_get().map(drop)));
        ARGS.provide(vec!["a"]).expect("it is empty");
        assert_eq!(*first(), "a");
        let again = ARGS.provide(vec!["b"]).expect_err("it has a value");
        assert_eq!(again.refusal(), ProvideRefusal::Ready);
        ARGS.replace_with_dependents(again.into_value()).expect("it takes it").expect("it is rebuilt");
        assert_eq!(*first(), "b");
    }
    {
        let _cells = Sandbox::new().put(&ARGS, vec!["c"]).enter();
        assert_eq!(*first(), "c");
    }
    let _cells = Sandbox::new().factory(&ARGS, || vec!["d"]).enter();
    assert_eq!(*first(), "d");
    ARGS.invalidate_with_dependents();
    assert_eq!(*first(), "d");
}

#[test]
fn t3_provided_permanent_cells_too() {
    #[runtime_cell(provided, permanent)]
    fn host() -> String;

    let hosts = ["one", "two"].map(|name| {
        let _cells = Sandbox::new().enter();
        HOST.provide(name.to_owned()).expect("it is empty");
        host().as_str()
    });
    // Each was leaked, so both can be read.
    assert_eq!(hosts, ["one", "two"]);
    assert!(HOST.peek().is_none() && !HOST.is_ready());
}

#[cfg(feature = "tokio")]
#[test]
fn t3_cells_of_each_runtime_too() {
    #[runtime_cell(runtime = "own")]
    async fn session(limit: &u32) -> u32 {
        *limit
    }

    let runtimes = [(); 2].map(|()| cells_test_support::current_thread());
    let cells = Sandbox::new().put(&LIMIT, 6).enter();
    for runtime in &runtimes {
        cells.handle().adopt(runtime.handle());
        runtime.block_on(async {
            assert_eq!((*session().await, SESSION.generation()), (6, Some(1)));
        });
    }
    drop(runtimes);
    drop(cells);
    let runtime = cells_test_support::current_thread();
    assert!(runtime.block_on(async { SESSION.peek() }).is_none(), "the process has none");
}
