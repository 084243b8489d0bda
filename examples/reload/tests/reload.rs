//! The program as a process.
#![cfg(unix)]

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::symlink;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;
use tempfile::TempDir;

/// How long the test waits for a line before it fails.
const IN_VAIN: Duration = Duration::from_mins(1);

fn reload() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_reload"));
    command.stdout(Stdio::piped());
    command
}

/// A process that does not outlive its test, also if that fails.
struct Running {
    child: Child,
    lines: Receiver<String>,
}

impl Running {
    fn start(mut command: Command) -> Self {
        let mut child = command.spawn().unwrap();
        let out = BufReader::new(child.stdout.take().expect("it is piped"));
        let (sender, lines) = channel();
        thread::spawn(move || {
            for line in out.lines() {
                if sender.send(line.unwrap()).is_err() {
                    break;
                }
            }
        });
        Self { child, lines }
    }

    /// Reads on until there is a line with that text.
    fn says(&self, text: &str) {
        let line = || self.lines.recv_timeout(IN_VAIN).unwrap_or_else(|_| panic!("it never said `{text}`"));
        while !line().contains(text) {}
    }

    fn signal(&self, name: &str) {
        let kill = Command::new("kill").args([name, &self.child.id().to_string()]).status();
        assert!(kill.unwrap().success());
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn f8_no_change_is_lost_whatever_way_the_file_is_replaced_in() {
    let run = reload().output().unwrap();
    let said = String::from_utf8(run.stdout).unwrap();
    assert!(run.status.success(), "{said}");
    for line in [
        "good day",
        "good evening",
        "good night",
        "good morning again",
        "hello 100",
        "line 2: `workers = many` is no setting; generation",
        "sorry",
        "you called",
        "failed, until the shutdown",
    ] {
        assert!(said.contains(line), "{line} is missing in\n{said}");
    }
}

#[test]
fn f8_it_follows_a_file_until_it_is_interrupted() {
    let dir = TempDir::new().unwrap();
    let (file, link) = (dir.path().join("app.conf"), dir.path().join("link"));
    symlink("app.conf", &link).unwrap();
    fs::write(&file, "greeting = one\nworkers = 1\n").unwrap();
    let mut command = reload();
    command.arg(&link);
    let mut running = Running::start(command);
    running.says("\"one\", workers 1");
    // A file beside it is none of its business.
    fs::write(dir.path().join("other.conf"), "").unwrap();
    fs::write(&file, "greeting = two\nworkers = 2\n").unwrap();
    running.says("\"two\", workers 2");
    fs::remove_file(&file).unwrap();
    running.says("it cannot be read");
    fs::write(&file, "greeting = three\nworkers = 3\n").unwrap();
    running.says("\"three\", workers 3");
    running.signal("-HUP");
    running.says("\"three\", workers 3");
    running.signal("-INT");
    running.says("until the shutdown");
    running.says("config  disposed");
    assert!(running.child.wait().unwrap().success());
}

#[test]
fn f8_without_a_configuration_it_does_not_start() {
    let dir = TempDir::new().unwrap();
    let run = reload().arg(dir.path().join("none.conf")).output().unwrap();
    assert_eq!(run.status.code(), Some(2));
    let said = String::from_utf8(run.stderr).unwrap();
    assert!(said.starts_with("reload: it cannot be read: ") && said.lines().count() == 1, "{said}");
}
