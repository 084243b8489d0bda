//! Flights under way when a shutdown begins.

use super::{BASE, Node, SHORT, dispose, disposed, outcomes};
use cells::{BoxError, ShutdownOutcome, ShutdownReport, State, runtime_cell};
use cells_test_support::{Boom, LONG, Stage, alone, eventually, lock, spawn};
use std::sync::Mutex;

/// Where the next of the factories below stops.
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
fn p7_a_flight_under_way_is_superseded_and_waited_for() {
    alone(|| {
        let stage = staged();
        let initializer = spawn(slow);
        stage.reached();
        let waiter = spawn(slow);
        eventually("the waiter", || SLOW.snapshot().waiters == 1);
        let shutdown = spawn(|| cells::shutdown(LONG));
        let refusal = waiter.join().err().expect("a waiter is refused at once");
        assert!(refusal.is_shut_down(), "{refusal}");
        assert_eq!((SLOW.state(), SLOW.snapshot().flights), (State::Closed, 1));
        assert!(!shutdown.is_finished() && disposed().is_empty(), "the factory still uses `base`");
        stage.release();
        let refusal = initializer.join().err().expect("its payload came too late");
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
        let initializer = spawn(broken);
        stage.reached();
        let shutdown = spawn(|| cells::shutdown(LONG));
        eventually("the shutdown", || BROKEN.state() == State::Closed);
        stage.release();
        assert!(initializer.join().is_err_and(|error| error.is_shut_down()), "not with the factory's error");
        assert_eq!(outcomes(&shutdown.join()), [("broken", ShutdownOutcome::Superseded)]);
    });
}

#[test]
fn p7_a_factory_that_does_not_return_is_given_up_at_the_limit() {
    alone(|| {
        let stage = staged();
        let initializer = spawn(slow);
        stage.reached();
        let report = cells::shutdown(SHORT);
        assert!(!report.is_ok() && report.took >= SHORT);
        let expected = [("base", ShutdownOutcome::Draining), ("slow", ShutdownOutcome::Draining)];
        assert_eq!(outcomes(&report), expected, "it still runs, and holds a lease");
        assert!(disposed().is_empty());
        stage.release();
        assert!(initializer.join().is_err_and(|error| error.is_shut_down()));
        let mut late = disposed();
        late.sort_unstable();
        assert_eq!(late, ["base", "slow"], "the superseded factory finishes by itself");
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
        let initializer = spawn(|| LATE.try_get());
        stage.reached();
        let shutdown = spawn(|| cells::shutdown(LONG));
        eventually("the shutdown", || LATE.state() == State::Closed);
        stage.release();
        assert!(initializer.join().is_err_and(|error| error.is_shut_down()));
        late_is_reported(&shutdown.join());
    });
}

#[test]
fn p7_a_flight_that_ends_before_its_cells_turn_is_reported_too() {
    alone(|| {
        let stage = staged();
        let initializer = spawn(|| LATE.try_get());
        stage.reached();
        // While this lease is out, the turn of `late` does not come.
        let lease = after_late();
        let shutdown = spawn(|| cells::shutdown(LONG));
        eventually("the shutdown", || LATE.state() == State::Closed && AFTER_LATE.peek().is_none());
        stage.release();
        assert!(initializer.join().is_err_and(|error| error.is_shut_down()));
        assert!(!shutdown.is_finished());
        drop(lease);
        late_is_reported(&shutdown.join());
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
