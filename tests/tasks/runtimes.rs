//! A8: payloads and the tokio runtimes they are built on.

use cells::testing::FindingKind;
use cells::{CloseStatus, Ref, runtime_cell};
use cells_test_support::{
    Boom, Count, Counted, Gate, Recorder, Stage, Tally, cell, current_thread, eventually, eventually_async,
    leak, multi_thread, poll, spawn,
};
use std::io;
use std::sync::{Arc, LazyLock, Mutex};
use tokio::runtime::{Handle, Id, Runtime};
use tracing_subscriber::fmt::MakeWriter;

#[test]
fn a8_each_runtime_has_a_payload_of_its_own() {
    #[runtime_cell(runtime = "own")]
    async fn pool() -> Result<Id, Boom> {
        tokio::task::yield_now().await;
        Ok(Handle::current().id())
    }
    let runtimes: Vec<Runtime> = vec![multi_thread(), current_thread(), multi_thread()];
    for _ in 0..3 {
        for runtime in &runtimes {
            runtime.block_on(async {
                let lease = pool().await.unwrap();
                assert_eq!((*lease, Ref::generation(&lease)), (Handle::current().id(), 1));
                assert!(POOL.is_ready());
            });
        }
    }
    // A close concerns only the runtime it is called on.
    assert_eq!(runtimes[0].block_on(POOL.close()).status, CloseStatus::Ok);
    assert!(
        !runtimes[0].block_on(async { POOL.is_ready() }) && runtimes[1].block_on(async { POOL.is_ready() })
    );
    assert!(!POOL.is_ready(), "outside every runtime there is none");
}

#[test]
fn a8_a_runtime_does_not_inherit_what_a_late_thread_of_another_built() {
    static TALLY: LazyLock<&'static Tally> = LazyLock::new(Tally::new);
    static GATE: LazyLock<&'static Gate> = LazyLock::new(Gate::new);
    static RUNS: Count = Count::zero();
    #[runtime_cell(runtime = "own", dispose = Counted::dispose)]
    async fn pool() -> Result<Counted, Boom> {
        let run = RUNS.up();
        GATE.wait_async().await;
        TALLY.build(u32::try_from(run).unwrap())
    }
    let first = multi_thread();
    // A call that began in that runtime, and that a thread goes on with after the runtime has ended. The end superseded
    // its flight, so it builds again, in the cell of that runtime.
    let mut late = Box::pin(pool());
    first.block_on(async { assert!(poll(&mut late).is_pending()) });
    drop(first);
    GATE.open();
    assert_eq!(pollster::block_on(late).unwrap().id, 2);
    assert_eq!(multi_thread().block_on(async { pool().await.unwrap().id }), 3);
    assert_eq!(TALLY.disposed(), [1, 2, 3]);
}

#[test]
fn a8_a_runtime_that_ends_closes_its_payload_and_no_other() {
    static TALLY: LazyLock<&'static Tally> = LazyLock::new(Tally::new);
    static NEXT: Count = Count::zero();
    #[runtime_cell(runtime = "own", dispose = Counted::dispose)]
    async fn pool() -> Result<Counted, Boom> {
        tokio::task::yield_now().await;
        Ok(TALLY.make(u32::try_from(NEXT.up()).unwrap_or(0)))
    }
    for flavour in [multi_thread, current_thread] {
        let before = TALLY.disposed().len();
        let (first, second) = (flavour(), flavour());
        let one = first.block_on(async { pool().await.unwrap().id });
        let two = second.block_on(async { pool().await.unwrap().id });
        drop(first);
        assert_eq!(TALLY.disposed()[before..], [one]);
        assert_eq!(second.block_on(async { pool().await.unwrap().id }), two);
        second.shutdown_background();
        eventually("the other one's end", || TALLY.disposed()[before..] == [one, two]);
    }
}

#[test]
fn a8_a_runtime_that_ends_with_a_flight_under_way_leaves_nothing() {
    static STAGE: LazyLock<&'static Stage> = LazyLock::new(Stage::new);
    static RUNS: Count = Count::zero();
    #[runtime_cell(runtime = "own")]
    async fn pool() -> Result<usize, Boom> {
        let run = RUNS.up();
        if run == 1 {
            STAGE.pause_async().await;
        }
        Ok(run)
    }
    let runtime = multi_thread();
    drop(runtime.spawn(pool()));
    STAGE.reached();
    drop(runtime);
    for run in 2..4 {
        let runtime = current_thread();
        assert_eq!(runtime.block_on(async { *pool().await.unwrap() }), run);
    }
}

/// A log in memory.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

#[test]
fn a8_without_the_key_a_payload_of_a_runtime_that_is_gone_is_rebuilt_and_the_log_says_so() {
    #[runtime_cell]
    async fn pool() -> Result<Id, Boom> {
        tokio::task::yield_now().await;
        Ok(Handle::current().id())
    }
    let recorder = Recorder::on(&POOL);
    let log = Log::default();
    // `tracing` caches at an event's first occurrence whether anybody listens, and that may be in another test.
    let _ = tracing::subscriber::set_global_default(tracing_subscriber::registry());
    let subscriber =
        tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_writer(log.clone()).finish();
    tracing::subscriber::with_default(subscriber, || {
        let first = current_thread();
        let dead = first.block_on(async { *pool().await.unwrap() });
        drop(first);
        let second = current_thread();
        let alive = second.block_on(async { *pool().await.unwrap() });
        assert!(dead != alive && alive == second.handle().id());
        assert_eq!(POOL.generation(), Some(2));
    });
    assert_eq!(recorder.closes()[0].generation, Some(1));
    let said = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(said.contains("runtime_cell_runtime_gone"), "{said}");
}

