//! The program, as one runs it.

use std::process::{Command, Stdio};

#[test]
fn a_run_ends_by_itself_and_keeps_every_promise() {
    let program = Command::new(env!("CARGO_BIN_EXE_token"))
        .args(["--seconds", "1", "--tasks", "32"])
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let [said, complained] = [program.stdout, program.stderr].map(|text| String::from_utf8(text).unwrap());
    assert!(program.status.success() && complained.is_empty(), "{said}{complained}");
    for text in
        ["outage: 4 answers of 503", "stall: ", "is revoked: ", "1 after a revocation", "promise was kept"]
    {
        assert!(said.contains(text), "{text}: {said}");
    }
}

#[test]
fn wrong_arguments_are_refused() {
    let program = Command::new(env!("CARGO_BIN_EXE_token")).args(["--tasks", "0"]).output().unwrap();
    assert_eq!(program.status.code(), Some(2));
}
