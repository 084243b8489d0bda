//! Values that age: what their readers pay, and what they get, compared with what one would use instead.
//! `cargo bench -p cells-benches --bench ageing` takes about a minute.

mod common;

use arc_swap::ArcSwapOption;
use cells::runtime_cell;
use common::aged::{Aged, FETCH, LIFE, contenders};
use common::readers::elsewhere;
use common::turns::{Contender, ROUNDS, in_a_loop, measure};
use std::hint::black_box;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, LazyLock};
use std::thread;
use std::time::{Duration, Instant};

/// How many readers find at once that the value is too old.
const CROWD: usize = 64;
/// How many readers there are whose requests are timed, how long they pause between two, and for how long they go on.
const READERS: usize = 4;
const PAUSE: Duration = Duration::from_micros(500);
const TIMED: Duration = Duration::from_secs(3);

/// What a reader notices.
const LATE: Duration = Duration::from_millis(5);

const HOUR: Duration = Duration::from_hours(1);

fn main() {
    println!("processor: {}", common::processor());
    reads();
    println!("\nvalues that live {LIFE:?}, from a source that takes {FETCH:?}");
    println!(
        "{:<36}{:>22}{:>10}{:>10}{:>10}{:>12}   when the source fails",
        "", "fetches for a crowd", "p50, µs", "p99, µs", "max, ms", "over 5 ms"
    );
    for contender in contenders() {
        let crowd = common::median((0..common::rounds(5)).map(|_| stampede(&contender)).collect());
        let delays = delays(&contender);
        let after = failing(&contender);
        let at = |per_cent: usize| delays[(delays.len() - 1) * per_cent / 100].as_secs_f64();
        let late = delays.iter().filter(|delay| **delay > LATE).count();
        println!(
            "{:<36}{crowd:>22}{:>10.1}{:>10.1}{:>10.1}{:>11.2}%   {after}",
            contender.name,
            at(50) * 1e6,
            at(99) * 1e6,
            at(100) * 1e3,
            share(late, delays.len()),
        );
    }
}

/// In per cent.
#[expect(clippy::cast_precision_loss, reason = "a few digits are shown")]
fn share(part: usize, whole: usize) -> f64 {
    part as f64 * 100.0 / whole as f64
}

#[runtime_cell]
fn plain() -> u64 {
    black_box(42)
}

#[runtime_cell(fresh = "1h", expires = "2h")]
fn ageing() -> u64 {
    black_box(42)
}

#[cached::macros::once(ttl_secs = 3600, sync_writes = true)]
fn cached_for_an_hour() -> u64 {
    black_box(42)
}

fn reads() {
    static MOKA: LazyLock<moka::sync::Cache<(), u64>> =
        LazyLock::new(|| moka::sync::Cache::builder().max_capacity(1).time_to_live(HOUR).build());
    static SWAPPED: ArcSwapOption<u64> = ArcSwapOption::const_empty();
    MOKA.insert((), black_box(42));
    SWAPPED.store(Some(Arc::new(black_box(42))));
    elsewhere(|| {
        drop((plain(), ageing()));
    });
    let contenders = [
        Contender::new("cell that does not age", in_a_loop!(*plain())),
        Contender::new("cell, `fresh` and `expires`", in_a_loop!(*ageing())),
        Contender::new("arc-swap load", in_a_loop!(SWAPPED.load().as_ref().map_or(0, |value| **value))),
        Contender::new("cached `once(ttl)`, `sync_writes`", in_a_loop!(cached_for_an_hour())),
        Contender::new("moka sync get, `time_to_live`", in_a_loop!(MOKA.get(&()).unwrap_or(0))),
    ];
    println!("{:<36}{:>14}{:>9}{:>15}{:>9}", "ready read", "1 thread, ns", "ratio", "2 threads, ns", "ratio");
    let [one, two] = [1, 2].map(|threads| measure(&contenders, threads, common::rounds(ROUNDS)));
    for name in one.names() {
        let [of_one, of_two] =
            [&one, &two].map(|figures| (figures.ns(name), figures.ratio(name, "cell that does not age")));
        println!("{name:<36}{:>14.2}{:>9.2}{:>15.2}{:>9.2}", of_one.0, of_one.1, of_two.0, of_two.1);
    }
}

/// How often the source is asked when a crowd finds that the value is too old.
fn stampede(contender: &Aged) -> f64 {
    assert!((contender.get)().is_ok());
    thread::sleep(LIFE + LIFE / 2);
    let before = contender.source.fetched.load(Ordering::Relaxed);
    let barrier = Barrier::new(CROWD);
    thread::scope(|scope| {
        for _ in 0..CROWD {
            scope.spawn(|| {
                barrier.wait();
                assert!((contender.get)().is_ok());
            });
        }
    });
    // For one that fetches in the background.
    thread::sleep(FETCH + FETCH / 2);
    let fetched = contender.source.fetched.load(Ordering::Relaxed) - before;
    f64::from(u32::try_from(fetched).unwrap_or(u32::MAX))
}

/// How long each request takes while the value becomes too old again and again, in order.
fn delays(contender: &Aged) -> Vec<Duration> {
    let end = Instant::now() + if common::argument("--bench") { TIMED } else { LIFE };
    let read = || {
        let mut delays = Vec::new();
        while Instant::now() < end {
            delays.push(common::time(|| assert!((contender.get)().is_ok())));
            thread::sleep(PAUSE);
        }
        delays
    };
    let mut delays: Vec<_> = thread::scope(|scope| {
        let readers: Vec<_> = (0..READERS).map(|_| scope.spawn(read)).collect();
        readers.into_iter().flat_map(|reader| reader.join().expect("no request fails")).collect()
    });
    delays.sort_unstable();
    delays
}

/// What readers get in a second in which the source fails, which begins when the value is too old.
fn failing(contender: &Aged) -> String {
    assert!((contender.get)().is_ok());
    contender.source.fails.store(true, Ordering::Relaxed);
    thread::sleep(LIFE + LIFE / 2);
    let before = contender.source.fetched.load(Ordering::Relaxed);
    let (values, errors) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let end = Instant::now() + Duration::from_secs(1);
    thread::scope(|scope| {
        for _ in 0..READERS {
            scope.spawn(|| {
                while Instant::now() < end {
                    let count = if (contender.get)().is_ok() { &values } else { &errors };
                    count.fetch_add(1, Ordering::Relaxed);
                    thread::sleep(PAUSE);
                }
            });
        }
    });
    let [values, errors] = [values, errors].map(AtomicUsize::into_inner);
    let fetched = contender.source.fetched.load(Ordering::Relaxed) - before;
    contender.source.fails.store(false, Ordering::Relaxed);
    let old = values * 100 / (values + errors);
    format!("{old}% the old value, {}% errors, {fetched} fetches in a second", 100 - old)
}
