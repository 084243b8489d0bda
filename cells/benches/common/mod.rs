//! What the benchmarks share: how they measure, and what more than one of them measures.

#![allow(dead_code, unused_imports, reason = "each benchmark uses only part of this module")]

/// Declares cells of a number, each by its name.
macro_rules! numbers {
    ($($name:ident)*) => {
        $(
            #[::cells::runtime_cell]
            fn $name() -> u64 {
                ::std::hint::black_box(42)
            }
        )*
    };
}
pub(crate) use numbers;

pub(crate) mod aged;
pub(crate) mod chain;
pub(crate) mod churn;
pub(crate) mod conditions;
pub(crate) mod crowded;
pub(crate) mod readers;
pub(crate) mod release;
pub(crate) mod tasks;
pub(crate) mod turns;

use std::time::{Duration, Instant};

/// The number of rounds to measure: `full` under `cargo bench`, one where cargo only tests that the benchmark runs.
pub(crate) fn rounds(full: usize) -> usize {
    if argument("--bench") { full } else { 1 }
}

/// Whether the benchmark was called with this argument.
pub(crate) fn argument(name: &str) -> bool {
    std::env::args().any(|argument| argument == name)
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

/// The processor's model, to print above the figures, which hold for it alone: what Linux says, else the architecture.
/// The numbers count too, because virtual machines have names like `AMD EPYC` for many models.
pub(crate) fn processor() -> String {
    let Some(name) = cpuinfo("model name") else { return std::env::consts::ARCH.to_owned() };
    let numbers = ["cpu family", "model", "stepping"].map(|key| cpuinfo(key).unwrap_or_default());
    let [family, model, stepping] = numbers;
    format!("{name}, family {family}, model {model}, stepping {stepping}")
}

/// Whether the processor is one of Intel's.
pub(crate) fn on_intel() -> bool {
    cpuinfo("vendor_id").is_some_and(|vendor| vendor == "GenuineIntel")
}

/// What `/proc/cpuinfo` says of the first processor.
fn cpuinfo(key: &str) -> Option<String> {
    let about = std::fs::read_to_string("/proc/cpuinfo").ok()?;
    let mut lines = about.lines().filter_map(|line| line.split_once(':'));
    lines.find_map(|(found, value)| (found.trim() == key).then(|| value.trim().to_owned()))
}
