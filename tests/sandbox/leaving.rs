//! T4: what a sandbox ends with.

use crate::graph::{LIMIT, TWICE, limit, twice};
use cells::testing::Sandbox;
use cells::{BoxError, runtime_cell};
use cells_test_support::{Boom, Count, Gate, eventually, message, panic_of};
use std::sync::Mutex;
use std::time::Duration;

/// What leaving a sandbox panics with.
fn complaint(leave: impl FnOnce()) -> String {
    message(&*panic_of(leave)).to_owned()
}

#[runtime_cell(dispose = fail)]
fn ends_badly(limit: &u32) -> u32 {
    *limit
}

fn fail(_: u32) -> Result<(), BoxError> {
    Err("the disk is full".into())
}

#[test]
fn t4_dependents_are_closed_first() {
    static ENDS: Mutex<Vec<&str>> = Mutex::new(Vec::new());

    #[derive(Clone)]
    struct Ends(&'static str);

    impl Drop for Ends {
        fn drop(&mut self) {
            ENDS.lock().expect("no panic").push(self.0);
        }
    }

    #[runtime_cell]
    fn below() -> Ends {
        Ends("below")
    }

    #[runtime_cell]
    fn above(below: &Ends) -> Ends {
        let _ = below;
        Ends("above")
    }

    {
        let _cells = Sandbox::new().enter();
        let _ = above();
    }
    assert_eq!(*ENDS.lock().expect("no panic"), ["above", "below"]);
}

#[test]
fn t4_a_disposer_that_fails_fails_the_test() {
    let complaint = complaint(|| {
        let _cells = Sandbox::new().enter();
        let _ = ends_badly();
    });
    assert_eq!(
        complaint,
        "in a sandbox 1 of 2 cells did not close cleanly: cell `ends_badly`: failed: the disk is full"
    );
}

#[test]
fn t4_a_lease_that_is_out_fails_the_test_and_no_payload_is_lost() {
    let mut lease = None;
    let complaint = complaint(|| {
        let _cells = Sandbox::new().limit(Duration::ZERO).enter();
        lease = Some(twice());
    });
    assert!(complaint.contains("cell `twice`: still in use; drop all leases"), "{complaint}");
    assert_eq!(lease.as_deref(), Some(&200));
}

#[test]
fn t4_a_test_that_panics_already_keeps_its_own_message() {
    let message = complaint(|| {
        let _cells = Sandbox::new().enter();
        let _ = ends_badly();
        panic!("the test's own");
    });
    assert_eq!(message, "the test's own");
}

#[test]
fn t4_bad_input_is_refused_with_the_cells_name() {
    let twice_put = complaint(|| drop(Sandbox::new().put(&LIMIT, 1).put(&LIMIT, 2).enter()));
    assert!(twice_put.starts_with("cell `limit`: "), "{twice_put}");
    let shared = complaint(|| drop(Sandbox::new().put(&LIMIT, 1).share(&TWICE).enter()));
    assert!(shared.starts_with("cell `limit` is shared with the process"), "{shared}");
    // Neither leaves anything behind.
    let _cells = Sandbox::new().put(&LIMIT, 3).enter();
    assert_eq!(*limit(), 3);
    let refused = LIMIT.seed(4).expect_err("it is built already");
    assert_eq!(refused.to_string(), "cell `limit`: it already has a payload; close it before seeding it");
    assert_eq!(refused.into_value(), 4);
}

#[test]
fn t4_a_hanging_disposer_takes_no_longer_than_the_limit() {
    #[runtime_cell(dispose = Gate::wait)]
    fn hangs() -> &'static Gate {
        Gate::new()
    }

    let gate = Gate::new();
    let complaint = complaint(|| {
        let _cells = Sandbox::new().put(&HANGS, gate).limit(Duration::ZERO).enter();
    });
    assert!(complaint.contains("cell `hangs`: still disposing"), "{complaint}");
    gate.open();
}

#[cfg(feature = "tokio")]
mod on_tokio {
    use super::*;
    use cells_test_support::{current_thread, spawn};
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[runtime_cell(dispose = end)]
    async fn session() -> Arc<AtomicUsize> {
        Arc::default()
    }

    async fn end(ends: Arc<AtomicUsize>) {
        tokio::task::yield_now().await;
        ends.fetch_add(1, Ordering::SeqCst);
    }

    #[tokio::test]
    async fn t4_leave_awaits_asynchronous_disposers() {
        let ends = Arc::new(AtomicUsize::new(0));
        let cells = Sandbox::new().put(&SESSION, Arc::clone(&ends)).enter();
        drop(session().await);
        cells.leave().await;
        assert_eq!(ends.load(Ordering::SeqCst), 1);
    }

    #[test]
    fn t4_a_drop_on_the_only_thread_of_a_runtime_names_leave() {
        let runtime = current_thread();
        let complaint = complaint(|| {
            runtime.block_on(async {
                let _cells = Sandbox::new().enter();
                drop(session().await);
            });
        });
        assert!(
            complaint.contains("cell `session` in `sandbox::leaving::on_tokio`: its disposer"),
            "{complaint}"
        );
        assert!(complaint.ends_with("leave by `leave().await`"), "{complaint}");
    }

    #[test]
    fn t4_a_runtime_that_ends_before_its_sandbox() {
        let cells = spawn(|| {
            let runtime = current_thread();
            let ends = Arc::new(AtomicUsize::new(0));
            let cells = Sandbox::new().put(&SESSION, Arc::clone(&ends)).put(&LIMIT, 5).enter();
            cells.handle().adopt(runtime.handle());
            runtime.block_on(async { drop(session().await) });
            drop(runtime);
            assert_eq!(*twice(), 10);
            ends
        });
        // The payload was put, so it does not end with the runtime; its disposer has none to run on, and is run here.
        assert_eq!(cells.join().load(Ordering::SeqCst), 1);
    }
}

#[test]
fn f5_leaving_ends_a_backoff() {
    static RUNS: Count = Count::zero();

    #[runtime_cell(retry = 9, backoff = Duration::MAX)]
    fn db() -> Result<u8, Boom> {
        RUNS.up();
        Err(Boom(1))
    }

    let cells = Sandbox::new().enter();
    let caller = cells.handle().spawn(|| db().map(|lease| *lease));
    eventually("the first attempt", || RUNS.get() == 1);
    drop(cells);
    assert!(caller.join().expect("no panic").is_err_and(|error| error.is_shut_down()));
    assert_eq!(RUNS.get(), 1);
}
