//! Cells in tasks, and what one would use instead: the ready read, and many tasks that wait for one flight.

use super::turns::Contender;
use cells::{RuntimeCell, runtime_cell};
use moka::future::Cache;
use std::convert::Infallible;
use std::future::Future;
use std::hint::black_box;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, LazyLock};
use std::time::Duration;
use tokio::runtime::Runtime;
use tokio::sync::{Notify, OnceCell};

/// The number of tasks that wait for one flight.
pub(crate) const CROWD: usize = 64;
/// The number of flights in a round.
const FLIGHTS: u32 = 5;

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

pub(crate) fn runtime() -> Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_time().build().expect("a runtime")
}

/// A ready read in a task.
pub(crate) fn ready(runtime: &Runtime) -> Vec<Contender<'_>> {
    vec![
        reader("tokio OnceCell", runtime, || async { *ONCE_CELL.get_or_init(build).await }),
        reader("declared cell", runtime, || async { *declared().await }),
        reader("declared cell, fallible", runtime, || async { fallible().await.map_or(0, |value| *value) }),
        reader("RuntimeCell", runtime, || async {
            let value = FIELD.get_or_initialize_async(async || Ok::<_, Infallible>(build().await)).await;
            value.map_or(0, |value| *value)
        }),
        reader("moka try_get_with", runtime, || async {
            CACHE.try_get_with(1, async { Ok::<_, Infallible>(build().await) }).await.unwrap_or_default()
        }),
    ]
}

/// One flight, and many tasks that wait for it.
pub(crate) fn crowds(runtime: &Runtime) -> Vec<Contender<'_>> {
    vec![
        crowd("tokio OnceCell", runtime, || {
            let cell = Arc::new(OnceCell::new());
            move |gate: Arc<Notify>| {
                let cell = cell.clone();
                async move { *cell.get_or_init(|| async { slow(&gate).await }).await }
            }
        }),
        crowd("RuntimeCell", runtime, || {
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
        crowd("RuntimeCell, 1500 ms limit", runtime, || {
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
        crowd("moka try_get_with", runtime, || {
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
    ]
}

/// A factory that returns when the other tasks have started.
async fn slow(gate: &Notify) -> u64 {
    gate.notified().await;
    build().await
}

fn reader<'a, F: Future<Output = u64>>(
    name: &'static str,
    runtime: &'a Runtime,
    read: impl Fn() -> F + Sync + 'a,
) -> Contender<'a> {
    let work = move |times| {
        runtime.block_on(async {
            for _ in 0..times {
                black_box(read().await);
            }
        });
    };
    Contender::new(name, [Box::new(work)])
}

/// `make` creates an empty cell and returns what each task calls.
fn crowd<'a, C, F>(
    name: &'static str,
    runtime: &'a Runtime,
    make: impl Fn() -> C + Sync + 'a,
) -> Contender<'a>
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
    Contender::fixed(name, FLIGHTS, work)
}
