//! Warm-ups of the eager cells, each test in a process of its own. The generated program in `programs/graph` warms up all
//! its cells.

use cells::{
    BoxError, CellInfo, RequestContext, WarmUp, WarmUpOutcome, WarmUpReport, WarmedCell, runtime_cell,
};
use cells_test_support::{Stage, alone, alone_with, eventually, spawn};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Barrier, LazyLock};
use std::thread::{self, sleep};
use std::time::Duration;

/// Makes factories of this module fail.
static FAIL: AtomicBool = AtomicBool::new(false);
/// Makes the factories of `left` and `right` wait for each other.
static MEET: AtomicBool = AtomicBool::new(false);
static MEETING: Barrier = Barrier::new(2);
static SESSIONS: AtomicUsize = AtomicUsize::new(0);
const WORK: Duration = Duration::from_millis(20);

#[runtime_cell]
fn base() -> Result<u32, BoxError> {
    if FAIL.load(SeqCst) { Err("no base".into()) } else { Ok(1) }
}

#[runtime_cell]
fn not_needed() -> u32 {
    1
}

#[runtime_cell]
fn by_hand() -> u32 {
    sleep(WORK);
    1
}

#[runtime_cell(eager)]
fn needs_base(base: &u32) -> Result<u32, BoxError> {
    Ok(*base)
}

#[runtime_cell(eager)]
fn needs_that(needs_base: &u32) -> Result<u32, BoxError> {
    Ok(*needs_base)
}

#[runtime_cell(eager, after = [BASE])]
fn comes_after() -> u32 {
    sleep(WORK);
    *by_hand()
}

#[runtime_cell(eager)]
fn may_panic() -> u32 {
    assert!(!FAIL.load(SeqCst), "no way");
    1
}

fn meet() {
    if RequestContext::current().is_some_and(|it| it.init_context().session_id.as_deref() == Some("s-1")) {
        SESSIONS.fetch_add(1, SeqCst);
    }
    if MEET.load(SeqCst) {
        MEETING.wait();
    }
}

#[runtime_cell(eager)]
fn left() -> u32 {
    meet();
    1
}

#[runtime_cell(eager)]
fn right() -> u32 {
    meet();
    1
}

/// The entry in the report for a cell of this module.
fn of<'r>(report: &'r WarmUpReport, name: &str) -> Option<&'r WarmedCell> {
    report.cells.iter().find(|cell| cell.info.name == name && cell.info.module_path == module_path!())
}

fn outcome(report: &WarmUpReport, name: &str) -> Option<WarmUpOutcome> {
    of(report, name).map(|cell| cell.outcome)
}

#[test]
fn p8_eager_cells_are_built_with_what_is_injected_into_them() {
    alone(|| {
        let report = cells::warm_up();
        for name in ["base", "needs_base", "needs_that", "comes_after", "may_panic", "left", "right"] {
            assert_eq!(outcome(&report, name), Some(WarmUpOutcome::Built), "{name}");
        }
        assert_eq!((outcome(&report, "not_needed"), NOT_NEEDED.generation()), (None, None));
        assert_eq!((outcome(&report, "by_hand"), BY_HAND.generation()), (None, Some(1)));
        let order: Vec<_> = report.cells.iter().map(|cell| (cell.info.module_path, cell.info.line)).collect();
        assert!(order.is_sorted());

        let again = cells::warm_up();
        assert_eq!(outcome(&again, "left"), Some(WarmUpOutcome::Ready));
        assert_eq!(LEFT.generation(), Some(1), "a ready payload stays");
    });
}

