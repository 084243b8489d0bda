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
//! - `mutants` makes broken declarations, from the `tokens` of right ones;
//! - `judge` compares, by the table in `exceptions`; `report` groups what is wrong, `known` lists what is left so.

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

use cases::Case;
use compiler::Compiler;
use fastrand::Rng;
use diagnostics::Diagnostic;
use judge::Fault;
use known::KNOWN;
use marked::{Side, Source, source};
use mutants::Mutant;
pub use report::Outcome;
use report::Found;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::Mutex;
use std::thread;

/// What is compiled twice and judged.
enum Work {
    Declaration(Case),
    Mutant(Mutant),
}

impl Work {
    fn id(&self) -> String {
        match self {
            Self::Declaration(case) => case.id(),
            Self::Mutant(mutant) => mutant.id.clone(),
        }
    }

    fn of_id(id: &str) -> Option<Self> {
        let mutant = mutants::all().into_iter().find(|mutant| mutant.id == id);
        mutant.map(Self::Mutant).or_else(|| Case::of_id(id).map(Self::Declaration))
    }

    /// What the compiler says of both sides, and what is wrong with it.
    fn judged(&self, compiler: &Compiler, worker: usize) -> Judged {
        let (draft, marked) = match self {
            Self::Declaration(case) => (Some(case.draft()), case.draft().marked()),
            Self::Mutant(mutant) => (None, mutant.marked.clone()),
        };
        let [cell, plain] = [Side::Cell, Side::Plain].map(|side| {
            let source = source(&marked, side);
            let said = compiler.compile(&source.text, worker);
            (source, said)
        });
        let faults = match (self, &draft) {
            (Self::Mutant(mutant), _) => judge::tolerate(mutant, &cell.1, &plain.1, &cell.0),
            (_, Some(draft)) => judge::compare(draft, &cell.1, &plain.1, &cell.0),
            (Self::Declaration(_), None) => Vec::new(),
        };
        Judged { sides: [cell, plain], faults }
    }
}

struct Judged {
    sides: [(Source, Vec<Diagnostic>); 2],
    faults: Vec<Fault>,
}

/// The rows that docs/contract.md has under "Exceptions".
pub fn exceptions() -> Vec<String> {
    exceptions::rows()
}

/// Every pair of choices, and every mutant.
pub fn all() -> Outcome {
    let declarations = cases::singles().into_iter().chain(cases::pairs());
    run(&declarations.map(Work::Declaration).chain(mutants::all().into_iter().map(Work::Mutant)).collect::<Vec<_>>())
}

/// Every mutant.
pub fn mutations() -> Outcome {
    run(&mutants::all().into_iter().map(Work::Mutant).collect::<Vec<_>>())
}

/// Every choice alone, `count` cases and as many mutants at random.
pub fn sample(seed: u64, count: usize) -> Outcome {
    let mut rng = Rng::with_seed(seed);
    let mut sample: Vec<_> = cases::singles().into_iter().map(Work::Declaration).collect();
    sample.extend((0..count).map(|_| Work::Declaration(cases::random(&mut rng))));
    let mutants = rng.choose_multiple(mutants::all(), count);
    sample.extend(mutants.into_iter().map(Work::Mutant));
    sample.extend(KNOWN.iter().map(|(id, _)| Work::of_id(id).expect("a case of the list of known faults")));
    run(&sample)
}

/// One case in full: what is compiled, what the compiler says, and what is wrong with that.
pub fn one(id: &str) -> Option<String> {
    let work = Work::of_id(id)?;
    let judged = work.judged(&Compiler::new(), 0);
    let mut text = String::new();
    for (side, (source, said)) in ["with the attribute", "without"].into_iter().zip(&judged.sides) {
        writeln!(text, "==== {side}\n{}\n", source.text).expect("a string");
        text.extend(said.iter().map(|diagnostic| diagnostic.rendered.as_str()));
    }
    writeln!(text, "==== faults").expect("a string");
    for fault in &judged.faults {
        writeln!(text, "{:?}: {}", fault.kind, fault.what).expect("a string");
    }
    Some(text)
}

fn run(work: &[Work]) -> Outcome {
    let bench = Bench { compiler: Compiler::new(), known: Mutex::default() };
    let next = AtomicUsize::new(0);
    let found = Mutex::new(Vec::new());
    let workers = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        for worker in 0..workers {
            let (bench, next, found) = (&bench, &next, &found);
            scope.spawn(move || {
                while let Some(work) = work.get(next.fetch_add(1, Relaxed)) {
                    let faults = match work {
                        Work::Declaration(case) => bench.simplest_faults(case, worker),
                        Work::Mutant(_) => {
                            Vec::from([Found { id: work.id(), faults: work.judged(&bench.compiler, worker).faults }])
                        }
                    };
                    found.lock().expect("no worker panics").extend(faults);
                }
            });
        }
    });
    report::outcome(&found.into_inner().expect("no worker panics"), work.len())
}

/// Where declarations are judged, each of them once.
struct Bench {
    compiler: Compiler,
    known: Mutex<BTreeMap<String, Vec<Fault>>>,
}

impl Bench {
    fn faults(&self, case: &Case, worker: usize) -> Vec<Fault> {
        let id = case.id();
        if let Some(faults) = self.known.lock().expect("no worker panics").get(&id) {
            return faults.clone();
        }
        let faults = Work::Declaration(case.clone()).judged(&self.compiler, worker).faults;
        self.known.lock().expect("no worker panics").insert(id, faults.clone());
        faults
    }

    /// The faults of a case, each as that of the simplest case that has one of this kind.
    fn simplest_faults(&self, case: &Case, worker: usize) -> Vec<Found> {
        let mut kinds: Vec<_> = self.faults(case, worker).iter().map(|fault| fault.kind).collect();
        kinds.sort();
        kinds.dedup();
        let simplest = kinds.into_iter().map(|kind| {
            let mut case = case.clone();
            let has_it = |case: &Case| self.faults(case, worker).iter().any(|fault| fault.kind == kind);
            while let Some(simpler) = case.simpler().into_iter().find(has_it) {
                case = simpler;
            }
            let mut faults = self.faults(&case, worker);
            faults.retain(|fault| fault.kind == kind);
            Found { id: case.id(), faults }
        });
        simplest.collect()
    }
}
