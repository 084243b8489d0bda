//! Cells in tasks, compared with what one would use instead: the ready read, and many tasks that wait for one flight.
//!
//! `cargo bench -p cells-benches --bench tasks` prints medians, and each as a multiple of tokio's `OnceCell`. The contenders take
//! turns in short rounds, so that disturbances hit all of them alike; only ratios can be compared between machines.

use cells::{RuntimeCell, runtime_cell};
use moka::future::Cache;
use std::convert::Infallible;
use std::future::Future;
use std::hint::black_box;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;
use tokio::sync::{Notify, OnceCell};

const ROUNDS: usize = 101;
/// The minimum time of a round of ready reads.
const ROUND: Duration = Duration::from_millis(2);
/// The number of tasks that wait for one flight.
const CROWD: usize = 64;
/// The number of flights in a round.
const FLIGHTS: u32 = 20;

static ONCE_CELL: OnceCell<u64> = OnceCell::const_new();
static FIELD: RuntimeCell<u64> = RuntimeCell::new("field");
static CACHE: LazyLock<Cache<u8, u64>> = LazyLock::new(|| Cache::new(8));

#[runtime_cell]
async fn declared() -> u64 {
    build().await
}

#[runtime_cell]
async fn fallible() -> Result<u64, Infallible> {
    Ok(build().await)
}

async fn build() -> u64 {
    black_box(42)
}

fn main() {
    // Cargo runs it without `--bench` only to test that it runs.
    let rounds = if std::env::args().any(|argument| argument == "--bench") { ROUNDS } else { 1 };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_time()
        .build()
        .expect("a runtime");

    let mut ready = [
        Contender::new("tokio OnceCell", &runtime, || async { *ONCE_CELL.get_or_init(build).await }),
        Contender::new("declared cell", &runtime, || async { *declared().await }),
        Contender::new("declared cell, fallible", &runtime, || async {
            fallible().await.map_or(0, |value| *value)
        }),
        Contender::new("RuntimeCell", &runtime, || async {
            let value = FIELD.get_or_initialize_async(async || Ok::<_, Infallible>(build().await)).await;
            value.map_or(0, |value| *value)
        }),
        Contender::new("moka try_get_with", &runtime, || async {
            CACHE.try_get_with(1, async { Ok::<_, Infallible>(build().await) }).await.unwrap_or_default()
        }),
    ];
    print("ready get().await, ns", &mut ready, rounds);

    let mut crowds = [
        Contender::crowd("tokio OnceCell", &runtime, || {
            let cell = Arc::new(OnceCell::new());
            move |gate: Arc<Notify>| {
                let cell = cell.clone();
                async move { *cell.get_or_init(|| async { slow(&gate).await }).await }
            }
        }),
        Contender::crowd("RuntimeCell", &runtime, || {
            let cell = Arc::new(RuntimeCell::<u64>::new("crowd").wait_timeout(Duration::ZERO));
            move |gate: Arc<Notify>| {
                let cell = cell.clone();
                async move {
                    let value = cell
                        .get_or_initialize_async(|| async { Ok::<_, Infallible>(slow(&gate).await) })
                        .await;
                    value.map_or(0, |value| *value)
                }
            }
        }),
        Contender::crowd("RuntimeCell, 1500 ms limit", &runtime, || {
            let cell = Arc::new(RuntimeCell::<u64>::new("crowd"));
            move |gate: Arc<Notify>| {
                let cell = cell.clone();
                async move {
                    let value = cell
                        .get_or_initialize_async(|| async { Ok::<_, Infallible>(slow(&gate).await) })
                        .await;
                    value.map_or(0, |value| *value)
                }
            }
        }),
        Contender::crowd("moka try_get_with", &runtime, || {
            let cache = Cache::<u8, u64>::new(8);
            move |gate: Arc<Notify>| {
                let cache = cache.clone();
                async move {
                    cache
                        .try_get_with(1, async { Ok::<_, Infallible>(slow(&gate).await) })
                        .await
                        .unwrap_or_default()
                }
            }
        }),
    ];
    println!();
    print(&format!("one flight, {CROWD} tasks, ns"), &mut crowds, rounds);
}

/// A factory that returns when the other tasks have started.
async fn slow(gate: &Notify) -> u64 {
    gate.notified().await;
    build().await
}

struct Contender<'a> {
    name: &'static str,
    /// Does its work the given number of times.
    work: Box<dyn Fn(u32) + 'a>,
    /// How many times that is in a round.
    times: u32,
}

impl<'a> Contender<'a> {
    fn new<F: Future<Output = u64>>(
        name: &'static str,
        runtime: &'a Runtime,
        read: impl Fn() -> F + 'a,
    ) -> Self {
        let work = move |times| {
            runtime.block_on(async {
                for _ in 0..times {
                    black_box(read().await);
                }
            });
        };
        let mut times = 1 << 10;
        while time(|| work(times)) < ROUND {
            times *= 2;
        }
        Self { name, work: Box::new(work), times }
    }

    /// `make` creates an empty cell and returns what each task calls.
    fn crowd<C, F>(name: &'static str, runtime: &'a Runtime, make: impl Fn() -> C + 'a) -> Self
    where
        C: Fn(Arc<Notify>) -> F,
        F: Future<Output = u64> + Send + 'static,
    {
        let work = move |times| {
            runtime.block_on(async {
                for _ in 0..times {
                    let (call, gate) = (make(), Arc::new(Notify::new()));
                    let arrived = Arc::new(AtomicUsize::new(0));
                    let tasks: Vec<_> = (0..CROWD)
                        .map(|_| {
                            let (call, arrived) = (call(gate.clone()), arrived.clone());
                            tokio::spawn(async move {
                                arrived.fetch_add(1, Relaxed);
                                call.await
                            })
                        })
                        .collect();
                    while arrived.load(Relaxed) < CROWD {
                        tokio::task::yield_now().await;
                    }
                    gate.notify_one();
                    for task in tasks {
                        black_box(task.await.expect("no task panics"));
                    }
                }
            });
        };
        Self { name, work: Box::new(work), times: FLIGHTS }
    }
}

fn time(work: impl FnOnce()) -> Duration {
    let start = Instant::now();
    work();
    start.elapsed()
}

/// Measures the contenders in turn, and prints a row for each.
fn print(what: &str, contenders: &mut [Contender<'_>], rounds: usize) {
    let mut samples = vec![Vec::new(); contenders.len()];
    for _ in 0..rounds {
        for (contender, samples) in contenders.iter().zip(&mut samples) {
            let took = time(|| (contender.work)(contender.times));
            samples.push(took.as_secs_f64() * 1e9 / f64::from(contender.times));
        }
    }
    let medians: Vec<_> = samples
        .into_iter()
        .map(|mut samples| {
            samples.sort_unstable_by(f64::total_cmp);
            samples[samples.len() / 2]
        })
        .collect();
    println!("{what:<28}{:>14}{:>9}", "median", "ratio");
    for (contender, median) in contenders.iter().zip(&medians) {
        println!("{:<28}{median:>14.1}{:>9.2}", contender.name, median / medians[0]);
    }
}
