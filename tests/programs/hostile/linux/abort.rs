//! A program that is built with `-C panic=abort`: the file `panic_abort.rs`.

use std::os::unix::process::ExitStatusExt as _;
use std::path::PathBuf;
use std::process::{Command, Output};

/// What the names of these scenarios contain.
pub(crate) const SCENARIOS: &str = "without_unwinding";

const PROGRAM: &str = "panic_abort";

/// Builds the program. Its dependencies are those of this test: the linker takes them as they are, as it takes `std`.
pub(crate) fn build() {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["rustc", "--quiet", "--package", env!("CARGO_PKG_NAME"), "--bin", PROGRAM]);
    if !cfg!(debug_assertions) {
        cargo.arg("--release");
    }
    let status = cargo.args(["--", "-C", "panic=abort"]).status();
    assert!(status.is_ok_and(|status| status.success()), "the program without unwinding does not build");
}

/// Runs one part of the program.
fn part(name: &str) -> Output {
    let program = PathBuf::from(env!("CARGO_BIN_EXE_panic_abort"));
    let output = Command::new(program).arg(name).output().expect("the program starts");
    println!("{}", String::from_utf8_lossy(&output.stderr));
    output
}

fn ends_well(name: &str) {
    let output = part(name);
    assert!(output.status.success() && output.stdout == b"done\n", "{}", output.status);
}

pub(crate) fn a_program_without_unwinding_lives_and_ends() {
    ends_well("life");
}

pub(crate) fn a_program_without_unwinding_has_time_limits() {
    ends_well("limits");
}

pub(crate) fn x11_a_program_without_unwinding_has_time_limits_without_timers() {
    ends_well("no-timers");
}

pub(crate) fn a_factory_that_panics_without_unwinding_aborts() {
    assert_eq!(part("panic").status.signal(), Some(libc::SIGABRT));
}
