//! The worker as a process: arguments, reload, and an end by a signal or with the input.

use crate::support::{World, block_until, job};
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

fn worker(arguments: &[String]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_worker"));
    command.args(&arguments[1..]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

#[test]
fn a_signal_ends_it_and_nothing_is_left_over() {
    let world = World::new();
    let mut worker = worker(&world.command_line()).spawn().unwrap();
    let mut jobs = worker.stdin.take().unwrap();
    let mut said = BufReader::new(worker.stderr.take().unwrap()).lines();
    let found = |text: &str| block_until("the job is done", || world.found(text));

    writeln!(jobs, "{}", job(1, "meeting")).unwrap();
    found(r#"{"id":1,"label":"work","model":1}"#);
    world.replace_model(r#"{"office": ["meeting"]}"#);
    assert_eq!(said.next().unwrap().unwrap(), "worker: model 2");
    writeln!(jobs, "{}", job(2, "meeting")).unwrap();
    found(r#"{"id":2,"label":"office","model":2}"#);

    // The input is still open: a thread of the worker waits in a read that cannot be called off.
    let kill = Command::new("kill").arg("-TERM").arg(worker.id().to_string()).status().unwrap();
    assert!(kill.success());
    let ended = worker.wait_with_output().unwrap();
    let report: Vec<_> = said.map(Result::unwrap).collect();
    assert!(ended.status.success() && ended.stdout.is_empty(), "{report:?}");
    assert_eq!(report[0], "2 jobs");
    for cell in ["args", "model", "results"] {
        let closed = |line: &String| line.starts_with(cell) && line.contains("disposed");
        assert!(report.iter().any(closed), "{cell} is not closed: {report:?}");
    }
    assert_eq!(world.complete().len(), 2);
    drop(jobs);
}

#[test]
fn the_end_of_the_input_ends_it() {
    let world = World::new();
    let model = &world.command_line()[..3]; // results go to the standard output
    let mut worker = worker(model).spawn().unwrap();
    let mut jobs = worker.stdin.take().unwrap();
    for id in 0..100 {
        writeln!(jobs, "{}", job(id, "dinner")).unwrap();
    }
    drop(jobs);
    let ended = worker.wait_with_output().unwrap();
    assert!(ended.status.success(), "{ended:?}");
    assert_eq!(String::from_utf8(ended.stdout).unwrap().lines().count(), 100);
    assert!(String::from_utf8(ended.stderr).unwrap().starts_with("100 jobs\n"));
}

#[test]
fn without_a_model_it_ends_with_one_line() {
    let world = World::new();
    fs::write(world.model(), "nonsense").unwrap();
    let ended = worker(&world.command_line()).output().unwrap();
    assert_eq!(ended.status.code(), Some(2));
    let said = String::from_utf8(ended.stderr).unwrap();
    assert!(
        said.starts_with("worker: ") && said.contains(" is no model: ") && said.lines().count() == 1,
        "{said}"
    );
}
