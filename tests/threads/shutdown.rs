//! The end of all cells. It is for good, so each of these tests runs in a process of its own.

use cells::testing::allow_seeding;
use cells::{
    BoxError, Error, Ref, SeedRefusal, ShutdownOutcome, ShutdownReport, State, UnavailableError, runtime_cell,
};
use cells_test_support::{Boom, Job, LONG, Stage, alone, eventually, lock, panic_of, spawn};
use std::panic::catch_unwind;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Barrier, Mutex};
use std::time::Duration;

/// A limit that passes; longer than what is granted to those who are late.
const SHORT: Duration = Duration::from_millis(200);

/// What is disposed, in that order.
static LOG: Mutex<Vec<&str>> = Mutex::new(Vec::new());

/// A payload that the log knows of.
struct Node(&'static str);

fn dispose(Node(name): Node) {
    lock(&LOG).push(name);
}

fn disposed() -> Vec<&'static str> {
    lock(&LOG).clone()
}

/// What the report says of each cell.
fn outcomes(report: &ShutdownReport) -> Vec<(&'static str, ShutdownOutcome)> {
    let mut outcomes: Vec<_> = report.cells.iter().map(|cell| (cell.info.name, cell.outcome)).collect();
    outcomes.sort_unstable_by_key(|(name, _)| *name);
    outcomes
}

#[runtime_cell(dispose = dispose)]
fn base() -> Node {
    Node("base")
}

#[runtime_cell(dispose = dispose)]
fn lent(base: &Node) -> Node {
    assert_eq!(base.0, "base");
    Node("lent")
}

#[runtime_cell(dispose = dispose)]
fn called() -> Node {
    let _ = lent();
    Node("called")
}

#[runtime_cell(dispose = dispose, after = [CALLED])]
fn later() -> Node {
    Node("later")
}

#[runtime_cell(dispose = dispose)]
fn untouched() -> Node {
    Node("untouched")
}

/// A cell that fails, and cools down for long.
#[runtime_cell(cooldown = "1h")]
fn failing() -> Result<u32, Boom> {
    Err(Boom(1))
}

/// Where the factory below stops the first time.
static STAGE: Mutex<Option<&'static Stage>> = Mutex::new(None);

#[runtime_cell(dispose = dispose)]
fn slow(base: &Node) -> Result<Node, Boom> {
    let stage = lock(&STAGE).take();
    stage.expect("it is built once").pause();
    assert_eq!(base.0, "base");
    Ok(Node("slow"))
}

#[runtime_cell]
fn broken() -> Result<u32, Boom> {
    let stage = lock(&STAGE).take();
    stage.expect("it is built once").pause();
    Err(Boom(2))
}

/// Makes the factory of `slow` or `broken` stop.
fn staged() -> &'static Stage {
    let stage = Stage::new();
    *lock(&STAGE) = Some(stage);
    stage
}

#[test]
fn p7_dependents_are_closed_before_what_they_depend_on() {
    alone(|| {
        drop((called(), later()));
        let report = cells::shutdown(LONG);
        assert_eq!(disposed(), ["later", "called", "lent", "base"]);
        let all = ["base", "called", "later", "lent"].map(|name| (name, ShutdownOutcome::Disposed));
        assert_eq!(outcomes(&report), all, "the untouched one is left out");
        assert!(report.is_ok() && report.errors().next().is_none());
        assert!(report.cells.iter().all(|cell| cell.duration <= report.took));
    });
}

#[test]
fn p7_independent_cells_are_closed_in_parallel() {
    static MEETING: Barrier = Barrier::new(3);
    fn meet(_: u8) {
        MEETING.wait();
    }
    #[runtime_cell(dispose = meet)]
    fn one() -> u8 {
        1
    }
    #[runtime_cell(dispose = meet)]
    fn two() -> u8 {
        2
    }
    #[runtime_cell(dispose = meet)]
    fn three() -> u8 {
        3
    }

    alone(|| {
        drop((one(), two(), three()));
        // Each disposer ends only when all of them are at it.
        assert!(cells::shutdown(LONG).is_ok());
    });
}

