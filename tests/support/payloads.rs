//! Cells, and payloads that count themselves.

use crate::{Boom, Stage, leak, lock, yield_now};
use cells::{BoxError, BoxFuture, Close, Disposer, RuntimeCell};
use std::fmt;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::thread::{self, ThreadId};
use std::time::Duration;

/// A cell without limits: its waiters wait as long as it takes, and any number of them.
pub fn cell<T: Send + Sync>(name: &'static str) -> RuntimeCell<T> {
    RuntimeCell::new(name).wait_timeout(Duration::ZERO)
}

/// A [`cell`] of counted payloads.
pub fn counted(name: &'static str) -> RuntimeCell<Counted> {
    cell(name).disposer(Disposer::with(Counted::dispose))
}

/// What became of the payloads of one test.
#[derive(Default)]
pub struct Tally {
    made: AtomicUsize,
    disposed: Mutex<Vec<(u32, ThreadId)>>,
    dropped: AtomicUsize,
}

impl Tally {
    /// One for the rest of the process.
    pub fn new() -> &'static Self {
        leak(Self::default())
    }

    /// Makes a payload.
    pub fn make(&'static self, id: u32) -> Counted {
        self.made.fetch_add(1, SeqCst);
        Counted { id, tally: self, stage: None }
    }

    /// Makes a payload, with the return type of a factory.
    pub fn build(&'static self, id: u32) -> Result<Counted, Boom> {
        Ok(self.make(id))
    }

    /// How many payloads were made.
    pub fn made(&self) -> usize {
        self.made.load(SeqCst)
    }

    /// The payloads that the disposer took, in that order; an asynchronous one, where it came to its end.
    pub fn disposed(&self) -> Vec<u32> {
        lock(&self.disposed).iter().map(|(id, _)| *id).collect()
    }

    /// The threads on which the disposer ran, in that order.
    pub fn disposers(&self) -> Vec<ThreadId> {
        lock(&self.disposed).iter().map(|(_, thread)| *thread).collect()
    }

    /// How many payloads were dropped, by the disposer or without it.
    pub fn dropped(&self) -> usize {
        self.dropped.load(SeqCst)
    }
}

/// A payload that its [`Tally`] counts.
pub struct Counted {
    /// The number it was made with.
    pub id: u32,
    tally: &'static Tally,
    /// Where its asynchronous disposer stops.
    stage: Option<&'static Stage>,
}

impl Counted {
    /// Makes its asynchronous disposer stop at `stage`.
    #[must_use]
    pub fn staged(mut self, stage: &'static Stage) -> Self {
        self.stage = Some(stage);
        self
    }

    /// A disposer.
    pub fn dispose(self) -> Result<(), BoxError> {
        lock(&self.tally.disposed).push((self.id, thread::current().id()));
        Ok(())
    }

    /// A disposer that fails.
    pub fn dispose_badly(self) -> Result<(), BoxError> {
        let id = self.id;
        self.dispose()?;
        Err(Boom(id).into())
    }

    /// A disposer that panics.
    pub fn dispose_wildly(self) -> Result<(), BoxError> {
        let id = self.id;
        self.dispose()?;
        panic!("wild {id}");
    }

    /// A disposer that awaits.
    pub fn dispose_async(self) -> BoxFuture<'static, Result<(), BoxError>> {
        Box::pin(async move {
            match self.stage {
                Some(stage) => stage.pause_async().await,
                None => yield_now().await,
            }
            self.dispose()
        })
    }
}

impl Close for Counted {
    fn close(self) -> Result<(), BoxError> {
        self.dispose()
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.tally.dropped.fetch_add(1, SeqCst);
    }
}

impl fmt::Debug for Counted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Counted({})", self.id)
    }
}
