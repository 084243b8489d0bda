//! H5 and H6: the health of a program, as a sandbox has it, with cells, clock and checks of its own; and the end of a sandbox,
//! for those who wait for it.

use cells::testing::Sandbox;
use cells::{Health, HealthProbe, State, Trouble, Verdict, health, runtime_cell};
use cells_test_support::{Boom, Count, Gate, LONG, Stage, eventually, spawn};
use std::future::poll_fn;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::task::Poll;
use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_secs(3600);

struct Pool;

/// What is wrong, a line each. Other tests of this program have cells of the same names.
fn lines(troubles: &[Trouble]) -> Vec<String> {
    troubles.iter().map(|trouble| without_module(&trouble.to_string())).collect()
}

fn without_module(text: &str) -> String {
    text.replace(" in health", "")
}

fn ready(health: &Health) -> Vec<String> {
    lines(&health.ready.troubles)
}

/// A probe that waits for its checks, however long they take.
fn patient() -> Health {
    HealthProbe::new().check_limit(LONG).run()
}

#[test]
fn h5_a_program_has_started_when_every_eager_cell_has_been_ready_once() {
    #[runtime_cell(eager)]
    fn first() -> u8 {
        1
    }
    #[runtime_cell(eager, cooldown = "1h")]
    fn second() -> Result<u8, Boom> {
        if FAILS.load(SeqCst) { Err(Boom(2)) } else { Ok(2) }
    }
    #[runtime_cell]
    fn lazy() -> u8 {
        3
    }
    static FAILS: AtomicBool = AtomicBool::new(true);

    let cells = Sandbox::only([FIRST.any(), SECOND.any(), LAZY.any()]).enter();
    let before = health();
    assert_eq!(
        lines(&before.startup.troubles),
        ["first: it has not been built", "second: it has not been built"]
    );
    assert_eq!((before.startup.status_code(), before.ready.status_code()), (503, 503));
    assert_eq!((before.startup, before.alive.ok), (before.ready, true));
    assert_eq!(FIRST.state(), State::Empty, "a look builds nothing");

    drop(first());
    assert!(second().is_err());
    let after = health();
    let [why] = &*lines(&after.startup.troubles) else { panic!("{after}") };
    assert!(why.starts_with("second: it cools down for ") && why.ends_with(": boom 2"), "{why}");
    FAILS.store(false, SeqCst);
    cells.advance(HOUR);
    drop(second());
    assert_eq!(health().to_string(), "startup: yes\nready: yes\nalive: yes");

    // What ends is no reason to have not started.
    FIRST.invalidate();
    assert_eq!(health().ready.status_code(), 200);
    assert!(LAZY.peek().is_none());
}

#[test]
fn h5_a_cell_is_no_reason_as_long_as_it_has_a_payload() {
    static RUNS: Count = Count::zero();
    #[runtime_cell]
    fn source() -> Result<usize, Boom> {
        match RUNS.up() {
            1 => Ok(1),
            _ => Err(Boom(7)),
        }
    }

    let _cells = Sandbox::only([SOURCE.any()]).enter();
    drop(source());
    assert!(SOURCE.refresh().is_err());
    assert!(health().ready.ok, "the old payload serves");
    SOURCE.invalidate();
    assert!(health().ready.ok, "nobody has asked for it since");
    assert!(source().is_err());
    let [why] = &*ready(&health()) else { panic!("one cell has failed") };
    assert!(why.starts_with("source: it failed: "), "{why}");
    SOURCE.record_failure(Boom(8), HOUR);
    let [why] = &*ready(&health()) else { panic!("it cools down") };
    assert!(why.starts_with("source: it cools down for "), "{why}");
}

#[test]
fn h5_an_eager_cell_whose_payload_expired_is_missing() {
    #[runtime_cell(eager, expires = "1h")]
    fn token() -> u8 {
        1
    }

    let cells = Sandbox::only([TOKEN.any()]).enter();
    drop(token());
    assert!(health().ready.ok);
    cells.advance(2 * HOUR);
    let expired = health();
    assert_eq!(ready(&expired), ["token: it has not been built again since its payload expired"]);
    assert!(expired.startup.ok);
    drop(token());
    assert!(health().ready.ok);
}

