//! Work on several cells at once: each on a thread of its own, or all of them in one task.

use crate::sync::executor::BoxFuture;
use std::future::poll_fn;
use std::sync::mpsc;
use std::task::Poll;
use std::thread;
use std::time::{Duration, Instant};

/// Jobs on threads of their own.
pub(crate) struct Threads<R> {
    name: &'static str,
    sender: mpsc::Sender<(usize, R)>,
    finished: mpsc::Receiver<(usize, R)>,
}

impl<R: Send + 'static> Threads<R> {
    pub(crate) fn new(name: &'static str) -> Self {
        let (sender, finished) = mpsc::channel();
        Self { name, sender, finished }
    }

    /// Starts a job; on this thread if no other can be had.
    pub(crate) fn start(&self, node: usize, job: impl FnOnce() -> R + Clone + Send + 'static) {
        let sender = self.sender.clone();
        let run = move || {
            // Nobody may wait for it any more.
            let _ = sender.send((node, job()));
        };
        thread::Builder::new().name(self.name.into()).spawn(run.clone()).map_or_else(|_| run(), drop);
    }

    /// Waits for a job to finish, up to the deadline (if any).
    pub(crate) fn next(&self, deadline: Option<Instant>) -> Option<(usize, R)> {
        match deadline {
            // Never disconnected: `self` has a sender.
            None => self.finished.recv().ok(),
            Some(deadline) => {
                let left = deadline.checked_duration_since(Instant::now()).unwrap_or(Duration::ZERO);
                self.finished.recv_timeout(left).ok()
            }
        }
    }
}

/// Jobs that one task polls together.
pub(crate) struct Tasks<R> {
    running: Vec<(usize, BoxFuture<'static, R>)>,
}

impl<R> Tasks<R> {
    pub(crate) const fn new() -> Self {
        Self { running: Vec::new() }
    }

    pub(crate) fn start(&mut self, node: usize, job: BoxFuture<'static, R>) {
        self.running.push((node, job));
    }

    /// Takes a job out.
    pub(crate) fn take(&mut self, node: usize) -> Option<BoxFuture<'static, R>> {
        let index = self.running.iter().position(|(running, _)| *running == node)?;
        Some(self.running.swap_remove(index).1)
    }

    /// Waits for a job to finish; without end if there is none.
    pub(crate) async fn next(&mut self) -> (usize, R) {
        poll_fn(|cx| {
            for index in 0..self.running.len() {
                if let Poll::Ready(result) = self.running[index].1.as_mut().poll(cx) {
                    let (node, _) = self.running.swap_remove(index);
                    return Poll::Ready((node, result));
                }
            }
            Poll::Pending
        })
        .await
    }
}
