//! The configuration.

use cells::runtime_cell;
use std::fmt;
use std::fs;
use std::io;
use std::path::PathBuf;

/// The file of the configuration, which `main` provides.
#[runtime_cell(provided)]
pub fn file() -> PathBuf;

/// The configuration. The file is read on the blocking pool.
///
/// # Errors
///
/// If the file cannot be read, or is no configuration.
#[runtime_cell(blocking)]
pub fn config(file: &PathBuf) -> Result<Config, NoConfig> {
    Config::parse(&fs::read_to_string(file).map_err(NoConfig::Unreadable)?)
}

/// What the file says: `greeting = hello` and `workers = 4`.
#[derive(Debug, PartialEq, Eq)]
pub struct Config {
    /// What to say.
    pub greeting: String,
    /// How many do it.
    pub workers: u32,
}

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
pub enum NoConfig {
    /// The file cannot be read.
    #[error("it cannot be read: {0}")]
    Unreadable(io::Error),
    /// A line is wrong.
    #[error("line {0}: `{1}` is no setting")]
    Line(usize, String),
    /// A setting is missing.
    #[error("no line sets `{0}`")]
    Missing(&'static str),
}

impl Config {
    /// Reads the text of a file.
    ///
    /// # Errors
    ///
    /// If a line is wrong or missing.
    pub fn parse(text: &str) -> Result<Self, NoConfig> {
        let (mut greeting, mut workers) = (None, None);
        for (index, line) in text.lines().enumerate() {
            let wrong = || NoConfig::Line(index + 1, line.to_owned());
            match line.split_once('=').map(|(name, value)| (name.trim(), value.trim())) {
                Some(("greeting", value)) => greeting = Some(value.to_owned()),
                Some(("workers", value)) => workers = Some(value.parse().map_err(|_| wrong())?),
                _ => return Err(wrong()),
            }
        }
        Ok(Self {
            greeting: greeting.ok_or(NoConfig::Missing("greeting"))?,
            workers: workers.ok_or(NoConfig::Missing("workers"))?,
        })
    }
}

impl fmt::Display for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "greeting {:?}, workers {}", self.greeting, self.workers)
    }
}
