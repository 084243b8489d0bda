//! What counts as signed.

use crate::support::World;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use ed25519_dalek::SigningKey;
use keys::jwt::{Claims, Jwk, Unverified, sign};
use keys::verify::{Refused, verify};

fn claims() -> Claims {
    Claims { sub: "somebody".to_owned(), exp: u64::MAX }
}

#[test]
fn what_was_signed_is_verified_by_the_published_key() {
    let key = SigningKey::from_bytes(&[7; 32]);
    let token = sign("one", &key, &claims()).unwrap();
    let unverified = Unverified::parse(&token).unwrap();
    let published = Jwk::new("one", &key.verifying_key()).key().unwrap();
    assert_eq!((unverified.key_id.as_str(), unverified.verified(&published)), ("one", Some(claims())));
    let other = SigningKey::from_bytes(&[8; 32]).verifying_key();
    assert_eq!(unverified.verified(&other), None);
}

#[test]
fn a_token_with_another_algorithm_is_none() {
    let token = sign("one", &SigningKey::from_bytes(&[7; 32]), &claims()).unwrap();
    let (_, rest) = token.split_once('.').unwrap();
    for alg in ["none", "HS256"] {
        let header = BASE64.encode(format!(r#"{{"alg":"{alg}","kid":"one"}}"#));
        assert!(Unverified::parse(&format!("{header}.{rest}")).is_none());
    }
    for nonsense in ["", ".", "..", "a.b.c", &token[1..]] {
        assert!(Unverified::parse(nonsense).is_none(), "{nonsense}");
    }
}

#[tokio::test]
async fn a_forged_token_is_refused_without_a_request() {
    let world = World::enter().await;
    assert_eq!(verify(&world.token()).await.unwrap().claims.sub, "somebody");
    let forged = world.forged(&world.provider.signs());
    assert!(matches!(verify(&forged).await, Err(Refused::WrongSignature)));
    assert!(matches!(verify("nonsense").await, Err(Refused::Malformed)));
    assert_eq!(world.asked(), (1, 0));
    world.cells.leave().await;
}
