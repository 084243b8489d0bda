#![doc = include_str!("../README.md")]
#![doc = include_str!("reference.md")]
#![deny(unsafe_code)]
// docs.rs shows which feature an item needs; its compiler is a nightly. The guide is there whenever there is documentation.
#![cfg_attr(docsrs, feature(doc_cfg), doc(auto_cfg(hide(doc, doctest))))]

#[cfg(target_family = "wasm")]
compile_error!("`runtime-cells` does not support WebAssembly: its linker cannot make the list of all cells");
#[cfg(not(target_has_atomic = "64"))]
compile_error!("`runtime-cells` needs atomics of 64 bits, which this target does not have");

#[doc(hidden)]
#[path = "private.rs"]
#[allow(missing_docs, reason = "only expansions of the macro use it")]
pub mod __private010;
mod cell;
mod check;
mod declared;
mod error;
mod flight;
#[allow(unsafe_code, reason = "the linker gives no more than the two ends of a section")]
mod image;
mod info;
mod lifetime;
mod observe;
mod payload;
mod picture;
mod program;
mod shared_error;
mod sync;
mod text;

pub use cell::cell_base::CellBase;
pub use cell::closable_cell::ClosableCell;
pub use cell::provide::{ProvideError, ProvideRefusal};
pub use cell::runtime_cell::RuntimeCell;
pub use cell::seed::{SeedError, SeedRefusal};
pub use cell::snapshot::CellSnapshot;
pub use cell::snapshot::State;
pub use cells_macros::runtime_cell;
pub use declared::any_cell::AnyCell;
pub use declared::async_cell::{AsyncCell, DeclaredAsync};
pub use declared::cell_of::CellOf;
pub use declared::cell_static::CellStatic;
pub use declared::factory_cell::FactoryCell;
pub use declared::permanent_cell::{DeclaredPermanent, PermanentCell};
pub use declared::static_cell::{Declared, StaticCell};
pub use error::{BoxError, Error, LifecycleError, Panic, SharedError, UnavailableError, find_error};
pub use flight::adjuster::{AsyncFactoryAdjuster, FactoryAdjuster, NoopFactoryAdjuster};
pub use flight::frames::outside;
pub use info::{CellInfo, Dependency, DependencyKind};
pub use lifetime::IntoLifetime;
pub use observe::context::{ContextGuard, InitContext, RequestContext};
pub use observe::counts::CellCounts;
pub use observe::notices::{
    CoolingDown, Draining, Expired, FailureRecorded, Provided, RejectReason, Retrying, Seeded, Stale,
    WaitRejected,
};
pub use observe::observer::{
    CloseError, CloseResult, CloseStatus, InitResult, InitStatus, NullObserver, Observer,
};
pub use observe::observers::set_global_observer;
pub use observe::timeline::{Timeline, TimelineEvent};
pub use observe::timeline_observer::TimelineObserver;
pub use payload::disposer::{Abandoned, Close, Disposer};
pub use payload::lease::{MappedRef, Ref};
pub use payload::read_path::ReadPath;
pub use payload::threads::{read_path, use_fences};
pub use picture::act::{PageAction, PageActionError};
pub use picture::page::{Page, page};
pub use program::all_cells::{all, snapshot};
pub use program::close_all::{close_all, close_all_async};
pub use program::ending::{ShuttingDown, shutting_down, wait_for_shutdown};
pub use program::graph::{Graph, GraphEdge, GraphNode, graph};
pub use program::health::{HealthProbe, health, health_async};
pub use program::health_report::{Health, Trouble, Verdict};
pub use program::progress::Progress;
pub use program::refresh_on::{
    RefreshEnd, RefreshOn, RefreshOnReport, RefreshableCell, refresh_on, refresh_on_each,
};
pub use program::shutdown::{ShutdownGuard, shutdown, shutdown_async, shutdown_on_drop};
pub use program::shutdown_options::ShutdownOptions;
pub use program::shutdown_report::{ClosedCell, ShutdownError, ShutdownOutcome, ShutdownReport};
pub use program::startup::{StartedCell, Startup, startup};
#[cfg(feature = "signal")]
pub use program::termination::{Termination, termination};
pub use program::untyped::{AnyRef, find};
pub use program::warm_up::{WarmUp, warm_up, warm_up_all};
pub use program::warm_up_report::{WarmUpError, WarmUpOutcome, WarmUpReport, WarmedCell};
pub use shared_error::keep;
pub use sync::executor::{BoxFuture, RuntimeBlocked};

#[cfg(any(doc, doctest))]
pub mod guide;

