//! A shutdown or a close of all cells with more than a limit.

use crate::program::close_all::{For, Limit, close, close_async};
use crate::program::progress::{Listener, Progress};
use crate::program::shutdown::{shutdown_watched, shutdown_watched_async};
use crate::program::shutdown_report::ShutdownReport;
use std::time::Duration;

/// How to close all cells, for a program that shows how far that is.
///
/// ```
/// use cells::ShutdownOptions;
/// use std::time::Duration;
///
/// let report = ShutdownOptions::within(Duration::from_secs(5)).on_progress(|progress| eprintln!("{progress}")).shutdown();
/// assert!(report.is_ok());
/// ```
#[derive(Clone, Debug)]
#[must_use = "it closes nothing before one of its methods is called that do"]
pub struct ShutdownOptions {
    limit: Duration,
    on_progress: Option<Listener>,
}

impl ShutdownOptions {
    /// Waits up to `limit`, as [`shutdown`](crate::shutdown) does.
    ///
    /// The [type](Self) has an example.
    pub fn within(limit: Duration) -> Self {
        Self { limit, on_progress: None }
    }

    /// Calls `listener` each time that closes have begun or ended, at the beginning and at the end included, with nothing
    /// locked: on the thread or in the task that closes the cells.
    ///
    /// What it does delays the closes. A panic of it is caught and logged. A shutdown or a close that it begins is as in a
    /// disposer: [`shutdown`](crate::shutdown) returns an empty report at once. A call that finds another one closing, or
    /// all closed, calls no listener.
    ///
    /// The [type](Self) has an example.
    pub fn on_progress(mut self, listener: impl Fn(&Progress) + Send + Sync + 'static) -> Self {
        self.on_progress = Some(Listener::new(listener));
        self
    }

    /// Does what [`shutdown`](crate::shutdown) does.
    ///
    /// The [type](Self) has an example.
    pub fn shutdown(self) -> ShutdownReport {
        shutdown_watched(self.limit, self.on_progress)
    }

    /// Does what [`shutdown_async`](crate::shutdown_async) does.
    pub async fn shutdown_async(self) -> ShutdownReport {
        shutdown_watched_async(self.limit, self.on_progress).await
    }

    /// Does what [`close_all`](crate::close_all) does: the cells stay usable.
    pub fn close_all(self) -> ShutdownReport {
        close(Limit::from_now(self.limit), For::Reuse, self.on_progress)
    }

    /// Does what [`close_all_async`](crate::close_all_async) does.
    pub async fn close_all_async(self) -> ShutdownReport {
        close_async(Limit::from_now(self.limit), For::Reuse, self.on_progress).await
    }
}
