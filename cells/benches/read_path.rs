//! The cost of a cell's read in detail: alone, in a chain, under leases, while the cell changes, and where the fast path
//! does not serve it.
//!
//! `cargo bench -p cells-benches --bench read_path`. Figures are medians. Compare the ratios: the nanoseconds depend on the
//! machine.

mod common;

use arc_swap::ArcSwap;
use cells::{Error, Ref, RuntimeCell, read_path, runtime_cell};
use common::churn::under_churn;
use common::readers::elsewhere;
use common::turns::{Contender, Figures, ROUNDS, in_a_loop, measure};
use common::{chain, crowded, median, numbers, time};
use std::cell::RefCell;
use std::hint::black_box;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, LazyLock, mpsc};
use std::thread;
use std::time::{Duration, Instant};

static LAZY: LazyLock<u64> = LazyLock::new(|| 7);
static SWAP: LazyLock<ArcSwap<u64>> = LazyLock::new(|| ArcSwap::from_pointee(7));
static CELL: RuntimeCell<u64> = RuntimeCell::new("cell");

/// The argument of the process that reads with fences.
const WITH_FENCES: &str = "--with-fences";
/// How many new threads read first, of each kind.
const THREADS: usize = 200;
/// How many leases are dropped at once.
const BATCH: u32 = 1_000;

numbers! { declared under_1 under_5 under_7 under_100 nested moved }

#[runtime_cell]
fn fallible() -> Result<u64, Error> {
    Ok(black_box(7))
}

/// Its factory reads another cell so many times.
#[runtime_cell]
fn reader() -> u64 {
    in_a_loop!(*declared())[0](READS.load(Ordering::Relaxed));
    0
}
static READS: AtomicU32 = AtomicU32::new(0);

#[inline]
fn cell() -> Result<Ref<'static, u64>, Error> {
    CELL.get_or_initialize(|| Ok::<_, Error>(7))
}

fn main() {
    if common::argument(WITH_FENCES) {
        return with_fences();
    }
    println!("processor: {}", common::processor());
    println!("read path: {:?}; a cell takes {} bytes", read_path(), size_of::<RuntimeCell<u64>>());
    elsewhere(|| {
        drop(cell());
        drop(fallible());
        for cell in [declared, under_1, under_5, under_7, under_100, nested, moved] {
            drop(cell());
        }
    });
    for threads in [1, 2] {
        show(
            &format!("a ready read, threads: {threads}"),
            &measure(&ready(), threads, common::rounds(ROUNDS)),
        );
    }
    show("a chain of dependent reads", &measure(&chain::contenders(), 1, common::rounds(ROUNDS)));
    show("what is not a plain read", &measure(&not_plain(), 1, common::rounds(ROUNDS)));
    show("drops on another thread", &measure(&dropped(), 1, common::rounds(ROUNDS)));
    first_reads();
    churn();
    close();
    let fences = Command::new(std::env::current_exe().expect("a path"))
        .args(std::env::args().skip(1))
        .arg(WITH_FENCES)
        .env("CELLS_READ_PATH", "fences")
        .status();
    assert!(fences.is_ok_and(|status| status.success()));
    // Last, because cells that are built after so many are not plain ones.
    show("among many cells", &measure(&crowded::contenders(), 1, common::rounds(ROUNDS)));
}

/// Prints the contenders, each with its multiple of the first.
fn show(what: &str, figures: &Figures) {
    let first = figures.names().next().expect("a contender");
    println!("\n{:<32}{:>10}   multiple of {first}", what, "ns");
    for name in figures.names() {
        println!("  {name:<30}{:>10.2}{:>12.2}", figures.ns(name), figures.ratio(name, first));
    }
}

fn ready() -> Vec<Contender<'static>> {
    vec![
        Contender::new("LazyLock", in_a_loop!(*LAZY)),
        Contender::new("declared", in_a_loop!(*declared())),
        Contender::new("bare, get", in_a_loop!(*cell().unwrap_or_else(|error| panic!("{error}")))),
        Contender::new("bare, get with `?`", in_a_loop!((|| Ok::<_, Error>(*cell()?))().unwrap_or(0))),
        Contender::new("bare, peek", in_a_loop!(CELL.peek().map_or(0, |lease| *lease))),
        Contender::new("arc-swap load", in_a_loop!(**SWAP.load())),
    ]
}

fn not_plain() -> Vec<Contender<'static>> {
    vec![
        Contender::new("a plain read", in_a_loop!(*declared())),
        Contender::new("arc-swap load", in_a_loop!(**SWAP.load())),
        Contender::new("under 1 lease", in_a_loop!(keep _held = under_1() => *under_1())),
        Contender::new("under 5 leases", in_a_loop!(keep _held = [(); 5].map(|()| under_5()) => *under_5())),
        Contender::new("under 7 leases", in_a_loop!(keep _held = [(); 7].map(|()| under_7()) => *under_7())),
        Contender::new(
            "under 100 leases",
            in_a_loop!(keep _held = [(); 100].map(|()| under_100()) => *under_100()),
        ),
        Contender::new(
            "two at once, the pair",
            in_a_loop!({
                let leases = [nested(), nested()];
                *leases[0] + *leases[1]
            }),
        ),
        Contender::new("a clone of a lease", in_a_loop!(keep held = nested() => *Ref::clone(&held))),
        // In a factory the read is recorded.
        Contender::timed("in a factory", |times| {
            READS.store(times, Ordering::Relaxed);
            READER.invalidate();
            time(|| drop(reader()))
        }),
    ]
}

