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
  GET /livez            whether the process should live on
  GET /readyz           whether requests should come; with ?verbose why not
  GET /metrics          metrics, for Prometheus
  GET /cells            a page about the cells; its buttons need the token in WEB_TOKEN
  GET /cells.json       what the cells are doing, as JSON
  SIGHUP                read the directory again
  SIGTERM, SIGINT       answer the requests in flight, then exit

With NOTIFY_SOCKET, it reports all that to a service manager.

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
        let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
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

#[cfg(test)]
mod tests {
    use super::{SETTINGS, Settings};
    use lexopt::Parser;

    /// Nothing but `main` reads the command line, which here is that of the test harness.
    #[test]
    fn z10_settings_come_from_whoever_runs_the_server() {
        assert!(!SETTINGS.info().has_factory);
        let words = ["web", "--listen", "127.0.0.1:0", "--dir", "/srv"];
        let settings = Settings::parse(Parser::from_iter(words)).expect("these are known");
        assert_eq!((settings.dir.to_str(), settings.listen.port()), (Some("/srv"), 0));
        assert!(
            Settings::parse(Parser::from_iter(["web", "--exact"])).is_err(),
            "an argument of a test harness"
        );
    }
}
