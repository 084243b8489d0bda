//! The release of waiters: the time from the factory's return until the last waiter has the value.
//!
//! Each round needs new threads. A cell and std's `OnceLock` take turns, also in which goes first, so that disturbances
//! hit both alike.

use super::median;
use cells::RuntimeCell;
use std::convert::Infallible;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock};
use std::thread;
use std::time::{Duration, Instant};

pub(crate) const WAITERS: [usize; 2] = [64, 512];
/// Time for the waiters to fall asleep: nothing shows from outside when they do.
const SETTLE: Duration = Duration::from_millis(20);

/// The release of one number of waiters; all figures are medians.
pub(crate) struct Released {
    /// Microseconds.
    pub(crate) once_lock: f64,
    /// Microseconds.
    pub(crate) cell: f64,
    /// The ratio within each round, so that what slows both down for a while cancels out.
    pub(crate) ratio: f64,
}

pub(crate) fn measure(waiters: usize, rounds: usize) -> Released {
    let times: Vec<_> = (0..rounds)
        .map(|round| {
            let first = (round % 2 == 0).then(|| of_once_lock(waiters));
            let cell = of_cell(waiters);
            let once_lock = first.unwrap_or_else(|| of_once_lock(waiters));
            (once_lock.as_secs_f64() * 1e6, cell.as_secs_f64() * 1e6)
        })
        .collect();
    Released {
        once_lock: median(times.iter().map(|(once_lock, _)| *once_lock).collect()),
        cell: median(times.iter().map(|(_, cell)| *cell).collect()),
        ratio: median(times.iter().map(|(once_lock, cell)| cell / once_lock).collect()),
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

/// Lets one thread more than `waiters` ask at once; the factory returns when all the others wait.
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
