//! A9: `blocking` factories, on the blocking pool.

use cells::{
    AsyncFactoryAdjuster, BoxError, BoxFuture, Error, InitStatus, LifecycleError, Ref, RequestContext, State,
    runtime_cell,
};
use cells_test_support::{
    Boom, Count, Counted, Executor, LONG, Recorder, Smol, Stage, Tally, current_thread, eventually,
    eventually_async, message, multi_thread, poll, spawn,
};
use std::sync::LazyLock;
use std::thread::{self, ThreadId};
use std::time::Duration;
use tokio::runtime::Runtime;

#[test]
fn a9_a_blocking_factory_runs_beside_the_tasks() {
    static STAGE: LazyLock<&'static Stage> = LazyLock::new(Stage::new);
    #[runtime_cell(blocking)]
    fn heavy() -> Result<ThreadId, Boom> {
        STAGE.pause();
        Ok(thread::current().id())
    }
    let built = current_thread().block_on(async {
        let call = tokio::spawn(heavy());
        // Meanwhile the only thread of this runtime is free.
        eventually_async("the factory", || STAGE.is_reached()).await;
        STAGE.release();
        *call.await.unwrap().unwrap()
    });
    assert_ne!(built, thread::current().id());
}

#[test]
fn a9_a_blocking_factory_has_the_context_and_the_frame_of_its_flight() {
    #[runtime_cell(blocking)]
    fn context() -> String {
        let context = RequestContext::current().map(|context| context.init_context());
        context.and_then(|context| context.session_id).unwrap_or_default().to_string()
    }
    #[runtime_cell(blocking)]
    fn circular() -> Result<u32, cells::Error> {
        tokio::runtime::Handle::current().block_on(circular()).map(|lease| *lease)
    }
    let runtime = multi_thread();
    let call = RequestContext::new().session_id("s-1").instrument(context());
    assert_eq!(*runtime.block_on(call), "s-1");
    let error = runtime.block_on(circular()).unwrap_err();
    let cause = error.downcast_ref::<cells::Error>();
    assert!(cause.is_some_and(cells::Error::is_reentrant), "{error:?}");
}

#[test]
fn a9_a_panic_on_the_blocking_pool_is_the_factorys() {
    #[runtime_cell(blocking)]
    fn broken() -> Result<u32, Boom> {
        panic!("ouch")
    }
    let runtime = multi_thread();
    // The flight runs as a task of its own, so its caller gets what a waiter gets.
    let error = runtime.block_on(broken()).unwrap_err();
    assert!(error.is_panicked(), "{error:?}");
    assert_eq!(error.downcast_ref::<cells::Panic>().map(cells::Panic::message), Some("ouch"));
    assert_eq!(BROKEN.state(), State::Failed);
}

#[test]
fn a9_without_a_runtime_a_blocking_factory_does_not_run() {
    #[runtime_cell(blocking)]
    fn homeless() -> Result<u32, Boom> {
        Ok(1)
    }
    let error = Smol::spawn(homeless()).join().unwrap_err();
    assert!(matches!(error, Error::Lifecycle(LifecycleError::Init { .. })), "{error:?}");
    assert_eq!((HOMELESS.state(), HOMELESS.snapshot().flights), (State::Empty, 0));
    assert_eq!(multi_thread().block_on(homeless()).map(|lease| *lease).unwrap(), 1);
}

/// The error names the keys and what to do; an infallible accessor panics with it.
#[test]
fn z14_without_a_runtime_the_error_says_what_to_do() {
    #[runtime_cell(blocking)]
    fn fallible() -> Result<u32, Boom> {
        Ok(1)
    }
    #[runtime_cell(detached)]
    async fn infallible() -> u32 {
        1
    }
    let error = format!("{:#}", Smol::spawn(fallible()).join().unwrap_err());
    let panic = Smol::spawn(infallible()).outcome().unwrap_err();
    for (text, name) in [(&*error, "fallible"), (message(&*panic), "infallible")] {
        assert!(text.starts_with(&format!("cell `{name}`: initialization failed: ")), "{text}");
        for part in ["`blocking`", "`detached`", "tokio runtime", "`#[tokio::main]`"] {
            assert!(text.contains(part), "{text}");
        }
    }
    assert_eq!(current_thread().block_on(infallible()).wrapping_add(1), 2);
}

#[test]
fn a3_a_blocking_flight_goes_on_without_its_caller_and_its_payload_is_disposed() {
    static STAGE: LazyLock<&'static Stage> = LazyLock::new(Stage::new);
    static RUNS: Count = Count::zero();
    static DISPOSED: Count = Count::zero();
    struct Payload;
    impl Payload {
        fn dispose(self) {
            let Self = self;
            DISPOSED.up();
        }
    }
    #[runtime_cell(blocking, dispose = Payload::dispose)]
    fn heavy() -> Result<Payload, Boom> {
        if RUNS.up() == 1 {
            STAGE.pause();
        }
        Ok(Payload)
    }
    let recorder = Recorder::on(&HEAVY);
    let runtime = multi_thread();
    let _entered = runtime.enter();
    let mut call = Box::pin(heavy());
    assert!(poll(&mut call).is_pending());
    STAGE.reached();
    drop(call);
    assert_eq!(HEAVY.state(), State::Initializing);
    // The payload of the first run comes too late and is disposed.
    assert_eq!(runtime.block_on(HEAVY.close()).status, cells::CloseStatus::Superseded);
    let next = runtime.block_on(heavy()).unwrap();
    assert_eq!(Ref::generation(&next), 2);
    // Its observers are notified after its callers are woken.
    eventually("its end", || recorder.ends() == [(2, InitStatus::Ok)]);
    STAGE.release();
    eventually("the end of the first payload", || DISPOSED.get() == 1);
    eventually("both ends", || recorder.ends().len() == 2);
    assert_eq!(recorder.ends(), [(2, InitStatus::Ok), (1, InitStatus::Superseded)]);
}

