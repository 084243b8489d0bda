//! Waiting for the beginning of a shutdown in tasks.

use cells::{ShuttingDown, runtime_cell, shutdown_async, shutting_down};
use cells_test_support::{
    Executor, Gate, LONG, Pollster, Smol, TokioCurrent, TokioMulti, Wakes, alone, poll, poll_with, yield_now,
};
use std::task::Poll;

#[runtime_cell]
async fn pool() -> u8 {
    1
}

#[test]
fn h6_a_shutdown_wakes_each_task_that_waits_for_it_once() {
    alone(|| {
        let mut waiters: Vec<_> = (0..100).map(|_| (Box::pin(shutting_down()), Wakes::new())).collect();
        for (waiter, wakes) in &mut waiters {
            // Polled twice, by the waker of the last poll.
            assert!(poll_with(waiter, &Wakes::new().waker()).is_pending());
            assert!(poll_with(waiter, &wakes.waker()).is_pending());
        }
        let (mut dropped, wakes) = (Box::pin(shutting_down()), Wakes::new());
        assert!(poll_with(&mut dropped, &wakes.waker()).is_pending());
        drop(dropped);
        assert!(pollster::block_on(shutdown_async(LONG)).is_ok());
        assert_eq!(wakes.get(), 0);
        for (waiter, wakes) in &mut waiters {
            assert_eq!((wakes.get(), poll(waiter)), (1, Poll::Ready(())));
        }
        assert_eq!(
            poll(&mut Box::pin(shutting_down())),
            Poll::Ready(()),
            "whoever comes later need not wait"
        );
    });
}

/// A server that answers what it has begun, and a worker, on an executor; another task shuts down.
fn server_and_worker<E: Executor>() {
    let started = Gate::new();
    let worker = E::spawn(async {
        let mut stop = Box::pin(shutting_down());
        while poll(&mut stop).is_pending() {
            yield_now().await;
        }
    });
    let server = E::spawn(async {
        let lease = pool().await;
        started.open();
        shutting_down().await;
        // A request in flight: it goes on with what it has.
        for _ in 0..100 {
            yield_now().await;
        }
        *lease
    });
    started.wait();
    let report = E::spawn(async { shutdown_async(LONG).await.is_ok() });
    worker.join();
    assert_eq!(server.join(), 1);
    assert!(report.join(), "the lease came back");
}

#[test]
fn h6_a_server_answers_its_requests_before_the_shutdown_ends() {
    alone(|| {
        server_and_worker::<Smol>();
    });
}

#[test]
fn h6_a_server_on_threads_answers_its_requests_before_the_shutdown_ends() {
    alone(|| {
        server_and_worker::<Pollster>();
    });
}

#[test]
fn h6_a_server_on_tokio_answers_its_requests_before_the_shutdown_ends() {
    alone(|| {
        server_and_worker::<TokioMulti>();
    });
}

#[test]
fn h6_a_server_on_one_thread_of_tokio_answers_its_requests_before_the_shutdown_ends() {
    alone(|| {
        server_and_worker::<TokioCurrent>();
    });
}

#[test]
fn h6_the_future_needs_nothing_of_its_executor() {
    const fn assert_task<T: Send + Sync + Unpin + 'static>() {}
    assert_task::<ShuttingDown>();
}
