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
    ($($name:ident $body:block)*) => {
        $(#[test] fn $name() { alone(|| $body); })*
    };
}

alone! {
    a6_a_shutdown_runs_async_disposers_in_the_order_of_the_graph {
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

    a6_an_overdue_async_disposer_holds_up_nobody_and_the_report_is_true {
        drop((pollster::block_on(stubborn()), pollster::block_on(search())));
        let report = pollster::block_on(cells::shutdown_async(Duration::from_millis(200)));
        assert_eq!(outcome(&report, "search"), Some(ShutdownOutcome::Disposed));
        // Nobody runs it any longer: its payload was dropped plainly, and the report says so.
        assert_eq!(TALLY.dropped(), 3);
        assert_eq!(outcome(&report, "stubborn"), Some(ShutdownOutcome::Failed));
        assert!(report.errors().any(|(info, error)| info.name == "stubborn" && error.is::<cells::Abandoned>()));
    }

    a6_a_lease_that_stays_out_is_told_as_such {
        let lease = pollster::block_on(store());
        let report = pollster::block_on(cells::shutdown_async(Duration::from_millis(200)));
        assert_eq!(outcome(&report, "store"), Some(ShutdownOutcome::Draining));
        drop(lease);
        assert_eq!(TALLY.dropped(), 1);
    }

    a6_a_shutdown_inside_a_disposer_that_it_runs_returns_at_once {
        drop(pollster::block_on(nested()));
        let job = Smol::spawn(cells::shutdown_async(LONG));
        let report = job.join();
        assert_eq!(outcome(&report, "nested"), Some(ShutdownOutcome::Disposed), "{report}");
        assert_eq!(TALLY.disposed(), [7]);
    }

    a6_a_shutdown_supersedes_flights_and_waits_for_them {
        let mut flight = Box::pin(search());
        assert!(poll(&mut flight).is_pending());
        let shutdown = Smol::spawn(cells::shutdown_async(LONG));
        eventually("the shutdown", || SEARCH.try_get_ready().is_err_and(|error| error.is_shut_down()));
        let panicked = spawn(move || pollster::block_on(flight).id).outcome();
        assert!(panicked.is_err(), "an infallible accessor can only panic after a shutdown");
        assert!(shutdown.join().is_ok());
        assert_eq!(TALLY.dropped(), TALLY.made());
    }

    a6_a_shutdown_that_is_dropped_leaves_a_second_one_its_work {
        drop(pollster::block_on(search()));
        let mut first = Box::pin(cells::shutdown_async(LONG));
        assert!(poll(&mut first).is_pending());
        drop(first);
        let report = pollster::block_on(cells::shutdown_async(LONG));
        assert_eq!(TALLY.dropped(), 2);
        assert_eq!(outcome(&report, "store"), Some(ShutdownOutcome::Disposed));
    }
}
