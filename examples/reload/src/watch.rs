//! Whether what a path leads to may have changed.
//!
//! A file cannot be watched itself: who replaces it by a rename leaves the watch on the old one. So the directories of all
//! [steps] to it are watched, for events with the names of the steps. No change is missed: a directory is watched before
//! what is in it is looked at, and when a link has changed, so are the directories behind it, before the file is read.

use crate::steps::steps;
use notify::event::{AccessKind, AccessMode, EventKind};
use notify::{Event, RecommendedWatcher, RecursiveMode, Watcher};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::time::timeout;

/// How long it is quiet after a change. Who writes a file in place empties it first.
const QUIET: Duration = Duration::from_millis(100);
/// The number of events after which nobody waits for it to be quiet any more.
const MOST_EVENTS: usize = 1000;

/// Watches what a path leads to.
pub struct Watch {
    path: PathBuf,
    steps: Vec<PathBuf>,
    directories: BTreeSet<PathBuf>,
    watcher: RecommendedWatcher,
    events: UnboundedReceiver<notify::Result<Event>>,
}

impl Watch {
    /// Watches from now on.
    ///
    /// # Errors
    ///
    /// If the system lets nobody watch the directories.
    pub fn new(path: &Path) -> notify::Result<Self> {
        let (sender, events) = unbounded_channel();
        let watcher = notify::recommended_watcher(move |event| {
            if may_change(&event) {
                let _ = sender.send(event);
            }
        })?;
        let mut watch =
            Self { path: path.to_owned(), steps: Vec::new(), directories: BTreeSet::new(), watcher, events };
        watch.follow_links()?;
        Ok(watch)
    }

    /// Completes when what the path leads to may have changed, and it has been quiet for some milliseconds. A future that is
    /// dropped takes events with it: whoever drops one treats that as a change.
    pub async fn changed(&mut self) {
        loop {
            let Some(event) = self.events.recv().await else { return std::future::pending().await };
            if self.concerns(&event) {
                break;
            }
        }
        for _ in 0..MOST_EVENTS {
            match timeout(QUIET, self.events.recv()).await {
                Ok(Some(_)) => {}
                Ok(None) | Err(_) => break,
            }
        }
    }

    /// Watches the directories that the links lead to now.
    ///
    /// # Errors
    ///
    /// If the system lets nobody watch one of them.
    pub fn follow_links(&mut self) -> notify::Result<()> {
        loop {
            self.steps = steps(&self.path)?;
            let directories: BTreeSet<_> =
                self.steps.iter().filter_map(|step| step.parent()).map(Path::to_owned).collect();
            if directories == self.directories {
                return Ok(());
            }
            for directory in directories.difference(&self.directories) {
                self.watcher.watch(directory, RecursiveMode::NonRecursive)?;
            }
            for directory in self.directories.difference(&directories) {
                // It may be gone.
                let _ = self.watcher.unwatch(directory);
            }
            // A link may have changed before its directory was watched: look again.
            self.directories = directories;
        }
    }

    fn concerns(&self, event: &notify::Result<Event>) -> bool {
        match event {
            Ok(event) => event.need_rescan() || event.paths.iter().any(|path| self.steps.contains(path)),
            // What was lost may have been a change.
            Err(_) => true,
        }
    }
}

/// Reading the file is an event too.
fn may_change(event: &notify::Result<Event>) -> bool {
    match event.as_ref().map(|event| event.kind) {
        Ok(EventKind::Access(access)) => access == AccessKind::Close(AccessMode::Write),
        _ => true,
    }
}
