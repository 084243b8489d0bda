//! Values from outside in tasks.

use cells::{CloseStatus, Disposer, Error, ProvideRefusal, Ref, UnavailableError, runtime_cell};
use cells_test_support::{
    Boom, Counted, Executor, Futures, Pollster, Smol, Stage, Tally, TokioCurrent, TokioMulti, cell, counted,
    leak, yield_now,
};

fn replaces_a_flight<X: Executor>() {
    let (tally, stage) = (Tally::new(), Stage::new());
    let cell = leak(counted("db"));
    let initializer = X::spawn(cell.get_or_initialize_async(|| async {
        stage.pause_async().await;
        tally.build(1)
    }));
    stage.reached();
    assert_eq!(cell.provide(tally.make(2)).unwrap_err().refusal(), ProvideRefusal::Initializing);
    cell.replace(tally.make(3)).expect("it settles the flight");
    stage.release();
    let lease = initializer.join().expect("the value");
    assert_eq!((lease.id, Ref::generation(&lease)), (3, 2));
    assert_eq!((tally.disposed(), tally.dropped()), (vec![1], 2));
}

#[test]
fn v1_replace_during_a_flight_gives_the_value_to_its_initializer() {
    replaces_a_flight::<Pollster>();
    replaces_a_flight::<Futures>();
    replaces_a_flight::<Smol>();
    replaces_a_flight::<TokioMulti>();
    replaces_a_flight::<TokioCurrent>();
}

#[test]
fn v1_an_async_factory_fills_in_until_a_value_is_provided() {
    #[runtime_cell(provided)]
    async fn token() -> u8 {
        yield_now().await;
        1
    }
    assert_eq!(*pollster::block_on(token()), 1);
    TOKEN.replace(2).expect("in its place");
    assert_eq!(*pollster::block_on(token()), 2);
    assert_eq!(*pollster::block_on(TOKEN.refresh()).expect("the factory"), 1);
    pollster::block_on(TOKEN.invalidate());
    TOKEN.provide(3).expect("it is empty");
    assert_eq!(*pollster::block_on(token()), 3);
}

#[test]
fn v2_a_dependent_in_a_task_fails_with_the_missing_value_as_the_cause() {
    #[runtime_cell(provided)]
    async fn host() -> u8;
    #[runtime_cell(cooldown = "1h")]
    async fn session(host: &u8) -> Result<u8, Boom> {
        Ok(*host)
    }
    let missing = "cell `host`: no value was provided; call `HOST.provide(..)` first";
    let error = pollster::block_on(session()).map(|lease| *lease).unwrap_err();
    assert_eq!((error.is_unavailable(), error.root_cause().to_string().as_str()), (true, missing));
    assert!(pollster::block_on(HOST.refresh()).unwrap_err().is_not_provided());
    HOST.provide(1).expect("it is empty");
    assert_eq!(*pollster::block_on(session()).expect("no cooldown"), 1);
    assert!(pollster::block_on(HOST.refresh()).unwrap_err().is_not_provided());
    assert_eq!(*pollster::block_on(host()), 1);
}

#[test]
fn v3_replace_with_dependents_in_a_task() {
    #[runtime_cell(provided)]
    async fn level() -> u8;
    #[runtime_cell]
    async fn filter(level: &u8) -> u8 {
        yield_now().await;
        *level * 2
    }
    LEVEL.provide(1).expect("it is empty");
    assert_eq!(*pollster::block_on(filter()), 2);
    pollster::block_on(LEVEL.replace_with_dependents(2)).expect("it is taken").expect("no dependent fails");
    assert_eq!((*pollster::block_on(filter()), FILTER.generation()), (4, Some(2)));
}

#[test]
fn v4_an_async_factory_that_can_run_only_once() {
    let (tally, stage) = (Tally::new(), Stage::new());
    let cell = leak(cell("db").disposer(Disposer::with(Counted::dispose)));
    let payload = tally.make(1);
    let once = TokioMulti::spawn(cell.get_or_initialize_once_async(move || async move {
        stage.pause_async().await;
        Ok::<_, Boom>(payload)
    }));
    stage.reached();
    assert_eq!(cell.close().status, CloseStatus::Superseded);
    stage.release();
    let error = once.join().map(|lease| lease.id).unwrap_err();
    assert!(matches!(error, Error::Unavailable(UnavailableError::Superseded { .. })), "{error}");
    let payload = tally.make(2);
    let lease = pollster::block_on(cell.get_or_initialize_once_async(|| async { Ok::<_, Boom>(payload) }));
    assert_eq!((lease.expect("a payload").id, tally.disposed()), (2, vec![1]));
}

#[cfg(feature = "tokio")]
mod on_tokio {
    use super::*;
    use cells_test_support::LONG;
    use cells_test_support::{current_thread, eventually, multi_thread, spawn};
    use std::sync::LazyLock;
    use std::thread;

    async fn shut(payload: Counted) {
        yield_now().await;
        payload.dispose().expect("it never fails");
    }

