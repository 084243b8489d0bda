//! How the server ends, as seen from outside: each test runs this program once more, in a process of its own, with a
//! directory of its own for what it leaves.

use crate::support::Server;
use cells_test_support::eventually;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, ExitStatus};
use std::time::Duration;
use std::{env, fs, thread};
use tempfile::TempDir;

/// Says what a child is to do beside what every run does.
const CHILD: &str = "SHARED_SERVER_CHILD";

/// A run that is over.
struct Run {
    status: ExitStatus,
    output: String,
    directory: TempDir,
}

impl Run {
    /// Returns `None` where PostgreSQL is not installed.
    fn of(child: &str, arguments: &[&str]) -> Option<Self> {
        if !Server::is_installed() {
            return None;
        }
        let directory = tempfile::tempdir().expect("a directory");
        // As /tmp: the server may be another user's.
        fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o1777)).expect("it is ours");
        let mut tests = Command::new(env::current_exe().expect("this program"));
        tests.args(arguments).arg("--nocapture").env(CHILD, child).env("TMPDIR", directory.path());
        let output = tests.output().expect("it runs");
        let printed = [output.stdout, output.stderr].concat();
        Some(Self {
            status: output.status,
            output: String::from_utf8_lossy(&printed).into_owned(),
            directory,
        })
    }

    fn count(&self, text: &str) -> usize {
        self.output.matches(text).count()
    }

    /// Fails if there is a server's directory, or one of its processes.
    #[track_caller]
    fn left_nothing(&self) {
        assert_eq!(files_in(self.directory.path()), 0, "{}", self.output);
        // The system may need a moment to forget a process that has ended.
        eventually("no process is left", || !is_in_use(self.directory.path()));
    }
}

fn files_in(directory: &Path) -> usize {
    fs::read_dir(directory).expect("a directory").count()
}

/// Returns whether a process works in the directory, or was started with its name.
fn is_in_use(directory: &Path) -> bool {
    let name = directory.to_str().expect("a name in UTF-8");
    fs::read_dir("/proc").expect("Linux has it").flatten().map(|process| process.path()).any(|process| {
        let arguments = fs::read(process.join("cmdline")).unwrap_or_default();
        fs::read_link(process.join("cwd")).is_ok_and(|cwd| cwd.starts_with(directory))
            || String::from_utf8_lossy(&arguments).contains(name)
    })
}

#[test]
fn t6_tests_that_pass_share_one_server_and_leave_nothing() {
    let Some(run) = Run::of("", &["--skip", "t6_"]) else { return };
    assert!(run.status.success(), "{}", run.output);
    assert_eq!((run.count("postgres: started"), run.count("postgres: stopped")), (1, 1), "{}", run.output);
    run.left_nothing();
}

#[test]
fn t6_a_test_that_fails_leaves_nothing() {
    let Some(run) = Run::of("fails", &["--skip", "t6_"]) else { return };
    assert!(run.output.contains("test result: FAILED") && run.count("on purpose") > 0, "{}", run.output);
    assert_eq!(run.count(" ... FAILED"), 1, "{}", run.output);
    assert_eq!((run.count("postgres: started"), run.count("postgres: stopped")), (1, 1), "{}", run.output);
    run.left_nothing();
}

#[test]
fn t6_a_process_that_aborts_leaves_nothing() {
    let Some(run) = Run::of("aborts", &["--exact", "life::child::aborts"]) else { return };
    assert!(run.status.signal().is_some(), "{}", run.output);
    assert_eq!((run.count("postgres: started"), run.count("postgres: stopped")), (1, 0), "{}", run.output);
    eventually("the server ends", || {
        thread::sleep(Duration::from_millis(20));
        files_in(run.directory.path()) == 0
    });
    run.left_nothing();
}

#[test]
fn t6_a_server_that_no_test_uses_ends_and_comes_back() {
    let Some(run) = Run::of("lingers", &["--exact", "life::child::lingers"]) else { return };
    assert!(run.status.success(), "{}", run.output);
    assert_eq!((run.count("postgres: started"), run.count("postgres: stopped")), (2, 2), "{}", run.output);
    run.left_nothing();
}

/// What only children do.
mod child {
    use super::{CHILD, files_in};
    use crate::support::World;
    use cells_test_support::eventually;
    use shared_server::stock::receive;
    use std::time::Duration;
    use std::{env, process, thread};

    /// A world with something in its stock, in the child that is to do this.
    fn world(child: &str) -> Option<World> {
        if env::var(CHILD).ok()? != child {
            return None;
        }
        let world = World::enter()?;
        assert_eq!(receive("tea", 3).unwrap(), 3);
        Some(world)
    }

    #[test]
    fn fails() {
        let Some(_world) = world("fails") else { return };
        panic!("on purpose");
    }

    #[test]
    fn aborts() {
        let Some(_world) = world("aborts") else { return };
        process::abort();
    }

    #[test]
    fn lingers() {
        let Some(first) = world("lingers") else { return };
        drop(first);
        eventually("the server ends", || {
            thread::sleep(Duration::from_millis(20));
            files_in(&env::temp_dir()) == 0
        });
        drop(world("lingers"));
    }
}
