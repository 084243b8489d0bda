//! The performance targets of `docs/performance.md`, measured in one run of about a minute, each beside what it is
//! compared with: `cargo bench -p cells-benches --bench targets`. With `-- --reads` it measures reads alone, as
//! `tools/profiles.sh` does. `tools/compile_time.sh` measures what declarations cost to build.

mod common;

use cells::{StaticCell, runtime_cell};
use common::churn::under_churn;
use common::conditions::PLAIN;
use common::crowded::{BARE, DECLARED};
use common::release::{self, WAITERS};
use common::turns::{ROUNDS, measure};
use common::{chain, conditions, crowded, readers, tasks};
use std::hint::black_box;

#[runtime_cell]
fn churned() -> u64 {
    black_box(42)
}

/// Prints one row of the report.
fn row(what: &str, against: &str, ratio: f64, at_most: f64) {
    let met = if ratio <= at_most { "met" } else { "not met" };
    println!("{what:<54}{against:<20}{ratio:>8.3}{at_most:>9.3}  {met}");
}

fn main() {
    println!("processor: {}", common::processor());
    println!("{:<54}{:<20}{:>8}{:>9}", "", "multiple of", "is", "at most");
    reads();
    under_conditions();
    dependent();
    if !common::argument("--reads") {
        in_tasks();
        churn();
        waiters();
        bytes();
    }
    // Last, because cells that are built after so many are not plain ones.
    among_many();
}

fn reads() {
    let mut contenders = readers::contenders();
    let measured = ["LazyLock", "arc-swap load", "cell, permanent", "cell", "cell, fallible"];
    contenders.retain(|contender| measured.contains(&contender.name));
    let of_arc_swap = if common::on_intel() { 1.0 / 12.0 } else { 0.25 };
    for threads in [1, 2] {
        let figures = measure(&contenders, threads, common::rounds(ROUNDS));
        for name in ["cell", "cell, fallible"] {
            let what = format!("read in a loop, {name}, threads: {threads}");
            row(&what, "LazyLock", figures.ratio(name, "LazyLock"), 4.0);
            row(&what, "arc-swap load", figures.ratio(name, "arc-swap load"), of_arc_swap);
        }
        let what = format!("read in a loop, permanent, threads: {threads}");
        row(&what, "LazyLock", figures.ratio("cell, permanent", "LazyLock"), 1.05);
    }
}

fn under_conditions() {
    let figures = measure(&conditions::contenders(), 1, common::rounds(ROUNDS));
    for name in figures.names().filter(|name| *name != PLAIN) {
        row(&format!("read, {name}"), PLAIN, figures.ratio(name, PLAIN), 1.15);
    }
}

fn among_many() {
    let figures = measure(&crowded::contenders(), 1, common::rounds(ROUNDS));
    for name in figures.names().filter(|name| ![DECLARED, BARE].contains(name)) {
        let alone = if name.starts_with("bare") { BARE } else { DECLARED };
        row(&format!("read, many cells, {name}"), alone, figures.ratio(name, alone), 1.15);
    }
}

fn dependent() {
    let figures = measure(&chain::contenders(), 1, common::rounds(ROUNDS));
    row("chain of dependent reads", "LazyLock", figures.ratio("cell", "LazyLock"), 1.8);
}

fn in_tasks() {
    let runtime = tasks::runtime();
    let ready = tasks::ready(&runtime);
    let crowds = tasks::crowds(&runtime);
    for (what, contenders) in [("read in a task", ready), ("64 tasks, one flight", crowds)] {
        let figures = measure(&contenders, 1, common::rounds(ROUNDS));
        for name in figures.names().filter(|name| name.contains("cell") || name.contains("RuntimeCell")) {
            row(&format!("{what}, {name}"), "tokio OnceCell", figures.ratio(name, "tokio OnceCell"), 1.0);
        }
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
    row("read, closed and rebuilt every 20 µs", "a quiet read", common::median(ratios), 2.0);
}

fn waiters() {
    for waiters in WAITERS {
        let released = release::measure(waiters, common::rounds(201));
        row(&format!("release of {waiters} waiters"), "OnceLock", released.ratio, 1.0);
    }
}

fn bytes() {
    let bytes = size_of_val::<StaticCell<_, _>>(&CHURNED);
    let met = if bytes <= 288 { "met" } else { "not met" };
    println!("{:<54}{:<20}{bytes:>8}{:>9}  {met}", "a cell that was never used", "a byte", 288);
}