#[test]
fn p7_a_flight_under_way_is_superseded_and_waited_for() {
    alone(|| {
        let stage = staged();
        let pilot = spawn(slow);
        stage.reached();
        let waiter = spawn(slow);
        eventually("the waiter", || SLOW.snapshot().waiters == 1);
        let shutdown = spawn(|| cells::shutdown(LONG));
        let refusal = waiter.join().err().expect("who waits is told at once");
        assert!(refusal.is_shut_down(), "{refusal}");
        assert_eq!((SLOW.state(), SLOW.snapshot().flights), (State::Closed, 1));
        assert!(!shutdown.is_finished() && disposed().is_empty(), "the factory still uses `base`");
        stage.release();
        let refusal = pilot.join().err().expect("what it made came too late");
        assert!(refusal.is_shut_down(), "{refusal}");
        let report = shutdown.join();
        assert_eq!(disposed(), ["slow", "base"]);
        let expected = [("base", ShutdownOutcome::Disposed), ("slow", ShutdownOutcome::Superseded)];
        assert_eq!(outcomes(&report), expected);
        assert!(report.is_ok());
    });
}

#[test]
fn p7_a_flight_that_fails_meanwhile_is_shut_down_too() {
    alone(|| {
        let stage = staged();
        let pilot = spawn(broken);
        stage.reached();
        let shutdown = spawn(|| cells::shutdown(LONG));
        eventually("the shutdown", || BROKEN.state() == State::Closed);
        stage.release();
        assert!(pilot.join().is_err_and(|error| error.is_shut_down()), "not with the error of the factory");
        assert_eq!(outcomes(&shutdown.join()), [("broken", ShutdownOutcome::Superseded)]);
    });
}

#[test]
fn p7_a_factory_that_does_not_return_is_given_up_at_the_limit() {
    alone(|| {
        let stage = staged();
        let pilot = spawn(slow);
        stage.reached();
        let report = cells::shutdown(SHORT);
        assert!(!report.is_ok() && report.took >= SHORT);
        let expected = [("base", ShutdownOutcome::Draining), ("slow", ShutdownOutcome::Draining)];
        assert_eq!(outcomes(&report), expected, "it still runs, and holds a lease");
        assert!(disposed().is_empty());
        stage.release();
        assert!(pilot.join().is_err_and(|error| error.is_shut_down()));
        let mut late = disposed();
        late.sort_unstable();
        assert_eq!(late, ["base", "slow"], "it goes on on its own");
    });
}

fn refuse(payload: u32) -> Result<(), Boom> {
    Err(Boom(payload))
}

#[runtime_cell(dispose = refuse)]
fn late() -> u32 {
    let stage = lock(&STAGE).take();
    stage.expect("it is built once").pause();
    7
}

#[runtime_cell(dispose = dispose, after = [LATE])]
fn after_late() -> Node {
    Node("after late")
}

fn late_is_reported(report: &ShutdownReport) {
    let errors: Vec<_> = report.errors().map(|(info, error)| (info.name, error.to_string())).collect();
    assert_eq!(errors, [("late", "boom 7".to_owned())], "{report}");
    assert!(!report.is_ok());
}

#[test]
fn p7_the_error_of_a_payload_that_came_too_late_is_collected() {
    alone(|| {
        let stage = staged();
        let pilot = spawn(|| LATE.try_get());
        stage.reached();
        let shutdown = spawn(|| cells::shutdown(LONG));
        eventually("the shutdown", || LATE.state() == State::Closed);
        stage.release();
        assert!(pilot.join().is_err_and(|error| error.is_shut_down()));
        late_is_reported(&shutdown.join());
    });
}

