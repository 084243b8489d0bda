//! The index: a store filled with all text files of a directory.

use super::problem::Problem;
use super::query::Query;
use super::store::{Match, Store, TextFile};
use cells::Ref;
use ignore::{DirEntry, WalkBuilder};
use std::fs;
use std::io::{Error, ErrorKind};
use std::path::Path;

/// Larger files are data, not source code.
const LARGEST: u64 = 64 << 20;

/// A filled store, and how many files and lines it has.
#[derive(Debug)]
pub struct Index {
    /// A lease: while the index lives, its store is not disposed.
    store: Ref<'static, Store>,
    /// How many files it contains.
    pub files: u64,
    /// How many lines of them it contains, without blank ones.
    pub lines: u64,
    /// How many files were skipped because they are not text or too large.
    pub skipped: u64,
    /// Which files could not be read, and why.
    unreadable: Vec<String>,
}

impl Index {
    /// Fills `store` with the text files of `dir`, except hidden files and those that git ignores. `progress` is called with
    /// how many entries of the directory are done, and of how many.
    ///
    /// # Errors
    /// If there is no such directory, or the store fails. A file that cannot be read is no error:
    /// [`unreadable`](Self::unreadable) reports it.
    pub fn build(
        dir: &Path,
        store: Ref<'static, Store>,
        progress: impl Fn(u64, u64),
    ) -> Result<Self, Problem> {
        if let Err(reason) = fs::read_dir(dir) {
            return Err(Problem::Directory { path: dir.to_owned(), reason });
        }
        let mut index = Self { store, files: 0, lines: 0, skipped: 0, unreadable: Vec::new() };
        let store = Ref::clone(&index.store);
        let walk = WalkBuilder::new(dir).sort_by_file_path(Ord::cmp).build();
        let entries: Vec<_> = walk.collect();
        let of = entries.len() as u64;
        let counted = (1..).zip(entries).map(|(number, entry)| {
            progress(number, of);
            entry
        });
        index.lines = store.fill(counted.filter_map(|entry| index.take(dir, entry)))?;
        Ok(index)
    }

    /// Reads one entry of the walk if it is a text file, and counts it. Links are not followed.
    fn take(&mut self, dir: &Path, entry: Result<DirEntry, ignore::Error>) -> Option<TextFile> {
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) => {
                let message = error.to_string();
                // The wrapped error names the path too.
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

    /// Finds the lines that contain all words of `query`: at most `limit` of them, best first.
    ///
    /// # Errors
    /// If the store fails.
    pub fn search(&self, query: &Query, limit: u32) -> Result<Vec<Match>, Problem> {
        self.store.search(query, limit)
    }

    /// Returns what could not be read. It is missing from the matches, so the user must be told.
    pub fn unreadable(&self) -> Option<Problem> {
        let (first, more) = self.unreadable.split_first()?;
        Some(Problem::Unreadable { first: first.clone(), more: more.len() })
    }
}

/// Reads a text file, which is one that is valid UTF-8 and contains no NUL; returns `None` for any other.
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
