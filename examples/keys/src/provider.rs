//! The identity provider: it signs tokens, and publishes the keys by which others verify them. In a real program it is
//! elsewhere; here it is on this machine, and does on request what one must be prepared for.

use crate::jwt::{Claims, Jwk, sign};
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CACHE_CONTROL;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use cells::BoxError;
use ed25519_dalek::SigningKey;
use serde_json::json;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};
use tokio::net::TcpListener;

/// How much longer it may be used if the provider is out of order.
pub const STALE_IF_ERROR: Duration = Duration::from_mins(5);

/// How long its tokens hold.
const LIFETIME: Duration = Duration::from_hours(1);

/// How often the key set was asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// And given.
    pub given: u64,
    /// And refused with 503.
    pub refused: u64,
}

/// The provider. It ends with the runtime on which it was started.
pub struct Provider {
    address: SocketAddr,
    /// A key that is never published.
    stranger: SigningKey,
    state: Shared,
}

type Shared = Arc<Mutex<Books>>;

#[derive(Default)]
struct Books {
    keys: BTreeMap<String, SigningKey>,
    /// The keys that are in the key set.
    published: Vec<String>,
    /// The key that signs.
    signs: String,
    is_down: bool,
    max_age: Duration,
    counts: Counts,
}

impl Provider {
    /// Starts it, on an address of its own, with one key. Its key set is good for so many whole seconds.
    ///
    /// # Errors
    ///
    /// If there is no address or no randomness to be had.
    pub async fn start(max_age: Duration) -> Result<Self, BoxError> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let provider = Self { address, stranger: new_key()?, state: Shared::default() };
        lock(&provider.state).max_age = max_age;
        let router = Router::new().route("/jwks.json", get(jwks)).with_state(Arc::clone(&provider.state));
        tokio::spawn(axum::serve(listener, router).into_future());
        let first = provider.make_key()?;
        provider.publish(&first);
        provider.sign_by(&first);
        Ok(provider)
    }

    /// The address of the key set.
    pub fn url(&self) -> String {
        format!("http://{}/jwks.json", self.address)
    }

    /// Makes a key, which is not published and signs nothing yet. Returns its name.
    ///
    /// # Errors
    ///
    /// If there is no randomness to be had.
    pub fn make_key(&self) -> Result<String, BoxError> {
        let key = new_key()?;
        let mut books = lock(&self.state);
        let name = format!("key-{}", books.keys.len() + 1);
        books.keys.insert(name.clone(), key);
        Ok(name)
    }

    /// Publishes a key.
    pub fn publish(&self, key: &str) {
        lock(&self.state).published.push(key.to_owned());
    }

    /// Publishes a key no more.
    pub fn withdraw(&self, key: &str) {
        lock(&self.state).published.retain(|published| published != key);
    }

    /// From now on this key signs.
    pub fn sign_by(&self, key: &str) {
        key.clone_into(&mut lock(&self.state).signs);
    }

    /// The key that signs.
    pub fn signs(&self) -> String {
        lock(&self.state).signs.clone()
    }

    /// Whether it is out of order from now on.
    pub fn set_down(&self, is_down: bool) {
        lock(&self.state).is_down = is_down;
    }

    /// How often the key set was asked for.
    pub fn counts(&self) -> Counts {
        lock(&self.state).counts
    }

    /// A token.
    ///
    /// # Errors
    ///
    /// Those of [`sign`].
    pub fn token(&self, subject: &str) -> Result<String, BoxError> {
        let (name, key) = {
            let books = lock(&self.state);
            (books.signs.clone(), books.keys.get(&books.signs).cloned().ok_or("no key signs")?)
        };
        signed(&name, &key, subject)
    }

    /// A token which says that a key has signed it that has not.
    ///
    /// # Errors
    ///
    /// Those of [`sign`].
    pub fn forged(&self, key: &str, subject: &str) -> Result<String, BoxError> {
        signed(key, &self.stranger, subject)
    }
}

fn new_key() -> Result<SigningKey, BoxError> {
    let mut secret = [0; 32];
    getrandom::fill(&mut secret)?;
    Ok(SigningKey::from_bytes(&secret))
}

fn signed(key_id: &str, key: &SigningKey, subject: &str) -> Result<String, BoxError> {
    let exp = SystemTime::UNIX_EPOCH.elapsed()? + LIFETIME;
    Ok(sign(key_id, key, &Claims { sub: subject.to_owned(), exp: exp.as_secs() })?)
}

fn lock(state: &Shared) -> MutexGuard<'_, Books> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn jwks(State(state): State<Shared>) -> Response {
    let mut books = lock(&state);
    if books.is_down {
        books.counts.refused += 1;
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    books.counts.given += 1;
    let published = books.published.iter().filter_map(|name| Some((name, books.keys.get(name)?)));
    let keys: Vec<_> = published.map(|(name, key)| Jwk::new(name, &key.verifying_key())).collect();
    let (fresh, usable) = (books.max_age.as_secs(), STALE_IF_ERROR.as_secs());
    let control = format!("max-age={fresh}, stale-if-error={usable}");
    ([(CACHE_CONTROL, control)], Json(json!({ "keys": keys }))).into_response()
}
