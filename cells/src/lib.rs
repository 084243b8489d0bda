#![doc = include_str!("../README.md")]
#![doc = include_str!("reference.md")]
#![deny(unsafe_code)]

#[doc(hidden)]
#[path = "private.rs"]
#[allow(missing_docs, reason = "the macro's alone")]
pub mod __private;
mod adjust;
mod any_cell;
mod async_cell;
mod building;
mod cell;
mod clock;
mod close;
mod context;
mod control;
#[expect(unsafe_code, reason = "the protocol of ready reads")]
mod counters;
mod crew;
mod dependents;
mod dispose;
mod drain;
mod erased;
mod error;
mod flight;
mod fly;
mod graph;
mod hook;
mod info;
#[cfg(not(any(loom, shuttle)))]
mod latch;
#[expect(unsafe_code, reason = "types for what `counters` counts")]
mod lease;
mod log;
mod machine;
#[cfg(feature = "serde")]
mod micros;
mod observe;
mod observed;
mod obtain;
mod order;
mod outcome;
mod payload;
mod permanent;
mod registry;
mod runtime;
#[allow(unsafe_code, reason = "the linker tells no more of a section than its ends")]
mod section;
mod seed;
mod shutdown;
mod snapshot;
mod static_cell;
mod sync;
mod table;
mod task;
mod timeline;
mod timeline_observer;
mod timer;
#[cfg(feature = "tokio")]
mod tokio_runtime;
mod wait;
mod warm_up;
mod watchers;

pub use adjust::{AsyncFactoryAdjuster, FactoryAdjuster, NoopFactoryAdjuster};
pub use any_cell::AnyCell;
pub use async_cell::{AsyncCell, DeclaredAsync};
pub use cell::RuntimeCell;
pub use cells_macros::runtime_cell;
pub use context::{ContextGuard, InitContext, RequestContext};
pub use control::State;
pub use counters::ReadPath;
pub use dispose::{Abandoned, BoxFuture, Close, Disposer};
pub use error::{BoxError, Error, LifecycleError, Panic, SharedError, UnavailableError};
pub use graph::{Graph, GraphEdge, GraphNode, graph};
pub use info::{CellInfo, Dependency, DependencyKind};
pub use lease::{Ref, read_path};
pub use observe::{CloseError, CloseResult, CloseStatus, InitResult, InitStatus, NullObserver, Observer};
pub use permanent::{DeclaredPermanent, PermanentCell};
pub use registry::{all, snapshot};
pub use seed::{SeedError, SeedRefusal};
pub use shutdown::{
    ClosedCell, ShutdownGuard, ShutdownOutcome, ShutdownReport, close_all, close_all_async, shutdown,
    shutdown_async, shutdown_on_drop,
};
pub use snapshot::CellSnapshot;
pub use static_cell::{Declared, StaticCell};
pub use timeline::{Timeline, TimelineEvent};
pub use timeline_observer::TimelineObserver;
pub use warm_up::{WarmUp, WarmUpOutcome, WarmUpReport, WarmedCell, warm_up, warm_up_all};
pub use watchers::set_global_observer;

/// Helps for tests of programs that use cells.
///
/// [`RuntimeCell::seed`] puts a ready-made payload into a cell. It works where one of these allows it, and is
/// refused elsewhere, so that no production path comes to depend on it:
///
/// - the environment variable `CELLS_ALLOW_SEED` is `1`, `true`, `yes` or `on`, in any case;
/// - the calling thread holds a permit of [`allow_seeding`](testing::allow_seeding);
/// - the cell is declared in a crate that is compiled for its own unit tests (`cfg(test)`).
pub mod testing {
    pub use crate::seed::{SeedPermit, allow_seeding};
}
