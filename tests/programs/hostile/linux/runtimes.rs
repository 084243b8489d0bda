//! Tokio runtimes without timers, and runtimes that end at the wrong moment.

use super::payload::{AT, Payload, all_disposed, made};
use cells::{BoxError, CloseStatus, InitResult, InitStatus, RuntimeCell, State, runtime_cell};
use cells_test_support::{
    Boom, Count, Hooks, LONG, Stage, current_thread, eventually, eventually_async, leak, multi_thread, poll,
    spawn,
};
use std::panic::set_hook;
use std::process;
use std::time::Duration;
use tokio::runtime::{Builder, Runtime};

/// Runtimes of both kinds that have neither timers nor I/O.
fn without_timers() -> [Runtime; 2] {
    [Builder::new_current_thread().build(), Builder::new_multi_thread().worker_threads(2).build()]
        .map(|runtime| runtime.expect("a runtime"))
}

/// Two callers of one flight that never ends, the second of which gives up.
fn a_second_caller_gives_up(runtime: &Runtime) {
    #[runtime_cell(wait_timeout = "20ms")]
    async fn never() -> Result<u8, Boom> {
        std::future::pending().await
    }
    runtime.block_on(async {
        let first = tokio::spawn(async { never().await.map(drop) });
        eventually_async("a flight", || NEVER.state() == State::Initializing).await;
        assert!(never().await.is_err_and(|error| error.is_timeout()));
        first.abort();
        assert!(first.await.is_err_and(|error| error.is_cancelled()));
    });
    assert_eq!(NEVER.state(), State::Empty);
}

pub(crate) fn x11_a_second_caller_has_its_limit_on_a_runtime_without_timers() {
    static PANICS: Count = Count::zero();
    set_hook(Box::new(|panic| {
        println!("{panic}");
        PANICS.up();
    }));
    for runtime in without_timers() {
        a_second_caller_gives_up(&runtime);
    }
    assert_eq!(PANICS.get(), 0, "the library asks by panicking");
}

pub(crate) fn x11_a_panic_hook_that_exits_is_not_called_where_timers_are_missing() {
    set_hook(Box::new(|_| process::exit(7)));
    for runtime in without_timers() {
        a_second_caller_gives_up(&runtime);
    }
}

pub(crate) fn closes_have_their_limits_on_a_runtime_without_timers() {
    #[runtime_cell(dispose = Payload::dispose_later)]
    async fn task() -> Payload {
        Payload::make()
    }
    for runtime in without_timers() {
        runtime.block_on(async {
            let lease = task().await;
            let limit = Duration::from_millis(20);
            assert_eq!(TASK.close_and_drain(limit).await.status, CloseStatus::Draining);
            drop(lease);
            drop(task().await);
            assert_eq!(TASK.refresh().await.map(|_| ()).err().map(|error| error.to_string()), None);
            assert!(cells::close_all_async(LONG).await.is_ok());
        });
    }
    let [runtime, _] = without_timers();
    runtime.block_on(async {
        let lease = task().await;
        assert!(!cells::shutdown_async(Duration::from_millis(20)).await.is_ok());
        drop(lease);
    });
    drop(runtime);
    all_disposed();
}

/// How a runtime ends.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum End {
    Drop,
    Timeout,
    Background,
}

impl End {
    pub(super) fn end(self, runtime: Runtime) {
        match self {
            Self::Drop => drop(runtime),
            Self::Timeout => runtime.shutdown_timeout(Duration::ZERO),
            Self::Background => runtime.shutdown_background(),
        }
    }
}

/// Every end of both kinds of runtimes.
pub(super) fn each(run: impl Fn(Runtime, End)) {
    for end in [End::Drop, End::Timeout, End::Background] {
        for runtime in [multi_thread, current_thread] {
            println!("{end:?}");
            run(runtime(), end);
        }
    }
}

/// Runs the tasks of the runtime until the stage is reached.
fn reach(runtime: &Runtime, stage: &'static Stage) {
    runtime.block_on(eventually_async("a stage", || stage.is_reached()));
}

#[runtime_cell(dispose = Payload::dispose)]
async fn task() -> Result<Payload, Boom> {
    AT.pause_async().await;
    Ok(Payload::make())
}

/// Another runtime finds the cell as good as new.
fn works_elsewhere() {
    let runtime = multi_thread();
    runtime.block_on(async {
        drop(task().await.expect("another runtime builds it"));
        assert_eq!(TASK.close().await.status, CloseStatus::Ok);
    });
    assert_eq!(TASK.state(), State::Empty);
    drop(runtime);
    all_disposed();
}

