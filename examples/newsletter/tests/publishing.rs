//! Publishing.

use crate::support::{PUBLISH_TOKEN, World, confirm_all, publish, send, subscribe};
use axum::body::Body;
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE};
use axum::http::{Request, StatusCode};
use newsletter::db::DB;
use sqlx::sqlite::SqlitePool;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_issue_goes_to_those_who_have_confirmed() {
    let world = World::new().await;
    let cells = world.sandbox().enter();
    confirm_all(&world.api, &["ann@example.org", "bob@example.org"]).await;
    subscribe("eve@example.org").await;
    assert_eq!(publish("one").await.body, r#"{"sent":2,"failed":0}"#);
    assert_eq!(world.api.recipients("one"), ["ann@example.org", "bob@example.org"]);
    cells.leave().await;
    let mut journal = world.journal_lines();
    journal.sort();
    assert_eq!(journal[3..], ["1000000 issue one ann@example.org", "1000000 issue one bob@example.org"]);
}

#[tokio::test]
async fn who_publishes_has_to_know_the_token() {
    let world = World::new().await;
    let cells = world.sandbox().enter();
    confirm_all(&world.api, &["ann@example.org"]).await;
    for authorization in ["", "Bearer ", "Bearer something else", PUBLISH_TOKEN] {
        let request = Request::put("/issues/one")
            .header(AUTHORIZATION, authorization)
            .header(CONTENT_TYPE, "application/json")
            .body(Body::from(r#"{"title":"one","text":"News."}"#));
        assert_eq!(send(request.unwrap()).await.status, StatusCode::UNAUTHORIZED, "{authorization:?}");
    }
    assert!(world.api.recipients("one").is_empty());
    cells.leave().await;
}

#[tokio::test]
async fn publishing_again_reaches_those_who_were_missed() {
    let world = World::new().await;
    let cells = world.sandbox().enter();
    confirm_all(&world.api, &["ann@example.org", "bob@example.org", "eve@example.org"]).await;
    world.api.refuse("bob@example.org");
    let failed = r#"{"sent":2,"failed":1,"error":"the email API answered 422 Unprocessable Entity"}"#;
    assert_eq!(publish("one").await.body, failed);
    world.api.refuse_nobody();
    assert_eq!(publish("one").await.body, r#"{"sent":1,"failed":0}"#);
    assert_eq!(publish("one").await.body, r#"{"sent":0,"failed":0}"#);
    assert_eq!(world.api.recipients("one"), ["ann@example.org", "bob@example.org", "eve@example.org"]);
    cells.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn publications_at_once_send_each_message_once() {
    let world = World::new().await;
    let cells = world.sandbox().enter();
    let everybody: Vec<_> = (10..30).map(|nth| format!("{nth}@example.org")).collect();
    confirm_all(&world.api, &everybody.iter().map(String::as_str).collect::<Vec<_>>()).await;
    let publications = [(); 3].map(|()| tokio::spawn(publish("one")));
    for publication in publications {
        assert_eq!(publication.await.unwrap().status, StatusCode::OK);
    }
    assert_eq!(world.api.recipients("one"), everybody);
    cells.leave().await;
}

/// The database is made, filled and deleted by `sqlx`; the service gets its connections ready-made.
#[sqlx::test]
async fn subscribers_may_be_in_the_database_already(pool: SqlitePool) {
    let insert = "INSERT INTO subscriber (email, name, token, asked_at, confirmed_at)
        VALUES ('ann@example.org', 'Ann', 'a', 0, 1), ('bob@example.org', 'Bob', 'b', 0, NULL)";
    sqlx::query(insert).execute(&pool).await.unwrap();
    let world = World::new().await;
    let cells = world.sandbox().put(&DB, pool.clone()).enter();
    assert_eq!(publish("one").await.body, r#"{"sent":1,"failed":0}"#);
    assert_eq!(world.api.recipients("one"), ["ann@example.org"]);
    assert!(!world.database().exists(), "no other database was made");
    cells.leave().await;
    assert!(pool.is_closed(), "the disposer also ends what was put");
}
