//! A ready read of each kind, as a function of its own that the test finds in the compiled program.

#![expect(unsafe_code, reason = "unmangled names, by which the test finds the functions")]

use cells::Error;
use std::hint::black_box;

/// In a module of their own, as in most programs: the compiler may put it into another unit than the reads.
mod declared {
    use super::payload;
    use cells::{Error, RuntimeCell, runtime_cell};
    use std::sync::LazyLock;

    #[runtime_cell]
    pub(crate) fn infallible() -> u64 {
        payload()
    }

    #[runtime_cell]
    pub(crate) fn fallible() -> Result<u64, Error> {
        Ok(payload())
    }

    #[runtime_cell(fresh = "1h", expires = "2h")]
    pub(crate) fn ageing() -> u64 {
        payload()
    }

    #[runtime_cell(fresh = "1h", expires = "2h", retry = 2, cooldown = "1s..1m")]
    pub(crate) fn fallible_ageing() -> Result<u64, Error> {
        Ok(payload())
    }

    #[runtime_cell(permanent)]
    pub(crate) fn permanent() -> u64 {
        payload()
    }

    pub(crate) static CELL: RuntimeCell<u64> = RuntimeCell::new("cell");
    pub(crate) static LAZY: LazyLock<u64> = LazyLock::new(payload);
}

/// The compiler does not know the value, so it has to load it.
fn payload() -> u64 {
    black_box(7)
}

#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn read_infallible() -> u64 {
    *declared::infallible()
}

#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn read_fallible() -> u64 {
    match declared::fallible() {
        Ok(payload) => *payload,
        Err(_) => 0,
    }
}

#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn read_ageing() -> u64 {
    *declared::ageing()
}

#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn read_fallible_ageing() -> u64 {
    match declared::fallible_ageing() {
        Ok(payload) => *payload,
        Err(_) => 0,
    }
}

#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn read_peek() -> u64 {
    // A panic is a call: then the only way without one is that of a ready read.
    *declared::CELL.peek().expect("published by `main`")
}

#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn read_permanent() -> u64 {
    *declared::permanent()
}

#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn read_lazy_lock() -> u64 {
    *declared::LAZY
}

fn main() -> Result<(), Error> {
    drop(declared::CELL.get_or_initialize(|| Ok::<_, Error>(payload()))?);
    let reads = [
        read_infallible,
        read_fallible,
        read_ageing,
        read_fallible_ageing,
        read_peek,
        read_permanent,
        read_lazy_lock,
    ];
    #[cfg(feature = "testing")]
    {
        let _cells = cells::testing::Sandbox::new().put(&declared::INFALLIBLE, 8).enter();
        assert_eq!(reads.map(|read| read()), [8, 7, 7, 7, 7, 7, 7], "a sandbox has a cell of its own");
    }
    println!("{:?}", reads.map(|read| read()));
    Ok(())
}
