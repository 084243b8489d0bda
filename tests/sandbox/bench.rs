//! What a ready read costs while a sandbox is open: elsewhere, inside, and in tasks on several workers; and what a sandbox
//! costs itself.
//!
//! `cargo bench -p cells-tests-sandbox`. Figures are medians. Compare the ratios: the nanoseconds depend on the machine.

use cells::runtime_cell;
use cells::testing::Sandbox;
use std::hint::black_box;
use std::sync::LazyLock;
use std::time::Instant;

static LAZY: LazyLock<u64> = LazyLock::new(|| black_box(7));

#[runtime_cell]
fn number() -> u64 {
    black_box(7)
}

#[runtime_cell(permanent)]
fn settings() -> u64 {
    black_box(7)
}

const READS: u32 = 200_000;

/// Nanoseconds for each read.
fn per_read(read: impl Fn() -> u64) -> f64 {
    let start = Instant::now();
    let mut sum = 0;
    for _ in 0..READS {
        sum += read();
    }
    black_box(sum);
    start.elapsed().as_secs_f64() * 1e9 / f64::from(READS)
}

fn median(mut samples: Vec<f64>) -> f64 {
    samples.sort_unstable_by(f64::total_cmp);
    samples[samples.len() / 2]
}

fn rounds() -> usize {
    if std::env::args().any(|argument| argument == "--bench") { 31 } else { 1 }
}

fn show(what: &str, read: impl Fn() -> u64) {
    let samples = (0..rounds()).map(|_| (per_read(|| *LAZY), per_read(&read)));
    let (lazy, own): (Vec<_>, Vec<_>) = samples.unzip();
    let (lazy, own) = (median(lazy), median(own));
    println!("{what:52} {own:7.2} ns   {:6.1} x LazyLock", own / lazy);
}

/// The same in tasks on two workers at once.
#[cfg(feature = "tokio")]
fn show_in_tasks(what: &str, runtime: &tokio::runtime::Runtime, read: fn() -> u64) {
    let sample = || {
        let tasks: Vec<_> = (0..2).map(|_| runtime.spawn(async move { per_read(read) })).collect();
        let sum: f64 = tasks.into_iter().map(|task| runtime.block_on(task).expect("no panic")).sum();
        sum / 2.0
    };
    let own = median((0..rounds()).map(|_| sample()).collect());
    println!("{what:52} {own:7.2} ns");
}

fn main() {
    assert_eq!((*LAZY, *number(), *settings()), (7, 7, 7));
    show("no sandbox is open", || *number());
    show("no sandbox is open, permanent", || *settings());
    let (enter, entered) = std::sync::mpsc::channel();
    let (leave, left) = std::sync::mpsc::channel::<()>();
    let other = std::thread::spawn(move || {
        let cells = Sandbox::new().enter();
        enter.send(cells.handle()).expect("the benchmark runs");
        let _ = left.recv();
        drop(cells);
    });
    let handle = entered.recv().expect("it enters");
    show("one is open elsewhere", || *number());
    show("one is open elsewhere, permanent", || *settings());
    handle.in_scope(|| {
        assert_eq!((*number(), *settings()), (7, 7));
        show("inside", || *number());
        show("inside, permanent", || *settings());
    });
    #[cfg(feature = "tokio")]
    {
        let [outside, inside] = [(); 2].map(|()| {
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().expect("a runtime")
        });
        handle.adopt(inside.handle());
        show_in_tasks("one is open elsewhere, in tasks on two workers", &outside, || *number());
        show_in_tasks("inside, in tasks on two workers", &inside, || *number());
    }
    let samples = (0..rounds()).map(|_| {
        let start = Instant::now();
        let cells = Sandbox::new().put(&NUMBER, 8).enter();
        assert_eq!(*number(), 8);
        drop(cells);
        start.elapsed().as_secs_f64() * 1e6
    });
    println!("{:52} {:7.2} us", "enter, put, read, leave", median(samples.collect()));
    drop(leave);
    drop(handle);
    other.join().expect("no panic");
}
