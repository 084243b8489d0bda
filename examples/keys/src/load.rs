//! The callers of the service: tasks that have tokens verified, again and again.

use crate::provider::Provider;
use crate::verify::{Refused, verify};
use cells::BoxError;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{RwLock, RwLockWriteGuard};
use tokio::task::JoinSet;

/// How long a task rests between two tokens.
const PAUSE: Duration = Duration::from_millis(20);

/// Every so many tokens are forged.
const FORGED: u64 = 8;

/// How many tokens there were so far.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tally {
    /// Valid ones that were accepted.
    pub accepted: u64,
    /// Those of them that were verified by a set older than the provider wants it to be.
    pub overdue: u64,
    /// Forged ones that were refused.
    pub forged: u64,
}

/// The tasks.
pub struct Load {
    provider: Arc<Provider>,
    /// Held for reading while a token is signed and verified.
    open: RwLock<()>,
    is_over: AtomicBool,
    accepted: AtomicU64,
    overdue: AtomicU64,
    forged: AtomicU64,
    wrong: Mutex<Vec<String>>,
}

impl Load {
    /// Tasks that have tokens of this provider verified.
    pub fn new(provider: Arc<Provider>) -> Self {
        let zero = || AtomicU64::new(0);
        let (accepted, overdue, forged) = (zero(), zero(), zero());
        let (open, is_over) = (RwLock::new(()), AtomicBool::new(false));
        Self { provider, open, is_over, accepted, overdue, forged, wrong: Mutex::default() }
    }

    /// Starts so many tasks.
    pub fn start(self: &Arc<Self>, tasks: u64) -> JoinSet<Result<(), BoxError>> {
        (0..tasks).map(|task| Arc::clone(self).run(task)).collect()
    }

    /// Lets every task end after its token.
    pub fn stop(&self) {
        self.is_over.store(true, Ordering::Relaxed);
    }

    /// Waits until no token is on its way from the provider to its verification. None is signed before the guard is dropped.
    pub async fn rest(&self) -> RwLockWriteGuard<'_, ()> {
        self.open.write().await
    }

    /// How many tokens there were so far.
    pub fn tally(&self) -> Tally {
        let get = |count: &AtomicU64| count.load(Ordering::Relaxed);
        Tally { accepted: get(&self.accepted), overdue: get(&self.overdue), forged: get(&self.forged) }
    }

    /// What should not have happened.
    pub fn wrong(&self) -> Vec<String> {
        self.wrong.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Notes that something should not have happened.
    pub fn is_wrong(&self, what: String) {
        self.wrong.lock().unwrap_or_else(PoisonError::into_inner).push(what);
    }

    async fn run(self: Arc<Self>, task: u64) -> Result<(), BoxError> {
        let subject = format!("user-{task}");
        for count in task.. {
            if self.is_over.load(Ordering::Relaxed) {
                break;
            }
            let open = self.open.read().await;
            if count % FORGED == 0 {
                let token = self.provider.forged(&self.provider.signs(), &subject)?;
                match verify(&token).await {
                    Err(Refused::WrongSignature) => _ = self.forged.fetch_add(1, Ordering::Relaxed),
                    other => self.is_wrong(format!("a forged token: {other:?}")),
                }
            } else {
                match verify(&self.provider.token(&subject)?).await {
                    Ok(verified) => {
                        self.accepted.fetch_add(1, Ordering::Relaxed);
                        self.overdue.fetch_add((!verified.overdue.is_zero()).into(), Ordering::Relaxed);
                    }
                    Err(refused) => self.is_wrong(format!("a valid token was refused: {refused}")),
                }
            }
            drop(open);
            tokio::time::sleep(PAUSE).await;
        }
        Ok(())
    }
}
