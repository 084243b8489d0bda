//! The cells behind the handlers. SQLite and the file system block, so their factories run on the blocking pool, and a
//! handler that has to wait for them waits as a task.

use crate::settings::{SETTINGS, Settings};
use cells::{Page, Ref, Timeline, runtime_cell};
use examples::code::{Index, Problem, Store};

/// The store of one index. A reload fills another one while this one still answers.
#[runtime_cell(blocking, dispose = Store::close)]
pub(crate) fn store() -> Result<Store, Problem> {
    Store::scratch()
}

/// The index, built before the first request.
#[runtime_cell(blocking, eager, cooldown = "1s", wait_timeout = "30m")]
pub(crate) fn index(store: Ref<'static, Store>, settings: &Settings) -> Result<Index, Problem> {
    Index::build(&settings.dir, store, |_, _| {})
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