#[test]
fn h5_an_optional_cell_degrades_the_program() {
    #[runtime_cell(optional, eager)]
    fn mail() -> Result<u8, Boom> {
        Err(Boom(1))
    }

    let _cells = Sandbox::only([MAIL.any()]).enter();
    let health = health();
    assert!(health.startup.ok && health.ready.ok);
    assert_eq!(
        without_module(&health.to_string()),
        "startup: yes\nready: yes\nalive: yes\ndegraded\n  mail: it has not been built"
    );
    assert!(mail().is_err());
    let [why] = &*lines(&cells::health().degraded) else { panic!("it has failed") };
    assert!(why.starts_with("mail: it failed: "), "{why}");
}

#[test]
fn h5_a_factory_or_a_disposer_that_runs_too_long_is_no_life() {
    static BUILD: LazyLock<&'static Stage> = LazyLock::new(Stage::new);
    static END: LazyLock<&'static Stage> = LazyLock::new(Stage::new);
    #[runtime_cell(dispose = end)]
    fn slow() -> u8 {
        BUILD.pause();
        1
    }
    fn end(_: u8) {
        END.pause();
    }

    let cells = Sandbox::only([SLOW.any()]).enter();
    let thread = cells.handle().spawn(|| drop(slow()));
    BUILD.reached();
    cells.advance(Duration::from_secs(599));
    assert!(health().alive.ok);
    cells.advance(2 * SECOND);
    let stuck = health();
    let [why] = &*lines(&stuck.alive.troubles) else { panic!("{stuck}") };
    assert!(why.starts_with("slow: its factory has been running for 60"), "{why}");
    assert!(HealthProbe::new().alive_limit(HOUR).run().alive.ok);
    BUILD.release();
    thread.join().expect("it is built");
    assert!(health().alive.ok);

    let thread = cells.handle().spawn(|| SLOW.close());
    END.reached();
    cells.advance(HOUR);
    let [why] = &*lines(&health().alive.troubles) else { panic!("the disposer hangs") };
    assert!(why.starts_with("slow: its disposer has been running for 3600"), "{why}");
    END.release();
    assert!(thread.join().expect("it is closed").into_result().is_ok());
    assert!(health().alive.ok);
}

#[test]
fn h5_a_check_is_asked_only_while_there_is_a_payload() {
    static CHECKS: Count = Count::zero();
    #[runtime_cell(check = ping)]
    fn pool() -> Pool {
        Pool
    }
    fn ping(_: &Pool) -> bool {
        CHECKS.up();
        true
    }

    let _cells = Sandbox::only([POOL.any()]).enter();
    assert!(patient().ready.ok);
    assert_eq!((CHECKS.get(), POOL.state()), (0, State::Empty));
    drop(pool());
    assert!(patient().ready.ok);
    assert_eq!(CHECKS.get(), 1);
    POOL.invalidate();
    assert!(patient().ready.ok);
    assert_eq!(CHECKS.get(), 1);
}

#[test]
fn h5_a_thousand_probes_share_one_check_and_its_answer_for_a_second() {
    static CHECKS: Count = Count::zero();
    static STAGE: LazyLock<&'static Stage> = LazyLock::new(Stage::new);
    #[runtime_cell(check = |_| { CHECKS.up(); STAGE.pause(); Err::<(), _>(Boom(1)) })]
    fn pool() -> u8 {
        1
    }

    let cells = Sandbox::only([POOL.any()]).enter();
    drop(pool());
    let probes: Vec<_> = (0..1000).map(|_| HealthProbe::new().check_limit(LONG)).collect();
    let handle = cells.handle();
    let threads: Vec<_> = (0..8).map(|_| handle.spawn(patient)).collect();
    let tasks = handle.spawn(move || {
        let mut waiting: Vec<_> = probes.into_iter().map(|probe| Box::pin(probe.run_async())).collect();
        let mut found = Vec::new();
        pollster::block_on(poll_fn(|cx| {
            waiting.retain_mut(|probe| match probe.as_mut().poll(cx) {
                Poll::Ready(health) => {
                    found.push(health);
                    false
                }
                Poll::Pending => true,
            });
            if waiting.is_empty() { Poll::Ready(()) } else { Poll::Pending }
        }));
        found
    });
    STAGE.reached();
    STAGE.release();
    let mut all = tasks.join().expect("they are answered");
    all.extend(threads.into_iter().map(|thread| thread.join().expect("it is answered")));
    assert_eq!(all.len(), 1008);
    for health in &all {
        assert!(!health.ready.ok && ready(health)[0].starts_with("pool: its check failed: "), "{health}");
    }
    assert_eq!(CHECKS.get(), 1);
    assert!(!patient().ready.ok);
    assert_eq!(CHECKS.get(), 1, "the answer is young");
    cells.advance(2 * SECOND);
    assert!(!patient().ready.ok);
    assert_eq!(CHECKS.get(), 2);
    // Another payload is asked at once.
    POOL.invalidate();
    drop(pool());
    assert!(!patient().ready.ok);
    assert_eq!(CHECKS.get(), 3);
}

