//! What the benchmarks of reads and waiters share: how they measure, and what is measured in more than one of them.

#![allow(dead_code, reason = "no benchmark uses all of it")]

pub(crate) mod churn;
pub(crate) mod readers;
pub(crate) mod release;

use std::time::{Duration, Instant};

/// How many rounds to measure: `full`, or one where cargo only wants to see it run.
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
