//! The health of a program, asked in tasks. Who shares an answer, and for how long, is in `cells-tests-sandbox`.

use cells::{Health, HealthProbe, runtime_cell};
use cells_test_support::{
    Count, Executor, LONG, Pollster, Smol, Stage, TokioCurrent, TokioMulti, Wakes, alone, poll_with,
};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};

/// Whether there is nothing to say of the cells of this file. Those of other tests are eager, and not built.
fn is_well(health: &Health) -> bool {
    let lines: Vec<_> = health.ready.troubles.iter().map(ToString::to_string).collect();
    lines.iter().all(|line| !line.starts_with("probed"))
}

static CHECKS: Count = Count::zero();
static STAGE: LazyLock<&'static Stage> = LazyLock::new(Stage::new);

#[runtime_cell(check = ping)]
async fn probed() -> u8 {
    1
}

async fn ping(_: &u8) -> bool {
    static RUNS: AtomicBool = AtomicBool::new(false);
    let alone = !RUNS.swap(true, SeqCst);
    CHECKS.up();
    STAGE.pause_async().await;
    RUNS.store(false, SeqCst);
    alone
}

/// Many tasks that probe at once.
fn probes_share_a_check<E: Executor>() {
    E::spawn(async { drop(probed().await) }).join();
    let probes: Vec<_> = (0..200)
        .map(|_| E::spawn(async { is_well(&HealthProbe::new().check_limit(LONG).run_async().await) }))
        .collect();
    while !STAGE.is_reached() {
        std::thread::yield_now();
    }
    STAGE.release();
    assert!(
        probes.into_iter().all(|probe| probe.join()),
        "one check at a time, whose answer all of them get"
    );
}

#[test]
fn h5_tasks_of_smol_share_a_check() {
    alone(|| {
        probes_share_a_check::<Smol>();
    });
}

#[test]
fn h5_tasks_of_tokio_share_a_check() {
    alone(|| {
        probes_share_a_check::<TokioMulti>();
    });
}

#[test]
fn h5_tasks_on_one_thread_of_tokio_share_a_check() {
    alone(|| {
        probes_share_a_check::<TokioCurrent>();
    });
}

#[test]
fn h5_a_probe_that_is_dropped_ends_no_check_and_leaves_no_waker() {
    alone(|| {
        drop(pollster::block_on(probed()));
        let wakes = Wakes::new();
        let mut dropped = Box::pin(HealthProbe::new().check_limit(LONG).run_async());
        assert!(poll_with(&mut dropped, &wakes.waker()).is_pending());
        drop(dropped);
        STAGE.reached();
        let waits =
            Pollster::spawn(async { is_well(&HealthProbe::new().check_limit(LONG).run_async().await) });
        STAGE.release();
        assert!(waits.join());
        assert_eq!((wakes.get(), CHECKS.get()), (0, 1));
    });
}

#[cfg(feature = "tokio")]
#[test]
fn h5_the_limit_of_a_check_goes_by_time_that_is_paused() {
    alone(|| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build();
        runtime.expect("a runtime").block_on(async {
            drop(probed().await);
            let asked = tokio::time::Instant::now();
            let health = cells::health_async().await;
            assert!(!is_well(&health), "{health}");
            assert!(asked.elapsed() >= std::time::Duration::from_millis(800));
            let why = health.ready.troubles.iter().find(|trouble| trouble.cell.as_deref() == Some("probed"));
            assert!(
                why.is_some_and(|why| why.why.starts_with("its check has been running for 80")),
                "{health}"
            );
            STAGE.release();
            // It is a "no" until the check has ended.
            while !is_well(&cells::health_async().await) {
                cells_test_support::yield_now().await;
            }
        });
    });
}