fn dropped() -> Vec<Contender<'static>> {
    vec![
        Contender::timed("Arc, here", |times| drops(times, false, || Arc::new(7_u64))),
        Contender::timed("Arc's clone, elsewhere", |times| {
            let value = Arc::new(7_u64);
            drops(times, true, move || value.clone())
        }),
        Contender::timed("lease, here", |times| drops(times, false, moved)),
        Contender::timed("lease, elsewhere", |times| drops(times, true, moved)),
    ]
}

/// Drops so many values, in batches, here or on another thread. Returns how long the drops alone took.
fn drops<T: Send>(times: u32, elsewhere: bool, make: impl Fn() -> T) -> Duration {
    let batches = (0..times.div_ceil(BATCH)).map(|_| {
        let batch: Vec<_> = (0..BATCH).map(|_| make()).collect();
        let work = || time(|| batch.into_iter().for_each(drop));
        if elsewhere {
            thread::scope(|scope| scope.spawn(work).join().expect("no drop panics"))
        } else {
            work()
        }
    });
    let took: Duration = batches.sum();
    // Of a whole number of batches, and so of more than was asked for.
    took * times / (times.div_ceil(BATCH) * BATCH)
}

/// What the first read of a thread costs, where it can use again what a thread that ended has left, and where not.
fn first_reads() {
    type Kind = (&'static str, fn() -> u64);
    thread_local! {
        static LOCAL: RefCell<Vec<u64>> = const { RefCell::new(Vec::new()) };
    }
    const KINDS: [Kind; 4] = [
        ("LazyLock", || *LAZY),
        ("thread_local with a destructor", || LOCAL.with(|local| local.borrow().len() as u64)),
        ("arc-swap load", || **SWAP.load()),
        ("cell", || *declared()),
    ];
    for stay in [false, true] {
        println!(
            "\na thread's first read, {:<9}{:>10}{:>20}",
            if stay { "others live" } else { "others ended" },
            "ns",
            "its second, ns"
        );
        let mut samples = KINDS.map(|_| (Vec::new(), Vec::new()));
        let mut staying = Vec::new();
        for _ in 0..common::rounds(THREADS) {
            for ((_, read), (first, second)) in KINDS.iter().zip(&mut samples) {
                let (leave, wait) = mpsc::channel::<()>();
                let (send, times) = mpsc::channel();
                let thread = thread::spawn(move || {
                    let times = [(); 2].map(|()| time(|| _ = black_box(read())));
                    send.send(times).expect("somebody waits");
                    // Until the sender is dropped.
                    let _ = wait.recv();
                });
                let [of_first, of_second] =
                    times.recv().expect("a read").map(|time| time.as_secs_f64() * 1e9);
                first.push(of_first);
                second.push(of_second);
                staying.push((leave, thread));
                if !stay {
                    end(&mut staying);
                }
            }
        }
        end(&mut staying);
        for ((name, _), (first, second)) in KINDS.iter().zip(samples) {
            println!("  {name:<30}{:>10.0}{:>20.0}", median(first), median(second));
        }
    }
}

fn end(threads: &mut Vec<(mpsc::Sender<()>, thread::JoinHandle<()>)>) {
    for (leave, thread) in threads.drain(..) {
        drop(leave);
        thread.join().expect("no read panics");
    }
}

fn churn() {
    println!("\nwhile another thread changes the cell every 20 µs");
    changing("get", || *cell().unwrap_or_else(|error| panic!("{error}")));
    changing("peek", || CELL.peek().map_or(0, |lease| *lease));
}

fn changing(name: &str, read: impl Fn() -> u64) {
    let reopen: fn() = || {
        CELL.invalidate();
        drop(cell());
    };
    let refresh: fn() = || drop(CELL.refresh(|| Ok::<_, Error>(7)));
    let (quiet, _) = under_churn(common::rounds(ROUNDS), &read, None);
    for (what, change) in [("close and get", reopen), ("refresh", refresh)] {
        let (ns, changes) = under_churn(common::rounds(ROUNDS), &read, Some(change));
        println!("  {name:5} under {what:14}{ns:8.2} ns {:7.2} x quiet, {changes} changes", ns / quiet);
    }
}

fn close() {
    let close = |_| {
        drop(cell());
        let start = Instant::now();
        CELL.invalidate();
        start.elapsed().as_secs_f64() * 1e9
    };
    let ns = median((0..common::rounds(2_000)).map(close).collect());
    println!("\na close, with nobody else running: {ns:.0} ns");
}

/// What the process measures that has to do without `membarrier(2)`.
fn with_fences() {
    let contenders = [
        Contender::new("LazyLock", in_a_loop!(*LAZY)),
        Contender::new("arc-swap load", in_a_loop!(**SWAP.load())),
        Contender::new("declared", in_a_loop!(*declared())),
        Contender::new("fallible", in_a_loop!(fallible().map_or(0, |lease| *lease))),
        Contender::new("bare", in_a_loop!(cell().map_or(0, |lease| *lease))),
    ];
    show(&format!("read path: {:?}", read_path()), &measure(&contenders, 1, common::rounds(ROUNDS)));
    close();
}
