//! A ready read of every kind, each in a function that can be found in the compiled program.

#![expect(unsafe_code, reason = "names without mangling, which the disassembly is searched for")]

use cells::{Error, RuntimeCell, runtime_cell};
use std::hint::black_box;
use std::sync::LazyLock;

/// What every payload is: opaque to the compiler.
fn payload() -> u64 {
    black_box(7)
}

#[runtime_cell]
fn infallible() -> u64 {
    payload()
}

#[runtime_cell]
fn fallible() -> Result<u64, Error> {
    Ok(payload())
}

#[runtime_cell(permanent)]
fn permanent() -> u64 {
    payload()
}

static CELL: RuntimeCell<u64> = RuntimeCell::new("cell");
static LAZY: LazyLock<u64> = LazyLock::new(payload);

#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn read_infallible() -> u64 {
    *infallible()
}

#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn read_fallible() -> u64 {
    match fallible() {
        Ok(payload) => *payload,
        Err(_) => 0,
    }
}

#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn read_peek() -> u64 {
    CELL.peek().map_or(0, |payload| *payload)
}

#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn read_permanent() -> u64 {
    *permanent()
}

#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn read_lazy_lock() -> u64 {
    *LAZY
}

fn main() {
    let published = CELL.get_or_initialize(|| Ok::<_, Error>(payload())).map(|payload| *payload);
    let reads = [read_infallible, read_fallible, read_peek, read_permanent, read_lazy_lock];
    println!("{published:?} {:?}", reads.map(|read| read()));
}
