//! The program, as one runs it.

use std::process::Command;

#[test]
fn it_ends_by_itself_and_refuses_no_valid_token() {
    let program = Command::new(env!("CARGO_BIN_EXE_keys")).output().unwrap();
    let [said, complained] = [program.stdout, program.stderr].map(|text| String::from_utf8(text).unwrap());
    assert!(program.status.success() && complained.is_empty(), "{said}{complained}");
    for text in ["key-3 signs before", "outage: 4 answers of 503", "no token was refused that is valid"] {
        assert!(said.contains(text), "{text}: {said}");
    }
}
