//! Subscribing, confirming, cancelling.

use crate::support::{World, confirm_all, get, publish, subscribe, subscribe_with};
use axum::http::StatusCode;
use cells::Ref;
use newsletter::db::db;
use newsletter::subscribers::VALID;
use rstest::{fixture, rstest};
use std::time::Duration;
use tokio::task::JoinSet;

#[fixture]
async fn world() -> World {
    World::new().await
}

async fn confirmed() -> i64 {
    let count = sqlx::query_scalar("SELECT count(*) FROM subscriber WHERE confirmed_at IS NOT NULL");
    count.fetch_one(&*db().await.unwrap()).await.unwrap()
}

#[tokio::test]
async fn a_subscription_is_confirmed_by_the_link_of_its_mail() {
    let world = World::new().await;
    let cells = world.sandbox().enter();
    assert_eq!(subscribe("ann@example.org").await.status, StatusCode::ACCEPTED);
    assert_eq!(confirmed().await, 0);
    assert_eq!(get(&world.api.link("ann@example.org")).await.body, "welcome\n");
    assert_eq!(confirmed().await, 1);
    assert_eq!(
        get(&world.api.link("ann@example.org")).await.body,
        "welcome\n",
        "a second click does no harm"
    );
    cells.leave().await;
}

#[rstest]
#[case::form("application/x-www-form-urlencoded", "name=Ann+Lee&email=ann%40example.org")]
#[case::json("application/json", r#"{"name":"Ann Lee","email":"ann@example.org"}"#)]
#[tokio::test]
async fn forms_and_json_are_taken(
    #[future(awt)] world: World,
    #[case] content_type: &str,
    #[case] body: &str,
) {
    let cells = world.sandbox().enter();
    assert_eq!(subscribe_with(content_type, body).await.status, StatusCode::ACCEPTED);
    let mails = world.api.mails();
    assert!(mails.len() == 1 && mails[0].to == "ann@example.org", "one mail, to Ann");
    assert!(mails[0].text.starts_with("Dear Ann Lee,"), "{}", mails[0].text);
    cells.leave().await;
}

#[rstest]
#[case::no_at("name=Ann&email=ann.example.org")]
#[case::no_domain("name=Ann&email=ann%40")]
#[case::two_recipients("name=Ann&email=ann%40example.org,bob%40example.org")]
#[case::another_header("name=Ann&email=ann%40example.org%0D%0Abcc:bob%40example.org")]
#[case::no_name("name=+&email=ann%40example.org")]
#[case::an_advertisement("name=Buy%0Athis&email=ann%40example.org")]
#[case::nothing("")]
#[tokio::test]
async fn what_cannot_be_subscribed_is_refused(#[future(awt)] world: World, #[case] form: &str) {
    let cells = world.sandbox().enter();
    let answer = subscribe_with("application/x-www-form-urlencoded", form).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", answer.body);
    assert!(world.api.mails().is_empty());
    cells.leave().await;
}

#[tokio::test]
async fn who_asks_again_gets_another_link() {
    let world = World::new().await;
    let cells = world.sandbox().enter();
    subscribe("ann@example.org").await;
    let first = world.api.link("ann@example.org");
    subscribe("ann@example.org").await;
    assert_eq!(get(&first).await.status, StatusCode::NOT_FOUND);
    assert_eq!(get(&world.api.link("ann@example.org")).await.status, StatusCode::OK);

    assert_eq!(subscribe("ann@example.org").await.status, StatusCode::ACCEPTED);
    assert_eq!(world.api.mails().len(), 2, "who has confirmed gets no third mail");
    cells.leave().await;
}

#[tokio::test]
async fn a_link_is_good_for_a_day() {
    let world = World::new().await;
    let cells = world.sandbox().enter();
    subscribe("ann@example.org").await;
    world.time.advance(VALID);
    subscribe("bob@example.org").await;
    assert_eq!(get(&world.api.link("ann@example.org")).await.status, StatusCode::OK);
    world.time.advance(VALID + Duration::from_secs(1));
    assert_eq!(get(&world.api.link("bob@example.org")).await.status, StatusCode::NOT_FOUND);
    assert_eq!(confirmed().await, 1);
    cells.leave().await;
}

#[tokio::test]
async fn who_got_no_mail_can_ask_again() {
    let world = World::new().await;
    let cells = world.sandbox().enter();
    world.api.refuse("ann@example.org");
    let answer = subscribe("ann@example.org").await;
    assert_eq!(answer.status, StatusCode::BAD_GATEWAY);
    assert_eq!(answer.body, "the email API answered 422 Unprocessable Entity\n");
    world.api.refuse_nobody();
    assert_eq!(subscribe("ann@example.org").await.status, StatusCode::ACCEPTED);
    cells.leave().await;
}

#[tokio::test]
async fn who_cancels_gets_no_more_mail() {
    let world = World::new().await;
    let cells = world.sandbox().enter();
    confirm_all(&world.api, &["ann@example.org", "bob@example.org"]).await;
    publish("one").await;
    let link = world.api.link("ann@example.org");
    assert!(link.starts_with("/subscriptions/cancel?"), "{link}");
    assert_eq!(get(&link).await.status, StatusCode::OK);
    assert_eq!(get(&link).await.status, StatusCode::NOT_FOUND);
    publish("two").await;
    assert_eq!(world.api.recipients("two"), ["bob@example.org"]);
    cells.leave().await;
}

/// Requests that come at once, on all threads of the runtime, share one flight of the connections.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_subscribe_at_once() {
    const MANY: usize = 40;
    let world = World::new().await;
    let cells = world.sandbox().enter();
    let requests: JoinSet<_> =
        (0..MANY).map(|nth| async move { subscribe(&format!("{nth}@example.org")).await }).collect();
    for answer in requests.join_all().await {
        assert_eq!(answer.status, StatusCode::ACCEPTED, "{}", answer.body);
    }
    assert_eq!(world.api.mails().len(), MANY);
    assert_eq!(Ref::generation(&db().await.unwrap()), 1);
    cells.leave().await;
    assert_eq!(world.journal_lines().len(), MANY);
}
