//! Callers under way, as threads or as tasks.

use crate::waiting::NEVER;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Weak};
use std::thread::{self, JoinHandle, ThreadId};

/// A thread or task under way. Waiting for one that never ends fails the test instead of hanging it.
pub struct Job<R> {
    outcome: Receiver<thread::Result<R>>,
    running: Weak<()>,
    thread: Option<JoinHandle<()>>,
}

/// The end of a job that reports its outcome; dropped when the job is over.
pub(crate) struct Report<R> {
    outcome: Sender<thread::Result<R>>,
    _running: Arc<()>,
}

impl<R> Report<R> {
    pub(crate) fn send(self, outcome: thread::Result<R>) {
        let _ = self.outcome.send(outcome);
    }
}

impl<R> Job<R> {
    /// A job, and what it reports its outcome with.
    pub(crate) fn new() -> (Report<R>, Self) {
        let (sender, outcome) = mpsc::channel();
        let running = Arc::new(());
        let job = Self { outcome, running: Arc::downgrade(&running), thread: None };
        (Report { outcome: sender, _running: running }, job)
    }

    /// Waits for its end, and returns its panic if it panicked. The destructors of a thread's locals have run by then.
    #[track_caller]
    pub fn outcome(self) -> thread::Result<R> {
        let outcome = self.outcome.recv_timeout(NEVER).expect("a job never ended");
        if let Some(thread) = self.thread {
            thread.join()?;
        }
        outcome
    }

    /// Waits for its result, and panics as it did if it panicked.
    #[track_caller]
    pub fn join(self) -> R {
        self.outcome().unwrap_or_else(|panic| resume_unwind(panic))
    }

    /// Whether it has ended.
    pub fn is_finished(&self) -> bool {
        self.running.strong_count() == 0
    }

    /// The thread of a job that [`spawn`] started.
    #[track_caller]
    pub fn id(&self) -> ThreadId {
        self.thread.as_ref().expect("a job with a thread of its own").thread().id()
    }
}

/// Runs `f` on a thread of its own.
pub fn spawn<R: Send + 'static>(f: impl FnOnce() -> R + Send + 'static) -> Job<R> {
    let (report, mut job) = Job::new();
    job.thread = Some(thread::spawn(move || report.send(catch_unwind(AssertUnwindSafe(f)))));
    job
}
