//! Many cases at once: each is compiled twice and judged.

use crate::cases::Case;
use crate::compiler::{Compiler, CrateKind};
use crate::diagnostics::Diagnostic;
use crate::judge::{Fault, compare, tolerate};
use crate::marked::{Side, Source, source};
use crate::mutants::{self, Mutant};
use crate::report::{Found, Outcome, outcome};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::thread;

pub(crate) enum Work {
    Declaration(Case),
    Mutant(Mutant),
}

impl Work {
    pub(crate) fn of_id(id: &str) -> Option<Self> {
        let mutant = mutants::all().into_iter().find(|mutant| mutant.id == id);
        mutant.map(Self::Mutant).or_else(|| Case::of_id(id).map(Self::Declaration))
    }
}

/// One run at a time: each uses all processors, and a process has one directory for what it compiles.
pub(crate) fn run(work: &[Work]) -> Outcome {
    static RUNNING: Mutex<()> = Mutex::new(());
    let _running = RUNNING.lock().expect("no run panics");
    let bench = Bench { compiler: Compiler::new(), judged: Mutex::default() };
    let next = AtomicUsize::new(0);
    let found = Mutex::new(Vec::new());
    let workers = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        for worker in 0..workers {
            let (bench, next, found) = (&bench, &next, &found);
            scope.spawn(move || {
                while let Some(work) = work.get(next.fetch_add(1, Relaxed)) {
                    let of_this = bench.found(work, worker);
                    found.lock().expect("no worker panics").extend(of_this);
                }
            });
        }
    });
    outcome(&found.into_inner().expect("no worker panics"), work.len())
}

/// A case with its sources, what the compiler says, and what is wrong.
pub(crate) fn in_full(work: &Work) -> String {
    let judged = Judged::new(work, &Compiler::new(), 0);
    let mut text = String::new();
    for (side, (source, said)) in
        ["with the attribute", "without"].into_iter().zip([&judged.cell, &judged.plain])
    {
        writeln!(text, "==== {side}\n{}\n", source.text).expect("a string");
        text.extend(said.iter().map(|diagnostic| diagnostic.rendered.as_str()));
    }
    writeln!(text, "==== faults").expect("a string");
    for fault in &judged.faults {
        writeln!(text, "{:?}: {}", fault.kind, fault.what).expect("a string");
    }
    text
}

/// Both sides, with what the compiler says of them.
struct Judged {
    cell: (Source, Vec<Diagnostic>),
    plain: (Source, Vec<Diagnostic>),
    faults: Vec<Fault>,
}

impl Judged {
    fn new(work: &Work, compiler: &Compiler, worker: usize) -> Self {
        let both = |marked: &str, kind: CrateKind| {
            [Side::Cell, Side::Plain].map(|side| {
                let source = source(marked, side);
                let said = compiler.compile(&source.text, kind, worker);
                (source, said)
            })
        };
        let ([cell, plain], faults) = match work {
            Work::Declaration(case) => {
                let draft = case.draft();
                let sides = both(&draft.marked(), draft.crate_kind);
                let faults = compare(&draft, &sides[0].1, &sides[1].1, &sides[0].0);
                (sides, faults)
            }
            Work::Mutant(mutant) => {
                let sides = both(&mutant.marked, CrateKind::default());
                let faults = tolerate(mutant, &sides[0].1, &sides[1].1, &sides[0].0);
                (sides, faults)
            }
        };
        Self { cell, plain, faults }
    }
}

/// Where cases are judged, each declaration once.
struct Bench {
    compiler: Compiler,
    judged: Mutex<BTreeMap<String, Vec<Fault>>>,
}

impl Bench {
    fn found(&self, work: &Work, worker: usize) -> Vec<Found> {
        match work {
            Work::Declaration(case) => self.simplest(case, worker),
            Work::Mutant(mutant) => {
                let faults = Judged::new(work, &self.compiler, worker).faults;
                Vec::from([Found { id: mutant.id.clone(), faults }])
            }
        }
    }

    /// The faults of a case, each as that of the simplest case that has one of this kind.
    fn simplest(&self, case: &Case, worker: usize) -> Vec<Found> {
        let mut kinds: Vec<_> = self.faults(case, worker).iter().map(|fault| fault.kind).collect();
        kinds.sort();
        kinds.dedup();
        if kinds.is_empty() {
            return Vec::from([Found { id: case.id(), faults: Vec::new() }]);
        }
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

    fn faults(&self, case: &Case, worker: usize) -> Vec<Fault> {
        let id = case.id();
        if let Some(faults) = self.judged.lock().expect("no worker panics").get(&id) {
            return faults.clone();
        }
        let faults = Judged::new(&Work::Declaration(case.clone()), &self.compiler, worker).faults;
        self.judged.lock().expect("no worker panics").insert(id, faults.clone());
        faults
    }
}
