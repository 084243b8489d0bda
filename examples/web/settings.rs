//! The settings of the operator.

use cells::runtime_cell;
use lexopt::Arg::Long;
use lexopt::{Parser, ValueExt};
use std::env;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

pub(crate) const USAGE: &str = "\
Serves full-text search in the files of a directory.

  GET /search?q=WORDS   the lines that contain all of the words, as JSON (POST takes a form)
  GET /cells            a page about the cells; its buttons need the token in WEB_TOKEN
  GET /cells.json       what the cells are doing, as JSON
  SIGHUP                read the directory again
  SIGTERM, SIGINT       answer the requests in flight, then exit

Usage: web [--dir DIR] [--listen ADDRESS:PORT]

  --dir DIR               what to search (default: the workspace of this example)
  --listen ADDRESS:PORT   where to listen (default: 127.0.0.1:8080; port 0 takes any free port)
  --help                  show this help";

pub(crate) struct Settings {
    pub(crate) dir: PathBuf,
    pub(crate) listen: SocketAddr,
    /// What the buttons of the page ask for; if it is empty, they do nothing.
    pub(crate) token: String,
}

/// The settings, which `main` provides: a cell that read the command line itself would read that of a test harness.
#[runtime_cell(provided)]
pub(crate) fn settings() -> Settings;

impl Settings {
    /// Reads them from the command line.
    pub(crate) fn parse(mut arguments: Parser) -> Result<Self, lexopt::Error> {
        let dir = Path::new(env!("CARGO_MANIFEST_DIR")).with_file_name("");
        let token = env::var("WEB_TOKEN").unwrap_or_default();
        let mut settings = Self { dir, listen: (Ipv4Addr::LOCALHOST, 8080).into(), token };
        while let Some(argument) = arguments.next()? {
            match argument {
                Long("dir") => settings.dir = arguments.value()?.into(),
                Long("listen") => settings.listen = arguments.value()?.parse()?,
                other => return Err(other.unexpected()),
            }
        }
        Ok(settings)
    }
}