#[test]
fn p7_a_flight_that_ends_before_its_cells_turn_is_reported_too() {
    alone(|| {
        let stage = staged();
        let pilot = spawn(|| LATE.try_get());
        stage.reached();
        // As long as this is out, the other one's turn does not come.
        let lease = after_late();
        let shutdown = spawn(|| cells::shutdown(LONG));
        eventually("the shutdown", || LATE.state() == State::Closed && AFTER_LATE.peek().is_none());
        stage.release();
        assert!(pilot.join().is_err_and(|error| error.is_shut_down()));
        assert!(!shutdown.is_finished());
        drop(lease);
        late_is_reported(&shutdown.join());
    });
}

#[test]
fn p7_a_lease_that_is_never_dropped_holds_up_only_its_own_payload() {
    alone(|| {
        let lease = lent();
        let report = cells::shutdown(SHORT);
        assert!(report.took >= SHORT);
        let expected = [("base", ShutdownOutcome::Disposed), ("lent", ShutdownOutcome::Draining)];
        assert_eq!(outcomes(&report), expected, "the rest is closed all the same");
        assert!(!report.is_ok());
        assert_eq!((disposed(), lease.0), (vec!["base"], "lent"), "it serves whoever holds it");
        drop(lease);
        assert_eq!(disposed(), ["base", "lent"], "and goes with its last lease");
    });
}

#[test]
fn p7_a_lease_that_is_dropped_in_time_is_waited_for() {
    alone(|| {
        let lease = lent();
        let shutdown = spawn(|| cells::shutdown(LONG));
        eventually("the retirement", || LENT.peek().is_none());
        assert!(BASE.is_ready(), "its turn has not come");
        assert!(disposed().is_empty());
        drop(lease);
        assert!(shutdown.join().is_ok());
        assert_eq!(disposed(), ["lent", "base"]);
    });
}

fn line(table: &str, name: &str) -> Vec<String> {
    let line = table.lines().find(|line| line.starts_with(name)).unwrap_or_default();
    line.split_whitespace().map(str::to_owned).collect()
}

#[test]
fn p7_failing_disposers_are_all_reported_and_stop_nothing() {
    fn fail(_: u8) -> Result<(), Boom> {
        Err(Boom(1))
    }
    fn panic(_: u16) {
        panic!("wild")
    }
    #[runtime_cell(dispose = fail)]
    fn a_failing(base: &Node) -> u8 {
        assert_eq!(base.0, "base");
        1
    }
    #[runtime_cell(dispose = panic)]
    fn b_panicking(base: &Node) -> u16 {
        assert_eq!(base.0, "base");
        2
    }

    alone(|| {
        drop((a_failing(), b_panicking()));
        let report = cells::shutdown(LONG);
        assert_eq!(
            outcomes(&report),
            [
                ("a_failing", ShutdownOutcome::Failed),
                ("b_panicking", ShutdownOutcome::Failed),
                ("base", ShutdownOutcome::Disposed),
            ]
        );
        let mut errors: Vec<_> =
            report.errors().map(|(info, error)| (info.name, error.to_string())).collect();
        errors.sort_unstable();
        assert_eq!(errors, [("a_failing", "boom 1".to_owned()), ("b_panicking", "wild".to_owned())]);
        assert_eq!((disposed(), report.is_ok()), (vec!["base"], false));

        let table = report.to_string();
        assert!(table.starts_with("cell "), "{table}");
        assert_eq!(line(&table, "a_failing")[1], "failed");
        assert!(line(&table, "a_failing").ends_with(&["boom".to_owned(), "1".to_owned()]), "{table}");
        assert_eq!(line(&table, "b_panicking").last().map(String::as_str), Some("wild"), "{table}");
        assert_eq!(line(&table, "base")[1], "disposed", "{table}");
        assert!(table.lines().last().is_some_and(|line| line.starts_with("took ")), "{table}");
    });
}

