//! The database server.

use cells::runtime_cell;
use postgres::{Client, NoTls};
use std::fs;
use std::io::{self, BufRead, BufReader};
use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// The server of all tests in this process. The cell cannot fail, so tests wait as long as the start takes; one that returns
/// a `Result` needs a `wait_timeout` for that.
#[runtime_cell(linger = "2s", dispose = Server::stop)]
pub(crate) fn server() -> Server {
    cells::testing::shutdown_at_exit(Duration::from_secs(30));
    Server::start().unwrap_or_else(|error| panic!("PostgreSQL does not start: {error}"))
}

/// A server that listens on a socket in its directory, and a shell that ends it when this process is gone.
pub(crate) struct Server {
    directory: PathBuf,
    keeper: Child,
}

/// PostgreSQL refuses to run as root. The tests have it run as this user then: `nobody`.
const NOBODY: u32 = 65534;

impl Server {
    /// Returns whether PostgreSQL is installed, and says so if it is not.
    pub(crate) fn is_installed() -> bool {
        let is_installed = programs().is_some();
        if !is_installed {
            eprintln!("skipped: PostgreSQL is not installed, neither in PATH nor in /usr/lib/postgresql");
        }
        is_installed
    }

    fn start() -> io::Result<Self> {
        let programs = programs().ok_or_else(|| io::Error::other("it is not installed"))?;
        let directory = tempfile::Builder::new().prefix("postgres-").tempdir()?;
        let mut shell = Command::new("sh");
        shell.args(["-c", include_str!("server.sh"), "sh"]).arg(directory.path()).arg(programs);
        if fs::metadata(directory.path())?.uid() == 0 {
            chown(directory.path(), Some(NOBODY), Some(NOBODY))?;
            shell.uid(NOBODY).gid(NOBODY);
        }
        // Out of the reach of Ctrl-C, which would leave nobody to end the server.
        shell.current_dir("/").process_group(0).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut keeper = shell.spawn()?;
        // From here on the shell removes it.
        let directory = directory.keep();

        let mut printed = String::new();
        let mut output = BufReader::new(keeper.stdout.as_mut().expect("it is a pipe"));
        while output.read_line(&mut printed)? > 0 {
            if printed.ends_with("\nready\n") {
                eprintln!("postgres: started in {}", directory.display());
                return Ok(Self { directory, keeper });
            }
        }
        keeper.wait()?;
        Err(io::Error::other(printed.trim_end()))
    }

    fn stop(mut self) -> io::Result<()> {
        drop(self.keeper.stdin.take());
        let status = self.keeper.wait()?;
        if !status.success() || self.directory.exists() {
            return Err(io::Error::other(format!("{status}; look at {}", self.directory.display())));
        }
        eprintln!("postgres: stopped in {}", self.directory.display());
        Ok(())
    }

    /// The way to a database on this server.
    pub(crate) fn database(&self, name: &str) -> postgres::Config {
        let mut database = postgres::Config::new();
        database.host_path(&self.directory).user("tests").dbname(name);
        database
    }

    /// Connects to the database from which others are created and dropped.
    pub(crate) fn connect(&self) -> Result<Client, postgres::Error> {
        self.database("postgres").connect(NoTls)
    }
}

/// The folder with PostgreSQL's programs: one of `PATH`, or that of Debian's newest.
fn programs() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut debian: Vec<_> = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten().collect();
    debian.sort_by_key(|version| version.file_name().to_str().and_then(|name| name.parse::<u32>().ok()));
    let debian = debian.into_iter().rev().map(|version| version.path().join("bin"));
    let has_programs =
        |folder: &PathBuf| ["initdb", "postgres"].iter().all(|name| folder.join(name).exists());
    std::env::split_paths(&path).chain(debian).find(has_programs)
}
