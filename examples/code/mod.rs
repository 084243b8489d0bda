//! Full-text search in the files of a directory: what the examples `code_search` and `web` have in common.

mod index;
mod problem;
mod query;
mod store;

pub use index::Index;
pub use problem::Problem;
pub use query::Query;
pub use store::{Match, Store, TextFile};
