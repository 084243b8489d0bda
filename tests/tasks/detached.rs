//! A4: flights that are tasks of their own; A9: contexts.

use cells::{CloseStatus, Error, InitStatus, LifecycleError, Ref, RequestContext, State, runtime_cell};
use cells_test_support::{
    Answer, Boom, Count, Executor, Gate, LONG, Recorder, Smol, Stage, TokioMulti, cell, current_thread,
    eventually, leak, multi_thread, poll, spawn, yield_now,
};
use std::sync::LazyLock;
use std::time::Duration;
use tokio::time::{sleep, timeout};

fn on<R>(future: impl Future<Output = R>) -> R {
    current_thread().block_on(future)
}

/// A copy of the payload.
async fn value<T: Copy + Send + Sync>(answer: impl Future<Output = Answer<T>>) -> Result<T, cells::Error> {
    answer.await.map(|lease| *lease)
}

#[tokio::test(start_paused = true)]
async fn a4_a_hundred_callers_that_give_up_run_a_slow_initialization_once() {
    static RUNS: Count = Count::zero();
    #[runtime_cell(detached, wait_timeout = "1h")]
    async fn slow() -> Result<usize, Boom> {
        let run = RUNS.up();
        sleep(Duration::from_secs(5)).await;
        Ok(run)
    }
    let recorder = Recorder::on(&SLOW);
    let second = Duration::from_secs(1);
    let callers: Vec<_> = (0..100).map(|_| tokio::spawn(timeout(second, slow()))).collect();
    let since = tokio::time::Instant::now();
    for caller in callers {
        assert!(caller.await.unwrap().is_err(), "no caller waits that long");
    }
    assert!(since.elapsed() < 2 * second);
    assert_eq!((SLOW.state(), SLOW.snapshot().waiters, RUNS.get()), (State::Initializing, 0, 1));
    // Callers that come one after the other, each with its own limit, get the payload in the end.
    let mut tries = 0;
    let lease = loop {
        tries += 1;
        if let Ok(answer) = timeout(second, slow()).await {
            break answer.unwrap();
        }
    };
    assert_eq!((*lease, Ref::generation(&lease), RUNS.get()), (1, 1, 1));
    assert!((4..=5).contains(&tries), "{tries} tries of a second each for the four that were left");
    assert_eq!(recorder.ends(), [(1, InitStatus::Ok)]);
}

#[tokio::test(start_paused = true)]
async fn a4_without_the_key_a_callers_timeout_ends_its_flight() {
    static RUNS: Count = Count::zero();
    #[runtime_cell(wait_timeout = "1h")]
    async fn slow() -> Result<usize, Boom> {
        let run = RUNS.up();
        sleep(Duration::from_secs(5)).await;
        Ok(run)
    }
    for run in 1..=3 {
        assert!(timeout(Duration::from_secs(1), slow()).await.is_err());
        assert_eq!(RUNS.get(), run);
    }
}

#[test]
fn a4_the_wait_limit_is_the_callers_own() {
    static GATE: LazyLock<&'static Gate> = LazyLock::new(Gate::new);
    #[runtime_cell(detached, wait_timeout = "20ms")]
    async fn slow() -> Result<u32, Boom> {
        GATE.wait_async().await;
        Ok(1)
    }
    let runtime = multi_thread();
    let first = runtime.spawn(slow());
    eventually("the flight", || SLOW.state() == State::Initializing);
    assert!(runtime.block_on(slow()).unwrap_err().is_timeout());
    first.abort();
    assert!(runtime.block_on(first).is_err());
    assert_eq!((SLOW.state(), SLOW.snapshot().waiters), (State::Initializing, 0));
    GATE.open();
    eventually("the flight's end", || SLOW.is_ready());
    assert_eq!(runtime.block_on(value(slow())).unwrap(), 1);
}

/// The limit of the callers below, and many times that.
const LIMIT: Duration = Duration::from_millis(1);
const LONGER: Duration = Duration::from_millis(200);

#[test]
fn x33_who_began_the_flight_does_not_wait_for_somebody_else() {
    #[runtime_cell(detached, wait_timeout = LIMIT)]
    async fn slow() -> Result<u32, Boom> {
        sleep(LONGER).await;
        Ok(1)
    }
    #[runtime_cell(blocking, wait_timeout = LIMIT)]
    fn heavy() -> Result<u32, Boom> {
        std::thread::sleep(LONGER);
        Ok(2)
    }
    assert_eq!(on(value(slow())).unwrap(), 1);
    assert_eq!(on(value(heavy())).unwrap(), 2);
    assert_eq!(*on(HEAVY.refresh()).unwrap(), 2);
}

#[test]
fn x33_who_began_the_flight_gets_the_cause_as_its_own() {
    #[runtime_cell(blocking)]
    fn broken() -> Result<u32, Boom> {
        Err(Boom(1))
    }
    #[runtime_cell(detached)]
    async fn needs(broken: &u32) -> Result<u32, Boom> {
        Ok(*broken)
    }
    on(async {
        let error = broken().await.unwrap_err();
        assert!(matches!(error, Error::Lifecycle(LifecycleError::Init { cell: "broken", .. })), "{error:?}");
        let error = needs().await.unwrap_err();
        assert!(
            matches!(error, Error::Lifecycle(LifecycleError::Dependency { cell: "needs", .. })),
            "{error:?}"
        );
    });
}

