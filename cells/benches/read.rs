//! The ready read: what a cell costs its readers, compared with what they would use instead.
//!
//! `cargo bench -p cells-benches --bench read` prints medians, and each as a multiple of `LazyLock`'s; with `-- --csv FILE`
//! it also writes them for `docs/reads.py`, which draws them. On a busy machine two threads rarely run at once, and the
//! columns for two threads look too good: measure on an idle one. The benchmark `read_path` shows more of the cell's
//! own read.

mod common;

use common::readers::contenders;
use common::turns::{ROUNDS, measure};
use std::fs::File;
use std::io::Write;

const THREADS: [usize; 2] = [1, 2];

fn main() {
    println!("processor: {}", common::processor());
    let contenders = contenders();
    let [one, two] = THREADS.map(|threads| measure(&contenders, threads, common::rounds(ROUNDS)));
    println!("{:<28}{:>14}{:>9}{:>15}{:>9}", "ready read", "1 thread, ns", "ratio", "2 threads, ns", "ratio");
    for name in one.names() {
        let [of_one, of_two] =
            [&one, &two].map(|figures| (figures.ns(name), figures.ratio(name, "LazyLock")));
        println!("{name:<28}{:>14.2}{:>9.1}{:>15.2}{:>9.1}", of_one.0, of_one.1, of_two.0, of_two.1);
    }
    let mut arguments = std::env::args().skip_while(|argument| argument != "--csv").skip(1);
    if let Some(path) = arguments.next() {
        let mut csv = File::create(path).expect("a file to write to");
        writeln!(csv, "contender,threads,ns,processor").expect("room on the disk");
        for (threads, figures) in THREADS.iter().zip([&one, &two]) {
            for name in figures.names() {
                let (ns, processor) = (figures.ns(name), common::processor());
                writeln!(csv, "\"{name}\",{threads},{ns:.4},\"{processor}\"").expect("room on the disk");
            }
        }
    }
}
