//! A6: `shutdown_async` and `close_all_async`. Each test runs in a process of its own.

use cells::{BoxError, ShutdownOutcome, ShutdownReport, runtime_cell};
use cells_test_support::{
    Counted, Executor, Gate, LONG, Smol, Tally, alone, eventually, poll, spawn, yield_now,
};
use std::sync::{LazyLock, Mutex};
use std::time::Duration;

static TALLY: LazyLock<&'static Tally> = LazyLock::new(Tally::new);
static ORDER: Mutex<Vec<&str>> = Mutex::new(Vec::new());

async fn shut_store(payload: Counted) -> Result<(), BoxError> {
    yield_now().await;
    ORDER.lock().unwrap().push("store");
    payload.dispose()
}

async fn shut_search(payload: Counted) -> Result<(), BoxError> {
    yield_now().await;
    ORDER.lock().unwrap().push("search");
    payload.dispose()
}

async fn shut_never(payload: Counted) -> Result<(), BoxError> {
    Gate::new().wait_async().await;
    payload.dispose()
}

async fn shut_all(payload: Counted) -> Result<(), BoxError> {
    ORDER.lock().unwrap().push("inner");
    let inner = cells::shutdown_async(LONG).await;
    assert!(inner.cells.is_empty());
    payload.dispose()
}

#[runtime_cell(dispose = shut_store)]
async fn store() -> Counted {
    yield_now().await;
    TALLY.make(1)
}

#[runtime_cell(dispose = shut_search)]
async fn search(store: &Counted) -> Counted {
    yield_now().await;
    TALLY.make(store.id + 1)
}

#[runtime_cell(dispose = shut_never)]
async fn stubborn() -> Counted {
    TALLY.make(9)
}

#[runtime_cell(dispose = shut_all)]
async fn nested() -> Counted {
    TALLY.make(7)
}

fn outcome(report: &ShutdownReport, name: &str) -> Option<ShutdownOutcome> {
    report.cells.iter().find(|cell| cell.info.name == name).map(|cell| cell.outcome)
}

