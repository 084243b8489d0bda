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

/// The processor's model, to print above the figures, which hold for it alone: what `/proc/cpuinfo` says on Linux, else
/// the architecture. The numbers count too, because virtual machines have names like `AMD EPYC` for many models.
pub(crate) fn processor() -> String {
    let about = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let value = |key| {
        let lines = about.lines().filter_map(|line| line.split_once(':'));
        lines
            .map(|(found, value)| (found.trim(), value.trim()))
            .find_map(|(found, value)| (found == key).then_some(value))
    };
    let Some(name) = value("model name") else { return std::env::consts::ARCH.to_owned() };
    let numbers = ["cpu family", "model", "stepping"].map(|key| value(key).unwrap_or("unknown"));
    let [family, model, stepping] = numbers;
    format!("{name}, family {family}, model {model}, stepping {stepping}")
}
