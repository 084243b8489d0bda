//! Tokens that become old, or are revoked.

use crate::support::{LIFETIME, STALE, World, secret, until};
use token::client::Refusal;
use token::token::{LEEWAY, TOKEN};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn c7_all_first_callers_share_one_fetch() {
    let world = World::enter().await;
    let reads = world.read_at_once(64).await;
    assert!(reads.iter().all(|(_, result)| result.is_ok()));
    assert!(reads.iter().any(|(way, _)| way.waited.is_some()));
    assert_eq!(world.endpoint.counts().asked, 1);
    world.cells.leave().await;
}

#[tokio::test]
async fn f1_an_old_token_is_used_while_the_next_one_is_fetched() {
    let world = World::enter().await;
    assert_eq!(secret().await, "token-1");
    world.advance(STALE);
    for (way, result) in world.read_at_once(64).await {
        assert!(result.is_ok() && way.waited.is_none() && way.refused.is_none());
    }
    until("the next one is there", || TOKEN.generation() == Some(2)).await;
    assert_eq!((secret().await, world.endpoint.counts().asked), ("token-2".to_owned(), 2));
    world.cells.leave().await;
}

#[tokio::test]
async fn f1_a_token_that_nobody_asks_for_is_not_fetched() {
    let world = World::enter().await;
    assert_eq!(secret().await, "token-1");
    world.advance(STALE);
    assert!(TOKEN.peek().is_some() && TOKEN.snapshot().stale);
    world.advance(LIFETIME);
    assert!(TOKEN.peek().is_none());
    assert_eq!(world.endpoint.counts().asked, 1);
    world.cells.leave().await;
}

#[tokio::test]
async fn f1_a_token_that_has_ended_is_not_used() {
    let world = World::enter().await;
    for round in 1..4 {
        let reads = world.read_at_once(64).await;
        assert!(reads.iter().all(|(way, result)| result.is_ok() && way.refused.is_none()));
        assert_eq!((world.endpoint.counts().issued, world.endpoint.counts().expired), (round, 0));
        world.advance(2 * LIFETIME);
    }
    world.cells.leave().await;
}

#[tokio::test]
async fn f2_a_token_ends_here_before_it_ends_there() {
    let world = World::enter().await;
    assert_eq!(secret().await, "token-1");
    world.advance(LIFETIME.saturating_sub(LEEWAY));
    assert!(world.read().await.1.is_ok());
    assert_eq!((world.endpoint.counts().expired, world.endpoint.counts().issued), (0, 2));
    world.cells.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn c23_a_revoked_token_is_replaced_once() {
    let world = World::enter().await;
    assert_eq!(secret().await, "token-1");
    for round in 1..6 {
        world.endpoint.revoke();
        let reads = world.read_at_once(64).await;
        let refused: Vec<_> = reads.iter().filter(|(_, result)| result.is_err()).collect();
        assert!(refused.is_empty(), "{refused:?}");
        assert!(reads.iter().any(|(way, _)| matches!(way.refused, Some((Refusal::Revoked, _)))));
        assert_eq!(world.endpoint.counts().asked, 1 + round, "one fetch for each revocation");
    }
    world.cells.leave().await;
}