#[test]
fn a8_a_lease_outlives_the_runtime_and_the_cell_goes_on() {
    #[runtime_cell]
    async fn pool() -> Result<usize, Boom> {
        static RUNS: Count = Count::zero();
        Ok(RUNS.up())
    }
    let first = multi_thread();
    let lease = first.block_on(pool()).unwrap();
    drop(first);
    assert_eq!((*lease, POOL.is_ready()), (1, false));
    assert_eq!(*multi_thread().block_on(pool()).unwrap(), 2);
}

#[test]
fn a8_a_payload_that_was_refreshed_elsewhere_survives_the_first_runtime() {
    #[runtime_cell]
    async fn pool() -> Result<usize, Boom> {
        static RUNS: Count = Count::zero();
        tokio::task::yield_now().await;
        Ok(RUNS.up())
    }
    let (first, second) = (multi_thread(), multi_thread());
    drop(first.block_on(pool()));
    drop(second.block_on(POOL.refresh()));
    drop(first);
    assert_eq!(POOL.peek().as_deref(), Some(&2));
    drop(second);
    assert!(POOL.peek().is_none());
}

#[test]
fn a8_waiters_on_another_runtime_take_over_from_one_that_ends() {
    let (cell, stage) = (leak(cell::<u32>("db")), Stage::new());
    let first = current_thread();
    let initializer = spawn(move || {
        first.block_on(async {
            let flight = tokio::spawn(cell.get_or_initialize_async(|| async {
                stage.pause_async().await;
                Ok::<_, Boom>(1)
            }));
            eventually_async("the waiters", || cell.snapshot().waiters == 2).await;
            drop(flight);
        });
        // Dropped here, with the flight under way.
    });
    stage.reached();
    let second = multi_thread();
    let task = second.spawn(cell.get_or_initialize_async(async || Ok::<_, Boom>(2)));
    let thread = spawn(|| cell.get_or_initialize(|| Ok::<_, Boom>(2)).map(|lease| *lease));
    initializer.join();
    assert_eq!((*second.block_on(task).unwrap().unwrap(), thread.join().unwrap()), (2, 2));
}

#[test]
fn a8_many_runtimes_come_and_go_at_once() {
    #[runtime_cell(runtime = "own")]
    async fn own() -> Result<Id, Boom> {
        tokio::task::yield_now().await;
        Ok(Handle::current().id())
    }
    let threads: Vec<_> = (0..8)
        .map(|_| {
            spawn(|| {
                for _ in 0..25 {
                    let runtime = current_thread();
                    let id = runtime.handle().id();
                    assert_eq!(runtime.block_on(async { *own().await.unwrap() }), id);
                    let lease = runtime.block_on(own()).unwrap();
                    drop(runtime);
                    assert_eq!(*lease, id);
                }
            })
        })
        .collect();
    for thread in threads {
        thread.join();
    }
}

#[test]
fn x28_nothing_of_a_closed_payload_is_left_in_its_runtime() {
    #[runtime_cell]
    async fn pool() -> Result<u32, Boom> {
        Ok(1)
    }
    let (home, other) = (multi_thread(), multi_thread());
    let alive = || home.metrics().num_alive_tasks();
    home.block_on(async { drop(pool().await.unwrap()) });
    assert_eq!(alive(), 1, "it watches for the runtime's end");
    assert_eq!(POOL.any().close().status, CloseStatus::Ok);
    eventually("a close", || alive() == 0);
    home.block_on(async { drop(pool().await.unwrap()) });
    POOL.record_failure(Boom(1), std::time::Duration::from_nanos(1));
    eventually("a failure from outside", || alive() == 0);
    home.block_on(async { drop(pool().await.unwrap()) });
    other.block_on(async { drop(POOL.refresh().await.unwrap()) });
    eventually("a refresh elsewhere", || alive() == 0);
    assert!(POOL.is_ready());
}

#[test]
fn x13_tasks_that_a_factory_polls_while_it_blocks_are_not_the_factory() {
    #[runtime_cell]
    fn loader() -> Result<u32, Boom> {
        let runtime = current_thread();
        // Somebody else's task, on a runtime that this factory happens to drive.
        let stranger = runtime.spawn(async { *other() + *asked().await });
        Ok(runtime.block_on(async { *mine() + stranger.await.unwrap() }))
    }
    #[runtime_cell]
    fn mine() -> u32 {
        1
    }
    #[runtime_cell]
    fn other() -> u32 {
        2
    }
    #[runtime_cell]
    async fn asked() -> u32 {
        3
    }
    assert_eq!(spawn(|| loader().map(|lease| *lease)).join().unwrap(), 6);
    let cell = cells::all().into_iter().find(|cell| cell.info().ident == "LOADER").unwrap();
    let observed: Vec<_> = cell.observed().iter().map(|info| info.name).collect();
    assert_eq!(observed, ["mine"]);
    // So what was built on the others is not closed with them.
    OTHER.invalidate_with_dependents();
    assert!(LOADER.is_ready());
    MINE.invalidate_with_dependents();
    assert!(!LOADER.is_ready());
}

#[test]
fn h9_what_a_runtime_that_has_ended_used_was_used() {
    #[runtime_cell(runtime = "own")]
    async fn short_lived() -> u8 {
        1
    }
    let is_unused = || {
        let found = cells::testing::check().findings.into_iter();
        found.filter(|found| found.cell.ident == "SHORT_LIVED").any(|found| found.kind == FindingKind::Unused)
    };
    assert!(is_unused());
    drop(current_thread().block_on(short_lived()));
    assert!(!is_unused());
}
