//! The cells behind the handlers. SQLite and the file system block, so their factories run on the blocking pool, and a
//! handler that has to wait for them waits as a task.

use crate::settings::{SETTINGS, Settings};
use cells::{Page, Ref, Timeline, runtime_cell};
use examples::code::{Index, Match, Problem, Query, Store};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// The store of one index. A reload fills another one while this one still answers.
#[runtime_cell(blocking, dispose = Store::close)]
pub(crate) fn store() -> Result<Store, Problem> {
    Store::scratch()
}

/// The index, built before the first request.
#[runtime_cell(
    blocking,
    eager,
    cooldown = "1s",
    wait_timeout = "30m",
    check = Searchable::check,
    dispose = Searchable::end
)]
pub(crate) fn index(store: Ref<'static, Store>, settings: &Settings) -> Result<Searchable, Problem> {
    let index = Index::build(&settings.dir, store, |_, _| {})?;
    let Index { files, lines, skipped, .. } = index;
    tracing::info!(files, lines, skipped, "indexed");
    Ok(Searchable { index, ended: Arc::default() })
}

/// An index that knows whether its disposer was called. No request may ever see that it was.
pub(crate) struct Searchable {
    index: Index,
    ended: Arc<AtomicBool>,
}

impl Searchable {
    /// Returns the best matches, and whether this index was disposed meanwhile.
    pub(crate) fn search(&self, query: &Query, limit: u32) -> Result<(Vec<Match>, bool), Problem> {
        let ended = Arc::clone(&self.ended); // outlives what it reports on
        let found = self.index.search(query, limit);
        Ok((found?, ended.load(Ordering::SeqCst)))
    }

    /// Whether a search works at all, for the probes.
    fn check(&self) -> Result<(), Problem> {
        self.index.search(&Query::parse("check")?, 1).map(drop)
    }

    fn end(self) {
        self.ended.store(true, Ordering::SeqCst);
    }
}

/// The last that happened to the cells.
#[runtime_cell(permanent)]
pub(crate) fn events() -> Timeline {
    Timeline::new(200)
}

/// The operator's page, at `/cells`.
#[runtime_cell(permanent)]
pub(crate) fn page(settings: &Settings) -> Page {
    Page::new().title("Code search").timeline(events()).actions("/cells", &settings.token)
}
