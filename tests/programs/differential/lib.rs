//! What the compiler says of declarations: generated ones, beside their plain functions, and broken ones.
//!
//! ```text
//! cargo test -p cells-tests-differential                       # a sample, as CI runs it
//! cargo run --release -p cells-tests-differential -- --all     # every pair of choices, and every mutation
//! cargo run --release -p cells-tests-differential -- --seed 7 --cases 500
//! cargo run --release -p cells-tests-differential -- --case fn.async+returns.unit
//! ```
//!
//! The principle is in docs/contract.md: what a plain function may be, a factory may be, with the same lints; and what
//! must be refused gets one error, at the tokens that are wrong. Each case is compiled twice, with the attribute and with
//! blanks in its place, so that both sides have every token at the same place.
//!
//! - `grammar` has the dimensions of a declaration, `cases` combines their choices, `draft` writes the text;
//! - `marked` makes both sides of that text, `compiler` compiles them, `diagnostics` reads what it says;
//! - `judge` compares, by the table in `exceptions`; `report` groups what is wrong.

mod cases;
mod compiler;
mod diagnostics;
mod draft;
mod exceptions;
mod grammar;
mod judge;
mod marked;
mod report;

use cases::Case;
use compiler::Compiler;
use fastrand::Rng;
use marked::{Side, source};
use report::Found;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::Mutex;
use std::thread;

/// Every pair of choices.
pub fn all() -> String {
    let mut all = cases::singles();
    all.extend(cases::pairs());
    run(&all)
}

/// Every choice alone, and `count` cases at random.
pub fn sample(seed: u64, count: usize) -> String {
    let mut rng = Rng::with_seed(seed);
    let mut sample = cases::singles();
    sample.extend((0..count).map(|_| cases::random(&mut rng)));
    run(&sample)
}

/// One case in full: what is compiled, what the compiler says, and what is wrong with that.
pub fn one(id: &str) -> Option<String> {
    let case = Case::of_id(id)?;
    let compiler = Compiler::new();
    let draft = case.draft();
    let marked = draft.marked();
    let mut text = String::new();
    let [cell, plain] = [Side::Cell, Side::Plain].map(|side| {
        let source = source(&marked, side);
        let said = compiler.compile(&source.text, 0);
        writeln!(text, "==== {side:?}\n{}\n", source.text).expect("a string");
        for diagnostic in &said {
            text.push_str(&diagnostic.rendered);
        }
        (source, said)
    });
    writeln!(text, "==== excepted: {:?}", draft.refused).expect("a string");
    for fault in judge::compare(&draft, &cell.1, &plain.1, &cell.0) {
        writeln!(text, "{:?}: {}", fault.kind, fault.what).expect("a string");
    }
    Some(text)
}

fn run(cases: &[Case]) -> String {
    let compiler = Compiler::new();
    let next = AtomicUsize::new(0);
    let found = Mutex::new(Vec::new());
    let workers = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        for worker in 0..workers {
            let (compiler, next, found) = (&compiler, &next, &found);
            scope.spawn(move || {
                while let Some(case) = cases.get(next.fetch_add(1, Relaxed)) {
                    let faults = judged(compiler, case, worker);
                    found.lock().expect("no worker panics").push(Found { id: case.id(), faults });
                }
            });
        }
    });
    report::report(&found.into_inner().expect("no worker panics"), cases.len())
}

fn judged(compiler: &Compiler, case: &Case, worker: usize) -> Vec<judge::Fault> {
    let draft = case.draft();
    let marked = draft.marked();
    let [cell, plain] = [Side::Cell, Side::Plain].map(|side| source(&marked, side));
    let said = compiler.compile(&cell.text, worker);
    judge::compare(&draft, &said, &compiler.compile(&plain.text, worker), &cell)
}