#[test]
fn p7_a_disposer_that_blocks_is_given_up_at_the_limit() {
    static BLOCKED: Mutex<Option<&'static Stage>> = Mutex::new(None);
    fn block(_: u32) {
        let stage = lock(&BLOCKED).take();
        stage.expect("it is there").pause();
    }
    #[runtime_cell(dispose = block)]
    fn blocking(base: &Node) -> u32 {
        assert_eq!(base.0, "base");
        3
    }

    alone(|| {
        let stage = Stage::new();
        *lock(&BLOCKED) = Some(stage);
        drop(blocking());
        let report = cells::shutdown(SHORT);
        assert!(report.took >= SHORT && !report.is_ok());
        assert!(outcomes(&report).contains(&("blocking", ShutdownOutcome::Overdue)), "{report}");
        assert_eq!(line(&report.to_string(), "blocking")[1..3], ["still", "disposing"], "{report}");
        eventually("the end of what it depends on", || disposed() == ["base"]);
        stage.release();
    });
}

#[test]
fn c3_c5_e1_it_is_for_good_and_comes_before_all_else() {
    alone(|| {
        drop((base(), failing().is_err()));
        assert!(failing().is_err_and(|error| error.is_cooldown()));
        assert!(cells::shutdown(LONG).is_ok());
        let mut refusals = vec![
            BASE.try_get().err().expect("a cell that was there"),
            UNTOUCHED.try_get().err().expect("a cell that was never there"),
            failing().expect_err("a cell that cools down"),
            LENT.try_get().err().expect("a cell whose dependency is gone as well"),
            BASE.refresh().err().expect("a refresh builds"),
            BASE.get_or_initialize(|| Ok::<_, Boom>(Node("by hand")))
                .err()
                .expect("whoever brings a factory"),
        ];
        // Nothing leads out of it.
        let _ = (BASE.close(), BASE.close_and_drain(Duration::ZERO), BASE.invalidate());
        BASE.record_failure(Boom(3), LONG);
        refusals.push(BASE.try_get().err().expect("still"));
        for error in refusals {
            assert!(error.is_shut_down() && error.is_unavailable(), "{error:?}");
            assert!(matches!(error, Error::Unavailable(UnavailableError::ShutDown { .. })));
            assert!(!error.is_cooldown() && error.retry_after().is_none());
            assert_eq!(error.to_string(), format!("cell `{}`: shut down", error.cell()));
        }
        for state in [BASE.state(), UNTOUCHED.state(), FAILING.state(), BASE.snapshot().state] {
            assert_eq!(state, State::Closed);
        }
        assert!(BASE.peek().is_none() && !BASE.is_ready());
        assert_eq!(format!("{BASE:?}").matches("Closed").count(), 1);
        assert!(cells::graph().nodes.iter().all(|node| node.state == State::Closed));
        let message = cells_panic(|| drop(base()));
        assert_eq!(message, "cell `base`: shut down", "an infallible accessor has no other way to say it");

        let report = cells::warm_up_all();
        assert!(report.cells.iter().all(|cell| cell.outcome != cells::WarmUpOutcome::Built), "{report}");
        assert_eq!(disposed(), ["base"], "nothing was built, and nothing is disposed twice");
    });
}

fn cells_panic(f: impl FnOnce()) -> String {
    panic_of(f).downcast_ref::<String>().expect("a message").clone()
}

#[test]
fn c27_a_seed_is_refused_after_shutdown_and_handed_back() {
    alone(|| {
        let _permit = allow_seeding();
        assert!(cells::shutdown(LONG).is_ok());
        let error = BASE.seed(Node("seed")).expect_err("it is shut down");
        assert_eq!(error.refusal(), SeedRefusal::ShutDown);
        assert_eq!(error.to_string(), "cell `base`: it is shut down");
        assert_eq!(error.into_value().0, "seed");
        assert_eq!(BASE.state(), State::Closed);
    });
}

