//! Everything that cells do, at random, on hundreds of threads and tasks; then the accounts must add up.
//!
//! ```text
//! CELLS_SOAK_SECONDS=600 cargo run --release -p cells-tests-soak
//! ```
//!
//! The run has rounds. In each, threads come and go, and tokio runtimes begin and end in every way; at its end they are
//! all gone, so that threads and memory can be compared. `CELLS_SOAK_SEED` repeats the random choices.

mod acts;
mod cast;
mod counts;
mod life;
mod process;

use fastrand::Rng;
use std::env;
use std::panic::set_hook;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::thread;
use std::time::{Duration, Instant};
use tokio::runtime::{Builder, Runtime};

const ROUNDS: u32 = 5;
/// Plain threads at a time.
const THREADS: usize = 64;
/// Tokio runtimes at a time, half of them on a thread of their own.
const RUNTIMES: usize = 6;
/// Tasks of each runtime.
const TASKS: usize = 32;
/// What the process may grow by after the first round, beside the table of lives.
const GROWTH: u64 = 24 << 20;

/// Whether the round is over.
static OVER: AtomicBool = AtomicBool::new(false);

fn number(variable: &str) -> Option<u64> {
    env::var(variable).ok()?.parse().ok()
}

/// Runs the soak.
///
/// # Panics
/// If something does not add up.
pub fn main() {
    let seconds = number("CELLS_SOAK_SECONDS").unwrap_or(10);
    let seed = number("CELLS_SOAK_SEED").unwrap_or_else(|| u64::from(std::process::id()));
    println!("CELLS_SOAK_SEED={seed}, {seconds} s");
    set_hook(Box::new(|panic| {
        // Elsewhere they are part of the soak, and are counted.
        if thread::current().name() == Some("main") {
            println!("{panic}");
        }
    }));
    process::abort_after(Duration::from_secs(seconds * 2 + 60));
    let mut random = Rng::with_seed(seed);
    cast::prepare();
    let before = process::threads();
    let resident = multi_thread();
    let round = Duration::from_secs(seconds) / ROUNDS;
    let (mut sizes, mut wrong) = (Vec::new(), Vec::new());
    for number in 1..=ROUNDS {
        play(&mut random, &resident, round);
        cast::clear(&resident);
        // The cell of `runtime = "own"` has one, to notice the end of the runtime.
        if !process::eventually(|| resident.metrics().num_alive_tasks() <= 1) {
            let tasks = resident.metrics().num_alive_tasks();
            wrong.push(format!("round {number} left {tasks} tasks in a runtime"));
        }
        sizes.push(process::resident_bytes().saturating_sub(life::table_bytes()));
        println!(
            "round {number}: {} payloads so far, {} KiB resident",
            life::made(),
            sizes.last().unwrap_or(&0) >> 10
        );
    }
    drop(resident);
    let report = cells::shutdown(Duration::from_secs(60));
    let left: Vec<_> = report.cells.iter().filter(|cell| life::is_left(cell.outcome)).collect();
    if !left.is_empty() {
        wrong.push(format!("the shutdown left {left:?}"));
    }
    counts::print();
    wrong.extend(life::mistakes());
    wrong.extend(counts::idle());
    // The library's timer is one thread.
    if !process::eventually(|| process::threads().len() <= before.len() + 1) {
        wrong.push(format!("threads before: {before:?}, after: {:?}", process::threads()));
    }
    let growth = sizes[sizes.len() - 1].saturating_sub(sizes[0]);
    println!("growth after the first round: {} KiB", growth >> 10);
    if growth > GROWTH {
        wrong.push(format!("the process grew by {growth} bytes: {sizes:?}"));
    }
    assert!(wrong.is_empty(), "CELLS_SOAK_SEED={seed}\n{}", wrong.join("\n"));
}

fn multi_thread() -> Runtime {
    Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime")
}

/// One round.
fn play(random: &mut Rng, resident: &Runtime, length: Duration) {
    OVER.store(false, SeqCst);
    thread::scope(|scope| {
        for _ in 0..THREADS {
            let mut random = random.fork();
            scope.spawn(move || {
                while !OVER.load(SeqCst) {
                    // Each of them makes room for the next.
                    let mut short = random.fork();
                    let acts = random.u32(1..500);
                    let thread = thread::spawn(move || {
                        for _ in 0..acts {
                            if OVER.load(SeqCst) {
                                break;
                            }
                            acts::in_thread(&mut short);
                        }
                    });
                    thread.join().expect("panics are caught");
                }
            });
        }
        for index in 0..RUNTIMES {
            let mut random = random.fork();
            scope.spawn(move || {
                while !OVER.load(SeqCst) {
                    runtime(&mut random, index % 2 == 0);
                }
            });
        }
        let tasks: Vec<_> = (0..TASKS).map(|_| resident.spawn(task(random.fork()))).collect();
        let start = Instant::now();
        while start.elapsed() < length {
            thread::sleep(length / 10);
            acts::on_all(random);
        }
        OVER.store(true, SeqCst);
        for task in tasks {
            resident.block_on(task).expect("panics are caught");
        }
    });
}

async fn task(mut random: Rng) {
    while !OVER.load(SeqCst) {
        acts::in_task(&mut random).await;
        tokio::task::yield_now().await;
    }
}

/// A runtime that ends with its tasks under way.
fn runtime(random: &mut Rng, many_threads: bool) {
    let length = Duration::from_millis(random.u64(5..200));
    let runtime = if many_threads {
        multi_thread()
    } else {
        Builder::new_current_thread().enable_all().build().expect("a runtime")
    };
    for _ in 0..TASKS {
        drop(runtime.spawn(task(random.fork())));
    }
    runtime.block_on(async { tokio::time::sleep(length).await });
    let (end, name): (fn(Runtime), _) = match random.u8(..3) {
        0 => (drop, "runtime: drop"),
        1 => (|runtime| runtime.shutdown_timeout(Duration::ZERO), "runtime: shutdown_timeout"),
        _ => (Runtime::shutdown_background, "runtime: shutdown_background"),
    };
    end(runtime);
    counts::count(name, "ok");
}
