//! Many tasks that read the resource again and again.

use crate::client::{Unanswered, Way, read};
use axum::http::Uri;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::{RwLock, RwLockWriteGuard};
use tokio::task::JoinSet;

/// How long a task rests between two requests.
const PAUSE: Duration = Duration::from_millis(50);

/// One request.
#[derive(Debug)]
pub struct Sample {
    /// When it began.
    pub began: Instant,
    /// When it ended.
    pub ended: Instant,
    /// What it met on its way.
    pub way: Way,
    /// How it ended.
    pub result: Result<(), Unanswered>,
}

/// How many requests there were so far.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tally {
    /// Those that were answered.
    pub answered: u64,
    /// Those of them that waited for a token.
    pub waited: u64,
    /// Those that were not answered.
    pub failed: u64,
}

/// The tasks.
pub struct Load {
    resource: Uri,
    /// Every request holds it for reading.
    open: RwLock<()>,
    held_up: AtomicU64,
    is_over: AtomicBool,
    answered: AtomicU64,
    waited: AtomicU64,
    failed: AtomicU64,
}

impl Load {
    /// Tasks that will read this resource.
    pub fn new(resource: Uri) -> Self {
        let zero = || AtomicU64::new(0);
        let (answered, waited, failed) = (zero(), zero(), zero());
        Self {
            resource,
            open: RwLock::new(()),
            held_up: AtomicU64::new(0),
            is_over: AtomicBool::new(false),
            answered,
            waited,
            failed,
        }
    }

    /// Starts so many tasks. Each returns its requests.
    pub fn start(self: &Arc<Self>, tasks: u64) -> JoinSet<Vec<Sample>> {
        (0..tasks).map(|_| Arc::clone(self).requests()).collect()
    }

    /// Lets every task end after its request.
    pub fn stop(&self) {
        self.is_over.store(true, Ordering::Relaxed);
    }

    /// Keeps requests from beginning until the guard is dropped. Those that are under way end first.
    pub async fn rest(&self) -> RwLockWriteGuard<'_, ()> {
        self.open.write().await
    }

    /// How many tasks would begin a request if nothing kept them from it.
    pub fn held_up(&self) -> u64 {
        self.held_up.load(Ordering::Relaxed)
    }

    /// How many requests there were so far.
    pub fn tally(&self) -> Tally {
        let get = |count: &AtomicU64| count.load(Ordering::Relaxed);
        Tally { answered: get(&self.answered), waited: get(&self.waited), failed: get(&self.failed) }
    }

    async fn requests(self: Arc<Self>) -> Vec<Sample> {
        let mut samples = Vec::new();
        while !self.is_over.load(Ordering::Relaxed) {
            self.held_up.fetch_add(1, Ordering::Relaxed);
            let open = self.open.read().await;
            self.held_up.fetch_sub(1, Ordering::Relaxed);
            let began = Instant::now();
            let (way, result) = read(&self.resource).await;
            let ended = Instant::now();
            drop(open);
            let count = if result.is_ok() { &self.answered } else { &self.failed };
            count.fetch_add(1, Ordering::Relaxed);
            self.waited.fetch_add(u64::from(way.waited.is_some()), Ordering::Relaxed);
            samples.push(Sample { began, ended, way, result });
            tokio::time::sleep(PAUSE).await;
        }
        samples
    }
}