#[test]
fn p7_a_second_call_returns_the_report_of_the_first() {
    alone(|| {
        drop(lent());
        let callers: Vec<_> = (0..8).map(|_| spawn(|| cells::shutdown(LONG))).collect();
        let reports: Vec<_> = callers.into_iter().map(Job::join).collect();
        assert_eq!(disposed(), ["lent", "base"]);
        assert_eq!(outcomes(&reports[0]).len(), 2);
        let again = cells::shutdown(Duration::ZERO);
        for report in reports {
            assert_eq!((report.took, outcomes(&report)), (again.took, outcomes(&again)));
        }
    });
}

#[test]
fn p7_a_shutdown_inside_a_disposer_does_not_wait_for_itself() {
    static INNER: AtomicUsize = AtomicUsize::new(0);
    fn shut_down(_: u8) {
        assert!(cells::shutdown(LONG).cells.is_empty());
        INNER.fetch_add(1, SeqCst);
    }
    #[runtime_cell(dispose = shut_down)]
    fn eager_to_end() -> u8 {
        1
    }

    alone(|| {
        drop(eager_to_end());
        assert!(cells::shutdown(LONG).is_ok());
        assert_eq!(INNER.load(SeqCst), 1);
    });
}

#[test]
fn p7_the_guard_shuts_down_at_the_end_of_its_scope() {
    alone(|| {
        let guard = cells::shutdown_on_drop(LONG);
        drop(lent());
        assert!(BASE.is_ready());
        drop(guard);
        assert_eq!((disposed(), BASE.state()), (vec!["lent", "base"], State::Closed));
    });
}

#[test]
fn p7_the_guard_shuts_down_on_early_return() {
    fn run() -> Result<(), Boom> {
        let _guard = cells::shutdown_on_drop(LONG);
        drop(lent());
        drop(failing().map_err(|_| Boom(4))?);
        unreachable!("it failed");
    }

    alone(|| {
        assert_eq!(run(), Err(Boom(4)));
        assert_eq!((disposed(), BASE.state()), (vec!["lent", "base"], State::Closed));
    });
}

#[test]
fn p7_the_guard_shuts_down_on_panic() {
    alone(|| {
        let run = || {
            let _guard = cells::shutdown_on_drop(LONG);
            let lease = lent();
            panic!("{} is in use", lease.0);
        };
        assert!(catch_unwind(run).is_err());
        assert_eq!((disposed(), BASE.state()), (vec!["lent", "base"], State::Closed));
    });
}

#[test]
fn p7_close_all_is_the_same_order_and_not_for_good() {
    alone(|| {
        for round in 1..4 {
            drop((called(), later()));
            let report = cells::close_all(LONG);
            assert!(report.is_ok(), "{report}");
            assert_eq!(outcomes(&report).len(), 4);
            assert_eq!(disposed()[(round - 1) * 4..], ["later", "called", "lent", "base"]);
            assert_eq!((BASE.state(), LATER.state()), (State::Empty, State::Empty));
        }
        assert_eq!(Ref::generation(&base()), 4);
        assert_eq!(outcomes(&cells::shutdown(LONG)), [("base", ShutdownOutcome::Disposed)]);
    });
}

#[test]
fn p7_nothing_to_close_is_an_empty_report() {
    alone(|| {
        let report = cells::shutdown(LONG);
        assert!(report.cells.is_empty() && report.is_ok());
        assert!(report.to_string().lines().count() == 2, "{report}");
    });
}

#[test]
fn p7_a_factory_may_take_part_in_no_shutdown() {
    #[runtime_cell]
    fn ending() -> Result<u32, BoxError> {
        let report = cells::shutdown(SHORT);
        Ok(report.cells.len().try_into()?)
    }

    alone(|| {
        assert!(ending().is_err_and(|error| error.is_shut_down()), "it waited for itself, up to the limit");
        assert_eq!(outcomes(&cells::shutdown(LONG)), [("ending", ShutdownOutcome::Draining)]);
    });
}
