//! The SQLite database with the lines of all files.

use super::problem::Problem;
use crate::code::Query;
use rusqlite::{Connection, Error};
use serde::Serialize;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use tempfile::TempDir;

/// Marks our own files, in their header: <https://www.sqlite.org/pragma.html#pragma_application_id>.
const APPLICATION_ID: i32 = 0x0063_656C;

const TABLES: &str = "
    DROP TABLE IF EXISTS line;
    DROP TABLE IF EXISTS file;
    CREATE TABLE file (id INTEGER PRIMARY KEY, path TEXT NOT NULL);
    CREATE VIRTUAL TABLE line USING fts5 (text, file UNINDEXED, number UNINDEXED);";

const BEST: &str = "
    SELECT file.path, line.number, snippet(line, 0, '', '', '…', 32) FROM line JOIN file ON file.id = line.file
    WHERE line MATCH ?1 ORDER BY line.rank, line.rowid LIMIT ?2";

/// An SQLite database with a full-text index of lines.
#[derive(Debug)]
pub struct Store {
    connection: Mutex<Connection>,
    path: PathBuf,
    /// The directory of the file, if the user named no file.
    scratch: Option<TempDir>,
}

/// A file to store.
#[derive(Debug)]
pub struct TextFile {
    /// The path that matches show.
    pub path: String,
    /// The whole text.
    pub text: String,
}

/// A line that was found.
#[derive(Debug, Serialize)]
pub struct Match {
    /// The path of the file.
    pub path: String,
    /// The line's number in the file, counted from 1.
    pub line: u32,
    /// The line, or the part of it around the words.
    pub text: String,
}

impl Store {
    /// Creates a store in a temporary directory.
    ///
    /// # Errors
    /// If the directory cannot be created, or SQLite fails.
    pub fn scratch() -> Result<Self, Problem> {
        let scratch = TempDir::with_prefix("code_search").map_err(Problem::Scratch)?;
        let path = scratch.path().join("index.db");
        let open = || {
            let connection = Connection::open(&path)?;
            // After a crash nobody reads this file.
            connection.pragma_update(None, "synchronous", "OFF")?;
            Ok(connection)
        };
        let connection = open().map_err(Problem::database(&path))?;
        Ok(Self { connection: Mutex::new(connection), path, scratch: Some(scratch) })
    }

    /// Opens the store in the file at `path`, or creates it.
    ///
    /// # Errors
    /// If the file is not a database, belongs to another program, or is corrupt.
    pub fn named(path: &Path) -> Result<Self, Problem> {
        let failed = Problem::database(path);
        let connection = Connection::open(path).map_err(&failed)?;
        let number = |query| connection.query_row(query, [], |row| row.get::<_, i32>(0)).map_err(&failed);
        let empty = number("SELECT count(*) FROM sqlite_schema")? == 0;
        if !empty && number("PRAGMA application_id")? != APPLICATION_ID {
            return Err(Problem::Foreign(path.to_owned()));
        }
        let check = |row: &rusqlite::Row<'_>| row.get::<_, String>(0);
        let verdict = connection.query_row("PRAGMA quick_check(1)", [], check).map_err(&failed)?;
        if verdict != "ok" {
            return Err(Problem::Corrupt { path: path.to_owned(), reason: verdict.replace('\n', " ") });
        }
        connection.pragma_update(None, "application_id", APPLICATION_ID).map_err(&failed)?;
        Ok(Self { connection: Mutex::new(connection), path: path.to_owned(), scratch: None })
    }

    /// Replaces everything that is stored, or nothing if it fails; returns the number of lines.
    ///
    /// # Errors
    /// If SQLite fails.
    pub fn fill(&self, files: impl Iterator<Item = TextFile>) -> Result<u64, Problem> {
        self.with(|connection| {
            let transaction = connection.transaction()?;
            transaction.execute_batch(TABLES)?;
            let mut file = transaction.prepare("INSERT INTO file (path) VALUES (?1)")?;
            let mut line =
                transaction.prepare("INSERT INTO line (text, file, number) VALUES (?1, ?2, ?3)")?;
            let mut lines = 0;
            for TextFile { path, text } in files {
                let id = file.insert([path])?;
                for (number, text) in (1_u32..).zip(text.lines()).filter(|(_, text)| !text.trim().is_empty())
                {
                    line.execute((text, id, number))?;
                    lines += 1;
                }
            }
            drop((file, line));
            transaction.commit()?;
            Ok(lines)
        })
    }

    /// Returns the best matches, best first.
    ///
    /// # Errors
    /// If SQLite fails.
    pub fn search(&self, query: &Query, limit: u32) -> Result<Vec<Match>, Problem> {
        self.with(|connection| {
            let mut best = connection.prepare(BEST)?;
            let to_match = |row: &rusqlite::Row<'_>| {
                Ok(Match { path: row.get(0)?, line: row.get(1)?, text: row.get(2)? })
            };
            best.query_map((query.to_fts5(), limit), to_match)?.collect()
        })
    }

    fn with<R>(&self, work: impl FnOnce(&mut Connection) -> Result<R, Error>) -> Result<R, Problem> {
        // A poisoned lock is fine: after a panic, SQLite rolls the open transaction back.
        let mut connection = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        work(&mut connection).map_err(Problem::database(&self.path))
    }

    /// Closes the connection, and removes the file if it is temporary.
    ///
    /// # Errors
    /// If closing or removing fails.
    pub fn close(self) -> Result<(), Problem> {
        let connection = self.connection.into_inner().unwrap_or_else(PoisonError::into_inner);
        connection.close().map_err(|(_, reason)| Problem::database(&self.path)(reason))?;
        if let Some(scratch) = self.scratch {
            scratch.close().map_err(Problem::Scratch)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{Store, TextFile};
    use crate::code::Query;

    #[test]
    fn finds_what_it_was_filled_with_and_no_more() {
        let store = Store::scratch().unwrap();
        for text in ["one fish\n\ntwo \"fish\"\n", "two fish"] {
            let file = TextFile { path: "a.txt".to_owned(), text: text.to_owned() };
            store.fill([file].into_iter()).unwrap();
        }
        for odd in ["fish OR", "fish\"", "NOT fish", "fish AND", "^fish", "fish*", "text:fish"] {
            store.search(&Query::parse(odd).unwrap(), 5).unwrap();
        }
        let found = store.search(&Query::parse("\"two\" fish").unwrap(), 5).unwrap();
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].path.as_str(), found[0].line), ("a.txt", 1));
        store.close().unwrap();
    }
}
