//! `dispose_timeout`: how long closes and shutdowns wait for a disposer.

use cells::{CloseStatus, ShutdownOutcome, runtime_cell, shutdown};
use cells_test_support::{Boom, Count, LONG, Stage, alone, eventually};
use std::sync::LazyLock;
use std::time::Duration;

#[test]
fn h6_no_close_waits_for_a_disposer_for_longer_than_the_cell_says() {
    static STAGE: LazyLock<&'static Stage> = LazyLock::new(Stage::new);
    static DISPOSED: Count = Count::zero();
    #[runtime_cell(dispose_timeout = "20ms", dispose = end)]
    fn pool() -> u8 {
        1
    }
    fn end(_: u8) {
        STAGE.pause();
        DISPOSED.up();
    }

    assert_eq!(POOL.info().dispose_timeout, Some(Duration::from_millis(20)));
    drop(pool());
    assert_eq!(POOL.close().status, CloseStatus::Disposing);
    assert!(STAGE.is_reached() && DISPOSED.get() == 0);
    // Neither does who comes later, although it would have the time.
    assert_eq!(POOL.close_and_drain(LONG).status, CloseStatus::Disposing);
    assert_eq!(POOL.snapshot().draining, 1);
    // The cell is as usable as before, and so is its next payload.
    assert_eq!(*pool(), 1);
    STAGE.release();
    eventually("the disposer goes on", || DISPOSED.get() == 1 && POOL.snapshot().draining == 0);
    assert_eq!(POOL.close_and_drain(LONG).status, CloseStatus::Ok);
    assert_eq!(DISPOSED.get(), 2);
}

#[test]
fn h6_a_disposer_that_is_in_time_is_waited_for_with_its_result() {
    #[runtime_cell(dispose_timeout = "1h", dispose = end)]
    fn pool() -> u8 {
        1
    }
    fn end(_: u8) -> Result<(), Boom> {
        assert_eq!(std::thread::current().name(), Some("cells-dispose"));
        Err(Boom(3))
    }
    #[runtime_cell(dispose_timeout = LONG, dispose = panics)]
    fn other() -> u8 {
        1
    }
    fn panics(_: u8) {
        panic!("no luck");
    }

    drop((pool(), other()));
    let result = POOL.close();
    assert_eq!(
        (result.status, result.error.is_some_and(|error| error.to_string() == "boom 3")),
        (CloseStatus::Error, true)
    );
    assert_eq!(OTHER.close_and_drain(LONG).status, CloseStatus::Error);
    // The last lease waits for it too.
    let lease = pool();
    assert_eq!(POOL.close().status, CloseStatus::Draining);
    drop(lease);
    assert_eq!(POOL.snapshot().draining, 0);
}

#[test]
fn h6_the_drop_of_the_last_lease_does_not_wait_for_longer_either() {
    static STAGE: LazyLock<&'static Stage> = LazyLock::new(Stage::new);
    #[runtime_cell(dispose_timeout = "20ms", dispose = end)]
    fn pool() -> u8 {
        1
    }
    fn end(_: u8) {
        STAGE.pause();
    }

    let lease = pool();
    assert_eq!(POOL.close().status, CloseStatus::Draining);
    drop(lease);
    assert!(STAGE.is_reached());
    assert_eq!(POOL.close_and_drain(LONG).status, CloseStatus::Disposing);
    STAGE.release();
    eventually("it is disposed", || POOL.snapshot().draining == 0);
}

#[test]
fn h6_an_asynchronous_disposer_is_waited_for_as_long() {
    static STAGE: LazyLock<&'static Stage> = LazyLock::new(Stage::new);
    static DISPOSED: Count = Count::zero();
    #[runtime_cell(dispose_timeout = "20ms", dispose = end)]
    async fn pool() -> u8 {
        1
    }
    async fn end(_: u8) {
        STAGE.pause_async().await;
        DISPOSED.up();
    }

    // On a runtime, and then without one, where its own thread polls it.
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        drop(pool().await);
        assert_eq!(POOL.close_and_drain(LONG).await.status, CloseStatus::Disposing);
    });
    STAGE.release();
    eventually("it goes on", || DISPOSED.get() == 1);
    pollster::block_on(async {
        drop(pool().await);
        assert_eq!(POOL.close_and_drain(LONG).await.status, CloseStatus::Ok);
    });
    assert_eq!(DISPOSED.get(), 2);
    drop(pollster::block_on(pool()));
    assert_eq!(
        POOL.any().close().status,
        CloseStatus::Ok,
        "a thread of its own can run it without a runtime"
    );
}

#[test]
fn h6_a_shutdown_does_not_wait_for_a_disposer_for_longer_than_its_cell_says() {
    static STAGE: LazyLock<&'static Stage> = LazyLock::new(Stage::new);
    #[runtime_cell(dispose = end)]
    fn base() -> u8 {
        1
    }
    fn end(_: u8) {
        STAGE.reached();
    }
    #[runtime_cell(dispose_timeout = "20ms", dispose = hang)]
    fn hangs(base: &u8) -> u8 {
        *base
    }
    fn hang(_: u8) {
        STAGE.pause();
    }
    #[runtime_cell(permanent, dispose_timeout = "20ms", dispose = hang_forever)]
    fn forever() -> String {
        "settings".to_owned()
    }
    fn hang_forever(_: &String) {
        STAGE.pause();
    }

    alone(|| {
        drop(hangs());
        let _: &String = forever();
        let report = shutdown(LONG);
        let outcomes: Vec<_> = report.cells.iter().map(|cell| (cell.info.name, cell.outcome)).collect();
        let expected = [
            ("base", ShutdownOutcome::Disposed),
            ("hangs", ShutdownOutcome::Overdue),
            ("forever", ShutdownOutcome::Overdue),
        ];
        assert_eq!(outcomes, expected, "{report}");
        assert!(!report.is_ok());
    });
}
