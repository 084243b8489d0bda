//! Ready reads while another thread changes the cell.

use super::{median, time};
use std::hint::{black_box, spin_loop};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

const READS: u32 = 50_000;
/// How many rounds are tried for each that counts.
const TRIES: usize = 50;
/// The time from the start of one change to the start of the next.
const EVERY: Duration = Duration::from_micros(20);

/// Returns the nanoseconds of a read and the number of changes during the measurement. It is the median of the short
/// rounds that saw about as many changes as are due in their time.
pub(crate) fn under_churn(rounds: usize, read: impl Fn() -> u64, change: Option<fn()>) -> (f64, u32) {
    let (stop, changes) = (AtomicBool::new(false), AtomicU32::new(0));
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
        let mut samples = Vec::new();
        for _ in 0..rounds * TRIES {
            let already = changes.load(Ordering::Relaxed);
            let took = time(|| {
                for _ in 0..READS {
                    black_box(read());
                }
            });
            let seen = changes.load(Ordering::Relaxed) - already;
            // On a busy machine the other thread may not have run meanwhile.
            if change.is_none() || EVERY.as_secs_f64() * f64::from(seen) * 2.0 >= took.as_secs_f64() {
                samples.push(took.as_secs_f64() * 1e9 / f64::from(READS));
            }
            if samples.len() == rounds {
                break;
            }
        }
        let ns = if samples.is_empty() { f64::NAN } else { median(samples) };
        let seen = changes.load(Ordering::Relaxed) - before;
        stop.store(true, Ordering::Relaxed);
        (ns, seen)
    })
}
