//! How long the page and the pictures of 300 cells take.
//!
//! ```text
//! cargo bench -p cells-tests-page
//! ```

use cells::Page;
use cells_graph_program::PLAN;
use std::hint::black_box;
use std::time::Instant;

const ROUNDS: usize = 51;

fn main() {
    let report = cells::warm_up_all();
    assert!(report.is_ok(), "{report}");
    let page = Page::new().actions("/cells", "token");
    let graph = cells::graph();
    measure("the page", || page.to_html().len());
    measure("the graph", || graph.to_svg().len());
    measure("the warm-up", || report.to_svg().len());
    measure("the start-up", || cells::startup().to_svg().len());
}

fn measure(what: &str, mut make: impl FnMut() -> usize) {
    let mut rounds: Vec<_> = (0..ROUNDS)
        .map(|_| {
            let start = Instant::now();
            black_box(make());
            start.elapsed()
        })
        .collect();
    rounds.sort();
    let (least, median, length) = (rounds[0], rounds[ROUNDS / 2], make());
    println!(
        "{} cells: {what} takes {least:.1?} at least, {median:.1?} in the median; {length} bytes",
        PLAN.len()
    );
}
