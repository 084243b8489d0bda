//! How fast waiters are released, compared with std's `OnceLock`: `cargo bench -p cells-benches --bench release`.

mod common;

use common::release::{Released, WAITERS, measure};

const ROUNDS: usize = 201;

fn main() {
    println!("processor: {}", common::processor());
    println!("{:<10}{:>16}{:>18}{:>8}", "waiters", "OnceLock, µs", "RuntimeCell, µs", "ratio");
    for waiters in WAITERS {
        let Released { once_lock, cell, ratio } = measure(waiters, common::rounds(ROUNDS));
        println!("{waiters:<10}{once_lock:>16.0}{cell:>18.0}{ratio:>8.2}");
    }
}
