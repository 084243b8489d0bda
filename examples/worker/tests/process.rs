//! The worker as a process: arguments, reload, and an end by a signal or with the input.

use crate::support::{World, block_until, job};
use std::cell::Cell;
use std::fs;
use std::io::Write;
use std::process::{Child, Command, Output, Stdio};

fn worker(arguments: &[String]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_worker"));
    command.args(&arguments[1..]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// A worker that does not outlive its test, also if that fails.
struct Running(Option<Child>);

impl Running {
    fn start(mut command: Command) -> Self {
        Self(Some(command.spawn().unwrap()))
    }

    fn child(&mut self) -> &mut Child {
        self.0.as_mut().expect("it has not ended")
    }

    fn end(mut self) -> Output {
        block_until("the worker ends", || self.child().try_wait().unwrap().is_some());
        self.0.take().expect("it ended just now").wait_with_output().unwrap()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(mut child) = self.0.take() {
            let _ = child.kill();
        }
    }
}

#[test]
fn a_signal_ends_it_and_nothing_is_left_over() {
    let world = World::new();
    let mut worker = Running::start(worker(&world.command_line()));
    let mut jobs = worker.child().stdin.take().unwrap();
    let asked = Cell::new(0);
    let mut ask = || {
        asked.set(asked.get() + 1);
        writeln!(jobs, "{}", job(asked.get(), "meeting")).unwrap();
    };
    ask();
    block_until("a job is done", || world.found(r#"{"id":1,"label":"work","model":1}"#));
    world.replace_model(r#"{"office": ["meeting"]}"#);
    block_until("the other model is used", || {
        ask();
        world.found(r#""label":"office","model":2}"#)
    });
    let last = format!(r#"{{"id":{},"#, asked.get());
    block_until("all jobs are done", || world.found(&last));

    // The input is still open: a thread of the worker waits in a read that cannot be called off.
    let kill = Command::new("kill").arg("-TERM").arg(worker.child().id().to_string()).status().unwrap();
    assert!(kill.success());
    let ended = worker.end();
    let said = String::from_utf8(ended.stderr).unwrap();
    assert!(ended.status.success() && ended.stdout.is_empty(), "{said}");
    let done = world.complete().len();
    assert!(said.starts_with(&format!("worker: model 2\njobs done: {done}\n")), "{said}");
    for cell in ["args", "model", "results"] {
        let closed = |line: &str| line.starts_with(cell) && line.contains("disposed");
        assert!(said.lines().any(closed), "{cell} is not closed: {said}");
    }
    drop(jobs);
}

#[test]
fn the_end_of_the_input_ends_it() {
    let world = World::new();
    let model = &world.command_line()[..3]; // results go to the standard output
    let mut worker = Running::start(worker(model));
    let mut jobs = worker.child().stdin.take().unwrap();
    for id in 0..100 {
        writeln!(jobs, "{}", job(id, "dinner")).unwrap();
    }
    drop(jobs);
    let ended = worker.end();
    assert!(ended.status.success(), "{ended:?}");
    assert_eq!(String::from_utf8(ended.stdout).unwrap().lines().count(), 100);
    assert!(String::from_utf8(ended.stderr).unwrap().starts_with("jobs done: 100\n"));
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
