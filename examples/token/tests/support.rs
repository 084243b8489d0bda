//! What the tests have in common.

use axum::http::Uri;
use cells::Ref;
use cells::testing::{EnteredSandbox, Sandbox};
use std::sync::atomic::AtomicU64;
use std::time::{Duration, Instant};
use token::client::{Unanswered, Way, read};
use token::endpoint::{CLIENT_ID, CLIENT_SECRET, Endpoint};
use token::token::{ISSUER, Issuer, token};

/// How long a token lives.
pub(crate) const LIFETIME: Duration = Duration::from_hours(1);

/// Within this time a token is not fresh any more, but may still be used.
pub(crate) const STALE: Duration = Duration::from_mins(30);

/// How long a test waits for anything before it fails.
pub(crate) const IN_VAIN: Duration = Duration::from_mins(1);

/// How long it rests between two looks.
const PAUSE: Duration = Duration::from_millis(1);

/// An endpoint, and a sandbox whose token comes from there.
///
/// Both have a clock that the test moves. The time of the runtime is not paused: it would run ahead as soon as every task
/// waits for the network, and end the patience of the client before the endpoint has answered.
pub(crate) struct World {
    pub(crate) endpoint: Endpoint,
    pub(crate) cells: EnteredSandbox,
    resource: Uri,
}

impl World {
    pub(crate) async fn enter() -> Self {
        Self::enter_with(IN_VAIN).await
    }

    /// Its client waits so long for an answer of the token endpoint.
    pub(crate) async fn enter_with(patience: Duration) -> Self {
        let endpoint = Endpoint::start(LIFETIME).await.unwrap();
        let issuer = Issuer {
            endpoint: endpoint.url("/token").parse().unwrap(),
            client_id: CLIENT_ID.to_owned(),
            client_secret: CLIENT_SECRET.to_owned(),
            patience,
            gave_up: AtomicU64::new(0),
        };
        let resource = endpoint.url("/resource").parse().unwrap();
        Self { endpoint, cells: Sandbox::new().put(&ISSUER, issuer).enter(), resource }
    }

    pub(crate) fn advance(&self, by: Duration) {
        self.endpoint.advance(by);
        self.cells.advance(by);
    }

    /// Reads the resource.
    pub(crate) async fn read(&self) -> (Way, Result<(), Unanswered>) {
        read(&self.resource).await
    }

    /// Reads the resource in so many tasks at the same time.
    pub(crate) async fn read_at_once(&self, tasks: usize) -> Vec<(Way, Result<(), Unanswered>)> {
        let read = |resource: Uri| async move { read(&resource).await };
        let tasks: tokio::task::JoinSet<_> = (0..tasks).map(|_| read(self.resource.clone())).collect();
        tasks.join_all().await
    }
}

/// The token that there is.
pub(crate) async fn secret() -> String {
    let token: Ref<'static, _> = token().await.expect("a token");
    token.secret.clone()
}

/// Lets other tasks run until something is the case.
pub(crate) async fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < IN_VAIN, "waited in vain until {what}");
        tokio::time::sleep(PAUSE).await;
    }
}
