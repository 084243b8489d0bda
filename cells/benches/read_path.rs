//! The cost of a cell's ready read in detail: alone, in a chain, under leases, and while the cell changes.
//!
//! `cargo bench -p cells-benches --bench read_path`. Compare the ratios: the nanoseconds depend on the machine. Unless its line
//! says median, a figure is the best of several short rounds, in which the contestants take turns.

mod common;

use arc_swap::ArcSwap;
use cells::{Error, Ref, RuntimeCell, read_path};
use common::churn::under_churn;
use std::hint::black_box;
use std::sync::{Arc, Barrier, LazyLock, PoisonError, RwLock};
use std::thread;
use std::time::{Duration, Instant};

// Two of each: in a chain, the value of one read decides which of the two is read next. It is always the first.
static LAZIES: [LazyLock<u64>; 2] = [LazyLock::new(|| 7), LazyLock::new(|| 7)];
static CELLS: [RuntimeCell<u64>; 2] = [RuntimeCell::new("cell"), RuntimeCell::new("other")];
static SWAPS: LazyLock<[ArcSwap<u64>; 2]> = LazyLock::new(|| [7, 7].map(ArcSwap::from_pointee));
static LOCKS: [RwLock<Option<Arc<u64>>>; 2] = [RwLock::new(None), RwLock::new(None)];
static CELL: &RuntimeCell<u64> = &CELLS[0];

const READS: u32 = 200_000;
const ROUNDS: usize = 25;

#[inline]
fn cell() -> Result<Ref<'static, u64>, Error> {
    cell_at(0)
}

#[inline]
fn cell_at(at: usize) -> Result<Ref<'static, u64>, Error> {
    CELLS[at].get_or_initialize(|| Ok::<_, Error>(7))
}

/// One way to read, in two loops.
struct Contestant {
    name: &'static str,
    /// A loop of independent reads.
    apart: fn(u64) -> u64,
    /// A loop of reads each of which needs the result of the one before.
    chain: fn(u64) -> u64,
}

macro_rules! contestant {
    ($name:literal, $at:ident, $read:expr) => {
        Contestant {
            name: $name,
            apart: |n| {
                let $at = 0;
                let mut sum = 0_u64;
                for _ in 0..n {
                    sum = sum.wrapping_add(black_box($read));
                }
                sum
            },
            chain: |n| {
                let mut last = 0_u64;
                for _ in 0..n {
                    let $at = usize::from(last > u64::MAX / 2);
                    last = $read;
                }
                last
            },
        }
    };
}

static CONTESTANTS: [Contestant; 6] = [
    contestant!("LazyLock", at, *LAZIES[at]),
    contestant!("cell, get", at, *cell_at(at).unwrap_or_else(|error| panic!("{error}"))),
    contestant!("cell, get with `?`", at, (|| Ok::<_, Error>(*cell_at(at)?))().unwrap_or(0)),
    contestant!("cell, peek", at, CELLS[at].peek().map_or(0, |lease| *lease)),
    contestant!("arc-swap, load", at, **SWAPS[at].load()),
    contestant!("RwLock<Option<Arc>>", at, {
        let lock = LOCKS[at].read().unwrap_or_else(PoisonError::into_inner).clone();
        lock.map_or(0, |value| *value)
    }),
];

/// The nanoseconds of one read in the best round of each contestant.
fn measure(threads: usize, rounds: usize, run: fn(&Contestant, u64) -> u64) -> Vec<f64> {
    let mut best = vec![f64::INFINITY; CONTESTANTS.len()];
    for _ in 0..rounds {
        for (best, contestant) in best.iter_mut().zip(&CONTESTANTS) {
            *best = best.min(round(threads, || run(contestant, READS.into())));
        }
    }
    best
}

fn per_read(time: Duration) -> f64 {
    time.as_secs_f64() * 1e9 / f64::from(READS)
}

/// The nanoseconds of one of `READS` reads on the slowest thread.
fn round(threads: usize, run: impl Fn() -> u64 + Sync) -> f64 {
    let barrier = Barrier::new(threads);
    let time = || {
        barrier.wait();
        let start = Instant::now();
        black_box(run());
        per_read(start.elapsed())
    };
    thread::scope(|scope| {
        let others: Vec<_> = (1..threads).map(|_| scope.spawn(time)).collect();
        let own = time();
        others.into_iter().map(|other| other.join().unwrap_or(f64::NAN)).fold(own, f64::max)
    })
}

fn show(what: &str, figures: &[f64]) {
    println!("\n{what}");
    let (lazy, swap) = (figures[0], figures[4]);
    for (contestant, ns) in CONTESTANTS.iter().zip(figures) {
        println!(
            "  {:22}{ns:8.2} ns {:7.2} x LazyLock {:7.3} x arc-swap",
            contestant.name,
            ns / lazy,
            ns / swap
        );
    }
}

fn churn() {
    println!("\nwhile another thread changes the cell every 20 µs (median)");
    changing("get", || *cell().unwrap_or_else(|error| panic!("{error}")));
    changing("peek", || CELL.peek().map_or(0, |lease| *lease));
}

fn changing(name: &str, read: impl Fn() -> u64) {
    let reopen: fn() = || {
        CELL.invalidate();
        drop(cell());
    };
    let refresh: fn() = || drop(CELL.refresh(|| Ok::<_, Error>(7)));
    let (quiet, _) = under_churn(101, &read, None);
    for (what, change) in [("close and get", reopen), ("refresh", refresh)] {
        let (ns, changes) = under_churn(101, &read, Some(change));
        println!("  {name:5} under {what:14}{ns:8.2} ns {:7.2} x quiet, {changes} changes", ns / quiet);
    }
}

fn held() {
    println!("\nunder leases that the thread holds (best)");
    for held in [0, 1, 5, 7, 100] {
        let leases: Vec<_> = (0..held).map(|_| cell()).collect();
        let mut best = f64::INFINITY;
        for _ in 0..ROUNDS {
            best = best.min(round(1, || (CONTESTANTS[1].apart)(READS.into())));
        }
        println!("  {:3} held {best:19.2} ns", leases.len());
    }
}

fn close() {
    let rounds = 2_000;
    let mut times: Vec<_> = (0..rounds)
        .map(|_| {
            drop(cell());
            let start = Instant::now();
            CELL.invalidate();
            start.elapsed()
        })
        .collect();
    times.sort();
    println!("\na close, with nobody else running: {:?} (median)", times[times.len() / 2]);
}

fn main() {
    println!("processor: {}", common::processor());
    *LOCKS[0].write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(7));
    assert_eq!(*LAZIES[0] + **SWAPS[0].load() + cell().map_or(0, |lease| *lease), 21);
    println!("read path: {:?}; a cell takes {} bytes", read_path(), size_of::<RuntimeCell<u64>>());
    show("ready read, 1 thread (best)", &measure(1, ROUNDS, |contestant, n| (contestant.apart)(n)));
    show("ready read, 2 threads (best)", &measure(2, ROUNDS, |contestant, n| (contestant.apart)(n)));
    show(
        "chain of dependent reads, 1 thread (best)",
        &measure(1, ROUNDS, |contestant, n| (contestant.chain)(n)),
    );
    held();
    churn();
    drop(cell());
    close();
}
