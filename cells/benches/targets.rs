//! The performance targets of `docs/performance.md`, measured in one run of about a minute, each beside what it is
//! compared with: `cargo bench -p cells-benches --bench targets`.
//!
//! The ratios are made from medians. `tools/compile_time.sh` measures what declarations cost to build.

mod common;

use cells::{StaticCell, runtime_cell};
use common::churn::under_churn;
use common::readers::{self, contenders};
use common::release::{self, WAITERS};
use std::hint::black_box;

#[runtime_cell]
fn churned() -> u64 {
    black_box(42)
}

/// Prints one row of the report.
fn row(what: &str, against: &str, ratio: f64, at_most: f64) {
    let met = if ratio <= at_most { "met" } else { "not met" };
    println!("{what:<44}{against:<18}{ratio:>8.2}{at_most:>9.2}  {met}");
}

fn main() {
    println!("processor: {}", common::processor());
    println!("{:<44}{:<18}{:>8}{:>9}", "", "multiple of", "is", "at most");
    reads();
    churn();
    waiters();
    let bytes = size_of_val::<StaticCell<_, _>>(&CHURNED);
    println!("{:<44}{:<18}{bytes:>8}{:>9}", "a cell that was never used", "a byte", 256);
}

fn reads() {
    let contenders = contenders();
    let place = |name| contenders.iter().position(|contender| contender.name == name).expect("a contender");
    let [lazy_lock, arc_swap] = ["LazyLock", "arc-swap load"].map(place);
    for threads in [1, 2] {
        let ns = readers::medians(&contenders, threads, common::rounds(readers::ROUNDS));
        for name in ["cell", "cell, fallible"] {
            let what = format!("ready read, {name}, threads: {threads}");
            row(&what, "LazyLock", ns[place(name)] / ns[lazy_lock], 5.0);
            row(&what, "arc-swap load", ns[place(name)] / ns[arc_swap], 0.1);
        }
        let what = format!("ready read, permanent, threads: {threads}");
        row(&what, "LazyLock", ns[place("cell, permanent")] / ns[lazy_lock], 1.1);
    }
}

fn churn() {
    let reopen: fn() = || {
        CHURNED.invalidate();
        drop(churned());
    };
    let ratio = |_| {
        let (quiet, _) = under_churn(15, || *churned(), None);
        let (busy, _) = under_churn(15, || *churned(), Some(reopen));
        busy / quiet
    };
    let ratios = (0..common::rounds(41)).map(ratio).collect();
    row("ready read, closed and rebuilt every 20 µs", "a quiet read", common::median(ratios), 2.0);
}

fn waiters() {
    for waiters in WAITERS {
        let released = release::measure(waiters, common::rounds(201));
        row(&format!("release of {waiters} waiters"), "OnceLock", released.ratio, 1.0);
    }
}
