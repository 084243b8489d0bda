//! Ready reads while another thread changes the cell.

use super::{median, time};
use std::hint::{black_box, spin_loop};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

const READS: u32 = 200_000;
/// The time from the start of one change to the start of the next.
const EVERY: Duration = Duration::from_micros(20);

/// Returns the nanoseconds of a read and the number of changes during the measurement. It is the median of many short
/// rounds, because the best round may have seen no change.
pub(crate) fn under_churn(rounds: usize, read: impl Fn() -> u64, change: Option<fn()>) -> (f64, u64) {
    let (stop, changes) = (AtomicBool::new(false), AtomicU64::new(0));
    thread::scope(|scope| {
        scope.spawn(|| {
            let Some(change) = change else { return };
            while !stop.load(Ordering::Relaxed) {
                let next = Instant::now() + EVERY;
                change();
                changes.fetch_add(1, Ordering::Relaxed);
                while Instant::now() < next {
                    spin_loop();
                }
            }
        });
        thread::sleep(Duration::from_millis(5));
        let before = changes.load(Ordering::Relaxed);
        let round = |_| {
            let reads = time(|| {
                for _ in 0..READS {
                    black_box(read());
                }
            });
            reads.as_secs_f64() * 1e9 / f64::from(READS)
        };
        let ns = median((0..rounds).map(round).collect());
        let seen = changes.load(Ordering::Relaxed) - before;
        stop.store(true, Ordering::Relaxed);
        (ns, seen)
    })
}
