//! Random choices that can be repeated.

use std::{env, process};

pub use fastrand::Rng;

/// The seed of a random test: the value of that environment variable, or else a new one for each process.
///
/// It is printed, so that the output of a failed run says how to repeat it.
pub fn seed(variable: &str) -> u64 {
    let seed = from_env(variable).unwrap_or_else(|| u64::from(process::id()) << 20 | 1);
    println!("{variable}={seed}");
    seed
}

/// The number in an environment variable, if there is one.
pub fn from_env(variable: &str) -> Option<u64> {
    env::var(variable).ok()?.parse().ok()
}
