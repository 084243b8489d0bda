//! The cells.

use crate::acts;
use crate::life::{self, Life};
use cells::{
    BoxError, CloseResult, CloseStatus, Disposer, FactoryAdjuster, InitResult, Observer, Ref, RuntimeCell,
    runtime_cell,
};
use std::panic::resume_unwind;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::time::Duration;
use tokio::runtime::Runtime;

/// How many permanent cells there are.
pub(crate) const PERMANENT: usize = 2;

/// What a factory does before it makes its payload: it yields, fails, or panics.
fn begin() -> Result<(), BoxError> {
    static RUNS: AtomicU64 = AtomicU64::new(0);
    let run = RUNS.fetch_add(1, SeqCst);
    for _ in 0..run % 4 {
        std::thread::yield_now();
    }
    match run % 17 {
        3 => Err("a factory's error".into()),
        11 => resume_unwind(Box::new("a factory's panic")),
        _ => Ok(()),
    }
}

async fn begin_async() -> Result<(), BoxError> {
    cells_test_support::yield_now().await;
    begin()
}

/// Fails, panics and tries again now and then.
struct Adjuster;

impl FactoryAdjuster<Life> for Adjuster {
    fn adjust(&self, _: &str, factory: &mut dyn FnMut() -> Result<Life, BoxError>) -> Result<Life, BoxError> {
        static CALLS: AtomicU64 = AtomicU64::new(0);
        match CALLS.fetch_add(1, SeqCst) % 19 {
            5 => Err("an adjuster's error".into()),
            7 => resume_unwind(Box::new("an adjuster's panic")),
            _ => factory().or_else(|_| factory()),
        }
    }
}

/// Uses the payload, and panics now and then.
struct Watcher;

impl Watcher {
    fn sometimes_panics() {
        static CALLS: AtomicU64 = AtomicU64::new(0);
        if CALLS.fetch_add(1, SeqCst) % 101 == 50 {
            resume_unwind(Box::new("an observer's panic"));
        }
    }
}

impl Observer for Watcher {
    fn on_init_start(&self, _: &str, _: u64, _: Option<&cells::InitContext>) {
        Self::sometimes_panics();
    }

    fn on_init_end(&self, event: &InitResult<'_>) {
        if let Some(life) = event.payload.and_then(|payload| payload.downcast_ref::<Life>()) {
            life.touch();
        }
        Self::sometimes_panics();
    }

    fn on_close_end(&self, event: &CloseResult) {
        life::closed(event);
        Self::sometimes_panics();
    }
}

#[runtime_cell(eager, dispose = Life::dispose, wait_timeout = "20ms", cooldown = "1ms")]
pub(crate) fn root() -> Result<Life, BoxError> {
    begin()?;
    Ok(Life::make())
}

#[runtime_cell(dispose = Life::dispose, wait_timeout = "20ms", max_waiters = 8, adjuster = Adjuster, linger = "1ms")]
pub(crate) fn lent(root: &Life) -> Result<Life, BoxError> {
    begin()?;
    root.touch();
    Ok(Life::make())
}

/// A payload that keeps another.
pub(crate) struct Keeper {
    life: Option<Life>,
    kept: Ref<'static, Life>,
}

impl Keeper {
    pub(crate) fn touch(&self) {
        self.life.iter().for_each(Life::touch);
        self.kept.touch();
    }

    fn dispose(mut self) -> Result<(), BoxError> {
        self.touch();
        self.life.take().map_or(Ok(()), Life::dispose)
    }
}

#[runtime_cell(eager, dispose = Keeper::dispose, wait_timeout = "20ms", cooldown = "1ms")]
pub(crate) fn keeper(lent: Ref<'static, Life>) -> Result<Keeper, BoxError> {
    begin()?;
    Ok(Keeper { life: Some(Life::make()), kept: lent })
}

/// Calls another cell's accessor.
#[runtime_cell(dispose = Life::dispose, wait_timeout = "20ms", after = [LENT])]
pub(crate) fn calling() -> Result<Life, BoxError> {
    begin()?;
    root()?.touch();
    Ok(Life::make())
}

#[runtime_cell(dispose = Life::dispose, wait_timeout = "20ms", cooldown = "1ms")]
pub(crate) async fn task(root: &Life) -> Result<Life, BoxError> {
    begin_async().await?;
    root.touch();
    Ok(Life::make())
}

fn is_fatal(_: &BoxError) -> bool {
    static ERRORS: AtomicU64 = AtomicU64::new(0);
    ERRORS.fetch_add(1, SeqCst) & 1 == 0
}

