//! What the process is made of.

use std::fs;
use std::thread;
use std::time::{Duration, Instant};

/// The names of its threads.
pub(crate) fn threads() -> Vec<String> {
    let Ok(tasks) = fs::read_dir("/proc/self/task") else { return Vec::new() };
    let name = |task: fs::DirEntry| fs::read_to_string(task.path().join("comm")).ok();
    tasks.flatten().filter_map(name).map(|name| name.trim().to_owned()).collect()
}

/// The memory that it uses.
pub(crate) fn resident_bytes() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok());
    kilobytes.unwrap_or(0) << 10
}

/// Waits for a condition; returns whether it came to hold.
pub(crate) fn eventually(mut condition: impl FnMut() -> bool) -> bool {
    let start = Instant::now();
    loop {
        if condition() {
            return true;
        }
        if start.elapsed() > Duration::from_secs(5) {
            return false;
        }
        thread::yield_now();
    }
}

/// Ends a run that hangs, with what it had done until then.
pub(crate) fn abort_after(limit: Duration) {
    thread::spawn(move || {
        thread::sleep(limit);
        crate::counts::print();
        println!("{:?}", cells::snapshot());
        println!("the soak never ended");
        std::process::abort();
    });
}