#[test]
fn z4_a_report_turns_into_a_result_that_names_every_failure() {
    alone(|| {
        FAIL.store(true, SeqCst);
        let report = cells::warm_up();
        let all = report.cells.len();
        let ready = |cell: &&WarmedCell| matches!(cell.outcome, WarmUpOutcome::Built | WarmUpOutcome::Ready);
        let failed = all - report.cells.iter().filter(ready).count();
        let error = report.into_result().expect_err("base fails");
        let text = error.to_string();
        assert!(
            text.starts_with(&format!("{failed} of {all} cells are not ready after the warm-up: ")),
            "{text}"
        );
        for part in [
            "cell `base`: initialization failed: no base",
            "cell `needs_base`: needs base",
            "cell `needs_that`: needs needs_base",
            "cell `may_panic`: the factory panicked: no way",
        ] {
            assert_eq!(text.matches(part).count(), 1, "{part}: {text}");
        }
        assert!(!text.contains('\n') && !text.contains("`left`"), "{text}");
        assert_eq!(text, format!("{error:?}"), "what `unwrap` and `main` print");
        assert_eq!(outcome(error.report(), "base"), Some(WarmUpOutcome::Failed));
    });
}

#[test]
fn p8_independent_cells_are_built_in_parallel() {
    alone(|| {
        // Each factory returns only once both run.
        MEET.store(true, SeqCst);
        let report = WarmUp::new().threads(2).run();
        assert_eq!((outcome(&report, "left"), outcome(&report, "right")).0, Some(WarmUpOutcome::Built));
        let json = serde_json::to_value(&report).expect("it can be written");
        let cells = json["cells"].as_array().expect("a list");
        let left = cells.iter().find(|cell| cell["cell"] == "left").expect("it is reported");
        assert_eq!((&left["outcome"], left["skipped_for"].is_null()), (&"built".into(), true), "{left}");
        let took = of(&report, "left").expect("it is reported").took;
        assert_eq!(left["took_us"], u64::try_from(took.as_micros()).expect("it is short"));
        assert_eq!(
            json["critical_path"].as_array().map(Vec::len),
            Some(report.critical_path.len()),
            "{json}"
        );
        assert!(RIGHT.is_ready());
    });
}

#[test]
fn p8_a_failure_stops_only_what_depends_on_it() {
    alone(|| {
        FAIL.store(true, SeqCst);
        let report = cells::warm_up();
        assert!(!report.is_ok());
        assert_eq!(outcome(&report, "base"), Some(WarmUpOutcome::Failed));
        assert_eq!(
            of(&report, "base").and_then(|cell| cell.error.as_ref()).map(cells::Error::cell),
            Some("base")
        );
        for (name, needs) in [("needs_base", "base"), ("needs_that", "needs_base")] {
            let skipped = of(&report, name).expect("the report lists it");
            assert_eq!(skipped.outcome, WarmUpOutcome::Skipped);
            assert_eq!(skipped.skipped_for.map(|info| info.name), Some(needs));
            assert!(skipped.error.is_none());
        }
        let panicked = of(&report, "may_panic").expect("the report lists it");
        assert_eq!(panicked.outcome, WarmUpOutcome::Failed);
        assert!(
            panicked
                .error
                .as_ref()
                .is_some_and(|error| { error.is_panicked() && error.root_cause().to_string() == "no way" })
        );
        assert_eq!(
            outcome(&report, "comes_after"),
            Some(WarmUpOutcome::Built),
            "it is only ordered after `base`"
        );
        assert_eq!(outcome(&report, "left"), Some(WarmUpOutcome::Built));

        let table = report.to_string();
        let has = |start: &str, end: &str| {
            table.lines().any(|line| line.starts_with(start) && line.trim_end().ends_with(end))
        };
        assert!(has("base ", "initialization failed: no base"), "{table}");
        assert!(has("needs_that ", "needs needs_base"), "{table}");
        assert!(has("may_panic ", "no way"), "{table}");

        // Only what failed is tried again.
        FAIL.store(false, SeqCst);
        let report = cells::warm_up();
        for name in ["base", "needs_base", "needs_that", "may_panic"] {
            assert_eq!(outcome(&report, name), Some(WarmUpOutcome::Built), "{name}");
        }
        assert_eq!(outcome(&report, "left"), Some(WarmUpOutcome::Ready));
    });
}