pub(crate) fn a_runtime_ends_before_a_flight_is_polled() {
    each(|runtime, end| {
        let mut call = Box::pin(task());
        let spawned = runtime.spawn(task());
        end.end(runtime);
        // One of its threads may be in the middle of it.
        eventually("the end of the task", || spawned.is_finished());
        drop(spawned);
        assert!(poll(&mut call).is_ready(), "the factory needs no runtime");
        drop(call);
        works_elsewhere();
    });
}

pub(crate) fn a_runtime_ends_while_a_factory_waits() {
    each(|runtime, end| {
        let stage = AT.set();
        drop(runtime.spawn(task()));
        reach(&runtime, stage);
        let waiter = spawn(|| pollster::block_on(async { task().await.map(drop) }));
        eventually("a waiter", || TASK.snapshot().waiters == 1);
        end.end(runtime);
        waiter.join().expect("the waiter takes over");
        works_elsewhere();
    });
}

pub(crate) fn a_runtime_ends_while_a_factory_waits_for_a_dependency() {
    #[runtime_cell(dispose = Payload::dispose)]
    async fn above(task: &Payload) -> Result<Payload, Boom> {
        let _ = task;
        Ok(Payload::make())
    }
    each(|runtime, end| {
        let stage = AT.set();
        drop(runtime.spawn(above()));
        reach(&runtime, stage);
        end.end(runtime);
        eventually("the end of both flights", || {
            (ABOVE.state(), TASK.state()) == (State::Empty, State::Empty)
        });
        pollster::block_on(async {
            drop(above().await.expect("it is built without a runtime"));
            assert_eq!(ABOVE.close().await.status, CloseStatus::Ok);
            assert_eq!(TASK.close().await.status, CloseStatus::Ok);
        });
        works_elsewhere();
    });
}

pub(crate) fn a_runtime_ends_while_a_detached_factory_waits() {
    #[runtime_cell(detached, dispose = Payload::dispose)]
    async fn apart() -> Result<Payload, Boom> {
        AT.pause_async().await;
        Ok(Payload::make())
    }
    each(|runtime, end| {
        let stage = AT.set();
        drop(runtime.spawn(apart()));
        reach(&runtime, stage);
        end.end(runtime);
        let next = multi_thread();
        next.block_on(async {
            drop(apart().await.expect("another runtime builds it"));
            // The flight's own task may hold a lease for a moment longer.
            assert_eq!(APART.close_and_drain(LONG).await.status, CloseStatus::Ok);
        });
        all_disposed();
    });
}

pub(crate) fn a_runtime_ends_while_its_own_payload_is_built() {
    #[runtime_cell(runtime = "own", dispose = Payload::dispose)]
    async fn own() -> Result<Payload, Boom> {
        AT.pause_async().await;
        Ok(Payload::make())
    }
    each(|runtime, end| {
        let stage = AT.set();
        drop(runtime.spawn(own()));
        reach(&runtime, stage);
        end.end(runtime);
        let next = current_thread();
        next.block_on(async { drop(own().await.expect("another runtime builds its own")) });
        drop(next);
        all_disposed();
    });
}

static RUNNING: Count = Count::zero();
static RAN: Count = Count::zero();

#[runtime_cell(blocking, dispose = Payload::dispose, wait_timeout = "1h")]
fn pool() -> Result<Payload, Boom> {
    assert_eq!(RUNNING.up(), RAN.get() + 1, "one factory at a time");
    AT.pause();
    RAN.up();
    Ok(Payload::make())
}

fn the_pools_cell_works_elsewhere() {
    let runtime = multi_thread();
    runtime.block_on(async {
        drop(pool().await.expect("another runtime builds it"));
        assert_ne!(POOL.close_and_drain(LONG).await.status, CloseStatus::Draining);
    });
    drop(runtime);
    assert_eq!(RUNNING.get(), RAN.get());
    all_disposed();
}

pub(crate) fn x8_a_runtime_ends_while_a_blocking_factory_runs() {
    each(|runtime, end| {
        let stage = AT.set();
        drop(runtime.spawn(pool()));
        reach(&runtime, stage);
        // A drop waits for the pool.
        let ending = spawn(move || end.end(runtime));
        if end != End::Drop {
            eventually("the end of the runtime", || ending.is_finished());
        }
        let other = spawn(|| multi_thread().block_on(async { pool().await.map(drop) }));
        eventually("another caller", || POOL.snapshot().waiters > 0 || other.is_finished());
        stage.release();
        ending.join();
        other.join().expect("it waits, or builds after the first");
        the_pools_cell_works_elsewhere();
    });
}

