//! What the compiler says of declarations: generated ones, beside their plain functions, and broken ones.
//!
//! ```text
//! cargo test -p cells-tests-differential                       # a sample, as CI runs it
//! cargo run --release -p cells-tests-differential -- --all     # every pair of choices, and every mutation
//! cargo run --release -p cells-tests-differential -- --seed 7 --cases 500
//! cargo run --release -p cells-tests-differential -- --with key.after  # pairs and mutations with this in their name
//! cargo run --release -p cells-tests-differential -- --case fn.async+returns.unit
//! ```
//!
//! The principle is in docs/contract.md: what a plain function may be, a factory may be, with the same lints; and what
//! must be refused gets one error, at the tokens that are wrong. Each case is compiled twice, with the attribute and with
//! blanks in its place, so that both sides have every token at the same place.
//!
//! - `grammar` has the dimensions of a declaration, `cases` combines their choices, `draft` writes the text;
//! - `marked` makes both sides of that text, `compiler` compiles them, `diagnostics` reads what it says;
//! - `mutants` makes broken declarations, from the `tokens` of right ones;
//! - `bench` compiles and judges many at once, and finds the simplest case with the same fault;
//! - `judge` compares, by the table in `exceptions`; `report` groups what is wrong, `known` lists what is left so.

mod bench;
mod cases;
mod compiler;
mod diagnostics;
mod draft;
mod exceptions;
mod grammar;
mod judge;
mod known;
mod marked;
mod mutants;
mod report;
mod tokens;

use bench::Work;
use fastrand::Rng;
use known::known;
pub use report::Outcome;

/// The rows that docs/contract.md has under "Exceptions".
pub fn exceptions() -> Vec<String> {
    exceptions::rows()
}

/// Every pair of choices, and every mutant.
pub fn all() -> Outcome {
    let declarations = cases::singles().into_iter().chain(cases::pairs()).map(Work::Declaration);
    bench::run(&declarations.chain(mutants::all().into_iter().map(Work::Mutant)).collect::<Vec<_>>())
}

/// Every choice, pair and mutant with `part` in its name.
pub fn with(part: &str) -> Outcome {
    let declarations = cases::singles().into_iter().chain(cases::pairs());
    let declarations = declarations.filter(|case| case.id().contains(part)).map(Work::Declaration);
    let mutants = mutants::all().into_iter().filter(|mutant| mutant.id.contains(part)).map(Work::Mutant);
    bench::run(&declarations.chain(mutants).collect::<Vec<_>>())
}

/// Every choice alone, `count` declarations and as many mutants at random, and the cases that are known to fail.
pub fn sample(seed: u64, count: usize) -> Outcome {
    let mut rng = Rng::with_seed(seed);
    let mut declarations = cases::singles();
    declarations.extend((0..count).map(|_| cases::random(&mut rng)));
    let mut work: Vec<_> = declarations.into_iter().map(Work::Declaration).collect();
    work.extend(rng.choose_multiple(mutants::all(), count).into_iter().map(Work::Mutant));
    work.extend(known().filter_map(|(id, _)| Work::of_id(id)));
    bench::run(&work)
}

/// The cases of these names.
///
/// # Panics
/// If there is no case of such a name.
pub fn these(ids: &[&str]) -> Outcome {
    bench::run(&ids.iter().map(|id| Work::of_id(id).expect(id)).collect::<Vec<_>>())
}

/// One case in full: what is compiled, what the compiler says, and what is wrong with that.
pub fn one(id: &str) -> Option<String> {
    Some(bench::in_full(&Work::of_id(id)?))
}
