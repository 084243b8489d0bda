//! The model.

use crate::args::{ARGS, Args};
use cells::runtime_cell;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufReader};

/// The words by which a label is known.
pub struct Model(BTreeMap<String, Vec<String>>);

/// Why there is no model.
#[derive(Debug, thiserror::Error)]
pub enum NoModel {
    /// The file cannot be read.
    #[error("cannot read {file}: {error}")]
    Unreadable {
        /// The file.
        file: String,
        /// Why.
        error: io::Error,
    },
    /// The file contains something else.
    #[error("{file} is no model: {error}")]
    Malformed {
        /// The file.
        file: String,
        /// Where and why.
        error: serde_json::Error,
    },
}

/// The model. Its file is read on the blocking pool.
///
/// # Errors
///
/// If there is no file, or no model in it.
#[runtime_cell(blocking)]
pub fn model(args: &Args) -> Result<Model, NoModel> {
    let file = || args.model.display().to_string();
    let read = File::open(&args.model).map_err(|error| NoModel::Unreadable { file: file(), error })?;
    let labels = serde_json::from_reader(BufReader::new(read));
    labels.map(Model).map_err(|error| NoModel::Malformed { file: file(), error })
}

impl Model {
    /// The label with most of its words in the text; `None` if there is no word of any.
    pub fn label(&self, text: &str) -> Option<&str> {
        let text = text.to_lowercase();
        let found = |words: &[String]| {
            text.split(|c: char| !c.is_alphanumeric())
                .filter(|word| words.iter().any(|known| known == word))
                .count()
        };
        let scores = self.0.iter().map(|(label, words)| (found(words), label));
        let (score, label) = scores.max_by_key(|(score, _)| *score)?;
        (score > 0).then_some(label.as_str())
    }
}