pub(crate) fn x8_a_runtime_ends_after_a_blocking_factory_has_returned() {
    for end in [End::Drop, End::Timeout, End::Background] {
        let runtime = current_thread();
        let stage = AT.set();
        let before = made();
        drop(runtime.spawn(pool()));
        reach(&runtime, stage);
        // Nothing runs the task that waits for the factory.
        stage.release();
        eventually("the factory's return", || made() == before + 1);
        end.end(runtime);
        the_pools_cell_works_elsewhere();
    }
}

pub(crate) fn a_runtime_ends_while_an_observer_is_notified_of_the_payload() {
    #[runtime_cell(dispose = Payload::dispose)]
    async fn watched() -> Result<Payload, Boom> {
        Ok(Payload::make())
    }

    let observer = Hooks::new().end(|event: &InitResult<'_>| {
        if event.status == InitStatus::Ok {
            AT.pause();
        }
    });
    observer.on(&WATCHED);
    for end in [End::Drop, End::Timeout, End::Background] {
        let runtime = multi_thread();
        let stage = AT.set();
        drop(runtime.spawn(watched()));
        stage.reached();
        let ending = spawn(move || end.end(runtime));
        if end != End::Drop {
            eventually("the end of the runtime", || ending.is_finished());
        }
        stage.release();
        ending.join();
        pollster::block_on(async {
            drop(watched().await.expect("it is kept, or built elsewhere"));
            // The runtime that has ended may close it at the same time.
            let _ = WATCHED.close_and_drain(LONG).await;
        });
        all_disposed();
    }
}

#[runtime_cell(dispose = Payload::dispose_later)]
async fn slow_to_end() -> Result<Payload, Boom> {
    tokio::task::yield_now().await;
    Ok(Payload::make())
}

fn slow_to_end_works_elsewhere() {
    let runtime = multi_thread();
    runtime.block_on(async {
        drop(slow_to_end().await.expect("another runtime builds it"));
        // It may find that the runtime has cut off the disposer of the payload before.
        assert_ne!(SLOW_TO_END.close_and_drain(LONG).await.status, CloseStatus::Draining);
    });
    drop(runtime);
    all_disposed();
}

pub(crate) fn a_runtime_ends_while_an_async_disposer_waits_in_a_closer() {
    each(|runtime, end| {
        runtime.block_on(async { drop(slow_to_end().await.expect("a payload")) });
        let stage = AT.set();
        drop(runtime.spawn(SLOW_TO_END.close()));
        reach(&runtime, stage);
        end.end(runtime);
        slow_to_end_works_elsewhere();
    });
}

pub(crate) fn a_runtime_ends_while_an_async_disposer_waits_in_a_task() {
    each(|runtime, end| {
        let stage = AT.set();
        runtime.block_on(async {
            let lease = slow_to_end().await.expect("a payload");
            assert_eq!(SLOW_TO_END.close().await.status, CloseStatus::Draining);
            drop(lease);
        });
        reach(&runtime, stage);
        end.end(runtime);
        slow_to_end_works_elsewhere();
    });
}

pub(crate) fn a_runtime_ends_while_a_disposer_blocks_its_pool() {
    let cell: &RuntimeCell<Payload> =
        leak(RuntimeCell::new("bare").disposer(cells::Disposer::with(Payload::dispose_at_stage)));
    let make = || Ok::<_, BoxError>(Payload::make());
    each(|runtime, end| {
        drop(cell.get_or_initialize(make).expect("a payload"));
        let stage = AT.set();
        let closer = runtime.spawn_blocking(|| cell.close().status);
        stage.reached();
        let ending = spawn(move || end.end(runtime));
        if end != End::Drop {
            eventually("the end of the runtime", || ending.is_finished());
        }
        // Meanwhile the next generation lives.
        drop(cell.get_or_initialize(make).expect("a payload"));
        stage.release();
        ending.join();
        drop(closer);
        assert_eq!(cell.close_and_drain(LONG).status, CloseStatus::Ok);
        all_disposed();
    });
}

pub(crate) fn a_runtime_ends_while_the_disposer_of_its_payload_blocks() {
    #[runtime_cell(dispose = Payload::dispose_at_stage)]
    async fn held() -> Result<Payload, Boom> {
        tokio::task::yield_now().await;
        Ok(Payload::make())
    }
    each(|runtime, end| {
        runtime.block_on(async { drop(held().await.expect("a payload")) });
        let stage = AT.set();
        let ending = spawn(move || end.end(runtime));
        stage.reached();
        assert_eq!(HELD.state(), State::Empty);
        pollster::block_on(async { drop(held().await.expect("the next generation")) });
        stage.release();
        ending.join();
        assert_eq!(pollster::block_on(HELD.close_and_drain(LONG)).status, CloseStatus::Ok);
        all_disposed();
    });
}
