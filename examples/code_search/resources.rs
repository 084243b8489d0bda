//! The cells. Each names the cells it is built from as its parameters.

use crate::settings::{SETTINGS, Settings};
use cells::{Ref, runtime_cell};
use examples::code::{Index, Problem, Store};

/// The store of this process.
#[runtime_cell(dispose = Store::close)]
pub(crate) fn store(settings: &Settings) -> Result<Store, Problem> {
    settings.db.as_deref().map_or_else(Store::scratch, Store::named)
}

/// The index of this process. Building it for a large tree takes longer than the 1.5 s that callers wait by default.
#[runtime_cell(wait_timeout = "30m")]
pub(crate) fn index(store: Ref<'static, Store>, settings: &Settings) -> Result<Index, Problem> {
    Index::build(&settings.dir, store)
}
