//! A key set that becomes old.

use crate::support::{MAX_AGE, World, until, verify_at_once};
use keys::key_set::{KEY_SET, key_set};
use keys::provider::STALE_IF_ERROR;
use keys::verify::{Refused, verify};
use std::time::Duration;

#[tokio::test]
async fn c7_all_first_callers_share_one_key_set() {
    let world = World::enter().await;
    assert!(verify_at_once(&world.token()).await.iter().all(Result::is_ok));
    assert_eq!(world.asked(), (1, 0));
    world.cells.leave().await;
}

#[tokio::test]
async fn f1_a_key_set_is_fetched_again_although_nobody_asks() {
    let world = World::enter().await;
    drop(key_set().await.unwrap());
    for generation in 2..5 {
        world.cells.advance(MAX_AGE);
        until("the next one is there", || KEY_SET.generation() == Some(generation)).await;
        assert_eq!(world.asked(), (generation, 0));
    }
    world.cells.leave().await;
}

#[tokio::test]
async fn f4_in_an_outage_the_old_keys_are_used() {
    let world = World::enter().await;
    let token = world.token();
    assert!(verify(&token).await.is_ok());
    world.provider.set_down(true);
    world.cells.advance(MAX_AGE);
    until("the provider was asked", || world.asked() == (1, 1)).await;
    assert!(verify_at_once(&token).await.iter().all(Result::is_ok));

    world.provider.set_down(false);
    until("it is asked again", || {
        world.cells.advance(Duration::from_secs(1));
        KEY_SET.generation() > Some(1)
    })
    .await;
    assert_eq!(world.asked(), (2, 1));
    assert!(verify(&token).await.is_ok());
    world.cells.leave().await;
}

#[tokio::test]
async fn f4_in_a_long_outage_the_old_keys_are_not_used_any_more() {
    let world = World::enter().await;
    let token = world.token();
    assert!(verify(&token).await.is_ok());
    world.provider.set_down(true);
    world.cells.advance(MAX_AGE + STALE_IF_ERROR);
    assert!(KEY_SET.peek().is_none());
    let refused = verify(&token).await;
    assert!(matches!(refused, Err(Refused::NoKeys(_))), "{refused:?}");

    world.provider.set_down(false);
    world.cells.advance(Duration::from_secs(1));
    assert!(verify(&token).await.is_ok());
    world.cells.leave().await;
}

#[tokio::test]
async fn f1_a_withdrawn_key_verifies_nothing_after_the_next_refresh() {
    let world = World::enter().await;
    let (token, old) = (world.token(), world.provider.signs());
    assert!(verify(&token).await.is_ok());
    let new = world.provider.make_key().unwrap();
    world.provider.publish(&new);
    world.provider.sign_by(&new);
    world.provider.withdraw(&old);
    world.cells.advance(MAX_AGE);
    until("the next key set is there", || KEY_SET.generation() == Some(2)).await;
    assert!(matches!(verify(&token).await, Err(Refused::UnknownKey(key)) if key == old));
    assert!(verify(&world.token()).await.is_ok());
    world.cells.leave().await;
}
