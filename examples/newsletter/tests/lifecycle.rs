//! From the first request to the end, and what is left.

use crate::support::{World, confirm_all, get, subscribe};
use axum::http::StatusCode;
use cells::WarmUp;
use newsletter::db::DB;
use std::time::Duration;

/// The end of this service is not that of the others.
#[tokio::test]
async fn after_a_shutdown_nothing_is_left_open() {
    let world = World::new().await;
    let cells = world.sandbox().enter();
    confirm_all(&world.api, &["ann@example.org"]).await;
    let closed = cells::shutdown_async(Duration::from_secs(10)).await;
    assert!(closed.is_ok(), "{closed}");
    assert_eq!(world.journal_lines(), ["1000000 confirmation ann@example.org"]);
    assert!(!world.database().with_extension("db-wal").exists(), "the last connection empties the log");

    let answer = get("/health").await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    cells.leave().await;
}

#[tokio::test]
async fn a_warm_up_builds_what_is_eager() {
    let world = World::new().await;
    let cells = world.sandbox().enter();
    let warm = WarmUp::new().run_async().await;
    assert!(warm.is_ok(), "{warm}");
    assert!(DB.is_ready() && world.database().exists() && world.journal().exists());
    cells.leave().await;
}

/// Two services one after the other in one test: what the first has closed is there for the second.
#[tokio::test]
async fn subscribers_outlive_the_service() {
    let world = World::new().await;
    let cells = world.sandbox().enter();
    subscribe("ann@example.org").await;
    cells.leave().await;

    let cells = world.sandbox().enter();
    assert_eq!(get(&world.api.link("ann@example.org")).await.status, StatusCode::OK);
    cells.leave().await;
}
