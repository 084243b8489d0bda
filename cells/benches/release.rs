//! The release of waiters: from the factory's return until the last of them has the value.
//!
//! `cargo bench -p cells --bench release` prints medians beside std's `OnceLock`. The two take turns, so that whatever
//! else the machine does meets both, and turns in who goes first; each round needs a fresh crowd of threads.

use cells::RuntimeCell;
use std::convert::Infallible;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock};
use std::thread;
use std::time::{Duration, Instant};

const WAITERS: [usize; 2] = [64, 512];
const ROUNDS: usize = 201;
/// From a waiter's last sign of life to its sleep; nothing tells from outside when it sleeps.
const SETTLE: Duration = Duration::from_millis(20);

fn main() {
    // `cargo test --benches` and the like only want to see it run.
    let rounds = if std::env::args().any(|argument| argument == "--bench") { ROUNDS } else { 1 };
    println!("{:<10}{:>16}{:>18}{:>8}", "waiters", "OnceLock, µs", "RuntimeCell, µs", "ratio");
    for waiters in WAITERS {
        let (once_lock, cell): (Vec<_>, Vec<_>) = (0..rounds)
            .map(|round| {
                let first = (round % 2 == 0).then(|| of_once_lock(waiters));
                let cell = of_cell(waiters);
                (first.unwrap_or_else(|| of_once_lock(waiters)), cell)
            })
            .unzip();
        let [once_lock, cell] = [median(once_lock), median(cell)].map(|median| median.as_secs_f64() * 1e6);
        println!("{waiters:<10}{once_lock:>16.0}{cell:>18.0}{:>8.2}", cell / once_lock);
    }
}

fn of_once_lock(waiters: usize) -> Duration {
    let lock = OnceLock::new();
    release(waiters, |build| *lock.get_or_init(build))
}

fn of_cell(waiters: usize) -> Duration {
    let cell = RuntimeCell::new("release").wait_timeout(Duration::ZERO);
    release(waiters, |build| {
        *cell.get_or_initialize(|| Ok::<_, Infallible>(build())).expect("a factory that cannot fail")
    })
}

/// Lets one thread more than `waiters` ask at once; the first one builds when all the others are there.
fn release(waiters: usize, ask: impl Fn(&dyn Fn() -> u64) -> u64 + Sync) -> Duration {
    let asking = AtomicUsize::new(0);
    let returned = Mutex::new(Instant::now());
    let build = || {
        while asking.load(Ordering::Relaxed) <= waiters {
            thread::sleep(Duration::from_millis(1));
        }
        thread::sleep(SETTLE);
        *returned.lock().expect("one factory, no panic") = Instant::now();
        42
    };
    let work = || {
        asking.fetch_add(1, Ordering::Relaxed);
        ask(&build);
        Instant::now()
    };
    let last = thread::scope(|scope| {
        let threads: Vec<_> = (0..=waiters).map(|_| scope.spawn(work)).collect();
        threads.into_iter().filter_map(|thread| thread.join().ok()).max()
    });
    let returned = *returned.lock().expect("one factory, no panic");
    last.map_or(Duration::ZERO, |last| last.saturating_duration_since(returned))
}

fn median(mut durations: Vec<Duration>) -> Duration {
    durations.sort_unstable();
    durations[durations.len() / 2]
}
