//! Full-text search in the files of a directory, with cells for settings, store, index, and the bar that shows
//! how far it is on a terminal.
//!
//! `cargo run --example code_search -- [--dir DIR] QUERY`

mod bar;
mod life;
mod resources;
mod settings;

use cells::{BoxError, Error, Ref, WarmUp};
use examples::code::{Index, Match, Problem};
use lexopt::Parser;
use life::Life;
use resources::{INDEX, index};
use settings::{SETTINGS, Settings, USAGE, settings};
use std::io::{self, ErrorKind, Write};
use std::process::ExitCode;
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::Duration;

/// How many threads ask for the index at once.
const THREADS: usize = 8;
/// How long the shutdown may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// How many matches are shown.
const BEST: u32 = 10;
/// How much of a line is shown, in characters.
const WIDTH: usize = 160;

fn main() -> ExitCode {
    if std::env::args_os().any(|argument| argument == "--help" || argument == "-h") {
        println!("{USAGE}");
        return ExitCode::SUCCESS;
    }
    let _cells = cells::shutdown_on_drop(PATIENCE); // on a panic too
    let life = Arc::new(Life::default());
    cells::set_global_observer(life.clone());
    let searched = search(&life);
    let closed = cells::shutdown(PATIENCE);
    let shown = searched.and_then(|unreadable| {
        life.write(&mut io::stdout().lock())?;
        unreadable.map_or(Ok(()), |problem| Err(problem.into()))
    });
    let failed = shown.err().filter(|error| !is_broken_pipe(error)).map(|error| explain(&error));
    let unclosed = closed.errors().map(|(_, error)| error.to_string());
    let mut code = ExitCode::SUCCESS;
    for problem in failed.into_iter().chain(unclosed) {
        eprintln!("code_search: {problem}");
        code = ExitCode::from(2);
    }
    code
}

/// Prints the best matches and how the cells were built; returns what could not be read.
fn search(life: &Life) -> Result<Option<Problem>, BoxError> {
    SETTINGS.provide(Settings::parse(Parser::from_env())?)?;
    let settings = settings();
    let warmed = WarmUp::new().on_progress(bar::show).run();
    if let Some(error) = warmed.cells.into_iter().find_map(|cell| cell.error) {
        return Err(error.into());
    }
    let index = index_for_all(life)?;
    let matches = index.search(&settings.query, BEST)?;
    let mut out = io::stdout().lock();
    print(&mut out, &index, &matches)?;
    life.write(&mut out)?;
    Ok(index.unreadable())
}

/// Lets all threads ask for the index at once: one of them builds it, the others wait.
fn index_for_all(life: &Life) -> Result<Ref<'static, Index>, Error> {
    let barrier = Barrier::new(THREADS);
    let ask = || {
        barrier.wait();
        life.timed(INDEX.name(), index)
    };
    let answers = thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS).map(|_| scope.spawn(ask)).collect();
        threads.into_iter().map(|thread| thread.join().expect("a thread that only asks")).collect::<Vec<_>>()
    });
    let waits: Vec<_> = answers.iter().filter_map(|(_, waited)| *waited).collect();
    life.waited(INDEX.name(), &waits);
    answers.into_iter().map(|(answer, _)| answer).next_back().expect("there are threads")
}

fn print(out: &mut impl Write, index: &Index, matches: &[Match]) -> io::Result<()> {
    for Match { path, line, text } in matches {
        let text: String = text.trim().chars().take(WIDTH).collect();
        writeln!(out, "{path}:{line}: {text}")?;
    }
    if matches.is_empty() {
        writeln!(out, "no line contains all of these words")?;
    }
    let Index { files, lines, skipped, .. } = index;
    writeln!(out, "\n{files} files, {lines} lines; {skipped} skipped, as not text or too large\n")
}

/// Shows the first cause, which the user can act on; the cell's own error is only a consequence of it.
fn explain(error: &BoxError) -> String {
    error.downcast_ref::<Error>().map_or_else(|| error.to_string(), |error| error.root_cause().to_string())
}

/// Whoever reads our output has closed it, as `head` does.
fn is_broken_pipe(error: &BoxError) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == ErrorKind::BrokenPipe)
}
