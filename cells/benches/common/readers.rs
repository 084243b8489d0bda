//! A ready read of a cell, and of what one would use instead.
//!
//! Every thread reads a `u64` in a plain loop; with two threads the slower one counts. Arc-swap's `Cache` is the only
//! contender that its reader must hold on to, and it keeps old values alive.

use super::turns::{Contender, in_a_loop};
use arc_swap::{ArcSwapOption, Cache};
use cells::{RuntimeCell, runtime_cell};
use crossbeam_epoch::Atomic;
use hazarc::AtomicOptionArc;
use once_cell::sync::OnceCell;
use sdd::AtomicOwned;
use seize::{Collector, Guard as _};
use std::convert::Infallible;
use std::hint::black_box;
use std::num::ParseIntError;
use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering};
use std::sync::mpsc;
use std::sync::{Arc, LazyLock, Mutex, OnceLock, RwLock};
use std::thread;

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

/// Does something on another thread, which never ends, so that no later thread takes over what the library keeps for it.
pub(crate) fn elsewhere(work: impl FnOnce() + Send + 'static) {
    let (done, wait) = mpsc::channel();
    thread::spawn(move || {
        work();
        done.send(()).expect("somebody waits");
        loop {
            thread::park();
        }
    });
    wait.recv().expect("the work does not panic");
}

/// All contenders, ready to be read. Another thread has built the cells.
pub(crate) fn contenders() -> Vec<Contender<'static>> {
    TOKIO.set(build()).expect("it is empty");
    ARC_SWAP.store(Some(Arc::new(build())));
    HAZARC.store(Some(Arc::new(build())));
    SDD.swap((Some(sdd::Owned::new(build())), sdd::Tag::None), Ordering::Release);
    SEIZE.1.store(Box::leak(Box::new(build())), Ordering::Release);
    EPOCH.store(crossbeam_epoch::Owned::new(build()), Ordering::Release);
    MOKA.insert((), build());
    *RW_LOCK.write().expect("no writer panics") = Some(Arc::new(build()));
    *MUTEX.lock().expect("no reader panics") = Some(Arc::new(build()));
    elsewhere(|| {
        drop(declared());
        drop(fallible());
        runtime();
    });
    vec![
        Contender::new("LazyLock", in_a_loop!(*LAZY_LOCK)),
        Contender::new("OnceLock", in_a_loop!(*ONCE_LOCK.get_or_init(build))),
        Contender::new("once_cell OnceCell", in_a_loop!(*ONCE_CELL.get_or_init(build))),
        Contender::new("tokio OnceCell, get", in_a_loop!(TOKIO.get().map_or(0, |value| *value))),
        Contender::new("cell, permanent", in_a_loop!(*permanent())),
        Contender::new("cell", in_a_loop!(*declared())),
        Contender::new("cell, fallible", in_a_loop!(*fallible().expect("42 is a number"))),
        Contender::new("RuntimeCell", in_a_loop!(runtime())),
        Contender::new(
            "arc-swap Cache, in a local",
            in_a_loop!(keep mut cache = Cache::new(&ARC_SWAP) => cache.load().as_ref().map_or(0, |value| **value)),
        ),
        Contender::new("crossbeam-epoch pin, load", in_a_loop!(epoch())),
        Contender::new("seize enter, protect", in_a_loop!(seize())),
        Contender::new("sdd guard, load", in_a_loop!(sdd())),
        Contender::new("hazarc load", in_a_loop!(HAZARC.load().map_or(0, |value| **value))),
        Contender::new("arc-swap load", in_a_loop!(ARC_SWAP.load().as_ref().map_or(0, |value| **value))),
        Contender::new("cached once(sync_writes)", in_a_loop!(cached_once())),
        Contender::new("RwLock read, clone the Arc", in_a_loop!(rw_lock())),
        Contender::new("Mutex lock, clone the Arc", in_a_loop!(mutex())),
        Contender::new("moka get", in_a_loop!(MOKA.get(&()).unwrap_or(0))),
    ]
}
