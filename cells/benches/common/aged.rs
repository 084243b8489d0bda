//! Values that are too old after a while: a cell, and what one would use instead, each with the same source.
//!
//! Each source can be slow, and can fail; the values of each live equally long. Those that are for tasks are asked by
//! threads that block on them, one runtime for all.

use arc_swap::ArcSwapOption;
use cells::{BoxError, runtime_cell};
use moka::{future, sync};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock};
use std::thread;
use std::time::Duration;
use tokio::runtime::Runtime;

/// How long a value is fresh.
pub(crate) const LIFE: Duration = Duration::from_millis(200);
/// How long a cell's payload may be used. Nothing else has two ages.
const USABLE: Duration = Duration::from_secs(2);
/// How long a source takes.
pub(crate) const FETCH: Duration = Duration::from_millis(20);

/// Where a contender has its value from.
pub(crate) struct Source {
    pub(crate) fetched: AtomicUsize,
    pub(crate) fails: AtomicBool,
    value: AtomicU64,
}

impl Source {
    const fn new() -> Self {
        Self { fetched: AtomicUsize::new(0), fails: AtomicBool::new(false), value: AtomicU64::new(0) }
    }

    fn fetch(&self) -> Result<u64, String> {
        thread::sleep(FETCH);
        self.fetched()
    }

    async fn fetch_async(&self) -> Result<u64, String> {
        tokio::time::sleep(FETCH).await;
        self.fetched()
    }

    fn fetched(&self) -> Result<u64, String> {
        self.fetched.fetch_add(1, Ordering::Relaxed);
        if self.fails.load(Ordering::Relaxed) {
            return Err("the source fails".to_owned());
        }
        Ok(self.value.fetch_add(1, Ordering::Relaxed) + 1)
    }
}

pub(crate) struct Aged {
    pub(crate) name: &'static str,
    pub(crate) source: &'static Source,
    pub(crate) get: fn() -> Result<u64, String>,
}

static RUNTIME: LazyLock<Runtime> = LazyLock::new(super::tasks::runtime);

macro_rules! sources {
    ($($name:ident)*) => { $(static $name: Source = Source::new();)* };
}
sources! { OF_FRESH OF_BOTH OF_ENDING OF_TASK OF_MOKA OF_MOKA_TASK OF_CACHED OF_SWAPPED }

/// As text, which every contender can return.
fn text<T: Copy>(got: Result<cells::Ref<'static, T>, cells::Error>) -> Result<T, String> {
    got.map(|lease| *lease).map_err(|error| error.to_string())
}

#[runtime_cell(fresh = LIFE)]
fn fresh() -> Result<u64, BoxError> {
    Ok(OF_FRESH.fetch()?)
}

#[runtime_cell(fresh = LIFE, expires = USABLE, cooldown = "1s")]
fn both() -> Result<u64, BoxError> {
    Ok(OF_BOTH.fetch()?)
}

#[runtime_cell(expires = LIFE, cooldown = "1s")]
fn ending() -> Result<u64, BoxError> {
    Ok(OF_ENDING.fetch()?)
}

#[runtime_cell(fresh = LIFE, expires = USABLE, cooldown = "1s")]
async fn task() -> Result<u64, BoxError> {
    Ok(OF_TASK.fetch_async().await?)
}

fn moka() -> Result<u64, String> {
    static CACHE: LazyLock<sync::Cache<(), u64>> =
        LazyLock::new(|| sync::Cache::builder().max_capacity(1).time_to_live(LIFE).build());
    CACHE.try_get_with((), || OF_MOKA.fetch()).map_err(|error| error.to_string())
}

fn moka_task() -> Result<u64, String> {
    static CACHE: LazyLock<future::Cache<(), u64>> =
        LazyLock::new(|| future::Cache::builder().max_capacity(1).time_to_live(LIFE).build());
    RUNTIME.block_on(CACHE.try_get_with((), OF_MOKA_TASK.fetch_async())).map_err(|error| error.to_string())
}

#[cached::macros::once(ttl_millis = 200, sync_writes = true)]
fn cached() -> Result<u64, String> {
    OF_CACHED.fetch()
}

/// Fetched by a thread, in time: what one writes by hand.
fn swapped() -> Result<u64, String> {
    static VALUE: LazyLock<&'static ArcSwapOption<u64>> = LazyLock::new(|| {
        let value: &'static _ =
            Box::leak(Box::new(ArcSwapOption::new(OF_SWAPPED.fetch().ok().map(Arc::new))));
        thread::spawn(move || {
            loop {
                thread::sleep(LIFE);
                if let Ok(next) = OF_SWAPPED.fetch() {
                    value.store(Some(Arc::new(next)));
                }
            }
        });
        value
    });
    VALUE.load().as_ref().map(|value| **value).ok_or_else(|| "there is no value".to_owned())
}

pub(crate) fn contenders() -> Vec<Aged> {
    let aged = |name, source, get| Aged { name, source, get };
    vec![
        aged("cell, `fresh`", &OF_FRESH, || text(fresh())),
        aged("cell, `fresh` and `expires`", &OF_BOTH, || text(both())),
        aged("cell, `expires` alone", &OF_ENDING, || text(ending())),
        aged("cell, async, both", &OF_TASK, || RUNTIME.block_on(async { text(task().await) })),
        aged("moka sync, `time_to_live`", &OF_MOKA, moka),
        aged("moka future, `time_to_live`", &OF_MOKA_TASK, moka_task),
        aged("cached `once(ttl)`, `sync_writes`", &OF_CACHED, cached),
        aged("arc-swap, a refresher thread", &OF_SWAPPED, swapped),
    ]
}
