//! Wakers run arbitrary code: none is cloned, woken or dropped while a lock of a cell is held.

use cells::RuntimeCell;
use cells_test_support::{Boom, Gate, LONG, Stage, cell, eventually, leak, poll, poll_with, spawn};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

/// A waker that looks at the cell when it is woken and when it is dropped.
struct Nosy(&'static RuntimeCell<u32>);

impl Nosy {
    fn look(&self) {
        let _ = (self.0.state(), self.0.snapshot());
    }
}

impl Wake for Nosy {
    fn wake(self: Arc<Self>) {
        self.look();
    }
}

impl Drop for Nosy {
    fn drop(&mut self) {
        self.look();
    }
}

fn nosy(cell: &'static RuntimeCell<u32>) -> Waker {
    Waker::from(Arc::new(Nosy(cell)))
}

type Call = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A call that waits for the flight, and a drain that waits for its end.
fn calls(cell: &'static RuntimeCell<u32>) -> [Call; 2] {
    [
        Box::pin(async { drop(cell.get_or_initialize_async(async || Ok::<_, Boom>(2)).await) }),
        Box::pin(async { drop(cell.close_and_drain_async(LONG).await) }),
    ]
}

#[test]
fn a2_a_waker_is_replaced_and_dropped_with_no_lock_held() {
    for which in 0..2 {
        let job = spawn(move || {
            let cell = leak(cell::<u32>("db"));
            let mut initializer = Box::pin(cell.get_or_initialize_async(|| async {
                Gate::new().wait_async().await;
                Ok::<_, Boom>(1)
            }));
            assert!(poll(&mut initializer).is_pending());
            let [waiter, closer] = calls(cell);
            let mut asked = if which == 0 { waiter } else { closer };
            // The queue holds the last copy of the first waker, and drops it when the second one replaces it.
            assert!(poll_with(&mut asked, &nosy(cell)).is_pending());
            assert!(poll_with(&mut asked, &nosy(cell)).is_pending());
            drop(asked);
        });
        job.join();
    }
}

#[test]
fn a2_a_drains_waker_is_replaced_and_dropped_with_no_lock_held() {
    spawn(|| {
        let cell = leak(cell::<u32>("db"));
        let lease = cell.get_or_initialize(|| Ok::<_, Boom>(1));
        let [_, mut closer] = calls(cell);
        assert!(poll_with(&mut closer, &nosy(cell)).is_pending());
        assert!(poll_with(&mut closer, &nosy(cell)).is_pending());
        drop(closer);
        drop(lease);
    })
    .join();
}

#[test]
fn a2_wakers_are_woken_with_no_lock_held() {
    spawn(|| {
        let (cell, stage) = (leak(cell::<u32>("db")), Stage::new());
        let initializer = spawn(|| {
            cell.get_or_initialize(|| {
                stage.pause();
                Ok::<_, Boom>(1)
            })
        });
        stage.reached();
        let [mut waiter, _] = calls(cell);
        assert!(poll_with(&mut waiter, &nosy(cell)).is_pending());
        stage.release();
        drop(initializer.join());
        assert!(poll(&mut waiter).is_ready());
    })
    .join();
}

/// A task that lives as long as a waker of it does: dropping the last waker drops the task.
struct Orphan(std::sync::Mutex<Option<Call>>);

impl Wake for Orphan {
    fn wake(self: Arc<Self>) {}
}

#[test]
fn a2_a_task_that_ends_with_its_waker_takes_its_own_place_back() {
    spawn(|| {
        let cell = leak(cell::<u32>("db"));
        let mut initializer = Box::pin(cell.get_or_initialize_async(|| async {
            Gate::new().wait_async().await;
            Ok::<_, Boom>(1)
        }));
        assert!(poll(&mut initializer).is_pending());
        let [other, _] = calls(cell);
        let orphan = Arc::new(Orphan(std::sync::Mutex::new(Some(other))));
        let waker = Waker::from(orphan.clone());
        // A waiter that the orphan's task polls before it moves elsewhere.
        let [mut moved, _] = calls(cell);
        assert!(poll_with(&mut moved, &waker).is_pending());
        let mut place = orphan.0.lock().unwrap();
        let polled = place.as_mut().map(|asked| asked.as_mut().poll(&mut Context::from_waker(Waker::noop())));
        assert_eq!(polled, Some(Poll::Pending));
        drop(place);
        drop((orphan, waker));
        assert_eq!(cell.snapshot().waiters, 2);
        assert!(poll(&mut moved).is_pending());
        eventually("the orphan's end", || cell.snapshot().waiters == 1);
    })
    .join();
}
