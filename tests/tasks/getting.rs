//! A1, A2: the accessor, its fast paths, and executors that meet at one cell.

use allocation_counter::measure;
use cells::{BoxError, Disposer, Error, FactoryAdjuster, Ref, RuntimeCell, UnavailableError, runtime_cell};
use cells_test_support::{
    Answer, Boom, Count, Counted, Executor, Futures, Gate, Job, Pollster, Smol, Stage, Tally, TokioCurrent,
    TokioMulti, cell, eventually, leak, poll, spawn, yield_now,
};
use std::sync::Arc;
use std::task::Poll;

#[runtime_cell]
async fn plain() -> u32 {
    yield_now().await;
    7
}

#[runtime_cell]
async fn fallible() -> Result<String, std::io::Error> {
    yield_now().await;
    Ok("seven".to_owned())
}

#[test]
fn a1_the_output_mirrors_the_factorys() {
    let lease: Ref<'static, u32> = pollster::block_on(plain());
    let result: Result<Ref<'static, String>, Error> = pollster::block_on(fallible());
    assert_eq!((*lease, result.unwrap().as_str()), (7, "seven"));
}

#[test]
fn a1_a_ready_cell_resolves_at_the_first_poll() {
    #[runtime_cell]
    async fn ready() -> u32 {
        yield_now().await;
        1
    }
    let mut first = Box::pin(ready());
    assert!(poll(&mut first).is_pending());
    drop(pollster::block_on(first));
    let Poll::Ready(lease) = poll(&mut Box::pin(ready())) else { panic!("it is ready") };
    assert_eq!(*lease, 1);
    let field = leak(cell::<u32>("field"));
    let get = || field.get_or_initialize_async(async || Ok::<_, Boom>(2));
    assert!(matches!(poll(&mut Box::pin(get())), Poll::Ready(Ok(_))), "a factory that waits for nothing");
    assert!(matches!(poll(&mut Box::pin(get())), Poll::Ready(Ok(_))));
}

#[test]
fn a1_a_ready_cell_allocates_nothing() {
    #[runtime_cell]
    async fn ready() -> u32 {
        yield_now().await;
        1
    }
    static FIELD: RuntimeCell<u32> = RuntimeCell::new("field");
    let factory = async || Ok::<_, Boom>(2);
    let building = measure(|| {
        drop(pollster::block_on(async {
            (ready().await, FIELD.get_or_initialize_async(factory).await.is_ok())
        }));
    });
    assert_ne!(building.count_total, 0, "nothing is counted");
    let read = || {
        assert_eq!(*pollster::block_on(ready()), 1);
        assert!(pollster::block_on(READY.try_get()).is_ok());
        assert!(pollster::block_on(FIELD.get_or_initialize_async(factory)).is_ok());
        assert!(READY.peek().is_some() && READY.try_get_ready().is_ok());
    };
    // A thread's first read may create its table of leases, and the flight above read nothing.
    read();
    let reading = measure(|| (0..100).for_each(|_| read()));
    assert_eq!(reading.count_total, 0);
}

#[test]
fn a1_the_synchronous_fast_paths_start_nothing() {
    #[runtime_cell]
    async fn slow() -> u32 {
        GATE.get().expect("a gate").wait_async().await;
        3
    }
    static GATE: std::sync::OnceLock<&'static Gate> = std::sync::OnceLock::new();
    let gate = *GATE.get_or_init(Gate::new);
    let not_ready = || {
        let error = SLOW.try_get_ready().unwrap_err();
        matches!(error, Error::Unavailable(UnavailableError::NotReady { cell: "slow" }))
    };
    assert!(SLOW.peek().is_none() && not_ready());
    assert_eq!(SLOW.state(), cells::State::Empty);
    let job = Smol::spawn(slow());
    eventually("the flight", || SLOW.state() == cells::State::Initializing);
    assert!(SLOW.peek().is_none() && not_ready());
    gate.open();
    assert_eq!(*job.join(), 3);
    assert_eq!((SLOW.peek().as_deref(), SLOW.try_get_ready().as_deref().ok()), (Some(&3), Some(&3)));
}

#[test]
fn a2_waiters_of_all_kinds_meet_at_one_flight() {
    for round in 0..5 {
        let (tally, stage, cell) = (Tally::new(), Stage::new(), leak(cell("db")));
        let factory = move || async move {
            stage.pause_async().await;
            tally.build(1)
        };
        let wait = || cell.get_or_initialize_async(|| async { unreachable!("a waiter") as Result<_, Boom> });
        let initializer = match round {
            0 => Pollster::spawn(cell.get_or_initialize_async(factory)),
            1 => Futures::spawn(cell.get_or_initialize_async(factory)),
            2 => Smol::spawn(cell.get_or_initialize_async(factory)),
            3 => TokioMulti::spawn(cell.get_or_initialize_async(factory)),
            _ => TokioCurrent::spawn(cell.get_or_initialize_async(factory)),
        };
        stage.reached();
        let waiters: Vec<Job<Answer<_>>> = vec![
            Pollster::spawn(wait()),
            Futures::spawn(wait()),
            Smol::spawn(wait()),
            TokioMulti::spawn(wait()),
            TokioCurrent::spawn(wait()),
            spawn(|| cell.get_or_initialize(|| -> Result<_, Boom> { unreachable!("a waiter") })),
        ];
        eventually("the waiters", || cell.snapshot().waiters == 6);
        stage.release();
        let first = initializer.join().expect("a payload");
        for waiter in waiters {
            assert!(std::ptr::eq(&raw const *waiter.join().expect("a payload"), &raw const *first));
        }
        assert_eq!(tally.made(), 1);
    }
}