#[test]
fn p8_own_time_and_waiting_time_are_told_apart() {
    alone(|| {
        let report = WarmUp::new().threads(1).run();
        let slow = of(&report, "comes_after").expect("the report lists it");
        assert!(slow.own >= WORK, "its own work");
        assert!(slow.waiting >= WORK, "that of the cell it calls");
        assert!(slow.own + slow.waiting <= report.took, "no time counts twice");
        let path: Vec<_> = report.critical_path.iter().map(|info| info.name).collect();
        assert!(!path.is_empty() && report.critical_time >= slow.own);
        let last = report.to_string().lines().last().map(str::to_owned).expect("a last line");
        assert!(last.starts_with("took "), "{last}");
        assert!(path.iter().all(|name| last.contains(name)), "{path:?} {last}");
    });
}

#[test]
fn x34_the_critical_path_is_no_longer_than_the_run() {
    #[runtime_cell(eager)]
    fn asked() -> u32 {
        sleep(WORK * 3);
        1
    }
    // It works beside the other one, and only then asks for it.
    #[runtime_cell(eager)]
    fn works_and_asks() -> u32 {
        sleep(WORK * 3);
        *asked()
    }
    #[runtime_cell(eager)]
    fn last(works_and_asks: &u32) -> u32 {
        sleep(WORK);
        *works_and_asks
    }

    // Backtraces of cells elsewhere that panic would take longer than all of these.
    alone_with([("RUST_BACKTRACE", "0")], || {
        let report = WarmUp::new().threads(16).run();
        assert!(report.critical_time <= report.took, "{report}");
        // Each depends on the one before.
        let (graph, all) = (cells::graph(), cells::all());
        let node = |info: &CellInfo| all.iter().position(|cell| std::ptr::eq(cell.info(), info));
        for pair in report.critical_path.windows(2) {
            let (Some(to), Some(from)) = (node(pair[0]), node(pair[1])) else { panic!("it is not listed") };
            assert!(graph.edges.iter().any(|edge| (edge.from, edge.to) == (from, to)), "{pair:?}");
        }
        // A starved machine may end another one later still.
        let ends = report.critical_path.last().expect("something was built").name;
        assert!(report.critical_path.len() >= 2 || ends != "last", "{report}");
    });
}

/// What the cells of this module see of the caller of a warm-up or a close.
mod surroundings {
    use super::{SeqCst, alone, runtime_cell};
    use cells_test_support::LONG;
    use std::sync::atomic::AtomicUsize;
    use std::thread;
    use std::time::{Duration, Instant};
    use tracing::dispatcher;
    use tracing_subscriber::Registry;
    use tracing_subscriber::layer::SubscriberExt;
    use tracing_subscriber::registry::LookupSpan;

    static BUILT: AtomicUsize = AtomicUsize::new(0);
    static DISPOSED: AtomicUsize = AtomicUsize::new(0);

    struct Mark;

    impl<S: tracing::Subscriber + for<'s> LookupSpan<'s>> tracing_subscriber::Layer<S> for Mark {}

    /// Whether the caller's span is around the one of the flight or the disposal.
    fn is_in_span() -> bool {
        let current = tracing::Span::current();
        dispatcher::get_default(|dispatch| {
            let registry = dispatch.downcast_ref::<Mark>().and_then(|_| dispatch.downcast_ref::<Registry>());
            let span = registry.zip(current.id()).and_then(|(registry, id)| registry.span(&id));
            span.is_some_and(|span| span.parent().is_some_and(|parent| parent.name() == "the caller's"))
        })
    }

    fn dispose(_: u32) {
        DISPOSED.fetch_add(usize::from(is_in_span()), SeqCst);
    }

