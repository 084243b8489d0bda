//! Processes of their own for tests that concern all cells of a process, or end them.

use std::any::type_name;
use std::env;
use std::process::{self, Command};
use std::thread;
use std::time::Duration;

/// In which process of its own a test is.
const TEST: &str = "CELLS_TEST_ALONE";

/// When a test gives up that never ends.
const NEVER: Duration = Duration::from_mins(2);

/// Runs the body of a test in a process where no other test runs; called by the test's function itself.
#[track_caller]
pub(crate) fn alone<F: FnOnce()>(body: F) {
    alone_with([], body);
}

/// The same with these variables in the environment of that process.
#[track_caller]
pub(crate) fn alone_with<F: FnOnce(), const N: usize>(variables: [(&str, &str); N], body: F) {
    // The closure is named by the function around it, without which the harness runs nothing: that is a failure.
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
    let this = env::current_exe().expect("a test knows its program");
    let child = Command::new(this)
        .args(["--exact", name, "--nocapture", "--include-ignored"])
        .env(TEST, name)
        .envs(variables)
        .output()
        .expect("the program runs");
    let out = String::from_utf8_lossy(&child.stdout);
    let err = String::from_utf8_lossy(&child.stderr);
    assert!(child.status.success() && out.contains("1 passed"), "{}\n{out}\n{err}", child.status);
}
