//! The settings of the user.

use cells::runtime_cell;
use examples::code::{Problem, Query};
use lexopt::Arg::{Long, Value};
use lexopt::{Parser, ValueExt};
use std::path::{Path, PathBuf};

pub(crate) const USAGE: &str = "\
Finds lines of text files that contain all words of QUERY, the best matches first.
Skips hidden files and those that git ignores; does not follow links.

Usage: code_search [--dir DIR] [--db FILE] QUERY...

  --dir DIR   what to search (default: the workspace of this example)
  --db FILE   where to keep the index (default: a temporary directory)
  --help      show this help";

pub(crate) struct Settings {
    pub(crate) dir: PathBuf,
    pub(crate) db: Option<PathBuf>,
    pub(crate) query: Query,
}

/// The settings, which `main` reads from the command line and provides.
#[runtime_cell(provided)]
pub(crate) fn settings() -> Settings;

impl Settings {
    pub(crate) fn parse(mut arguments: Parser) -> Result<Self, Problem> {
        let mut dir = Path::new(env!("CARGO_MANIFEST_DIR")).with_file_name("");
        let mut db = None;
        let mut typed = Vec::new();
        while let Some(argument) = arguments.next()? {
            match argument {
                Long("dir") => dir = arguments.value()?.into(),
                Long("db") => db = Some(arguments.value()?.into()),
                Value(word) => typed.push(word.string()?),
                other => return Err(other.unexpected().into()),
            }
        }
        Ok(Self { dir, db, query: Query::parse(&typed.join(" "))? })
    }
}

#[cfg(test)]
mod tests {
    use super::Settings;
    use lexopt::Parser;

    #[test]
    fn words_and_options_may_mix() {
        let settings = Settings::parse(Parser::from_args(["one", "--dir=src", "two"])).unwrap();
        assert_eq!(settings.dir.as_os_str(), "src");
        assert_eq!(settings.query.to_fts5(), r#""one" "two""#);
    }
}