    #[runtime_cell(eager, dispose = dispose)]
    fn looks_around() -> u32 {
        BUILT.fetch_add(usize::from(is_in_span()), SeqCst);
        1
    }

    #[test]
    fn x24_subscriber_and_span_of_the_caller_are_those_of_its_threads() {
        alone(|| {
            let subscriber = Registry::default().with(Mark);
            tracing::subscriber::with_default(subscriber, || {
                let span = tracing::info_span!("the caller's");
                let _entered = span.enter();
                let _ = cells::warm_up();
                assert_eq!(BUILT.load(SeqCst), 1);
                assert!(cells::close_all(LONG).is_ok());
                assert_eq!(DISPOSED.load(SeqCst), 1);
                drop(looks_around());
                assert!(cells::shutdown(LONG).is_ok());
                assert_eq!(DISPOSED.load(SeqCst), 2);
            });
        });
    }

    #[test]
    fn x24_the_token_of_park_stays_with_the_program() {
        alone(|| {
            thread::current().unpark();
            let _ = cells::warm_up();
            assert!(cells::close_all(LONG).is_ok());
            drop(looks_around());
            assert!(cells::shutdown(LONG).is_ok());
            // Returns at once, because the token is there.
            let (asked, long) = (Instant::now(), Duration::from_secs(60));
            thread::park_timeout(long);
            assert!(asked.elapsed() < long);
        });
    }
}

#[test]
fn p8_factories_run_in_the_callers_context_on_threads_of_their_own() {
    alone(|| {
        let _context = RequestContext::new().session_id("s-1").enter();
        let report = cells::warm_up();
        assert_eq!(outcome(&report, "left"), Some(WarmUpOutcome::Built));
        assert_eq!(SESSIONS.load(SeqCst), 2);
    });
}

#[test]
fn p8_cells_that_somebody_else_builds_are_waited_for() {
    alone(|| {
        MEET.store(true, SeqCst);
        let other = thread::spawn(|| *left());
        while LEFT.snapshot().flights == 0 {
            thread::yield_now();
        }
        // `right` runs beside `left`, which the other thread builds.
        let report = WarmUp::new().threads(2).run();
        assert_eq!(other.join().ok(), Some(1));
        assert!(LEFT.is_ready() && RIGHT.is_ready());
        assert!(of(&report, "left").is_some_and(|cell| cell.error.is_none()));
        assert_eq!(LEFT.generation(), Some(1));
    });
}

/// Where `early` stops, which a request builds before the warm-up comes.
static EARLY: LazyLock<&'static Stage> = LazyLock::new(Stage::new);
static HURRIED: AtomicBool = AtomicBool::new(false);

#[runtime_cell(cell = EARLY_CELL, wait_timeout = "1ms")]
fn early() -> Result<u32, BoxError> {
    if HURRIED.load(SeqCst) {
        EARLY.pause();
    }
    Ok(1)
}

#[runtime_cell(eager)]
fn needs_early(#[from(EARLY_CELL)] early: &u32) -> Result<u32, BoxError> {
    Ok(*early)
}

#[runtime_cell(eager)]
fn asks_early() -> Result<u32, BoxError> {
    Ok(*early()?)
}

#[test]
fn x14_a_warm_up_waits_for_an_early_request_as_long_as_that_takes() {
    alone(|| {
        HURRIED.store(true, SeqCst);
        let request = spawn(|| early().map(|lease| *lease));
        EARLY.reached();
        let warm_up = spawn(|| WarmUp::new().threads(3).run());
        // The warm-up's own wait, and that of a factory that it runs.
        eventually("the waits", || EARLY_CELL.snapshot().waiters == 2);
        thread::sleep(WORK);
        EARLY.release();
        let report = warm_up.join();
        for name in ["early", "needs_early", "asks_early"] {
            assert_eq!(outcome(&report, name), Some(WarmUpOutcome::Built), "{report}");
        }
        assert_eq!(request.join().ok(), Some(1));
    });
}
