//! Ready reads as the compiler makes them. The benchmarks measure what a read costs, and the models check its protocol;
//! this checks that the compiled program still follows that protocol, and by no more instructions than it takes.
//!
//! The fast path of a read, with its drop, is the one way through a function that makes no call. What it has to do there
//! is the protocol of `cells/src/payload/counters.rs`. The light fence is none to the processor, so all that it leaves to
//! see is the order of the accesses around it, and that there is no instruction which waits for the store before it.

mod disassembly;
mod trace;

use disassembly::{Function, Step};
use std::env;
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};
use trace::{Event, Value, events, loaded};

/// Whether the library has the fast path that is checked here, and this can read its instructions.
const FAST: bool = cfg!(all(target_arch = "x86_64", target_os = "linux"));

/// The functions that read a cell which can be closed, and how many instructions the fast path of each may have: three
/// more than it has at most, so that another compiler may choose others.
const READS: [(&str, usize); 3] = [("read_infallible", 30), ("read_fallible", 37), ("read_peek", 32)];

/// The same for cells whose payloads age (F6), and the functions whose instructions they should have.
const AGEING: [(&str, &str); 2] =
    [("read_infallible", "read_ageing"), ("read_fallible", "read_fallible_ageing")];

/// How programs are built: cargo's default; what those choose who want the most speed; and as many units as there can
/// be, as a large program has them, so that what is not inlined from another unit is seen.
const PROFILES: [&[&str]; 3] = [
    &[],
    &["--config=profile.release.lto='thin'", "--config=profile.release.codegen-units=1"],
    &["--config=profile.release.incremental=true"],
];

/// The tests run at the same time, and share what their programs depend on.
static BUILDING: Mutex<()> = Mutex::new(());

/// Builds the program under a name of its own, in the target directory of this test, whatever flags this was built with.
fn build(name: &str, profile: &[&str], features: &str) -> PathBuf {
    let beside = Path::new(env!("CARGO_BIN_EXE_fast_path"));
    let target = beside.ancestors().nth(2).expect("a program is in a profile's directory");
    let target = target.join("programs");
    let _alone = BUILDING.lock().unwrap_or_else(PoisonError::into_inner);
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--quiet", "--release", "--package", env!("CARGO_PKG_NAME")]).args(profile);
    cargo.args(["--no-default-features", "--features", features]).arg("--target-dir").arg(&target);
    for flags in ["RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "CARGO_INCREMENTAL"] {
        cargo.env_remove(flags);
    }
    assert!(cargo.status().expect("cargo starts").success(), "the program does not build");
    let program = target.join(name);
    // A copy might still be open for writing in a process that the other test is starting.
    fs::rename(target.join("release/fast_path"), &program).expect("cargo has built the program");
    let run = Command::new(&program).output().expect("the program starts");
    assert_eq!(String::from_utf8_lossy(&run.stdout), "[7, 7, 7, 7, 7, 7, 7]\n", "what the reads return");
    program
}

/// The fast path of a read: all other ways through its function make a call.
fn measured(function: &Function) -> Vec<Step<'_>> {
    println!("{}", function.listing());
    let way = function.way_without_call();
    println!("    {} instructions on the way without a call\n", way.len());
    way
}

