//! What the tests have in common.

use cells::testing::{EnteredSandbox, Sandbox};
use keys::key_set::SOURCE;
use keys::provider::Provider;
use keys::verify::{Refused, Verified, verify};
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

/// For how long a key set is good.
pub(crate) const MAX_AGE: Duration = Duration::from_hours(1);

/// How many callers there are where many come at once.
pub(crate) const MANY: u64 = 64;

/// How long a test waits for anything before it fails.
const IN_VAIN: Duration = Duration::from_mins(1);

/// How long it rests between two looks.
const PAUSE: Duration = Duration::from_millis(1);

/// A provider, and a sandbox whose keys come from there.
pub(crate) struct World {
    pub(crate) provider: Provider,
    pub(crate) cells: EnteredSandbox,
}

impl World {
    pub(crate) async fn enter() -> Self {
        let provider = Provider::start(MAX_AGE).await.unwrap();
        let cells = Sandbox::new().put(&SOURCE, provider.url().parse().unwrap()).enter();
        Self { provider, cells }
    }

    /// A valid token.
    pub(crate) fn token(&self) -> String {
        self.provider.token("somebody").unwrap()
    }

    /// A token which says that a key has signed it that has not.
    pub(crate) fn forged(&self, key: &str) -> String {
        self.provider.forged(key, "somebody").unwrap()
    }

    /// How often the provider gave its key set, and how often it answered 503.
    pub(crate) fn asked(&self) -> (u64, u64) {
        let counts = self.provider.counts();
        (counts.given, counts.refused)
    }
}

/// Has a token verified by many at the same time.
pub(crate) async fn verify_at_once(token: &str) -> Vec<Result<Verified, Refused>> {
    let verify = |token: String| async move { verify(&token).await };
    let tasks: JoinSet<_> = (0..MANY).map(|_| verify(token.to_owned())).collect();
    tasks.join_all().await
}

/// Lets other tasks run until something is the case.
pub(crate) async fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < IN_VAIN, "waited in vain until {what}");
        tokio::time::sleep(PAUSE).await;
    }
}
