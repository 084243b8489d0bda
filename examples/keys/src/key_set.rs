//! The key set.

use crate::http::{HTTP, HttpClient};
use crate::jwt::Jwk;
use axum::body::Bytes;
use axum::http::header::CACHE_CONTROL;
use axum::http::{Request, StatusCode, Uri};
use cells::runtime_cell;
use ed25519_dalek::VerifyingKey;
use http_body_util::BodyExt;
use hyper_util::client::legacy;
use serde::Deserialize;
use std::collections::HashMap;
use std::time::{Duration, Instant};
use tokio::sync::OnceCell;

/// How long the provider may take for an answer.
pub const PATIENCE: Duration = Duration::from_secs(5);

/// How old a key set is at least before a token with an unknown key makes it be fetched again.
pub const MIN_AGE: Duration = Duration::from_millis(250);

/// Where the key set is, once `main` has provided it.
#[runtime_cell(provided)]
pub fn source() -> Uri;

/// The keys by which tokens are verified.
#[derive(Debug)]
pub struct KeySet {
    keys: HashMap<String, VerifyingKey>,
    fetched: Instant,
    max_age: Duration,
    stale_if_error: Duration,
    /// Whether the next set was fetched because of a key that this one does not have.
    pub(crate) renewal: OnceCell<()>,
}

impl KeySet {
    /// The key of this name.
    pub fn key(&self, key_id: &str) -> Option<&VerifyingKey> {
        self.keys.get(key_id)
    }

    /// For how long the provider says that this set is good.
    pub fn max_age(&self) -> Duration {
        self.max_age
    }

    /// How long it may be used if the provider is out of order.
    pub fn usable_for(&self) -> Duration {
        self.max_age + self.stale_if_error
    }

    /// How old it is.
    pub fn age(&self) -> Duration {
        self.fetched.elapsed()
    }
}

/// Why there is no key set.
#[derive(Debug, thiserror::Error)]
pub enum NoKeys {
    /// The provider is not there.
    #[error("the key set cannot be reached")]
    Unreachable(#[from] legacy::Error),
    /// It broke off.
    #[error("the key set is incomplete")]
    Incomplete,
    /// It took too long.
    #[error("the key set did not come in {PATIENCE:?}")]
    TooSlow(#[from] tokio::time::error::Elapsed),
    /// It answered something else.
    #[error("the provider answered {0}")]
    Refused(StatusCode),
    /// It is no key set.
    #[error("the provider did not answer with a key set")]
    Malformed(#[from] serde_json::Error),
    /// The request is none.
    #[error(transparent)]
    Misconfigured(#[from] axum::http::Error),
}

/// What the provider answers: RFC 7517, section 5.
#[derive(Deserialize)]
struct Keys {
    keys: Vec<Jwk>,
}

/// The key set. It is fetched again whenever the provider's `max-age` is over, also while nobody verifies anything; while
/// the provider is out of order, the old one is used for as long as its `stale-if-error` allows (RFC 5861).
///
/// # Errors
///
/// If there is none to be had.
#[runtime_cell(
    fresh = KeySet::max_age,
    eager_refresh,
    expires = KeySet::usable_for,
    cooldown = "100ms..1s",
    wait_timeout = "10s",
)]
pub async fn key_set(source: &Uri, http: &HttpClient) -> Result<KeySet, NoKeys> {
    // Its age begins while the request is under way.
    let fetched = Instant::now();
    let request = Request::get(source.clone()).body(Bytes::new().into())?;
    let fetch = async {
        let (head, body) = http.request(request).await?.into_parts();
        let body = body.collect().await.map_err(|_| NoKeys::Incomplete)?;
        Ok::<_, NoKeys>((head, body.to_bytes()))
    };
    let (head, body) = tokio::time::timeout(PATIENCE, fetch).await??;
    if head.status != StatusCode::OK {
        return Err(NoKeys::Refused(head.status));
    }
    let Keys { keys } = serde_json::from_slice(&body)?;
    let keys = keys.into_iter().filter_map(|jwk| Some((jwk.key()?, jwk.kid)));
    let control = head.headers.get(CACHE_CONTROL).and_then(|value| value.to_str().ok()).unwrap_or_default();
    Ok(KeySet {
        keys: keys.map(|(key, key_id)| (key_id, key)).collect(),
        fetched,
        max_age: directive(control, "max-age"),
        stale_if_error: directive(control, "stale-if-error"),
        renewal: OnceCell::new(),
    })
}

/// The seconds that a directive of `Cache-Control` gives; none if it is not there.
fn directive(control: &str, name: &str) -> Duration {
    let seconds = control.split(',').find_map(|directive| {
        let (key, value) = directive.trim().split_once('=')?;
        key.eq_ignore_ascii_case(name).then(|| value.trim_matches('"').parse().ok())?
    });
    Duration::from_secs(seconds.unwrap_or(0))
}