#[test]
fn x33_a_call_on_a_runtime_that_has_ended_says_so() {
    #[runtime_cell(detached, wait_timeout = "1h")]
    async fn late() -> Result<u32, Boom> {
        Ok(1)
    }
    let runtime = multi_thread();
    let handle = runtime.handle().clone();
    drop(runtime);
    let entered = handle.enter();
    let error = pollster::block_on(late()).unwrap_err();
    assert!(error.root_cause().to_string().contains("runtime"), "{error:?}");
    drop(entered);
    assert_eq!(on(value(late())).unwrap(), 1);
}

#[test]
fn a4_who_began_the_flight_is_no_waiter() {
    static STAGE: LazyLock<&'static Stage> = LazyLock::new(Stage::new);
    #[runtime_cell(detached, max_waiters = 2)]
    async fn crowded() -> Result<u32, Boom> {
        STAGE.pause_async().await;
        Ok(1)
    }
    let runtime = multi_thread();
    let first = runtime.spawn(crowded());
    STAGE.reached();
    let waiters = [runtime.spawn(crowded()), runtime.spawn(crowded())];
    eventually("the waiters", || CROWDED.snapshot().waiters == 2);
    assert!(runtime.block_on(crowded()).unwrap_err().is_waiters_full());
    // It frees no place: it was not a waiter.
    first.abort();
    assert!(runtime.block_on(first).is_err());
    assert_eq!(CROWDED.snapshot().waiters, 2);
    assert!(runtime.block_on(crowded()).unwrap_err().is_waiters_full());
    STAGE.release();
    for waiter in waiters {
        assert!(runtime.block_on(waiter).unwrap().is_ok());
    }
}

#[test]
fn a4_a_failure_and_a_panic_reach_all_callers() {
    static RUNS: Count = Count::zero();
    #[runtime_cell(detached)]
    async fn failing() -> Result<u32, Boom> {
        yield_now().await;
        match RUNS.up() {
            1 => Err(Boom(1)),
            2 => panic!("ouch"),
            _ => Ok(3),
        }
    }
    on(async {
        assert_eq!(failing().await.unwrap_err().downcast_ref(), Some(&Boom(1)));
        let error = failing().await.unwrap_err();
        assert!(error.is_panicked(), "{error}");
        assert_eq!(value(failing()).await.unwrap(), 3);
    });
}

#[test]
fn a4_a_runtime_that_ends_cancels_its_flight_and_others_take_over() {
    static STAGE: LazyLock<&'static Stage> = LazyLock::new(Stage::new);
    static RUNS: Count = Count::zero();
    #[runtime_cell(detached)]
    async fn moved() -> Result<usize, Boom> {
        let run = RUNS.up();
        if run == 1 {
            STAGE.pause_async().await;
        }
        Ok(run)
    }
    let recorder = Recorder::on(&MOVED);
    let (first, second) = (multi_thread(), multi_thread());
    let began = first.spawn(moved());
    STAGE.reached();
    let waiter = second.spawn(value(moved()));
    eventually("the waiter", || MOVED.snapshot().waiters == 1);
    drop(first);
    assert_eq!(second.block_on(waiter).unwrap().unwrap(), 2);
    assert!(began.is_finished());
    // The waiter that takes over does not wait until all observers are notified.
    let mut ends = recorder.ends();
    ends.sort_unstable_by_key(|(generation, _)| *generation);
    assert_eq!(ends, [(1, InitStatus::Cancelled), (2, InitStatus::Ok)]);
}

#[test]
fn a4_without_a_runtime_the_call_fails_and_the_cell_stays_usable() {
    #[runtime_cell(detached)]
    async fn homeless() -> Result<u32, Boom> {
        Ok(1)
    }
    let recorder = Recorder::on(&HOMELESS);
    let error = Smol::spawn(homeless()).join().unwrap_err();
    assert!(matches!(error, Error::Lifecycle(LifecycleError::Init { .. })), "{error:?}");
    assert_eq!((HOMELESS.state(), HOMELESS.snapshot().flights), (State::Empty, 0));
    recorder.balanced();
    assert_eq!(multi_thread().block_on(value(homeless())).unwrap(), 1);
}

#[test]
fn a4_a_close_supersedes_a_detached_flight() {
    static STAGE: LazyLock<&'static Stage> = LazyLock::new(Stage::new);
    static RUNS: Count = Count::zero();
    #[runtime_cell(detached)]
    async fn closed() -> Result<usize, Boom> {
        let run = RUNS.up();
        if run == 1 {
            STAGE.pause_async().await;
        }
        Ok(run)
    }
    let call = TokioMulti::spawn(value(closed()));
    STAGE.reached();
    assert_eq!(CLOSED.any().close().status, cells::CloseStatus::Superseded);
    assert_eq!(call.join().unwrap(), 2);
    STAGE.release();
}

