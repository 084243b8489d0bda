//! The token endpoint and the resource. In a real program they are elsewhere, in others' hands; here they are on this
//! machine, and do on request what one must be prepared for.

use crate::client::Refusal;
use axum::extract::State;
use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Form, Json, Router};
use serde::Deserialize;
use serde_json::json;
use std::collections::BTreeMap;
use std::future::pending;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::net::TcpListener;

/// The only client that it knows.
pub const CLIENT_ID: &str = "reader";

/// The client's password.
pub const CLIENT_SECRET: &str = "open-sesame";

/// What the endpoint does with requests for tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// It issues tokens.
    Up,
    /// It answers 503.
    Down,
    /// It takes requests, and does not answer.
    Stalled,
    /// It does not accept the client's credentials any more.
    Withdrawn,
}

/// A token that was issued.
#[derive(Clone, Copy, Debug)]
pub struct Issued {
    /// When.
    pub at: Instant,
    /// When it was revoked, if it was.
    pub revoked: Option<Instant>,
}

/// How often something happened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Requests for a token.
    pub asked: u64,
    /// Answers with a token.
    pub issued: u64,
    /// Answers of 503.
    pub out_of_order: u64,
    /// Requests that the client gave up, because they were not answered.
    pub hung_up: u64,
    /// Requests to the resource with a valid token.
    pub read: u64,
    /// Requests to the resource with a token whose time was over.
    pub expired: u64,
    /// Requests to the resource with a revoked token.
    pub revoked: u64,
    /// Requests to the resource with something else.
    pub unknown: u64,
}

/// The servers. They end with the runtime on which they were started.
pub struct Endpoint {
    address: SocketAddr,
    state: Shared,
}

#[derive(Clone)]
struct Shared(Arc<Mutex<Books>>);

struct Books {
    lifetime: Duration,
    mode: Mode,
    /// By how much its clock is ahead.
    ahead: Duration,
    issued: BTreeMap<String, Issued>,
    newest: Option<String>,
    counts: Counts,
}

impl Books {
    fn now(&self) -> Instant {
        Instant::now() + self.ahead
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Books> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Endpoint {
    /// Starts them, on an address of their own. Tokens live for so many whole seconds.
    ///
    /// # Errors
    ///
    /// If there is no address to be had.
    pub async fn start(lifetime: Duration) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let books = Books {
            lifetime,
            mode: Mode::Up,
            ahead: Duration::ZERO,
            issued: BTreeMap::new(),
            newest: None,
            counts: Counts::default(),
        };
        let state = Shared(Arc::new(Mutex::new(books)));
        let router = Router::new().route("/token", post(issue)).route("/resource", get(resource));
        tokio::spawn(axum::serve(listener, router.with_state(state.clone())).into_future());
        Ok(Self { address, state })
    }

    /// The address of a path.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// What it does with requests for tokens from now on.
    pub fn set(&self, mode: Mode) {
        self.state.lock().mode = mode;
    }

    /// Revokes the newest token.
    pub fn revoke(&self) {
        let mut books = self.state.lock();
        let now = books.now();
        let newest = books.newest.clone();
        if let Some(issued) = newest.and_then(|newest| books.issued.get_mut(&newest)) {
            issued.revoked = Some(now);
        }
    }

    /// Moves its clock forward.
    pub fn advance(&self, by: Duration) {
        self.state.lock().ahead += by;
    }

    /// How often what happened.
    pub fn counts(&self) -> Counts {
        self.state.lock().counts
    }

    /// All tokens that were issued.
    pub fn issued(&self) -> BTreeMap<String, Issued> {
        self.state.lock().issued.clone()
    }
}

/// A request for a token: RFC 6749, section 4.4.2.
#[derive(Deserialize)]
struct Request {
    grant_type: String,
    client_id: String,
    client_secret: String,
}

async fn issue(State(state): State<Shared>, Form(request): Form<Request>) -> Response {
    let mode = {
        let mut books = state.lock();
        books.counts.asked += 1;
        books.mode
    };
    let known = (request.client_id.as_str(), request.client_secret.as_str()) == (CLIENT_ID, CLIENT_SECRET);
    match mode {
        Mode::Stalled => {
            let _hangs_up = HangsUp(state);
            pending().await
        }
        Mode::Down => {
            state.lock().counts.out_of_order += 1;
            StatusCode::SERVICE_UNAVAILABLE.into_response()
        }
        Mode::Up if request.grant_type != "client_credentials" => {
            (StatusCode::BAD_REQUEST, Json(json!({ "error": "unsupported_grant_type" }))).into_response()
        }
        Mode::Up if known => Json(state.lock().issue()).into_response(),
        Mode::Up | Mode::Withdrawn => {
            (StatusCode::UNAUTHORIZED, Json(json!({ "error": "invalid_client" }))).into_response()
        }
    }
}

impl Books {
    fn issue(&mut self) -> serde_json::Value {
        self.counts.issued += 1;
        // A real one cannot be guessed.
        let token = format!("token-{}", self.counts.issued);
        self.issued.insert(token.clone(), Issued { at: self.now(), revoked: None });
        self.newest = Some(token.clone());
        json!({ "access_token": token, "token_type": "Bearer", "expires_in": self.lifetime.as_secs() })
    }

    /// Why the resource does not accept a token; `None` if it does.
    fn refusal(&self, token: Option<&str>) -> Option<Refusal> {
        match token.and_then(|token| self.issued.get(token)) {
            None => Some(Refusal::Unknown),
            Some(issued) if issued.revoked.is_some() => Some(Refusal::Revoked),
            Some(issued) if self.now() >= issued.at + self.lifetime => Some(Refusal::Expired),
            Some(_) => None,
        }
    }
}

/// A request that is not answered; it ends when its client hangs up.
struct HangsUp(Shared);

impl Drop for HangsUp {
    fn drop(&mut self) {
        self.0.lock().counts.hung_up += 1;
    }
}

async fn resource(State(state): State<Shared>, headers: HeaderMap) -> Response {
    let bearer = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
    let mut books = state.lock();
    let refusal = books.refusal(bearer);
    let counts = &mut books.counts;
    let (count, why) = match refusal {
        None => (&mut counts.read, None),
        Some(Refusal::Expired) => (&mut counts.expired, Some("expired")),
        Some(Refusal::Revoked) => (&mut counts.revoked, Some("revoked")),
        Some(Refusal::Unknown) => (&mut counts.unknown, Some("unknown")),
    };
    *count += 1;
    match why {
        None => "what only those may read who have a token".into_response(),
        Some(why) => (StatusCode::UNAUTHORIZED, Json(why)).into_response(),
    }
}
