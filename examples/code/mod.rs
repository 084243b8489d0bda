//! Full-text search in the files of a directory, shared by the examples `code_search` and `web`.

mod index;
mod problem;
mod query;
mod store;

pub use index::Index;
pub use problem::Problem;
pub use query::Query;
pub use store::{Match, Store, TextFile};
