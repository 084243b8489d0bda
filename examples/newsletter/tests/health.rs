//! What fails, is reported and comes back.

use crate::support::{World, confirm_all, get, subscribe};
use axum::http::StatusCode;
use cells::Ref;
use newsletter::db::{DB, db};
use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

#[tokio::test]
async fn a_service_with_a_database_is_healthy() {
    let world = World::new().await;
    let cells = world.sandbox().enter();
    assert_eq!(get("/health").await.body, "healthy\n");
    cells.leave().await;
}

/// A broken database in this test is none in the others.
#[tokio::test]
async fn a_broken_database_is_reported_and_comes_back() {
    let world = World::new().await;
    let cells = world.sandbox().enter();
    fs::write(world.database(), "this is no database, but long enough to be read as one".repeat(10)).unwrap();
    let answer = get("/health").await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(answer.body.contains("file is not a database"), "{}", answer.body);
    assert_eq!(subscribe("ann@example.org").await.retry_after, Some(1), "the client may come back then");

    fs::remove_file(world.database()).unwrap();
    cells.advance(Duration::from_secs(1)); // past the cooldown
    assert_eq!(get("/health").await.status, StatusCode::OK);
    confirm_all(&world.api, &["ann@example.org"]).await;
    cells.leave().await;
}

/// Requests that have the old connections go on, others get the new ones, and none fails.
#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn the_connections_are_replaced_under_load() {
    const CLIENTS: usize = 4;
    let world = World::new().await;
    let cells = world.sandbox().enter();
    let (answers, stop) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
    let clients = [(); CLIENTS].map(|()| {
        let (answers, stop) = (answers.clone(), stop.clone());
        tokio::spawn(async move {
            while !stop.load(Ordering::Relaxed) {
                let answer = get("/health").await;
                assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
                answers.fetch_add(1, Ordering::Relaxed);
            }
        })
    });
    for generation in 1..5 {
        let before = answers.load(Ordering::Relaxed);
        while answers.load(Ordering::Relaxed) < before + 2 * CLIENTS {
            assert!(clients.iter().all(|client| !client.is_finished()), "a request failed");
            tokio::task::yield_now().await;
        }
        assert_eq!(Ref::generation(&db().await.unwrap()), generation);
        drop(DB.refresh().await.unwrap());
    }
    stop.store(true, Ordering::Relaxed);
    for client in clients {
        client.await.unwrap();
    }
    DB.close_and_drain(Duration::from_secs(10)).await.into_result().expect("nobody uses them any more");
    cells.leave().await;
}
