//! `shutdown_on_drop`: at the end of its scope, on early return and on panic.

use super::{BASE, SHORT, disposed, failing, lent};
use cells::State;
use cells_test_support::{Boom, LONG, alone};
use std::panic::catch_unwind;

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
fn x29_a_report_says_that_a_lease_of_its_own_thread_is_waited_for_in_vain() {
    alone(|| {
        let lease = lent();
        let report = cells::shutdown(SHORT).to_string();
        let line = report.lines().find(|line| line.starts_with("lent")).expect("it is listed");
        assert!(
            line.contains("a lease that the closing thread itself holds is waited for in vain"),
            "{report}"
        );
        drop(lease);
    });
}

#[test]
fn z4_a_report_turns_into_a_result_that_names_every_failure() {
    alone(|| {
        drop(lent());
        cells::close_all(LONG).into_result().expect("all are disposed");

        let lease = lent();
        let error = cells::shutdown(SHORT).into_result().expect_err("a lease is out");
        let text = error.to_string();
        assert_eq!(text, format!("{error:?}"), "what `unwrap` and `main` print");
        for part in [
            "1 of 2 cells did not close cleanly: ",
            "cell `lent` in `threads::shutdown`: still in use by a lease",
            "drop it first",
        ] {
            assert!(text.contains(part), "{text}");
        }
        assert!(!error.report().is_ok() && !text.contains("`base`"), "{text}");
        drop(lease);
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
