//! What the cell did, as its observer saw it.

use crate::token::Token;
use cells::{CloseResult, CloseStatus, InitContext, InitResult, InitStatus, Observer};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// A token that the cell gave out.
#[derive(Clone, Debug)]
pub struct Published {
    /// Its generation.
    pub generation: u64,
    /// The token itself.
    pub secret: String,
    /// Since when.
    pub at: Instant,
    /// Until when at most.
    pub expires_at: Instant,
}

/// What has happened so far.
#[derive(Clone, Debug, Default)]
pub struct Entries {
    /// How many flights have begun.
    pub begun: u64,
    /// How many of them have failed, with all their attempts.
    pub failed: u64,
    /// How many built a token in vain, because the cell was closed meanwhile.
    pub superseded: u64,
    /// How many closes found no token but only a flight, whose token was wanted.
    pub interruptions: u64,
    /// What the others have built.
    pub published: Vec<Published>,
}

/// The observer.
#[derive(Default)]
pub struct Journal(Mutex<Entries>);

impl Journal {
    /// What has happened so far.
    pub fn entries(&self) -> Entries {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, Entries> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Observer for Journal {
    fn on_init_start(&self, _: &str, _: u64, _: Option<&InitContext>) {
        self.lock().begun += 1;
    }

    fn on_init_end(&self, event: &InitResult<'_>) {
        let mut entries = self.lock();
        match (event.status, event.payload.and_then(|payload| payload.downcast_ref::<Token>())) {
            (InitStatus::Ok, Some(token)) => entries.published.push(Published {
                generation: event.generation,
                secret: token.secret.clone(),
                at: Instant::now(),
                expires_at: token.expires_at(),
            }),
            (InitStatus::Superseded | InitStatus::Cancelled, _) => entries.superseded += 1,
            _ => entries.failed += 1,
        }
    }

    fn on_close_end(&self, event: &CloseResult) {
        self.lock().interruptions += u64::from(event.status == CloseStatus::Superseded);
    }
}