/// Nothing that makes the processor wait until its stores are seen.
fn no_fence(way: &[Step<'_>]) {
    for Step { instruction, .. } in way {
        let exchange = instruction.mnemonic.starts_with("xchg")
            && instruction.operands.iter().any(|operand| operand.contains("PTR"));
        let fence = instruction.mnemonic.contains("lock") || instruction.mnemonic.ends_with("fence");
        assert!(!exchange && !fence, "a fence on the fast path: {instruction}");
    }
}

/// The only item.
fn one<T>(items: impl Iterator<Item = T>, what: &str) -> T {
    let mut items: Vec<T> = items.collect();
    assert_eq!(items.len(), 1, "{what}: there should be one");
    items.remove(0)
}

/// The events of a way, with what the protocol asks about them.
struct Trace(Vec<Event>);

impl Trace {
    fn loads(&self, range: Range<usize>) -> impl Iterator<Item = (usize, &Value)> {
        range.filter_map(|at| match &self.0[at] {
            Event::Load { from } => Some((at, from)),
            _ => None,
        })
    }

    /// The branches of that part which go on if two values are equal.
    fn equalities(&self, range: Range<usize>) -> impl Iterator<Item = (usize, [&Value; 2])> {
        range.filter_map(|at| match &self.0[at] {
            Event::Branch { compared: [left, right], equal: true } => Some((at, [left, right])),
            _ => None,
        })
    }

    fn stores(&self) -> Vec<(usize, &Value, &str, &str)> {
        let stores = self.0.iter().enumerate().filter_map(|(at, event)| match event {
            Event::Store { to, size, value } => Some((at, to, &**size, &**value)),
            _ => None,
        });
        stores.collect()
    }

    /// The load that this value comes from, and the address.
    fn origin(&self, value: &Value) -> Option<(usize, &Value)> {
        self.loads(0..self.0.len()).find(|(at, _)| loaded(*at) == *value)
    }
}

/// That the accesses to shared memory are those of the protocol, in its order.
fn follows_the_protocol(events: Vec<Event>) {
    let trace = Trace(events);
    let end = trace.0.len();
    let stores = trace.stores();
    let [(take, seat, "BYTE", "0x2"), (give_back, the_same, "BYTE", "0x1")] = stores[..] else {
        panic!("the only stores should be TAKEN and FREE, to a seat: {stores:?}");
    };
    assert_eq!(seat, the_same, "the seat that is taken is given back");

    assert!(
        trace.loads(0..take).any(|(_, from)| from.starts_with("fs:")),
        "the thread's table is found by `fs`"
    );
    let free = trace.equalities(0..take).filter(|(_, [state, constant])| {
        *constant == "0x1" && trace.origin(state).is_some_and(|(_, from)| from == seat)
    });
    one(free, "the branch on FREE, before the seat is taken");

    let recheck = trace.equalities(take..give_back).filter_map(|(at, values)| {
        let mut loads = [trace.origin(values[0])?, trace.origin(values[1])?];
        loads.sort_unstable();
        let [(word, from), (again, from_there)] = loads;
        (word < take && take < again && from == from_there).then_some((word, at))
    });
    let (word, recheck) =
        one(recheck, "the branch on the same word, loaded before and after the seat is taken");

    let pointers: Vec<Value> = trace.loads(word + 1..take).map(|(at, _)| loaded(at)).collect();
    let mut used = trace.loads(recheck..give_back);
    assert!(
        used.any(|(_, from)| pointers.iter().any(|pointer| from.contains(pointer))),
        "the payload's address is loaded after the word and before the seat is taken, and the payload under the lease"
    );

    let draining = trace.equalities(give_back..end).filter_map(|(_, [entry, constant])| {
        let (at, from) = trace.origin(entry)?;
        (*constant == "0x0" && at > give_back && from.contains(&**seat)).then_some(from)
    });
    let draining = one(draining, "the branch on draining, after the seat was given back");
    // Addresses without a register are those of constants.
    let late = trace.loads(give_back..end).filter(|(_, from)| *from != draining && !from.starts_with("0x"));
    assert_eq!(late.count(), 0, "nothing is loaded after the seat was given back but the entry of its lane");
}

#[test]
fn r1_f6_a_ready_read_is_compiled_to_its_protocol_alone() {
    if !FAST || !disassembly::is_possible() {
        println!("skipped: it needs Linux on x86-64, and GNU objdump");
        return;
    }
    for (number, profile) in PROFILES.iter().enumerate() {
        let program = build(&format!("profile-{number}"), profile, "");
        println!("built with {profile:?}");
        for (name, limit) in READS {
            let function = Function::of(&program, name);
            let way = measured(&function);
            no_fence(&way);
            follows_the_protocol(events(&way));
            assert!(way.len() <= limit, "{name}: {} instructions, more than {limit}", way.len());
        }
        for (name, ageing) in AGEING {
            let [without, with] = [name, ageing].map(|name| way(&program, name));
            assert_eq!(without, with, "{ageing}, beside {name}");
        }
        let [permanent, lazy_lock] =
            ["read_permanent", "read_lazy_lock"].map(|name| Function::of(&program, name));
        let [permanent, lazy_lock] = [&permanent, &lazy_lock].map(measured);
        no_fence(&permanent);
        let stores = events(&permanent).into_iter().filter(|event| matches!(event, Event::Store { .. }));
        assert_eq!(stores.count(), 0, "a read of a permanent cell stores nothing");
        let limit = lazy_lock.len() + 1;
        assert!(permanent.len() <= limit, "permanent: {} instructions, more than {limit}", permanent.len());
    }
    println!("the ready reads were disassembled");
}

/// An instruction without what depends on where the linker has put it.
fn anywhere(step: &Step<'_>) -> String {
    let Step { instruction, .. } = step;
    if instruction.mnemonic.starts_with('j') {
        return instruction.mnemonic.clone();
    }
    let operands = instruction.operands.iter().map(|operand| match operand.split_once("[0x") {
        Some((size, _)) => format!("{size}[somewhere]"),
        // Thread-locals are below what `fs` points to.
        None if operand.starts_with("0xffffffffffff") => "thread-local".to_owned(),
        None => operand.clone(),
    });
    format!("{} {}", instruction.mnemonic, operands.collect::<Vec<_>>().join(","))
}

/// The fast path of a read, wherever the linker has put what it uses.
fn way(program: &Path, name: &str) -> Vec<String> {
    Function::of(program, name).way_without_call().iter().map(anywhere).collect()
}

#[test]
fn t5_a_ready_read_is_the_same_in_a_program_with_sandboxes() {
    if !FAST || !disassembly::is_possible() {
        println!("skipped: it needs Linux on x86-64, and GNU objdump");
        return;
    }
    let without = build("without_sandboxes", &[], "");
    let with = build("with_sandboxes", &[], "testing");
    for (name, _) in READS {
        let [without, with] = [&without, &with].map(|program| way(program, name));
        println!("{name}: {} instructions\n", without.len());
        assert_eq!(without, with, "{name}");
    }
    println!("the ready reads were compared");
}
