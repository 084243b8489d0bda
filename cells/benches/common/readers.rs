//! A ready read of a cell, and of what one would use instead.
//!
//! Every thread reads a `u64` in a loop; with two threads the slower one counts. Only ratios can be compared between
//! machines. So the contenders take turns in short rounds, and disturbances hit all of them alike; the usual harnesses
//! measure one after the other. Arc-swap's `Cache` is the only contender that its reader must hold on to, and it keeps
//! old values alive.

use super::{median, time};
use arc_swap::{ArcSwapOption, Cache};
use cells::{RuntimeCell, runtime_cell};
use crossbeam_epoch::Atomic;
use hazarc::AtomicOptionArc;
use once_cell::sync::OnceCell;
use sdd::AtomicOwned;
use seize::{Collector, Guard as _};
use std::convert::Infallible;
use std::hint::{black_box, spin_loop};
use std::num::ParseIntError;
use std::ptr;
use std::sync::atomic::{AtomicPtr, AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, Mutex, OnceLock, RwLock};
use std::thread;
use std::time::Duration;

pub(crate) const ROUNDS: usize = 101;
/// The minimum time of one thread in one round.
const ROUND: Duration = Duration::from_millis(2);
/// The number of reads in one iteration, so that the cost of the loop does not hide that of a cheap read.
const UNROLLED: u32 = 4;

static LAZY_LOCK: LazyLock<u64> = LazyLock::new(build);
static ONCE_LOCK: OnceLock<u64> = OnceLock::new();
static ONCE_CELL: OnceCell<u64> = OnceCell::new();
static TOKIO: tokio::sync::OnceCell<u64> = tokio::sync::OnceCell::const_new();
static RUNTIME_CELL: RuntimeCell<u64> = RuntimeCell::new("runtime");
static ARC_SWAP: ArcSwapOption<u64> = ArcSwapOption::const_empty();
static RW_LOCK: RwLock<Option<Arc<u64>>> = RwLock::new(None);
static MUTEX: Mutex<Option<Arc<u64>>> = Mutex::new(None);
static HAZARC: AtomicOptionArc<u64> = AtomicOptionArc::none();
static EPOCH: Atomic<u64> = Atomic::null();
static SDD: AtomicOwned<u64> = AtomicOwned::null();
static SEIZE: (LazyLock<Collector>, AtomicPtr<u64>) =
    (LazyLock::new(Collector::new), AtomicPtr::new(ptr::null_mut()));
static MOKA: LazyLock<moka::sync::Cache<(), u64>> = LazyLock::new(|| moka::sync::Cache::new(1));

#[runtime_cell]
fn declared() -> u64 {
    build()
}

#[runtime_cell]
fn fallible() -> Result<u64, ParseIntError> {
    black_box("42").parse()
}

#[runtime_cell(permanent)]
fn permanent() -> u64 {
    build()
}

#[cached::macros::once(sync_writes = true)]
fn cached_once() -> u64 {
    build()
}

fn build() -> u64 {
    black_box(42)
}

fn runtime() -> u64 {
    *RUNTIME_CELL.get_or_initialize(|| Ok::<_, Infallible>(build())).expect("a factory that cannot fail")
}

fn rw_lock() -> u64 {
    let value = RW_LOCK.read().expect("no writer panics").clone();
    value.map_or(0, |value| *value)
}

fn mutex() -> u64 {
    let value = MUTEX.lock().expect("no reader panics").clone();
    value.map_or(0, |value| *value)
}

fn epoch() -> u64 {
    let guard = crossbeam_epoch::pin();
    // The value is stored once and never removed.
    let value = EPOCH.load(Ordering::Acquire, &guard);
    u64::from(!value.is_null())
}

fn sdd() -> u64 {
    let guard = sdd::Guard::new();
    SDD.load(Ordering::Acquire, &guard).as_ref().map_or(0, |value| *value)
}

fn seize() -> u64 {
    let (collector, value) = &SEIZE;
    let guard = collector.enter();
    u64::from(!guard.protect(value, Ordering::Acquire).is_null())
}

