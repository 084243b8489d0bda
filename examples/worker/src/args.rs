//! The arguments.

use cells::runtime_cell;
use clap::{Parser, value_parser};
use std::path::PathBuf;
use std::time::Duration;

/// Labels texts. Each line of the standard input is a job, such as {"id": 1, "text": "the report for the meeting"}.
#[derive(Parser)]
pub struct Args {
    /// The file of the model: each label with its words. When it changes, it is read again.
    #[arg(long, value_name = "FILE")]
    pub model: PathBuf,
    /// Where to write the results, a line for each job. Until the worker ends, the file has `.part` after its name.
    /// Without this, results go to the standard output.
    #[arg(long, value_name = "FILE")]
    pub results: Option<PathBuf>,
    /// How many jobs may be under way at a time.
    #[arg(long, value_name = "JOBS", default_value = "4", value_parser = value_parser!(u16).range(1..))]
    pub at_once: u16,
    /// How often to look whether the model has changed, in milliseconds.
    #[arg(long, value_name = "MS", default_value = "1000", value_parser = milliseconds)]
    pub poll: Duration,
}

/// The arguments, once `main` has parsed them.
#[runtime_cell(provided)]
pub fn args() -> Args;

fn milliseconds(text: &str) -> Result<Duration, String> {
    match text.parse() {
        Ok(0) => Err("at least 1".to_owned()),
        parsed => parsed.map(Duration::from_millis).map_err(|error| error.to_string()),
    }
}
