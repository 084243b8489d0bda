//! The index: the store, filled with all text files of a directory.

use super::problem::Problem;
use super::query::Query;
use super::store::{Match, Store, TextFile};
use cells::Ref;
use ignore::{DirEntry, WalkBuilder};
use std::fs;
use std::io::{Error, ErrorKind};
use std::path::Path;

/// What is larger is data, not source.
const LARGEST: u64 = 64 << 20;

/// A store that is filled, and what there is to know of it.
#[derive(Debug)]
pub struct Index {
    /// A lease: while the index lives, its store is not disposed.
    store: Ref<'static, Store>,
    /// How many files it has.
    pub files: u64,
    /// How many lines of them it has, without empty ones.
    pub lines: u64,
    /// How many files were left out as no text, or too large.
    pub skipped: u64,
    /// Which could not be read, and why.
    unreadable: Vec<String>,
}

impl Index {
    /// Fills `store` with the text files of `dir`. Hidden files and those that git ignores are left out.
    ///
    /// # Errors
    /// If there is no such directory, or the store fails. A file that cannot be read is no error:
    /// [`unreadable`](Self::unreadable) tells of it.
    pub fn build(dir: &Path, store: Ref<'static, Store>) -> Result<Self, Problem> {
        if let Err(reason) = fs::read_dir(dir) {
            return Err(Problem::Directory { path: dir.to_owned(), reason });
        }
        let mut index = Self { store, files: 0, lines: 0, skipped: 0, unreadable: Vec::new() };
        let store = index.store.clone();
        let walk = WalkBuilder::new(dir).sort_by_file_path(Ord::cmp).build();
        index.lines = store.fill(walk.filter_map(|entry| index.take(dir, entry)))?;
        Ok(index)
    }

    /// Reads what the walk came upon, if it is a text file, and keeps account. Links are not followed.
    fn take(&mut self, dir: &Path, entry: Result<DirEntry, ignore::Error>) -> Option<TextFile> {
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) => {
                let message = error.to_string();
                // The source names the path as well.
                self.unreadable.push(error.into_io_error().map_or(message, |error| error.to_string()));
                return None;
            }
        };
        if !entry.file_type().is_some_and(|kind| kind.is_file()) {
            return None;
        }
        let path = entry.path().strip_prefix(dir).unwrap_or(entry.path()).display().to_string();
        match text_of(entry.path()) {
            Ok(Some(text)) => {
                self.files += 1;
                Some(TextFile { path, text })
            }
            Ok(None) => {
                self.skipped += 1;
                None
            }
            Err(reason) => {
                self.unreadable.push(format!("cannot read `{path}`: {reason}"));
                None
            }
        }
    }

    /// Finds the lines that have all words of `query`: at most `limit` of them, the best one first.
    ///
    /// # Errors
    /// If the store fails.
    pub fn search(&self, query: &Query, limit: u32) -> Result<Vec<Match>, Problem> {
        self.store.search(query, limit)
    }

    /// What could not be read is missing from the matches, and whoever asked must hear of it.
    pub fn unreadable(&self) -> Option<Problem> {
        let (first, more) = self.unreadable.split_first()?;
        Some(Problem::Unreadable { first: first.clone(), more: more.len() })
    }
}

/// Reads a file that is valid UTF-8 and without NUL; another one is no text.
fn text_of(path: &Path) -> Result<Option<String>, Error> {
    if fs::metadata(path)?.len() > LARGEST {
        return Ok(None);
    }
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text).filter(|text| !text.contains('\0'))),
        Err(error) if error.kind() == ErrorKind::InvalidData => Ok(None),
        Err(error) => Err(error),
    }
}
