//! The cells, each made of those that it names.

use crate::settings::{SETTINGS, Settings};
use cells::{Ref, runtime_cell};
use examples::code::{Index, Problem, Store};

/// The store of this process.
#[runtime_cell(dispose = Store::close)]
pub(crate) fn store(settings: &Settings) -> Result<Store, Problem> {
    settings.db.as_deref().map_or_else(Store::scratch, Store::named)
}

/// The index of this process. A large tree takes its time, so callers wait longer than the default of 1.5 s.
#[runtime_cell(wait_timeout = "30m")]
pub(crate) fn index(store: Ref<'static, Store>, settings: &Settings) -> Result<Index, Problem> {
    Index::build(&settings.dir, store)
}
