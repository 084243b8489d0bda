//! Where the results go.

use crate::args::{ARGS, Args};
use cells::runtime_cell;
use std::fs::{self, File};
use std::io::{self, LineWriter, Write};
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

/// A file, or the standard output.
pub struct Results {
    out: Mutex<LineWriter<Box<dyn Write + Send>>>,
    /// The name of the file while it grows, and that of the complete one.
    names: Option<(PathBuf, PathBuf)>,
}

/// The results. At the end the file gets its name: whoever finds it under that name finds all that was done.
///
/// # Errors
///
/// If the file cannot be made.
#[runtime_cell(dispose = Results::complete)]
pub fn results(args: &Args) -> io::Result<Results> {
    let Some(complete) = &args.results else {
        return Ok(Results { out: lines(io::stdout()), names: None });
    };
    let mut part = complete.clone();
    part.as_mut_os_string().push(".part");
    Ok(Results { out: lines(File::create(&part)?), names: Some((part, complete.clone())) })
}

fn lines(out: impl Write + Send + 'static) -> Mutex<LineWriter<Box<dyn Write + Send>>> {
    Mutex::new(LineWriter::new(Box::new(out)))
}

impl Results {
    /// Writes a line.
    ///
    /// # Errors
    ///
    /// Those of writing.
    pub fn write(&self, line: &str) -> io::Result<()> {
        writeln!(self.out.lock().unwrap_or_else(PoisonError::into_inner), "{line}")
    }

    fn complete(self) -> io::Result<()> {
        self.out.into_inner().unwrap_or_else(PoisonError::into_inner).flush()?;
        self.names.map_or(Ok(()), |(part, complete)| fs::rename(part, complete))
    }
}
