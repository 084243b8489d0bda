//! Tests in a process of their own: those that concern all cells of a process, or end them.

use std::any::type_name;
use std::env;
use std::process::{self, Command};
use std::thread;
use std::time::Duration;

/// Names the test that this process is for.
const TEST: &str = "CELLS_TEST_ALONE";

/// The words before the path of a program of a test, where this machine does not run it by itself: an emulator.
const RUNNER: &str = "CELLS_TEST_RUNNER";

/// When a test that never ends is given up.
const NEVER: Duration = Duration::from_secs(120);

/// Runs the body of a test in a process where no other test runs. The test's function must call it itself: the closure's
/// name is how that process is told which test to run.
#[track_caller]
pub fn alone<F: FnOnce()>(body: F) {
    alone_with([], body);
}

/// This program once more, in a process of its own.
pub fn this_program() -> Command {
    let this = env::current_exe().expect("the path of this program");
    let runner = env::var(RUNNER).unwrap_or_default();
    let mut words = runner.split_whitespace();
    let Some(emulator) = words.next() else { return Command::new(this) };
    let mut command = Command::new(emulator);
    command.args(words).arg(this);
    command
}

/// [`alone`] with these variables in the environment of that process.
#[track_caller]
pub fn alone_with<F: FnOnce(), const N: usize>(variables: [(&str, &str); N], body: F) {
    // The closure's name contains that of the function around it. A wrong one runs no test, which is a failure.
    let name = type_name::<F>().trim_end_matches("::{{closure}}");
    let name = name.split_once("::").map_or(name, |(_crate, path)| path);
    if env::var(TEST).is_ok_and(|test| test == name) {
        thread::spawn(|| {
            thread::sleep(NEVER);
            eprintln!("the test never ended");
            process::abort();
        });
        return body();
    }
    let child = this_program()
        .args(["--exact", name, "--nocapture", "--include-ignored"])
        .env(TEST, name)
        .envs(variables)
        .output()
        .expect("this program starts");
    let out = String::from_utf8_lossy(&child.stdout);
    let err = String::from_utf8_lossy(&child.stderr);
    assert!(child.status.success() && out.contains("1 passed"), "{}\n{out}\n{err}", child.status);
}
