//! A token endpoint that is out of order.

use crate::support::{LIFETIME, STALE, World, secret, until};
use cells::State;
use std::time::Duration;
use token::client::Unanswered;
use token::endpoint::Mode;
use token::token::{AuthError, TOKEN, token};

#[tokio::test]
async fn f4_in_an_outage_the_old_token_is_used_until_its_end() {
    let world = World::enter().await;
    assert_eq!(secret().await, "token-1");
    world.endpoint.set(Mode::Down);
    world.advance(STALE);
    assert!(world.read().await.1.is_ok());
    until("the refresh has failed", || TOKEN.snapshot().last_error.is_some()).await;
    for (way, result) in world.read_at_once(64).await {
        assert!(result.is_ok() && way.waited.is_none());
    }
    world.advance(LIFETIME);
    let (_, refused) = world.read().await;
    assert!(matches!(refused, Err(Unanswered::NoToken(_))), "{refused:?}");

    world.endpoint.set(Mode::Up);
    world.cells.advance(Duration::from_secs(2));
    assert!(world.read().await.1.is_ok());
    assert_eq!((world.endpoint.counts().issued, world.endpoint.counts().expired), (2, 0));
    world.cells.leave().await;
}

#[tokio::test]
async fn f5_a_fetch_has_three_attempts() {
    let world = World::enter().await;
    world.endpoint.set(Mode::Down);
    let error = token().await.expect_err("there is none");
    assert!(matches!(error.downcast_ref(), Some(AuthError::OutOfOrder(_))), "{error}");
    assert_eq!(world.endpoint.counts().out_of_order, 3);
    // The others are not let through: the endpoint has enough to do with getting up again.
    for (_, result) in world.read_at_once(64).await {
        assert!(matches!(result, Err(Unanswered::NoToken(error)) if error.is_cooldown()));
    }
    assert_eq!(world.endpoint.counts().asked, 3);
    world.cells.leave().await;
}

#[tokio::test]
async fn f5_an_attempt_that_is_not_answered_is_repeated() {
    let world = World::enter_with(Duration::from_secs(1)).await;
    world.endpoint.set(Mode::Stalled);
    let asked = tokio::spawn(secret());
    until("the client hangs up", || world.endpoint.counts().hung_up > 0).await;
    world.endpoint.set(Mode::Up);
    assert_eq!(asked.await.unwrap(), "token-1");
    assert_eq!(TOKEN.generation(), Some(1), "it was one flight");
    world.cells.leave().await;
}

#[tokio::test]
async fn f4_a_token_is_not_used_after_its_credentials_were_withdrawn() {
    let world = World::enter().await;
    assert_eq!(secret().await, "token-1");
    world.endpoint.set(Mode::Withdrawn);
    world.advance(STALE);
    assert!(world.read().await.1.is_ok());
    until("the token has ended", || TOKEN.state() == State::Failed).await;
    let error = token().await.expect_err("there is none");
    assert!(matches!(error.downcast_ref(), Some(AuthError::CredentialsRefused(_))), "{error}");
    assert_eq!(world.endpoint.counts().asked, 2, "that is final, and not repeated");

    world.endpoint.set(Mode::Up);
    world.cells.advance(Duration::from_secs(2));
    assert_eq!(secret().await, "token-2");
    world.cells.leave().await;
}

/// A caller that would have to wait gets the reason at once, and when to come back.
#[tokio::test]
async fn f5_the_time_between_two_failures_doubles() {
    let world = World::enter().await;
    world.endpoint.set(Mode::Down);
    let mut shortest = Duration::ZERO;
    for longest in [100, 200, 400, 800, 1600, 2000, 2000].map(Duration::from_millis) {
        assert!(token().await.is_err());
        let error = token().await.expect_err("it cools down");
        let left = error.retry_after().expect("it says how long");
        assert!(left > shortest / 4 && left <= longest, "{left:?} of {longest:?}");
        shortest = longest;
        world.cells.advance(longest);
    }
    world.cells.leave().await;
}
