//! `check`: what says of a payload whether it works. Who shares its answer, and for how long, is in `cells-tests-sandbox`.

use cells::{BoxError, HealthProbe, runtime_cell};
use cells_test_support::{Boom, Gate, LONG, Stage, alone, eventually, yield_now};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::time::Duration;

/// Why cells are not well, a line each, apart from those of other tests.
fn wrong() -> Vec<String> {
    wrong_by(HealthProbe::new().check_limit(LONG))
}

fn wrong_by(probe: HealthProbe) -> Vec<String> {
    let health = probe.run();
    let lines = health.ready.troubles.iter().map(ToString::to_string);
    lines.filter(|line| line.contains("check")).collect()
}

struct Pool {
    works: bool,
}

impl Pool {
    fn is_well(&self) -> bool {
        self.works
    }

    fn ping(&self) -> Result<&'static str, BoxError> {
        if self.works { Ok("pong") } else { Err("no answer".into()) }
    }

    async fn ping_async(&self) -> Result<(), Boom> {
        yield_now().await;
        if self.works { Ok(()) } else { Err(Boom(1)) }
    }
}

#[test]
fn h5_a_check_is_a_function_or_a_closure_that_may_be_asynchronous() {
    #[runtime_cell(check = Pool::is_well)]
    fn a_bool() -> Pool {
        Pool { works: false }
    }
    #[runtime_cell(check = Pool::ping)]
    fn a_result() -> Pool {
        Pool { works: false }
    }
    #[runtime_cell(check = |pool| pool.ping().map(drop))]
    fn a_closure() -> Pool {
        Pool { works: false }
    }
    #[runtime_cell(check = Pool::ping_async)]
    fn a_future() -> Pool {
        Pool { works: false }
    }
    #[runtime_cell(check = async |pool| pool.ping_async().await)]
    async fn an_async_closure() -> Pool {
        Pool { works: false }
    }
    #[runtime_cell(permanent, check = Pool::ping)]
    fn of_a_permanent_cell() -> Pool {
        Pool { works: false }
    }
    #[runtime_cell(check = Pool::is_well)]
    fn well() -> Pool {
        Pool { works: true }
    }

    alone(|| {
        assert_eq!(A_BOOL.info().check, Some("Pool::is_well"));
        assert_eq!(
            (A_CLOSURE.info().check, OF_A_PERMANENT_CELL.info().check),
            (Some("a closure"), Some("Pool::ping"))
        );
        assert_eq!(wrong(), [""; 0]);
        drop((a_bool(), a_result(), a_closure(), a_future(), well()));
        drop(pollster::block_on(an_async_closure()));
        let _: &Pool = of_a_permanent_cell();
        assert_eq!(
            wrong(),
            [
                "a_bool: its check failed: the check returned `false`",
                "a_result: its check failed: no answer",
                "a_closure: its check failed: no answer",
                "a_future: its check failed: boom 1",
                "an_async_closure: its check failed: boom 1",
                "of_a_permanent_cell: its check failed: no answer",
            ]
        );
    });
}

#[test]
fn h5_an_asynchronous_check_runs_on_the_runtime_of_its_payload() {
    static IN_RUNTIME: AtomicBool = AtomicBool::new(false);
    #[runtime_cell(check = on_runtime)]
    async fn client() -> u8 {
        1
    }
    async fn on_runtime(_: &u8) -> bool {
        yield_now().await;
        IN_RUNTIME.store(tokio::task::try_id().is_some(), SeqCst);
        true
    }

    alone(|| {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
        drop(runtime.block_on(client()));
        assert_eq!(wrong(), [""; 0]);
        assert!(IN_RUNTIME.load(SeqCst));
    });
}

#[test]
fn h5_the_only_thread_of_a_runtime_does_not_wait_for_a_check_that_needs_it() {
    #[runtime_cell(check = async |_| true)]
    async fn client() -> u8 {
        1
    }

    alone(|| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            drop(client().await);
            let [why] = &*wrong() else { panic!("it blocks the check") };
            assert!(why.contains("await `health_async`"), "{why}");
            assert!(
                HealthProbe::new()
                    .check_limit(LONG)
                    .run_async()
                    .await
                    .ready
                    .troubles
                    .iter()
                    .all(|trouble| { trouble.cell.as_deref() != Some("client") })
            );
        });
    });
}

#[test]
fn h5_a_check_goes_on_without_its_probe_and_ends_with_its_runtime() {
    static STAGE: LazyLock<&'static Stage> = LazyLock::new(Stage::new);
    #[runtime_cell(check = slow)]
    fn client() -> u8 {
        1
    }
    async fn slow(_: &u8) -> bool {
        STAGE.pause_async().await;
        true
    }

    alone(|| {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().expect("a runtime");
        runtime.block_on(async { drop(client()) });
        assert_eq!(wrong_by(HealthProbe::new().check_limit(Duration::ZERO)).len(), 1);
        eventually("it runs", || STAGE.is_reached());
        assert_eq!(CLIENT.snapshot().leases, 1);
        drop(runtime);
        let [why] = &*wrong() else { panic!("it was cut off") };
        assert!(
            why.ends_with(
                "the check was cut off: its runtime has ended, or no thread could be started for it"
            ),
            "{why}"
        );
        assert_eq!(CLIENT.snapshot().leases, 0);
    });
}

#[test]
fn h5_a_check_keeps_no_payload_that_nobody_uses() {
    static DISPOSED: LazyLock<&'static Gate> = LazyLock::new(Gate::new);
    #[runtime_cell(check = |_| true, linger = "20ms", dispose = end)]
    fn client() -> u8 {
        1
    }
    fn end(_: u8) {
        DISPOSED.open();
    }

    alone(|| {
        drop(client());
        eventually("it is disposed although it is checked all the time", || {
            assert_eq!(wrong(), [""; 0]);
            DISPOSED.is_open()
        });
    });
}