    #[test]
    fn v3_an_async_disposer_runs_on_the_runtime_where_the_value_was_provided() {
        static TALLY: LazyLock<&'static Tally> = LazyLock::new(Tally::new);
        #[runtime_cell(provided, dispose = shut)]
        async fn handle() -> Counted;

        let runtime = multi_thread();
        runtime.block_on(async { HANDLE.provide(TALLY.make(1)).expect("it is empty") });
        // Outside of any runtime, the disposer of the old value is left to that runtime.
        HANDLE.replace(TALLY.make(2)).expect("in its place");
        eventually("the first one's end", || TALLY.disposed() == [1]);
        assert_ne!(TALLY.disposers()[0], thread::current().id());
        runtime.block_on(async { HANDLE.replace(TALLY.make(3)).expect("in its place") });
        assert_eq!(TALLY.dropped(), 2, "the second one has no runtime, and is dropped");
        assert!(spawn(|| HANDLE.any().close()).join().had_payload);
        eventually("the third one's end", || TALLY.disposed() == [1, 3]);
    }

    #[test]
    fn v3_a_value_is_closed_when_the_runtime_ends_where_it_was_provided() {
        static TALLY: LazyLock<&'static Tally> = LazyLock::new(Tally::new);
        #[runtime_cell(provided, dispose = Counted::dispose)]
        async fn handle() -> Counted;

        for flavour in [multi_thread, current_thread] {
            let before = TALLY.disposed().len();
            let (first, second) = (flavour(), flavour());
            first.block_on(async { HANDLE.provide(TALLY.make(1)).expect("it is empty") });
            second.block_on(async { HANDLE.replace(TALLY.make(2)).expect("in its place") });
            drop(first);
            assert_eq!(pollster::block_on(handle()).id, 2, "it belongs to the second runtime");
            drop(second);
            assert!(HANDLE.peek().is_none());
            assert_eq!(TALLY.disposed()[before..], [1, 2]);
        }
        HANDLE.provide(TALLY.make(3)).expect("it is empty");
        drop(multi_thread());
        assert_eq!(pollster::block_on(handle()).id, 3, "it belongs to no runtime");
    }

    /// The runtime of the flight that was replaced has nothing to do with the value.
    #[test]
    fn v3_a_value_outlives_the_runtime_of_a_flight_that_it_replaced() {
        static TALLY: LazyLock<&'static Tally> = LazyLock::new(Tally::new);
        static STAGE: LazyLock<&'static Stage> = LazyLock::new(Stage::new);
        #[runtime_cell(provided, dispose = Counted::dispose)]
        async fn handle() -> Counted {
            STAGE.pause_async().await;
            TALLY.make(1)
        }

        let runtime = multi_thread();
        let flight = runtime.spawn(handle());
        STAGE.reached();
        HANDLE.replace(TALLY.make(2)).expect("it settles the flight");
        STAGE.release();
        assert_eq!(runtime.block_on(flight).expect("no panic").id, 2);
        drop(runtime);
        assert_eq!((pollster::block_on(handle()).id, TALLY.disposed()), (2, vec![1]));
    }

    #[test]
    fn v1_a_detached_and_a_blocking_flight_are_replaced_alike() {
        static STAGE: LazyLock<&'static Stage> = LazyLock::new(Stage::new);
        static OTHER: LazyLock<&'static Stage> = LazyLock::new(Stage::new);
        #[runtime_cell(provided, detached)]
        async fn detached() -> u8 {
            STAGE.pause_async().await;
            1
        }
        #[runtime_cell(provided, blocking)]
        fn blocking() -> Result<u8, Boom> {
            OTHER.pause();
            Err(Boom(1))
        }

        let runtime = multi_thread();
        let (one, other) = (runtime.spawn(detached()), runtime.spawn(blocking()));
        STAGE.reached();
        OTHER.reached();
        DETACHED.replace(2).expect("it settles the flight");
        BLOCKING.replace(3).expect("it settles the flight");
        // The factories run in tasks of their own, so nobody waits for them.
        assert_eq!(*runtime.block_on(one).expect("no panic"), 2);
        assert_eq!(*runtime.block_on(other).expect("no panic").expect("the value"), 3);
        STAGE.release();
        OTHER.release();
        assert!(DETACHED.any().close_and_drain(LONG).status == CloseStatus::Ok);
    }

    #[test]
    fn v1_each_runtime_has_a_value_of_its_own() {
        #[runtime_cell(provided, runtime = "own")]
        async fn handle() -> u8;

        let (first, second) = (multi_thread(), current_thread());
        first.block_on(async { HANDLE.provide(1).expect("it is empty") });
        assert!(second.block_on(async { HANDLE.try_get().await }).unwrap_err().is_not_provided());
        second.block_on(async { HANDLE.provide(2).expect("it is empty") });
        HANDLE.provide(3).expect("outside of both");
        let values = [first.block_on(async { *handle().await }), second.block_on(async { *handle().await })];
        assert_eq!((values, *pollster::block_on(handle())), ([1, 2], 3));
    }
}