/// Declares tests that run in a process of their own: a shutdown is for good.
macro_rules! alone {
    ($(fn $name:ident() $body:block)*) => {
        $(#[test] fn $name() { alone(|| $body); })*
    };
}

alone! {
    fn a6_a_shutdown_runs_async_disposers_in_the_order_of_the_graph() {
        drop(pollster::block_on(search()));
        let report = pollster::block_on(cells::shutdown_async(LONG));
        assert!(report.is_ok(), "{report}");
        assert_eq!(*ORDER.lock().unwrap(), ["search", "store"]);
        assert_eq!(TALLY.disposed(), [2, 1]);
        assert_eq!(outcome(&report, "search"), Some(ShutdownOutcome::Disposed));
        assert!(pollster::block_on(SEARCH.try_get()).unwrap_err().is_shut_down());
        assert!(SEARCH.try_get_ready().unwrap_err().is_shut_down());
        // A second one, of either kind, returns the same report.
        assert_eq!(cells::shutdown(LONG).cells.len(), report.cells.len());
        assert_eq!(pollster::block_on(cells::shutdown_async(LONG)).cells.len(), report.cells.len());
    }

    fn a6_an_overdue_async_disposer_holds_up_nobody_and_the_report_is_true() {
        drop((pollster::block_on(stubborn()), pollster::block_on(search())));
        let report = pollster::block_on(cells::shutdown_async(Duration::from_millis(200)));
        assert_eq!(outcome(&report, "search"), Some(ShutdownOutcome::Disposed));
        // Nobody runs it any longer: its payload was dropped plainly, and the report says so.
        assert_eq!(TALLY.dropped(), 3);
        assert_eq!(outcome(&report, "stubborn"), Some(ShutdownOutcome::Failed));
        assert!(report.errors().any(|(info, error)| info.name == "stubborn" && error.is::<cells::Abandoned>()));
    }

    fn a6_a_lease_that_stays_out_is_told_as_such() {
        let lease = pollster::block_on(store());
        let report = pollster::block_on(cells::shutdown_async(Duration::from_millis(200)));
        assert_eq!(outcome(&report, "store"), Some(ShutdownOutcome::Draining));
        drop(lease);
        assert_eq!(TALLY.dropped(), 1);
    }

    fn a6_a_shutdown_inside_a_disposer_that_it_runs_returns_at_once() {
        drop(pollster::block_on(nested()));
        let job = Smol::spawn(cells::shutdown_async(LONG));
        let report = job.join();
        assert_eq!(outcome(&report, "nested"), Some(ShutdownOutcome::Disposed), "{report}");
        assert_eq!(TALLY.disposed(), [7]);
    }

    fn a6_a_shutdown_supersedes_flights_and_waits_for_them() {
        let mut flight = Box::pin(search());
        assert!(poll(&mut flight).is_pending());
        let shutdown = Smol::spawn(cells::shutdown_async(LONG));
        eventually("the shutdown", || SEARCH.try_get_ready().is_err_and(|error| error.is_shut_down()));
        let panicked = spawn(move || pollster::block_on(flight).id).outcome();
        assert!(panicked.is_err(), "an infallible accessor can only panic after a shutdown");
        assert!(shutdown.join().is_ok());
        assert_eq!(TALLY.dropped(), TALLY.made());
    }

    fn a6_a_shutdown_that_is_dropped_leaves_a_second_one_its_work() {
        drop(pollster::block_on(search()));
        let mut first = Box::pin(cells::shutdown_async(LONG));
        assert!(poll(&mut first).is_pending());
        drop(first);
        let report = pollster::block_on(cells::shutdown_async(LONG));
        assert_eq!(TALLY.dropped(), 2);
        assert_eq!(outcome(&report, "store"), Some(ShutdownOutcome::Disposed));
    }

    fn x20_a_second_shutdown_knows_of_the_disposer_that_was_cut() {
        drop((pollster::block_on(search()), pollster::block_on(stubborn())));
        let lease = pollster::block_on(store());
        let mut first = Box::pin(cells::shutdown_async(LONG));
        eventually("the end of search", || {
            assert!(poll(&mut first).is_pending());
            TALLY.disposed() == [2]
        });
        drop(first);
        drop(lease);
        let report = pollster::block_on(cells::shutdown_async(LONG));
        assert_eq!(outcome(&report, "stubborn"), Some(ShutdownOutcome::Failed), "{report}");
        assert!(report.errors().any(|(info, error)| info.name == "stubborn" && error.is::<cells::Abandoned>()));
        assert_eq!(outcome(&report, "search"), Some(ShutdownOutcome::Disposed), "{report}");
        assert_eq!(outcome(&report, "store"), None, "its last lease has ended it meanwhile");
        assert!(!report.is_ok());
    }

    fn x20_a_shutdown_on_threads_knows_it_too_and_close_all_does_not() {
        drop(pollster::block_on(stubborn()));
        let mut first = Box::pin(cells::close_all_async(LONG));
        assert!(poll(&mut first).is_pending());
        drop(first);
        assert!(pollster::block_on(cells::close_all_async(LONG)).cells.is_empty(), "it is for reuse");
        drop(pollster::block_on(stubborn()));
        let mut first = Box::pin(cells::shutdown_async(LONG));
        assert!(poll(&mut first).is_pending());
        drop(first);
        let report = cells::shutdown(LONG);
        assert_eq!(outcome(&report, "stubborn"), Some(ShutdownOutcome::Failed), "{report}");
    }
}

/// The synchronous forms on the only thread of a tokio runtime.
#[cfg(feature = "tokio")]
mod on_one_thread {
    use super::*;
    use cells::{RuntimeBlocked, WarmUp, WarmUpOutcome, WarmedCell};
    use cells_test_support::{current_thread, eventually_async};
    use std::error::Error;
    use tokio::runtime::Builder;

    #[runtime_cell(eager)]
    fn plain() -> u32 {
        1
    }

    #[runtime_cell]
    async fn built_on(plain: &u32) -> Result<u32, BoxError> {
        // It takes the runtime to go on.
        tokio::time::sleep(Duration::from_millis(1)).await;
        Ok(*plain)
    }

    #[runtime_cell(eager)]
    async fn early(built_on: &u32) -> Result<u32, BoxError> {
        Ok(*built_on)
    }

    #[runtime_cell]
    async fn endless() -> u32 {
        Gate::new().wait_async().await;
        1
    }

    /// Runs a body as a task on the one worker of a runtime.
    fn on_one_worker<R: Send + 'static>(body: impl Future<Output = R> + Send + 'static) -> R {
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        runtime.block_on(runtime.spawn(body)).unwrap()
    }

    fn is_blocked(error: &(dyn Error + 'static)) -> bool {
        error.is::<RuntimeBlocked>() || error.source().is_some_and(is_blocked)
    }

    async fn warm_up_refuses() {
        let report = cells::warm_up();
        let of = |name: &str| -> WarmedCell {
            report.cells.iter().find(|cell| cell.info.name == name).unwrap().clone()
        };
        assert_eq!(of("plain").outcome, WarmUpOutcome::Built);
        assert_eq!(of("built_on").outcome, WarmUpOutcome::Failed);
        assert_eq!(of("early").outcome, WarmUpOutcome::Skipped);
        let error = of("built_on").error.unwrap();
        assert!(is_blocked(&error), "{error}");
        assert!(report.to_string().contains("await `WarmUp::run_async` instead"), "{report}");
        assert!(WarmUp::new().run_async().await.is_ok());
        assert!(cells::warm_up().is_ok(), "nothing is left to wait for");
    }

    async fn shutdown_does_not_wait(shut_down: fn() -> ShutdownReport) {
        let inner = search().await.id;
        let report = shut_down();
        assert_eq!(inner, 2);
        assert!(!report.is_ok(), "{report}");
        assert_eq!(outcome(&report, "search"), Some(ShutdownOutcome::Overdue), "{report}");
        assert!(report.errors().all(|(_, error)| error.is::<RuntimeBlocked>()), "{report}");
        assert_eq!(report.errors().count(), 2);
        let table = report.to_string();
        assert!(table.contains("still disposing") && table.contains("`shutdown_async`"), "{table}");
        eventually_async("the disposers", || TALLY.disposed().len() == 2).await;
    }

    async fn refresh_refuses() {
        drop(early().await.unwrap());
        let error = PLAIN.refresh_with_dependents().unwrap_err();
        assert_eq!(error.cell(), "built_on");
        assert!(is_blocked(&error), "{error:?}");
        assert_eq!(
            (PLAIN.generation(), BUILT_ON.generation(), EARLY.generation()),
            (Some(2), Some(1), Some(1))
        );
    }

    alone! {
        fn x17_a_warm_up_on_the_only_thread_refuses_what_it_would_wait_for_in_vain() {
            current_thread().block_on(warm_up_refuses());
        }

        fn x17_a_warm_up_on_the_only_worker_refuses_too() {
            on_one_worker(warm_up_refuses());
        }

        fn x17_a_warm_up_beside_the_runtime_works() {
            let runtime = current_thread();
            let report = runtime.block_on(async { tokio::task::spawn_blocking(cells::warm_up).await.unwrap() });
            assert!(report.is_ok(), "{report}");
        }

        fn x36_a_shutdown_on_the_only_thread_does_not_wait_for_disposers_that_need_it() {
            current_thread().block_on(shutdown_does_not_wait(|| cells::shutdown(Duration::MAX)));
        }

        fn x36_close_all_does_not_wait_for_them_either() {
            current_thread().block_on(shutdown_does_not_wait(|| cells::close_all(Duration::MAX)));
        }

        fn x36_nor_does_a_shutdown_on_the_only_worker() {
            on_one_worker(shutdown_does_not_wait(|| cells::shutdown(Duration::MAX)));
        }

        fn x36_nor_does_the_guard() {
            current_thread().block_on(shutdown_does_not_wait(|| {
                drop(cells::shutdown_on_drop(Duration::MAX));
                cells::shutdown(Duration::ZERO)
            }));
        }

        fn x36_nor_does_it_wait_for_a_factory_that_needs_it() {
            current_thread().block_on(async {
                let task = tokio::spawn(async { drop(ENDLESS.try_get().await) });
                eventually_async("the flight", || ENDLESS.snapshot().flights == 1).await;
                let report = cells::shutdown(Duration::MAX);
                assert_eq!(outcome(&report, "endless"), Some(ShutdownOutcome::Draining), "{report}");
                assert!(report.errors().all(|(_, error)| error.is::<RuntimeBlocked>()), "{report}");
                assert_eq!(report.errors().count(), 1);
                task.abort();
            });
        }

        fn x36_a_refresh_with_an_async_dependent_refuses_on_the_only_thread() {
            current_thread().block_on(refresh_refuses());
        }

        fn x36_and_on_the_only_worker() {
            on_one_worker(refresh_refuses());
        }

        fn x12_a_report_calls_a_disposer_that_runs_by_its_name() {
            let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
            drop(runtime.block_on(stubborn()));
            let report = cells::shutdown(Duration::from_millis(50));
            assert_eq!(outcome(&report, "stubborn"), Some(ShutdownOutcome::Overdue), "{report}");
        }
    }
}
