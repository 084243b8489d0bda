//! The journal: a line for each message that was sent.

use crate::clock;
use crate::config::{CONFIG, Config};
use cells::runtime_cell;
use std::fmt::Display;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::sync::{Mutex, PoisonError};

/// What was sent, and when.
pub struct Journal(Mutex<BufWriter<File>>);

/// The journal.
///
/// # Errors
///
/// If the file cannot be opened.
#[runtime_cell(eager, dispose = Journal::close)]
pub fn journal(config: &Config) -> io::Result<Journal> {
    let file = File::options().create(true).append(true).open(&config.journal)?;
    Ok(Journal(Mutex::new(BufWriter::new(file))))
}

impl Journal {
    /// Writes a line. Lines reach the file a block at a time, and the last of them when the journal is closed.
    ///
    /// # Errors
    ///
    /// Those of writing to the file.
    pub fn write(&self, what: impl Display) -> io::Result<()> {
        let seconds = clock::seconds();
        let mut file = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        writeln!(file, "{seconds} {what}")
    }

    /// Writes what is not yet in the file. A drop would do so too, but nobody would learn that it failed.
    fn close(self) -> io::Result<()> {
        self.0.into_inner().unwrap_or_else(PoisonError::into_inner).flush()
    }
}
