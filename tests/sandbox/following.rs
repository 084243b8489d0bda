//! F8 in a sandbox: what follows a source refreshes the sandbox's cell, and ends when the sandbox is left.

use crate::graph::{LIMIT, TWICE, limit, twice};
use cells::testing::Sandbox;
use cells::{RefreshEnd, RefreshOn};
use cells_test_support::eventually;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::sync::{Arc, mpsc};

#[test]
fn f8_a_thread_inside_refreshes_the_cell_of_the_sandbox_until_that_is_left() {
    let built = Arc::new(AtomicU32::new(0));
    let factory = {
        let built = Arc::clone(&built);
        move || built.fetch_add(1, SeqCst)
    };
    let cells = Sandbox::new().factory(&LIMIT, factory).enter();
    assert_eq!((*limit(), *twice()), (0, 0));
    let (items, received) = mpsc::channel();
    let follow = RefreshOn::new(&LIMIT).with_dependents();
    let follower = cells.handle().spawn(move || {
        // Items come from inside as well.
        follow.run(received.into_iter().inspect(|()| assert!(LIMIT.is_ready())))
    });
    items.send(()).expect("it is followed");
    eventually("it is refreshed", || TWICE.generation() == Some(2));
    assert_eq!((*limit(), *twice(), built.load(SeqCst)), (1, 2, 2));
    drop(cells);
    assert_eq!(follower.join().expect("no panic").end, RefreshEnd::ShutDown);
}

#[cfg(feature = "tokio")]
#[tokio::test]
async fn f8_a_task_inside_ends_when_the_sandbox_is_left() {
    use cells::{refresh_on, refresh_on_each};
    use std::future::pending;

    let cells = Sandbox::new().factory(&LIMIT, || 1).enter();
    drop(limit());
    let mut first = Some(());
    let follower = tokio::spawn(refresh_on(&LIMIT, async move || match first.take() {
        Some(item) => Some(item),
        None => pending().await,
    }));
    while LIMIT.generation() != Some(2) {
        tokio::task::yield_now().await;
    }
    cells.leave().await;
    let report = follower.await.expect("no panic");
    assert_eq!((report.end, report.refreshes), (RefreshEnd::ShutDown, 1));

    let _cells = Sandbox::new().enter();
    assert_eq!(refresh_on_each(&LIMIT, [()]).end, RefreshEnd::SourceEnded);
    assert_eq!(LIMIT.generation(), None, "nobody has asked");
}
