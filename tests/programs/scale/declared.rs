//! As many declared cells as it was built with: how long work on all of them takes. The benchmark `scale` runs it.

use std::hint::black_box;
use std::time::{Duration, Instant};

/// The cells.
#[allow(dead_code, reason = "only what works on all cells uses some of them")]
mod program {
    include!(concat!(env!("OUT_DIR"), "/program.rs"));
}

/// Prints a row: what it was, and how many nanoseconds it took.
fn row<R>(what: &str, work: impl FnOnce() -> R) -> R {
    let start = Instant::now();
    let result = black_box(work());
    println!("{what}\t{}", start.elapsed().as_nanos());
    result
}

fn main() {
    let limit = Duration::from_secs(10);
    println!("cells\t{}", program::CELLS);
    let report = row("warm_up_all", cells::warm_up_all);
    assert!(report.is_ok(), "{report}");
    row("snapshot", cells::snapshot);
    row("graph, to_dot", || cells::graph().to_dot());
    row("ready reads of C1, 1,000", || (0..1_000).map(|_| *program::m0::c1()).sum::<u64>());
    row("invalidate_with_dependents", || program::m0::C1.invalidate_with_dependents());
    let report = row("close_all", || cells::close_all(limit));
    assert!(report.is_ok(), "{report}");
    let _ = row("close_all of closed cells", || cells::close_all(limit));
    let _ = row("warm_up_all again", cells::warm_up_all);
    let report = row("shutdown", || cells::shutdown(limit));
    assert!(report.is_ok(), "{report}");
}
