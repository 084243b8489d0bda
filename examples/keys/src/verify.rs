//! Verifying a token.
//!
//! A token with an unknown key is either signed by a key so new that it is not in the set here, or it is nonsense. Only
//! the provider knows. But if each such token led to a request, whoever sends nonsense would make this service send as
//! much to the provider. So all tokens that meet the same set share one request, and no set is replaced for this reason
//! before it is [`MIN_AGE`] old: such tokens wait until then.

use crate::jwt::{Claims, Unverified};
use crate::key_set::{KEY_SET, KeySet, MIN_AGE, key_set};
use cells::Ref;
use std::time::{Duration, SystemTime};

/// Why a token does not count.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// It is no token.
    #[error("that is no token")]
    Malformed,
    /// Nobody knows the key.
    #[error("the key `{0}` is unknown")]
    UnknownKey(String),
    /// The key has not signed it.
    #[error("the signature is wrong")]
    WrongSignature,
    /// Its time is over.
    #[error("the token has expired")]
    Expired,
    /// There is no key to verify it by.
    #[error(transparent)]
    NoKeys(#[from] cells::Error),
}

/// What a valid token says.
#[derive(Debug)]
pub struct Verified {
    /// What it says.
    pub claims: Claims,
    /// How much older the key set was than the provider wants it to be.
    pub overdue: Duration,
}

/// Verifies a token.
///
/// # Errors
///
/// If it is not valid, or there are no keys.
pub async fn verify(token: &str) -> Result<Verified, Refused> {
    let token = Unverified::parse(token).ok_or(Refused::Malformed)?;
    let mut keys: Ref<'static, KeySet> = key_set().await?;
    if keys.key(&token.key_id).is_none() {
        keys.renewal.get_or_init(|| renew(&keys)).await;
        keys = key_set().await?;
    }
    let key = keys.key(&token.key_id).ok_or_else(|| Refused::UnknownKey(token.key_id.clone()))?;
    let claims = token.verified(key).ok_or(Refused::WrongSignature)?;
    let now = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
    if now.as_secs() >= claims.exp {
        return Err(Refused::Expired);
    }
    Ok(Verified { claims, overdue: keys.age().saturating_sub(keys.max_age()) })
}

/// Fetches the next key set, unless somebody else does so meanwhile. If that fails, the set that there is remains.
async fn renew(keys: &Ref<'static, KeySet>) {
    tokio::time::sleep(MIN_AGE.saturating_sub(keys.age())).await;
    if KEY_SET.generation() == Some(Ref::generation(keys)) {
        let _ = KEY_SET.refresh().await;
    }
}