/// All contenders, ready to be read.
pub(crate) fn contenders() -> Vec<Contender> {
    TOKIO.set(build()).expect("it is empty");
    ARC_SWAP.store(Some(Arc::new(build())));
    HAZARC.store(Some(Arc::new(build())));
    SDD.swap((Some(sdd::Owned::new(build())), sdd::Tag::None), Ordering::Release);
    SEIZE.1.store(Box::leak(Box::new(build())), Ordering::Release);
    EPOCH.store(crossbeam_epoch::Owned::new(build()), Ordering::Release);
    MOKA.insert((), build());
    *RW_LOCK.write().expect("no writer panics") = Some(Arc::new(build()));
    *MUTEX.lock().expect("no reader panics") = Some(Arc::new(build()));
    vec![
        Contender::new("LazyLock", || *LAZY_LOCK),
        Contender::new("OnceLock", || *ONCE_LOCK.get_or_init(build)),
        Contender::new("once_cell OnceCell", || *ONCE_CELL.get_or_init(build)),
        Contender::new("tokio OnceCell, get", || TOKIO.get().map_or(0, |value| *value)),
        Contender::new("cell, permanent", || *permanent()),
        Contender::new("cell", || *declared()),
        Contender::new("cell, fallible", || *fallible().expect("42 is a number")),
        Contender::new("RuntimeCell", runtime),
        Contender::with(
            "arc-swap Cache, in a local",
            || Cache::new(&ARC_SWAP),
            |cache| cache.load().as_ref().map_or(0, |value| **value),
        ),
        Contender::new("crossbeam-epoch pin, load", epoch),
        Contender::new("seize enter, protect", seize),
        Contender::new("sdd guard, load", sdd),
        Contender::new("hazarc load", || HAZARC.load().map_or(0, |value| **value)),
        Contender::new("arc-swap load", || ARC_SWAP.load().as_ref().map_or(0, |value| **value)),
        Contender::new("cached once(sync_writes)", cached_once),
        Contender::new("RwLock read, clone the Arc", rw_lock),
        Contender::new("Mutex lock, clone the Arc", mutex),
        Contender::new("moka get", || MOKA.get(&()).unwrap_or(0)),
    ]
}

pub(crate) struct Contender {
    pub(crate) name: &'static str,
    /// Reads the given number of times. The read itself is inlined, as it would be in a program.
    read: Box<dyn Fn(u32) + Sync>,
    /// The number of reads in a round.
    reads: u32,
}

impl Contender {
    fn new(name: &'static str, read: impl Fn() -> u64 + Sync + 'static) -> Self {
        Self::with(name, || (), move |()| read())
    }

    /// A contender whose reader keeps something from read to read.
    fn with<K>(
        name: &'static str,
        keep: impl Fn() -> K + Sync + 'static,
        read: impl Fn(&mut K) -> u64 + Sync + 'static,
    ) -> Self {
        let read = move |reads| {
            let mut kept = keep();
            for _ in 0..reads / UNROLLED {
                for _ in 0..UNROLLED {
                    black_box(read(&mut kept));
                }
            }
        };
        let mut reads = 1 << 10;
        while time(|| read(reads)) < ROUND {
            reads *= 2;
        }
        Self { name, read: Box::new(read), reads }
    }

    /// Lets all threads read at once, and returns the nanoseconds of one read on the slowest thread.
    fn round(&self, threads: usize) -> f64 {
        let missing = AtomicUsize::new(threads);
        let work = || {
            missing.fetch_sub(1, Ordering::Relaxed);
            while missing.load(Ordering::Relaxed) > 0 {
                spin_loop();
            }
            time(|| (self.read)(self.reads))
        };
        let slowest = thread::scope(|scope| {
            let others: Vec<_> = (1..threads).map(|_| scope.spawn(work)).collect();
            let own = work();
            others.into_iter().filter_map(|other| other.join().ok()).fold(own, Duration::max)
        });
        slowest.as_secs_f64() * 1e9 / f64::from(self.reads)
    }
}

/// Measures the contenders in turn; returns the median nanoseconds of a read of each.
pub(crate) fn medians(contenders: &[Contender], threads: usize, rounds: usize) -> Vec<f64> {
    let mut samples = vec![Vec::new(); contenders.len()];
    for _ in 0..rounds {
        for (contender, samples) in contenders.iter().zip(&mut samples) {
            samples.push(contender.round(threads));
        }
    }
    samples.into_iter().map(median).collect()
}
