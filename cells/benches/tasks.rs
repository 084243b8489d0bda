//! Cells in tasks, compared with what one would use instead: the ready read, and many tasks that wait for one flight.
//!
//! `cargo bench -p cells-benches --bench tasks` prints medians, and each as a multiple of tokio's `OnceCell`.

mod common;

use common::tasks::{CROWD, crowds, ready, runtime};
use common::turns::{Contender, ROUNDS, measure};

fn main() {
    println!("processor: {}", common::processor());
    let runtime = runtime();
    print("ready get().await, ns", &ready(&runtime));
    println!();
    print(&format!("one flight, {CROWD} tasks, ns"), &crowds(&runtime));
}

/// Measures the contenders, and prints a row for each.
fn print(what: &str, contenders: &[Contender<'_>]) {
    let figures = measure(contenders, 1, common::rounds(ROUNDS));
    println!("{what:<28}{:>14}{:>9}", "median", "ratio");
    for name in figures.names() {
        println!("{name:<28}{:>14.1}{:>9.2}", figures.ns(name), figures.ratio(name, "tokio OnceCell"));
    }
}
