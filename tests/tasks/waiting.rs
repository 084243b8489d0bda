//! Waiting for a payload without building one, in tasks.

use cells::{Error, RuntimeCell, UnavailableError};
use cells_test_support::{
    Boom, Executor, Futures, LONG, Pollster, Smol, TokioCurrent, TokioMulti, cell, eventually, leak, poll,
    spawn,
};
use std::time::Duration;

fn waiters(cell: &RuntimeCell<u32>) -> usize {
    cell.snapshot().waiters
}

#[test]
fn z7_tasks_of_all_executors_and_threads_wait_alike() {
    let cell: &'static RuntimeCell<u32> = leak(cell("db"));
    let wait = || async { cell.wait_async(LONG).await.map(|lease| *lease) };
    let jobs = [
        Pollster::spawn(wait()),
        Futures::spawn(wait()),
        Smol::spawn(wait()),
        TokioMulti::spawn(wait()),
        TokioCurrent::spawn(wait()),
        spawn(|| cell.wait(LONG).map(|lease| *lease)),
    ];
    eventually("the waiters", || waiters(cell) == 6);
    drop(cell.get_or_initialize(|| Ok::<_, Boom>(7)));
    assert!(jobs.into_iter().all(|job| job.join().is_ok_and(|got| got == 7)));
}

#[test]
fn z7_a_wait_that_is_dropped_or_has_no_time_left_leaves_nothing() {
    let cell = cell::<u32>("db");
    let mut dropped = Box::pin(cell.wait_async(LONG));
    assert!(poll(&mut dropped).is_pending() && waiters(&cell) == 1);
    drop(dropped);
    assert_eq!(waiters(&cell), 0);
    for limit in [Duration::ZERO, Duration::from_millis(1)] {
        let error = pollster::block_on(cell.wait_async(limit)).unwrap_err();
        assert!(matches!(error, Error::Unavailable(UnavailableError::NotReady { .. })), "{error:?}");
    }
    assert_eq!(waiters(&cell), 0);
    drop(cell.get_or_init(|| 1));
    assert_eq!(pollster::block_on(cell.wait_async(Duration::ZERO)).as_deref().ok(), Some(&1));
}

#[test]
fn z7_a_factory_that_awaits_its_own_cell_is_told_so() {
    let cell = cell::<u32>("db");
    let factory = || async { cell.wait_async(LONG).await.map(|lease| *lease) };
    let error = pollster::block_on(cell.get_or_initialize_async(factory)).unwrap_err();
    assert!(error.downcast_ref::<Error>().is_some_and(Error::is_reentrant), "{error:?}");
}

#[cfg(feature = "tokio")]
#[test]
fn z7_each_runtime_waits_for_its_own_payload() {
    #[cells::runtime_cell(runtime = "own")]
    async fn pool() -> u32 {
        1
    }
    let (home, other) = (cells_test_support::multi_thread(), cells_test_support::multi_thread());
    let mut waiting = Box::pin(POOL.wait(LONG));
    home.block_on(async { assert!(poll(&mut waiting).is_pending()) });
    other.block_on(async { drop(pool().await) });
    home.block_on(async { assert!(poll(&mut waiting).is_pending(), "that was another runtime's") });
    home.block_on(async { drop(pool().await) });
    assert_eq!(*home.block_on(waiting).unwrap(), 1);
}

#[test]
fn z6_the_closes_of_an_async_cell_are_awaited() {
    #[cells::runtime_cell]
    async fn client() -> u32 {
        1
    }
    pollster::block_on(async {
        drop(client().await);
        assert_eq!(CLIENT.close_generation(2).await.status, cells::CloseStatus::Noop);
        assert_eq!(CLIENT.close_generation(1).await.status, cells::CloseStatus::Ok);
        drop(client().await);
        CLIENT.invalidate().await;
        assert!(CLIENT.peek().is_none());
        drop(client().await);
    });
    assert_eq!(CLIENT.any().close().status, cells::CloseStatus::Ok, "the synchronous way");
}
