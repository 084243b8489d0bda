//! Waiting for the beginning of a shutdown: the loops of workers.

use super::base;
use cells::{shutdown, wait_for_shutdown};
use cells_test_support::{Gate, LONG, alone, eventually, lock, spawn};
use std::sync::Mutex;
use std::time::Duration;

#[test]
fn h6_threads_that_wait_for_a_shutdown_end_when_it_begins() {
    alone(|| {
        // Its disposal waits for this lease, and so does the end of the shutdown.
        let lease = base();
        let waiters: Vec<_> = (0..16).map(|_| spawn(|| wait_for_shutdown(Duration::MAX))).collect();
        assert!(!wait_for_shutdown(Duration::ZERO) && !wait_for_shutdown(Duration::from_millis(1)));
        let report = spawn(|| shutdown(LONG));
        assert!(waiters.into_iter().all(|waiter| waiter.join()));
        assert!(wait_for_shutdown(Duration::ZERO) && !report.is_finished());
        drop(lease);
        assert!(report.join().is_ok());
        assert!(wait_for_shutdown(LONG), "it is for good");
    });
}

#[test]
fn h6_a_worker_lets_go_of_its_lease_when_a_shutdown_begins() {
    static ROUNDS: Mutex<Vec<u32>> = Mutex::new(Vec::new());
    alone(|| {
        let working = Gate::new();
        let worker = spawn(|| {
            let lease = base();
            let mut round = 0;
            while !wait_for_shutdown(Duration::from_millis(1)) {
                round += 1;
                lock(&ROUNDS).push(round);
                working.open();
            }
            assert_eq!(lease.0, "base");
        });
        working.wait();
        eventually("it goes round", || lock(&ROUNDS).len() > 2);
        assert!(shutdown(LONG).is_ok());
        worker.join();
    });
}

#[test]
fn h6_close_all_is_no_shutdown() {
    alone(|| {
        drop(base());
        assert!(cells::close_all(LONG).is_ok());
        assert!(!wait_for_shutdown(Duration::ZERO));
    });
}
