//! What the benchmarks share: how they measure, and what more than one of them measures.

#![allow(dead_code, reason = "each benchmark uses only part of this module")]

pub(crate) mod churn;
pub(crate) mod readers;
pub(crate) mod release;

use std::time::{Duration, Instant};

/// The number of rounds to measure: `full` under `cargo bench`, one where cargo only tests that the benchmark runs.
pub(crate) fn rounds(full: usize) -> usize {
    if std::env::args().any(|argument| argument == "--bench") { full } else { 1 }
}

pub(crate) fn time(work: impl FnOnce()) -> Duration {
    let start = Instant::now();
    work();
    start.elapsed()
}

pub(crate) fn median(mut samples: Vec<f64>) -> f64 {
    samples.sort_unstable_by(f64::total_cmp);
    samples[samples.len() / 2]
}
