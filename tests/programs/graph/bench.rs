//! The cost of a ready read in a program of this many cells.
//!
//! ```text
//! cargo bench -p cells-graph-program
//! CELLS_GRAPH_CELLS=1 cargo bench -p cells-graph-program
//! ```

use cells_graph_program::PLAN;
use std::hint::black_box;
use std::time::Instant;

const READS: u32 = 1_000_000;
const ROUNDS: usize = 20;

fn main() {
    let report = cells::warm_up_all();
    assert!(report.is_ok(), "{report}");
    let read = PLAN[0].try_get;
    let mut rounds: Vec<_> = (0..ROUNDS)
        .map(|_| {
            let start = Instant::now();
            for _ in 0..READS {
                drop(black_box(black_box(read)()));
            }
            start.elapsed() / READS
        })
        .collect();
    rounds.sort();
    let (least, median) = (rounds[0], rounds[ROUNDS / 2]);
    println!("{} cells: a ready read takes {least:?} at least, {median:?} in the median", PLAN.len());
}