#[test]
fn a4_a_circle_through_detached_flights_is_found() {
    #[runtime_cell(detached, wait_timeout = "1h")]
    async fn one() -> Result<u32, cells::Error> {
        yield_now().await;
        Ok(*two().await?)
    }
    #[runtime_cell(detached, wait_timeout = "1h")]
    async fn two() -> Result<u32, cells::Error> {
        yield_now().await;
        Ok(*one().await?)
    }
    let error = TokioMulti::spawn(one()).join().unwrap_err();
    let cause = std::iter::successors(Some(&error as &dyn std::error::Error), |error| error.source());
    assert!(cause.map(ToString::to_string).any(|text| text.contains("one -> two -> one")));
}

#[test]
fn a9_a_context_is_carried_across_awaits_and_threads() {
    let session = || RequestContext::current().and_then(|context| context.init_context().session_id);
    let job = TokioMulti::spawn(RequestContext::new().session_id("s-1").instrument(async move {
        for _ in 0..20 {
            assert_eq!(session().as_deref(), Some("s-1"));
            tokio::task::yield_now().await;
        }
        let inner = RequestContext::new().session_id("s-2").instrument(async move {
            yield_now().await;
            session()
        });
        (inner.await, session())
    }));
    let (inner, outer) = job.join();
    assert_eq!((inner.as_deref(), outer.as_deref()), (Some("s-2"), Some("s-1")));
    assert!(session().is_none());
}

#[test]
fn a9_the_flights_context_is_the_initializers() {
    let cell = leak(cell::<u32>("db"));
    let recorder = Recorder::on(cell);
    let stage = Stage::new();
    let ask = |id: &'static str| {
        RequestContext::new().session_id(id).instrument(cell.get_or_initialize_async(|| async {
            stage.pause_async().await;
            Ok::<_, Boom>(1)
        }))
    };
    let mut first = Box::pin(ask("first"));
    assert!(poll(&mut first).is_pending());
    let second = Smol::spawn(ask("second"));
    eventually("the waiter", || cell.snapshot().waiters == 1);
    drop(first);
    stage.release();
    assert!(second.join().is_ok());
    let mut sessions = recorder.sessions();
    sessions.sort_unstable();
    let sessions: Vec<_> = sessions.iter().map(Option::as_deref).collect();
    // The cancelled flight is reported outside the scope of its context, and still with it.
    assert_eq!(sessions, [Some("first"), Some("first"), Some("second"), Some("second")]);
}

#[test]
fn a9_a_detached_flight_runs_in_its_callers_context() {
    #[runtime_cell(detached)]
    async fn traced() -> Result<String, Boom> {
        yield_now().await;
        let context = RequestContext::current().map(|context| context.init_context());
        Ok(context.and_then(|context| context.session_id).unwrap_or_default().to_string())
    }
    let recorder = Recorder::on(&TRACED);
    let call = RequestContext::new().session_id("s-3").instrument(traced());
    assert_eq!(*TokioMulti::spawn(call).join().unwrap(), "s-3");
    assert_eq!(recorder.sessions(), [Some("s-3".to_owned()), Some("s-3".to_owned())]);
}

#[test]
fn a2_a_thread_waits_for_a_detached_flight() {
    static STAGE: LazyLock<&'static Stage> = LazyLock::new(Stage::new);
    #[runtime_cell(detached, wait_timeout = "1h")]
    async fn shared() -> Result<u32, Boom> {
        STAGE.pause_async().await;
        Ok(1)
    }
    let call = TokioMulti::spawn(value(shared()));
    STAGE.reached();
    let thread = spawn(|| pollster::block_on(SHARED.get()).map(|lease| *lease));
    eventually("the thread", || SHARED.snapshot().waiters == 1);
    STAGE.release();
    assert_eq!((call.join().unwrap(), thread.join().unwrap()), (1, 1));
    let _ = Smol::spawn(SHARED.close_and_drain(LONG)).join();
}

#[test]
fn x31_what_goes_on_after_its_caller_is_over_may_ask_for_the_callers_cell() {
    static STAGE: LazyLock<&'static Stage> = LazyLock::new(Stage::new);
    // A detached flight outlives the factory that began it, which returned without waiting.
    #[runtime_cell]
    async fn caller() -> Result<u32, Error> {
        if !STAGE.is_reached() {
            assert!(poll(&mut Box::pin(child())).is_pending());
        }
        Ok(1)
    }
    #[runtime_cell(detached, wait_timeout = "1h")]
    async fn child() -> Result<u32, Error> {
        STAGE.pause_async().await;
        Ok(*caller().await? + 1)
    }
    let runtime = multi_thread();
    assert_eq!(runtime.block_on(async { caller().await.map(|lease| *lease) }).unwrap(), 1);
    STAGE.reached();
    assert_eq!(runtime.block_on(CALLER.close()).status, CloseStatus::Ok);
    STAGE.release();
    assert_eq!(runtime.block_on(async { child().await.map(|lease| *lease) }).unwrap(), 2);
}