/// Metrics of cells, by the facade of the crate `metrics` (feature `metrics`).
///
/// Install a recorder, then the observer, and let [`collect`](metrics::collect) set the gauges before each scrape:
///
/// ```
/// use std::sync::Arc;
///
/// // Any recorder, for example `metrics_exporter_prometheus::PrometheusBuilder::new().install_recorder()`.
/// cells::metrics::describe();
/// cells::set_global_observer(Arc::new(cells::metrics::MetricsObserver));
///
/// fn scrape() {
///     cells::metrics::collect();
///     // Render what the recorder has.
/// }
/// # scrape();
/// ```
///
/// | metric | labels | what |
/// |---|---|---|
/// | `cells_init_seconds` (histogram) | `cell`, `status`: `ok`, `error`, `panicked`, `superseded`, `cancelled` | how long a flight took; its count is the number of flights |
/// | `cells_init_own_seconds` (histogram) | the same | the same without the waits for other cells |
/// | `cells_dispose_seconds` (histogram) | `cell`, `status`: `ok`, `error` | from the end of a payload to the end of its disposal, leases that were out included; its count is the number of disposals |
/// | `cells_retries_total` | `cell` | attempts that failed and were followed by another one |
/// | `cells_rejected_total` | `cell`, `reason`: `waiters_full`, `wait_timeout` | calls that might not wait, or not any longer |
/// | `cells_cooling_total` | `cell` | calls that were refused in a cooldown |
/// | `cells_recorded_failures_total` | `cell` | calls of `record_failure` |
/// | `cells_provided_total` | `cell` | values that the program has provided |
/// | `cells_stale_total`, `cells_expired_total` | `cell` | refreshes because of a payload's age; payloads that ended by it |
/// | `cells_drained_total` | `cell` | retired payloads that were left to their last lease |
/// | `cells_ready`, `cells_generation`, `cells_leases`, `cells_waiters`, `cells_flights`, `cells_draining` (gauges) | `cell` | what a [`CellSnapshot`] says, as of the last [`collect`](metrics::collect) |
///
/// The label `cell` is the cell's name. Names are part of the program's text, so there are as many values as the program has
/// names: cells with the same name (the cells of several runtimes, bare cells in a loop) share their metrics, and of their
/// gauges the last one is seen. The gauges are those of declared cells. In the observer a panic of the recorder is caught
/// and logged, as that of any observer.
#[cfg(feature = "metrics")]
pub mod metrics {
    pub use crate::observe::metrics_observer::{MetricsObserver, describe};
    pub use crate::program::gauges::collect;
}

/// Helpers for tests of programs that use cells.
///
/// # Cells of their own
///
/// With the feature `testing` there is `Sandbox`, in which every declared cell is the test's own. That belongs in the
/// `[dev-dependencies]` of a program: with the feature, a read of a permanent cell has one load more.
///
/// Inside a sandbox are the thread that entered it; with the feature `tokio` everything that runs on the runtime on which it
/// was entered; what a `SandboxHandle` takes in; and whatever the library itself runs for its cells. What else the program
/// starts (threads of its own, another runtime, a pool of threads) is not, unless a handle takes it in: it means the
/// process's cells. What runs on after the sandbox was left gets
/// [`UnavailableError::ShutDown`].
///
/// The cells of a sandbox are never freed, some hundreds of bytes for each that was asked for, and neither are the payloads of
/// permanent ones.
///
/// # Payloads from the test
///
/// [`seed`](ClosableCell::seed) puts a ready-made payload into a cell. It is refused unless one of these allows it, so that
/// production code cannot come to depend on it:
///
/// - the environment variable `CELLS_ALLOW_SEED` is `1`, `true`, `yes` or `on`, in upper or lower case;
/// - a permit from [`allow_seeding`](testing::allow_seeding) is held, by whichever thread or task;
/// - the cell is declared in a crate that is compiled for its own unit tests (`cfg(test)`);
/// - the caller is in a sandbox.
pub mod testing {
    pub use crate::cell::seed::{SeedPermit, allow_seeding};
    #[cfg(feature = "testing")]
    pub use crate::declared::sandboxed::{AsyncSandboxCell, SandboxCell};
    #[cfg(feature = "testing")]
    pub use crate::program::at_exit::shutdown_at_exit;
    #[cfg(feature = "testing")]
    pub use crate::program::entered::{EnteredSandbox, SandboxHandle};
    pub use crate::program::findings::{CheckReport, Finding, FindingKind, check};
    #[cfg(feature = "testing")]
    pub use crate::program::sandbox::Sandbox;
}
