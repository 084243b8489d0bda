//! Tokens with a key that is not in the set.

use crate::support::{World, verify_at_once};
use keys::verify::{Refused, verify};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_tokens_with_an_unknown_key_are_one_request() {
    let world = World::enter().await;
    assert!(verify(&world.token()).await.is_ok());
    for round in 1..4 {
        for result in verify_at_once(&world.forged("nobody's")).await {
            assert!(matches!(result, Err(Refused::UnknownKey(_))), "{result:?}");
        }
        assert_eq!(world.asked(), (1 + round, 0));
    }
    world.cells.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_that_signs_before_it_is_known_is_found() {
    let world = World::enter().await;
    assert!(verify(&world.token()).await.is_ok());
    let new = world.provider.make_key().unwrap();
    world.provider.publish(&new);
    world.provider.sign_by(&new);
    assert!(verify_at_once(&world.token()).await.iter().all(Result::is_ok));
    assert_eq!(world.asked(), (2, 0));
    world.cells.leave().await;
}

/// Who is out of order is not asked again for each of them.
#[tokio::test]
async fn in_an_outage_unknown_keys_are_one_request_in_all() {
    let world = World::enter().await;
    assert!(verify(&world.token()).await.is_ok());
    world.provider.set_down(true);
    for _ in 0..3 {
        for result in verify_at_once(&world.forged("nobody's")).await {
            assert!(matches!(result, Err(Refused::UnknownKey(_))), "{result:?}");
        }
        assert_eq!(world.asked(), (1, 1));
    }
    assert!(verify(&world.token()).await.is_ok(), "the old key set is there");
    world.cells.leave().await;
}
