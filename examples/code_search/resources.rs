//! The cells. Each names the cells it is built from as its parameters.

use crate::bar::BAR;
use crate::settings::{SETTINGS, Settings};
use cells::{Ref, runtime_cell};
use examples::code::{Index, Problem, Store};
use indicatif::ProgressBar;

/// The store of this process.
#[runtime_cell(eager, dispose = Store::close)]
pub(crate) fn store(settings: &Settings) -> Result<Store, Problem> {
    settings.db.as_deref().map_or_else(Store::scratch, Store::named)
}

/// The index of this process. Building it for a large tree takes longer than the 1.5 s that callers wait by default.
#[runtime_cell(wait_timeout = "30m")]
pub(crate) fn index(
    store: Ref<'static, Store>,
    settings: &Settings,
    bar: &ProgressBar,
) -> Result<Index, Problem> {
    bar.reset();
    bar.set_message("indexing");
    let index = Index::build(&settings.dir, store, |read, of| {
        bar.set_length(of);
        bar.set_position(read);
    });
    bar.finish_and_clear();
    index
}