#[test]
fn h5_a_check_that_hangs_is_a_no_and_no_other_one_begins() {
    static CHECKS: Count = Count::zero();
    static STAGE: LazyLock<&'static Stage> = LazyLock::new(Stage::new);
    #[runtime_cell(check = hang)]
    fn pool() -> Pool {
        Pool
    }
    fn hang(_: &Pool) -> bool {
        if CHECKS.up() == 1 {
            STAGE.pause();
        }
        true
    }

    let cells = Sandbox::only([POOL.any()]).enter();
    drop(pool());
    assert_eq!(
        ready(&HealthProbe::new().check_limit(Duration::ZERO).run()).len(),
        1,
        "it waits no longer than the limit"
    );
    STAGE.reached();
    cells.advance(3 * SECOND);
    for _ in 0..10 {
        let [why] = &*ready(&health()) else { panic!("it hangs") };
        assert!(why.starts_with("pool: its check has been running for 3."), "{why}");
    }
    assert_eq!(CHECKS.get(), 1);
    // It holds up no other payload's check.
    POOL.invalidate();
    drop(pool());
    assert!(patient().ready.ok);
    assert_eq!(CHECKS.get(), 2);
    STAGE.release();
    eventually("the first payload has no user any more", || POOL.snapshot().draining == 0);
    assert!(patient().ready.ok, "what the first check says is over");
}

#[test]
fn h5_a_check_that_panics_is_a_no() {
    static PANICS: AtomicBool = AtomicBool::new(true);
    #[runtime_cell(check = panics)]
    fn pool() -> Pool {
        Pool
    }
    fn panics(_: &Pool) -> bool {
        assert!(!PANICS.load(SeqCst), "no luck");
        true
    }
    #[runtime_cell(check = async |_| { assert!(!PANICS.load(SeqCst), "no luck"); true })]
    async fn client() -> u8 {
        1
    }

    let cells = Sandbox::only([POOL.any(), CLIENT.any()]).enter();
    drop((pool(), pollster::block_on(client())));
    let no = ready(&patient());
    assert_eq!(no.len(), 2, "{no:?}");
    assert!(no.iter().all(|why| why.contains("its check failed: ") && why.contains("no luck")), "{no:?}");
    PANICS.store(false, SeqCst);
    cells.advance(2 * SECOND);
    assert!(patient().ready.ok);
}

#[test]
fn h5_a_check_means_the_cells_of_its_sandbox() {
    #[runtime_cell]
    fn limit() -> u8 {
        1
    }
    #[runtime_cell(check = |_| *limit() == 2)]
    fn pool() -> u8 {
        1
    }

    let _cells = Sandbox::only([LIMIT.any(), POOL.any()]).put(&LIMIT, 2).enter();
    drop(pool());
    assert!(patient().ready.ok);
    let _inner = Sandbox::only([LIMIT.any(), POOL.any()]).put(&LIMIT, 3).enter();
    drop(pool());
    assert_eq!(ready(&patient()), ["pool: its check failed: the check returned `false`"]);
}

