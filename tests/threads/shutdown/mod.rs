//! The shutdown of all cells. It is for good, so each of these tests runs in a process of its own.

use cells::{Ref, ShutdownOutcome, ShutdownReport, State, runtime_cell};
use cells_test_support::{Boom, LONG, Stage, alone, eventually, lock, spawn};
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::SeqCst;
use std::sync::{Barrier, Mutex};
use std::time::Duration;

mod flights;
mod for_good;
mod guard;
mod waiting;

/// A limit that the test lets pass; longer than the grace period for late disposers.
const SHORT: Duration = Duration::from_millis(200);

/// The disposed payloads, in order.
static LOG: Mutex<Vec<&str>> = Mutex::new(Vec::new());

/// A payload whose disposal is logged.
struct Node(&'static str);

fn dispose(Node(name): Node) {
    lock(&LOG).push(name);
}

fn disposed() -> Vec<&'static str> {
    lock(&LOG).clone()
}

/// The outcome of each cell in the report.
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

/// A cell that fails, with a long cooldown.
#[runtime_cell(cooldown = "1h")]
fn failing() -> Result<u32, Boom> {
    Err(Boom(1))
}

#[test]
fn p7_dependents_are_closed_before_what_they_depend_on() {
    alone(|| {
        drop((called(), later()));
        let report = cells::shutdown(LONG);
        assert_eq!(disposed(), ["later", "called", "lent", "base"]);
        let all = ["base", "called", "later", "lent"].map(|name| (name, ShutdownOutcome::Disposed));
        assert_eq!(outcomes(&report), all, "a cell that was never built is left out");
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
        // Each disposer ends only once all three run.
        assert!(cells::shutdown(LONG).is_ok());
    });
}

#[test]
fn p7_a_lease_that_is_never_dropped_holds_up_only_its_own_payload() {
    alone(|| {
        let lease = lent();
        let report = cells::shutdown(SHORT);
        assert!(report.took >= SHORT);
        let expected = [("base", ShutdownOutcome::Disposed), ("lent", ShutdownOutcome::Draining)];
        assert_eq!(outcomes(&report), expected, "the other cells are closed regardless");
        assert!(!report.is_ok());
        assert_eq!((disposed(), lease.0), (vec!["base"], "lent"), "a lease that is out stays valid");
        drop(lease);
        assert_eq!(disposed(), ["base", "lent"], "its last lease disposes it");
    });
}

#[test]
fn p7_a_lease_that_is_dropped_in_time_is_waited_for() {
    alone(|| {
        let lease = lent();
        let shutdown = spawn(|| cells::shutdown(LONG));
        eventually("the retirement", || LENT.peek().is_none());
        assert!(BASE.is_ready(), "its turn has not come yet");
        assert!(disposed().is_empty());
        drop(lease);
        assert!(shutdown.join().is_ok());
        assert_eq!(disposed(), ["lent", "base"]);
    });
}

fn line(table: &str, name: &str) -> Vec<String> {
    let line = table.lines().find(|line| line.starts_with(name)).unwrap_or_default();
    line.split("  ").map(str::trim).filter(|entry| !entry.is_empty()).map(str::to_owned).collect()
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
        assert_eq!(line(&table, "a_failing").last().map(String::as_str), Some("boom 1"), "{table}");
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
        assert_eq!(line(&report.to_string(), "blocking")[1], "still disposing", "{report}");
        eventually("the end of what it depends on", || disposed() == ["base"]);
        stage.release();
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
fn x32_a_dependency_that_is_first_seen_during_the_shutdown_orders_what_has_not_begun() {
    static STAGES: Mutex<[Option<&'static Stage>; 3]> = Mutex::new([None; 3]);
    fn pause(at: usize) {
        let stage = lock(&STAGES)[at];
        stage.expect("it is there").pause();
    }
    fn first_of_all(Node(name): Node) {
        pause(0);
        lock(&LOG).push(name);
    }
    #[runtime_cell(dispose = dispose)]
    fn a_used() -> Node {
        Node("used")
    }
    #[runtime_cell(dispose = dispose)]
    fn b_witness() -> Node {
        Node("witness")
    }
    #[runtime_cell(dispose = first_of_all)]
    fn gate(a_used: &Node, b_witness: &Node) -> Node {
        assert_eq!((a_used.0, b_witness.0), ("used", "witness"));
        Node("gate")
    }
    #[runtime_cell(dispose = dispose)]
    fn user() -> Node {
        pause(1);
        drop(a_used());
        pause(2);
        Node("user")
    }

    alone(|| {
        let stages = [(); 3].map(|()| Stage::new());
        *lock(&STAGES) = stages.map(Some);
        drop(gate());
        let building = spawn(|| drop(user()));
        stages[1].reached();
        let shutdown = spawn(|| cells::shutdown(LONG));
        stages[0].reached();
        stages[1].release();
        stages[2].reached();
        stages[0].release();
        // Its turn came together with that of `used`, if nobody uses that one.
        eventually("the end of the witness", || disposed().contains(&"witness"));
        stages[2].release();
        assert!(building.outcome().is_err(), "there is no payload after a shutdown");
        assert!(shutdown.join().is_ok());
        assert_eq!(disposed(), ["gate", "witness", "user", "used"]);
    });
}

#[test]
fn x29_a_report_tells_cells_of_one_name_apart_and_keeps_to_its_lines() {
    mod users {
        #[cells::runtime_cell(name = "the\nstore")]
        pub(super) fn db() -> u8 {
            1
        }
    }
    mod orders {
        #[cells::runtime_cell(name = "the\nstore")]
        pub(super) fn db() -> u8 {
            2
        }
    }

    alone(|| {
        drop((users::db(), orders::db()));
        let report = cells::shutdown(LONG).to_string();
        assert_eq!(report.lines().count(), 4, "{report}");
        for module in ["users", "orders"] {
            let name = format!("the\\nstore in {}::{module} ", module_path!());
            assert!(report.lines().any(|line| line.starts_with(&name)), "{name}\n{report}");
        }
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
