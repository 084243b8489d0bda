//! What can go wrong, each in one line.

use std::io;
use std::path::{Path, PathBuf};

/// The message includes the cause: it is all that the user sees.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the messages document the variants")]
pub enum Problem {
    #[error("{0} (`--help` shows the usage)")]
    Usage(String),
    #[error("the query is empty: give at least one word to search for")]
    EmptyQuery,
    #[error("cannot search `{}`: {reason}", path.display())]
    Directory { path: PathBuf, reason: io::Error },
    #[error("{first}{}", and_more(*more))]
    Unreadable { first: String, more: usize },
    #[error("cannot use the database `{}`: {reason}", path.display())]
    Database { path: PathBuf, reason: rusqlite::Error },
    #[error("the database `{}` is corrupt: {reason}", path.display())]
    Corrupt { path: PathBuf, reason: String },
    #[error("the database `{}` belongs to another program: name a file that may be overwritten", .0.display())]
    Foreign(PathBuf),
    #[error("cannot create or remove a temporary directory: {0}")]
    Scratch(io::Error),
}

impl Problem {
    /// For `map_err`: an error of SQLite about the file at `path`.
    pub(super) fn database(path: &Path) -> impl Fn(rusqlite::Error) -> Self {
        move |reason| Self::Database { path: path.to_owned(), reason }
    }
}

impl From<lexopt::Error> for Problem {
    fn from(error: lexopt::Error) -> Self {
        Self::Usage(error.to_string())
    }
}

fn and_more(more: usize) -> String {
    if more == 0 { String::new() } else { format!(" (and {more} more)") }
}
