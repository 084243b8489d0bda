//! A9: `blocking` factories, on the blocking pool.

use cells::{InitStatus, Ref, RequestContext, State, runtime_cell};
use cells_test_support::{
    Boom, Count, Executor, Recorder, Smol, Stage, current_thread, eventually, eventually_async, multi_thread,
    poll,
};
use std::sync::LazyLock;
use std::thread::{self, ThreadId};

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
    assert!(Smol::spawn(homeless()).outcome().is_err());
    assert_eq!((HOMELESS.state(), HOMELESS.snapshot().flights), (State::Empty, 0));
    assert_eq!(multi_thread().block_on(homeless()).map(|lease| *lease).unwrap(), 1);
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