/// Too old after a moment, and at an end soon after it.
#[runtime_cell(
    fresh = "1ms",
    expires = "5ms",
    fatal = is_fatal,
    retry = 1,
    backoff = "1ms..2ms",
    cooldown = "1ms..4ms",
    adjuster = Adjuster,
    dispose = Life::dispose,
    wait_timeout = "20ms"
)]
pub(crate) fn aged(root: &Life) -> Result<Life, BoxError> {
    begin()?;
    root.touch();
    Ok(Life::make())
}

/// The same without an end of its own, refreshed by tasks.
#[runtime_cell(fresh = "2ms", linger = "20ms", cooldown = "1ms..4ms", dispose = Life::dispose, wait_timeout = "20ms")]
pub(crate) async fn aged_task(root: &Life) -> Result<Life, BoxError> {
    begin_async().await?;
    root.touch();
    Ok(Life::make())
}

/// Ends at its own time, and is refreshed without being asked.
#[runtime_cell(
    fresh = "1ms",
    eager_refresh,
    expires = Life::lives,
    dispose = Life::dispose,
    wait_timeout = "20ms"
)]
pub(crate) fn aged_eagerly() -> Result<Life, BoxError> {
    begin()?;
    Ok(Life::make())
}

#[runtime_cell(provided, dispose = Life::dispose_later, wait_timeout = "20ms")]
pub(crate) async fn later(task: Ref<'static, Life>) -> Result<Life, BoxError> {
    begin_async().await?;
    task.touch();
    Ok(Life::make_later())
}

#[runtime_cell(detached, dispose = Life::dispose, wait_timeout = "50ms")]
pub(crate) async fn detached(task: &Life) -> Result<Life, BoxError> {
    begin_async().await?;
    task.touch();
    later().await?.touch();
    Ok(Life::make())
}

#[runtime_cell(blocking, dispose = Life::dispose, wait_timeout = "50ms")]
pub(crate) fn blocking(root: &Life) -> Result<Life, BoxError> {
    begin()?;
    root.touch();
    Ok(Life::make())
}

#[runtime_cell(runtime = "own", dispose = Life::dispose, wait_timeout = "20ms")]
pub(crate) async fn own(root: &Life) -> Result<Life, BoxError> {
    begin_async().await?;
    root.touch();
    Ok(Life::make())
}

#[runtime_cell(permanent, dispose = Life::farewell, wait_timeout = "20ms")]
pub(crate) fn fixed() -> Result<Life, BoxError> {
    begin()?;
    Ok(Life::make_permanent())
}

#[runtime_cell(permanent, dispose = Life::farewell, wait_timeout = "20ms")]
pub(crate) fn fixed_too(fixed: &Life) -> Result<Life, BoxError> {
    begin()?;
    fixed.touch();
    Ok(Life::make_permanent())
}

/// Cells that belong to the soak.
pub(crate) static BARE: RuntimeCell<Life> = RuntimeCell::new("bare")
    .disposer(Disposer::with(Life::dispose))
    .wait_timeout(Duration::from_millis(5))
    .max_waiters(16)
    .cooldown(Duration::from_micros(500));
pub(crate) static BARE_LATER: RuntimeCell<Life> = RuntimeCell::new("bare later")
    .disposer(Disposer::with_async(Life::dispose_later))
    .wait_timeout(Duration::from_millis(5));

pub(crate) fn build() -> Result<Life, BoxError> {
    begin()?;
    Ok(Life::make())
}

pub(crate) async fn build_later() -> Result<Life, BoxError> {
    begin_async().await?;
    Ok(Life::make_later())
}

pub(crate) fn prepare() {
    cells::set_global_observer(Arc::new(Watcher));
    BARE.configure_observer(Arc::new(Watcher));
}

/// Closes everything; nothing may be left in use.
pub(crate) fn clear(runtime: &Runtime) {
    acts::let_go_of_all();
    let limit = Duration::from_secs(20);
    let report = runtime.block_on(cells::close_all_async(limit));
    let left: Vec<_> = report.cells.iter().filter(|cell| life::is_left(cell.outcome)).collect();
    assert!(left.is_empty(), "after a round are left {left:?}");
    assert_ne!(BARE.close_and_drain(limit).status, CloseStatus::Draining);
    assert_ne!(runtime.block_on(BARE_LATER.close_and_drain_async(limit)).status, CloseStatus::Draining);
    // They are built once, and stay: the shutdown at the end finds both.
    while fixed_too().is_err() {}
}
