//! The token.

use crate::http::{HTTP, HttpClient, NoAnswer, send};
use axum::body::Bytes;
use axum::http::header::CONTENT_TYPE;
use axum::http::{Request, StatusCode, Uri};
use cells::runtime_cell;
use serde::Deserialize;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// How long before its end a token is not used any more: a request is on its way for some time.
pub const LEEWAY: Duration = Duration::from_millis(500);

/// Where tokens come from, and by which credentials.
pub struct Issuer {
    /// Where to ask for a token.
    pub endpoint: Uri,
    /// The client's name.
    pub client_id: String,
    /// The client's password.
    pub client_secret: String,
    /// How long it may take for an answer.
    pub patience: Duration,
    /// How many requests had no answer in time.
    pub gave_up: AtomicU64,
}

/// The issuer, once `main` has provided it.
#[runtime_cell(provided)]
pub fn issuer() -> Issuer;

/// An access token.
#[derive(Debug)]
pub struct Token {
    /// What the resource wants to see.
    pub secret: String,
    ends_at: Instant,
    lifetime: Duration,
}

impl Token {
    /// Until when the token may be used.
    pub fn expires_at(&self) -> Instant {
        self.ends_at
    }

    /// How long it is to be used before the next one is fetched. What is left is for a token endpoint that is out of order.
    pub fn fresh_for(&self) -> Duration {
        fresh_for(self.lifetime)
    }
}

/// For how long a token of this lifetime is fresh.
pub fn fresh_for(lifetime: Duration) -> Duration {
    lifetime * 3 / 8
}

/// Why there is no token.
#[derive(Debug, thiserror::Error)]
pub enum AuthError {
    /// The endpoint is not there.
    #[error("the token endpoint cannot be reached")]
    Unreachable(#[from] NoAnswer),
    /// It took too long.
    #[error("the token endpoint did not answer in {0:?}")]
    TooSlow(Duration),
    /// It is out of order.
    #[error("the token endpoint answered {0}")]
    OutOfOrder(StatusCode),
    /// It does not accept the credentials, or not any more.
    #[error("the token endpoint does not accept the credentials of `{0}`")]
    CredentialsRefused(String),
    /// What it answered is no token.
    #[error("the token endpoint did not answer with a token")]
    Malformed(#[from] serde_json::Error),
    /// The request is none.
    #[error(transparent)]
    Misconfigured(#[from] axum::http::Error),
}

impl AuthError {
    /// Whether it may work in a moment.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Unreachable(_) | Self::TooSlow(_) | Self::OutOfOrder(_))
    }

    /// Whether the tokens that there are should not be used any more either.
    pub fn is_final(&self) -> bool {
        matches!(self, Self::CredentialsRefused(_))
    }
}

/// What the endpoint answers: RFC 6749, section 5.1.
#[derive(Deserialize)]
struct Issued {
    access_token: String,
    expires_in: u64,
}

/// The token. The first caller fetches it, and the others wait for that. Later it is fetched in the background, long before
/// its end, so that nobody waits.
///
/// # Errors
///
/// If no token is to be had.
#[runtime_cell(
    fresh = Token::fresh_for,
    expires = Token::expires_at,
    fatal = AuthError::is_final,
    retry = 2,
    backoff = "50ms..200ms",
    transient = AuthError::is_transient,
    cooldown = "100ms..2s",
    wait_timeout = "10s",
)]
pub async fn token(issuer: &Issuer, http: &HttpClient) -> Result<Token, AuthError> {
    let Issuer { endpoint, client_id, client_secret, patience, gave_up } = issuer;
    let form = format!("grant_type=client_credentials&client_id={client_id}&client_secret={client_secret}");
    let request = Request::post(endpoint.clone())
        .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Bytes::from(form).into())?;
    // Its lifetime begins while the request is under way. So measured, it ends here before it ends there.
    let asked = Instant::now();
    let Ok(answer) = tokio::time::timeout(*patience, send(http, request)).await else {
        gave_up.fetch_add(1, Ordering::Relaxed);
        return Err(AuthError::TooSlow(*patience));
    };
    let (status, body) = answer?;
    match status {
        StatusCode::OK => {}
        StatusCode::UNAUTHORIZED => return Err(AuthError::CredentialsRefused(client_id.clone())),
        status => return Err(AuthError::OutOfOrder(status)),
    }
    let issued: Issued = serde_json::from_slice(&body)?;
    let lifetime = Duration::from_secs(issued.expires_in);
    Ok(Token { secret: issued.access_token, ends_at: asked + lifetime.saturating_sub(LEEWAY), lifetime })
}
