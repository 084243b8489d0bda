//! A shutdown is for good: what cells do after it, and what a second call returns.

use super::{BASE, FAILING, LENT, Node, UNTOUCHED, base, disposed, failing, lent, outcomes};
use cells::testing::allow_seeding;
use cells::{Error, SeedRefusal, State, UnavailableError};
use cells_test_support::{Boom, Job, LONG, alone, panic_of, spawn};
use std::time::Duration;

#[test]
fn c3_c5_e1_it_is_for_good_and_comes_before_all_else() {
    alone(|| {
        drop((base(), failing().is_err()));
        assert!(failing().is_err_and(|error| error.is_cooldown()));
        assert!(cells::shutdown(LONG).is_ok());
        let mut refusals = vec![
            BASE.try_get().err().expect("a cell that was ready"),
            UNTOUCHED.try_get().err().expect("a cell that was never built"),
            failing().expect_err("a cell that cools down"),
            LENT.try_get().err().expect("a cell whose dependency is shut down as well"),
            BASE.refresh().err().expect("a refresh builds"),
        ];
        // No call leads out of this state.
        let _ = (BASE.close(), BASE.close_and_drain(Duration::ZERO), BASE.invalidate());
        BASE.record_failure(Boom(3), LONG);
        refusals.push(BASE.try_get().err().expect("it is still shut down"));
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
        assert_eq!(message, "cell `base`: shut down", "an infallible accessor can only panic");

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
