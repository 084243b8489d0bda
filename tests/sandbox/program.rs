//! T3: what concerns all cells, and the statics' own methods.

use crate::graph::{FOUR_TIMES, LIMIT, MODEL, NAME, TWICE, limit, model, name, twice};
use cells::testing::Sandbox;
use cells::{CloseStatus, State, runtime_cell};
use cells_test_support::{LONG, Recorder};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

fn state_in_graph(name: &str) -> State {
    let graph = cells::graph();
    graph.nodes.iter().find(|node| node.name == name).expect("it is declared").state
}

#[test]
fn t3_the_statics_own_methods_are_about_the_sandboxes_cells() {
    let _cells = Sandbox::new().put(&LIMIT, 3).enter();
    assert_eq!(*twice(), 6);
    assert_eq!(LIMIT.refresh().map(|lease| *lease).expect("it builds"), 100);
    assert_eq!(LIMIT.generation(), Some(2));
    assert_eq!(TWICE.close().status, CloseStatus::Ok);
    assert_eq!((TWICE.state(), TWICE.any().state(), TWICE.peek()), (State::Empty, State::Empty, None));
    LIMIT.record_failure("broken", Duration::MAX);
    assert_eq!(LIMIT.state(), State::Failed);
    assert_eq!(LIMIT.close().status, CloseStatus::Noop);
    LIMIT.seed(4).expect("seeding is allowed in a sandbox");
    assert_eq!(*twice(), 8);
}

#[test]
fn t3_graph_and_snapshot_are_about_the_sandboxes_cells() {
    let _cells = Sandbox::new().put(&LIMIT, 3).enter();
    assert_eq!((state_in_graph("limit"), state_in_graph("twice")), (State::Ready, State::Empty));
    assert_eq!(*twice(), 6);
    assert_eq!(state_in_graph("twice"), State::Ready);
    let snapshot = cells::snapshot();
    let ready: Vec<_> =
        snapshot.iter().filter(|cell| cell.state == State::Ready).map(|cell| cell.name).collect();
    assert_eq!(ready, ["limit", "twice"]);
}

#[test]
fn h8_the_start_up_and_the_page_are_about_the_sandboxes_cells() {
    drop(Sandbox::new().put(&LIMIT, 3).enter());
    let _cells = Sandbox::new().put(&LIMIT, 3).enter();
    assert!(cells::startup().cells.is_empty());
    assert_eq!(*twice(), 6);
    let startup = cells::startup();
    assert_eq!(
        startup.cells.iter().map(|cell| cell.name).collect::<Vec<_>>(),
        ["twice"],
        "nobody built the other"
    );
    let page = cells::Page::new().actions("/", "token");
    let info = TWICE.info();
    let form = format!("token=token&refresh={}::{}:{}", info.module_path, info.ident, info.line);
    assert!(page.to_html().contains("2 ready"));
    assert!(page.act(&form).is_ok());
    assert_eq!(TWICE.generation(), Some(2));
}

#[test]
fn t3_close_all_and_shutdown_end_the_sandboxes_cells_alone() {
    let outside = Sandbox::new().put(&LIMIT, 1).enter();
    let generation = LIMIT.generation();
    {
        let _inner = Sandbox::new().put(&LIMIT, 3).enter();
        assert_eq!(*twice(), 6);
        let report = cells::close_all(LONG);
        assert_eq!(report.cells.iter().map(|cell| cell.info.name).collect::<Vec<_>>(), ["limit", "twice"]);
        assert_eq!(*twice(), 200);
        let report = cells::shutdown(LONG);
        assert_eq!(report.cells.len(), 2, "{report}");
        assert!(TWICE.try_get().is_err_and(|error| error.is_unavailable()));
        assert_eq!(FOUR_TIMES.state(), State::Closed);
        // A second call gives the same report.
        assert_eq!(cells::shutdown(LONG).cells.len(), 2);
    }
    assert_eq!((LIMIT.generation(), *limit(), *twice()), (generation, 1, 2));
    drop(outside);
}

#[test]
fn t3_shared_cells_are_left_alone() {
    let outside = (*model(), MODEL.generation());
    {
        let _cells = Sandbox::new().share(&MODEL).enter();
        assert_eq!(*limit(), 100);
        let report = cells::shutdown(LONG);
        assert_eq!(report.cells.iter().map(|cell| cell.info.name).collect::<Vec<_>>(), ["limit"]);
        assert_eq!((*model(), MODEL.generation()), outside);
    }
    assert_eq!((*model(), MODEL.generation()), outside);
}

#[test]
fn t3_a_shared_cells_factory_runs_among_the_processs_cells() {
    static BUILT: AtomicUsize = AtomicUsize::new(0);

    #[runtime_cell]
    fn base() -> usize {
        BUILT.fetch_add(1, Ordering::SeqCst) + 1
    }

    #[runtime_cell]
    fn on_it(base: &usize) -> usize {
        // What is not declared is the process's too.
        10 * base + *aside()
    }

    #[runtime_cell]
    fn aside() -> usize {
        5
    }

    let _cells = Sandbox::new().put(&ASIDE, 7).share(&ON_IT).enter();
    assert_eq!((*on_it(), *base(), *aside()), (15, 1, 7));
    let _inner = Sandbox::new().share(&ON_IT).enter();
    assert_eq!((*on_it(), *base(), *aside()), (15, 1, 5));
    assert_eq!(BUILT.load(Ordering::SeqCst), 1);
}

#[test]
fn t1_only_some_cells_and_what_depends_on_them() {
    static BUILT: AtomicUsize = AtomicUsize::new(0);

    #[runtime_cell]
    fn heavy() -> usize {
        BUILT.fetch_add(1, Ordering::SeqCst) + 1
    }

    #[runtime_cell]
    fn source() -> usize {
        1
    }

    #[runtime_cell]
    fn derived(heavy: &usize, source: &usize) -> usize {
        100 * heavy + source
    }

    let test = |value| {
        std::thread::spawn(move || {
            let _cells = Sandbox::only([SOURCE.any()]).put(&SOURCE, value).enter();
            (*derived(), *heavy())
        })
    };
    let (one, two) = (test(2), test(3));
    assert_eq!(one.join().expect("no panic"), (102, 1));
    assert_eq!(two.join().expect("no panic"), (103, 1));
    assert_eq!(BUILT.load(Ordering::SeqCst), 1);
}

#[test]
fn t3_observers_and_adjusters_that_are_set_inside_are_the_sandboxes() {
    let (global, own) = (Recorder::new(), Recorder::new());
    {
        let _cells = Sandbox::new().enter();
        cells::set_global_observer(global.clone());
        LIMIT.configure_observer(own.clone());
        assert_eq!(*twice(), 200);
    }
    let inside = global.heard().len();
    assert_eq!(inside, 6, "two cells were built and closed: {:?}", global.heard());
    let mine = own.heard().len();
    let _cells = Sandbox::new().enter();
    assert_eq!(*twice(), 200);
    let _permanent = name();
    assert_eq!((global.heard().len(), own.heard().len()), (inside, mine));
    assert_eq!(NAME.state(), State::Ready);
}

#[test]
fn t3_observed_calls_are_the_sandboxes() {
    #[runtime_cell]
    fn asks() -> u32 {
        *limit()
    }

    {
        let _cells = Sandbox::new().enter();
        assert_eq!(*asks(), 100);
        assert_eq!(ASKS.observed().len(), 1);
    }
    assert!(ASKS.observed().is_empty());
}