/// How a runtime ends.
fn ends() -> [fn(Runtime); 3] {
    // A drop waits for the blocking pool.
    [
        |it| drop(spawn(move || drop(it))),
        |it| it.shutdown_timeout(Duration::ZERO),
        Runtime::shutdown_background,
    ]
}

#[test]
fn x8_a_blocking_factory_ends_its_flight_though_its_runtime_has_ended() {
    static TALLY: LazyLock<&'static Tally> = LazyLock::new(Tally::new);
    static RUNS: Count = Count::zero();
    static STAGES: LazyLock<[&'static Stage; 3]> = LazyLock::new(|| [(); 3].map(|()| Stage::new()));
    #[runtime_cell(blocking, wait_timeout = "1h", dispose = Counted::dispose)]
    fn heavy() -> Result<Counted, Boom> {
        let run = RUNS.up();
        if run % 2 == 1 {
            STAGES[run / 2].pause();
        }
        Ok(TALLY.make(u32::try_from(run).unwrap_or(0)))
    }
    for (round, end) in ends().into_iter().enumerate() {
        let (first, second) = (multi_thread(), multi_thread());
        drop(first.spawn(heavy()));
        STAGES[round].reached();
        end(first);
        // However late the factory is, no other runs beside it.
        let waiter = second.spawn(async { heavy().await.map(|lease| lease.id) });
        eventually("the waiter", || HEAVY.snapshot().waiters == 1);
        assert_eq!(RUNS.get(), 2 * round + 1);
        STAGES[round].release();
        assert!(second.block_on(waiter).unwrap().is_ok());
        // Its payload is tied to the runtime that has ended.
        let next = u32::try_from(2 * round + 2).unwrap_or(0);
        eventually("the first payload's end", || TALLY.disposed().contains(&(next - 1)));
        assert_eq!(second.block_on(async { heavy().await.map(|lease| lease.id) }).unwrap(), next);
        assert_eq!(second.block_on(HEAVY.close_and_drain(LONG)).status, cells::CloseStatus::Ok);
        assert_eq!(TALLY.made(), TALLY.disposed().len());
    }
}

#[test]
fn x8_an_adjuster_goes_on_where_the_blocking_factory_has_returned() {
    static TALLY: LazyLock<&'static Tally> = LazyLock::new(Tally::new);
    static STAGE: LazyLock<&'static Stage> = LazyLock::new(Stage::new);
    struct Twice;
    impl AsyncFactoryAdjuster<Counted> for Twice {
        fn adjust<'a>(
            &'a self,
            _: &'a str,
            factory: &'a mut (dyn FnMut() -> BoxFuture<'static, Result<Counted, BoxError>> + Send),
        ) -> BoxFuture<'a, Result<Counted, BoxError>> {
            Box::pin(async move {
                let (one, other) = (factory(), factory());
                let (one, other) = futures::future::join(one, other).await;
                other?.dispose()?;
                one
            })
        }
    }
    static RUNS: Count = Count::zero();
    #[runtime_cell(blocking, wait_timeout = "1h", dispose = Counted::dispose, adjuster = Twice)]
    fn heavy() -> Result<Counted, Boom> {
        let run = RUNS.up();
        if run == 1 {
            STAGE.pause();
        }
        Ok(TALLY.make(u32::try_from(run).unwrap_or(0)))
    }
    let runtime = multi_thread();
    drop(runtime.spawn(heavy()));
    STAGE.reached();
    eventually("the second factory", || TALLY.made() == 1);
    runtime.shutdown_background();
    assert_eq!(HEAVY.state(), State::Initializing);
    STAGE.release();
    eventually("both ends", || TALLY.disposed().len() == 2);
    eventually("the end of the flight", || HEAVY.snapshot().flights == 0);
    assert_eq!(TALLY.made(), 2);
}

#[test]
fn x8_a_blocking_factory_that_is_queued_when_its_runtime_ends_runs_alone_too() {
    static RUNS: Count = Count::zero();
    #[runtime_cell(blocking, wait_timeout = "1h")]
    fn queued() -> Result<usize, Boom> {
        Ok(RUNS.up())
    }
    let busy = Stage::new();
    let first = tokio::runtime::Builder::new_multi_thread().worker_threads(1).max_blocking_threads(1).build();
    let (first, second) = (first.unwrap(), multi_thread());
    drop(first.spawn_blocking(|| busy.pause()));
    busy.reached();
    let recorder = Recorder::on(&QUEUED);
    drop(first.spawn(queued()));
    eventually("the flight", || QUEUED.state() == State::Initializing);
    // The only worker has polled the flight's task before this one has had so many turns.
    let later = first.spawn(async {
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
    });
    first.block_on(later).unwrap();
    let waiter = second.spawn(async { queued().await.map(|lease| *lease) });
    eventually("the waiter", || QUEUED.snapshot().waiters == 1);
    // The pool still runs what is in its queue, on this thread or on that of a worker.
    first.shutdown_background();
    busy.release();
    assert_eq!(second.block_on(waiter).unwrap().unwrap(), 1);
    eventually("the end", || recorder.ends() == [(1, InitStatus::Ok)]);
}