#[test]
fn h5_a_rebuilding_probe_brings_back_what_failed() {
    static RUNS: [Count; 3] = [const { Count::zero() }; 3];
    #[runtime_cell(eager)]
    fn model() -> Result<usize, Boom> {
        match RUNS[0].up() {
            1 => Err(Boom(1)),
            run => Ok(run),
        }
    }
    #[runtime_cell(eager)]
    async fn pool() -> usize {
        RUNS[1].up()
    }
    #[runtime_cell]
    fn lazy() -> usize {
        RUNS[2].up()
    }

    let _cells = Sandbox::only([MODEL.any(), POOL.any(), LAZY.any()]).enter();
    assert!(model().is_err());
    let probe = HealthProbe::new().rebuild();
    assert!(!probe.clone().run().ready.ok, "it answers at once");
    eventually("they are built", || probe.clone().run().ready.ok);
    assert_eq!((RUNS[0].get(), RUNS[1].get(), RUNS[2].get()), (2, 1, 0));
}

#[test]
fn h5_a_rebuilding_probe_leaves_a_cell_alone_that_cools_down() {
    static RUNS: Count = Count::zero();
    #[runtime_cell(eager, cooldown = "1h")]
    fn model() -> Result<u8, Boom> {
        RUNS.up();
        Err(Boom(1))
    }

    let cells = Sandbox::only([MODEL.any()]).enter();
    assert!(model().is_err());
    for _ in 0..3 {
        assert!(!HealthProbe::new().rebuild().run().ready.ok);
    }
    assert_eq!(RUNS.get(), 1);
    cells.advance(HOUR);
    assert!(!HealthProbe::new().rebuild().run().ready.ok);
    eventually("it has been tried again", || RUNS.get() == 2 && MODEL.state() == State::Failed);
}

#[test]
fn h5_a_sandbox_knows_nothing_of_the_others() {
    #[runtime_cell(eager)]
    fn model() -> Result<u8, Boom> {
        Err(Boom(1))
    }

    let _cells = Sandbox::only([MODEL.any()]).enter();
    assert!(model().is_err());
    spawn(|| {
        #[runtime_cell]
        fn other() -> u8 {
            1
        }
        let _cells = Sandbox::only([OTHER.any()]).enter();
        assert_eq!(health().startup, health().ready);
        assert!(health().ready.ok);
    })
    .join();
    assert!(!health().ready.ok);
}

#[test]
fn h6_leaving_a_sandbox_is_the_shutdown_that_its_waiters_wait_for() {
    static WAITS: LazyLock<&'static Gate> = LazyLock::new(Gate::new);
    let cells = Sandbox::only([]).enter();
    let outside = spawn(|| cells::wait_for_shutdown(Duration::ZERO));
    let waiters: Vec<_> = (0..3)
        .map(|number| {
            cells.handle().spawn(move || {
                WAITS.open();
                if number == 0 {
                    pollster::block_on(cells::shutting_down());
                } else {
                    assert!(cells::wait_for_shutdown(LONG));
                }
            })
        })
        .collect();
    WAITS.wait();
    assert!(!cells::wait_for_shutdown(Duration::ZERO));
    drop(cells);
    for waiter in waiters {
        waiter.join().expect("it is over");
    }
    assert!(!outside.join());
    assert!(!cells::wait_for_shutdown(Duration::ZERO), "the process goes on");
}

#[test]
fn h6_a_wait_for_the_shutdown_of_a_sandbox_goes_by_its_clock() {
    let cells = Sandbox::only([]).enter();
    let begun = Gate::new();
    let waiter = cells.handle().spawn(|| {
        begun.open();
        cells::wait_for_shutdown(HOUR)
    });
    begun.wait();
    eventually("the hour is over", || {
        cells.advance(HOUR);
        waiter.is_finished()
    });
    assert!(!waiter.join().expect("it is over"));
}

#[test]
fn h5_a_verdict_is_a_line_or_more() {
    let Health { ready, .. } = {
        let _cells = Sandbox::only([]).enter();
        health()
    };
    assert_eq!(ready.to_string(), "yes");
    assert!(matches!(ready, Verdict { ok: true, .. }));
}