#[test]
fn a2_tasks_wait_for_the_flight_of_a_thread() {
    let (stage, cell) = (Stage::new(), leak(cell("db")));
    let initializer = spawn(|| {
        cell.get_or_initialize(|| {
            stage.pause();
            Ok::<_, Boom>(1)
        })
    });
    stage.reached();
    let waiter = Smol::spawn(cell.get_or_initialize_async(async || -> Result<u32, Boom> { unreachable!() }));
    eventually("the waiter", || cell.snapshot().waiters == 1);
    stage.release();
    assert_eq!((*initializer.join().unwrap(), *waiter.join().unwrap()), (1, 1));
}

#[test]
fn a2_a_thread_takes_over_from_a_task_and_a_task_from_a_thread() {
    let (stage, cell, runs) = (Stage::new(), leak(cell::<u32>("db")), Count::new());
    let mut initializer = Box::pin(cell.get_or_initialize_async(|| async {
        stage.pause_async().await;
        Ok::<_, Boom>(0)
    }));
    assert!(poll(&mut initializer).is_pending());
    let thread = spawn(|| {
        cell.get_or_initialize(|| {
            runs.up();
            Err::<u32, _>(Boom(2))
        })
    });
    eventually("the waiter", || cell.snapshot().waiters == 1);
    drop(initializer);
    assert_eq!(thread.join().unwrap_err().downcast_ref(), Some(&Boom(2)));
    assert_eq!((runs.get(), cell.snapshot().flights), (1, 0));
    let task = Smol::spawn(cell.get_or_initialize_async(async || Ok::<_, Boom>(3)));
    assert_eq!(Ref::generation(&task.join().unwrap()), 3);
}

#[test]
fn a7_an_async_factory_runs_the_adjuster_of_a_sync_cell_it_depends_on() {
    struct Twice;
    impl FactoryAdjuster<u32> for Twice {
        fn adjust(
            &self,
            _: &str,
            factory: &mut dyn FnMut() -> Result<u32, BoxError>,
        ) -> Result<u32, BoxError> {
            factory().map(|n| n * 2)
        }
    }
    #[runtime_cell(adjuster = Twice)]
    fn inner() -> u32 {
        4
    }
    #[runtime_cell]
    async fn outer(inner: &u32) -> u32 {
        *inner
    }
    assert_eq!(*pollster::block_on(outer()), 8);
}

#[test]
fn a1_the_async_adjuster_wraps_the_flight_alone() {
    struct Retry;
    impl<T: Send> cells::AsyncFactoryAdjuster<T> for Retry {
        fn adjust<'a>(
            &'a self,
            _: &'a str,
            factory: &'a mut (dyn FnMut() -> cells::BoxFuture<'static, Result<T, BoxError>> + Send),
        ) -> cells::BoxFuture<'a, Result<T, BoxError>> {
            Box::pin(async move {
                match factory().await {
                    Ok(payload) => Ok(payload),
                    Err(_) => factory().await,
                }
            })
        }
    }
    #[runtime_cell]
    async fn flaky() -> Result<usize, Boom> {
        static RUNS: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);
        yield_now().await;
        match RUNS.fetch_add(1, std::sync::atomic::Ordering::SeqCst) {
            0 => Err(Boom(0)),
            run => Ok(run),
        }
    }
    FLAKY.configure_adjuster(Arc::new(Retry));
    assert_eq!(pollster::block_on(flaky()).map(|lease| *lease).unwrap(), 1);
    assert_eq!(Ref::generation(&FLAKY.peek().unwrap()), 1);
}

#[test]
fn a6_a_cell_of_an_async_disposer_is_const() {
    static CELL: RuntimeCell<Counted> =
        RuntimeCell::new("db").disposer(Disposer::with_async(Counted::dispose_async));
    assert_eq!(CELL.name(), "db");
}

#[test]
fn x2_a_future_in_a_factory_adds_its_own_size_and_not_twice_that() {
    // Functions, because a generic one would have the type of each level several times in that of the next: the
    // compiler would take minutes.
    macro_rules! levels {
        ($($outer:ident builds on $inner:ident)*) => {
            $(
                async fn $outer() -> Result<u32, Error> {
                    static CELL: RuntimeCell<u32> = RuntimeCell::new("level");
                    let factory = async || {
                        let ballast = [0_u8; 100];
                        yield_now().await;
                        Ok::<_, Error>($inner().await? + u32::from(ballast[0]))
                    };
                    CELL.get_or_initialize_async(factory).await.map(|lease| *lease)
                }
            )*
        };
    }
    async fn zero() -> Result<u32, Error> {
        yield_now().await;
        Ok(1)
    }
    levels! {
        one builds on zero
        two builds on one
        three builds on two
        four builds on three
        five builds on four
        six builds on five
        seven builds on six
        eight builds on seven
    }
    let eight = eight();
    assert!(size_of_val(&eight) < 8 * 4096, "{} bytes", size_of_val(&eight));
    assert_eq!(pollster::block_on(eight).unwrap(), 1);
}
