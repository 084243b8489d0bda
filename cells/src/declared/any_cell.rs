//! A declared cell of any type and kind, for code that works on all cells.

use crate::cell::cell_base::CellBase;
use crate::cell::close::Closing;
use crate::cell::get_async;
use crate::cell::initializer::Initializer;
#[cfg(feature = "tokio")]
use crate::cell::on_tokio;
use crate::cell::raw_cell::RawCell;
use crate::cell::snapshot::State;
#[cfg(feature = "testing")]
use crate::cell::twin::TwinFactory;
use crate::cell::wait_budget::Purpose;
use crate::error::{BoxError, Error, LifecycleError, SharedError};
use crate::flight::adjuster::{Adjuster, AsyncAdjuster};
use crate::flight::frames::{self, Caller};
use crate::flight::observed_calls;
use crate::flight::single_flight::Flight;
use crate::info::CellInfo;
use crate::observe::hook::Hook;
use crate::observe::observer::{CloseResult, CloseStatus};
use crate::observe::span::Parent;
use crate::payload::drain::Drain;
use crate::payload::lease::{AnyPayload, Lease};
use crate::sync::block_on::block_on;
use crate::sync::clock::deadline;
use crate::sync::executor::{Blocked, BoxFuture, RuntimeBlocked};
use std::fmt;
use std::ops::Deref;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A declared cell, without the type of its payload.
///
/// It dereferences to a [`CellBase`], which has its name and state.
///
/// ```
/// use cells::{AnyCell, runtime_cell};
///
/// #[runtime_cell]
/// fn limit() -> u32 {
///     100
/// }
///
/// #[runtime_cell]
/// fn names() -> Vec<String> {
///     vec!["tea".to_owned()]
/// }
///
/// static CACHES: [AnyCell; 2] = [LIMIT.any(), NAMES.any()];
///
/// drop((limit(), names()));
/// let ready: Vec<_> = CACHES.iter().filter(|cell| cell.is_ready()).map(|cell| cell.name()).collect();
/// assert_eq!(ready, ["limit", "names"]);
/// assert!(CACHES.contains(&LIMIT.any()));
/// ```
#[doc(alias("type erasure", "registry"))]
#[derive(Clone, Copy)]
pub struct AnyCell(Kind);

#[derive(Clone, Copy)]
enum Kind {
    Plain(&'static CellBase),
    Async(&'static dyn AnyAsyncCell),
    /// Only a shutdown ends it.
    Permanent(&'static dyn AnyPermanentCell),
}

/// An [`AsyncCell`](crate::AsyncCell) of any type.
pub(crate) trait AnyAsyncCell: Sync {
    /// The declared cell, which is the cell of callers outside of any runtime.
    fn declared(&self) -> &RawCell;
    /// The cell of the caller's runtime, if each runtime has its own; else the declared one.
    fn here(&self) -> &CellBase;
    /// All its cells: the declared one first, and those of runtimes that have their own, or also of those that had.
    fn everywhere(&self, ended: bool) -> Vec<&RawCell>;
    /// Whether a flight runs as a task of its own.
    #[cfg(feature = "tokio")]
    fn is_detached(&self) -> bool;
    fn adjuster(&self) -> &Hook<dyn AsyncAdjuster>;
    /// Runs the factory.
    fn build(&'static self) -> BoxFuture<'static, Result<AnyPayload, BoxError>>;
}

/// A [`PermanentCell`](crate::PermanentCell) of any type.
pub(crate) trait AnyPermanentCell: Sync {
    /// The cell of references to the payload.
    fn base(&self) -> &CellBase;
    fn adjuster(&self) -> &Hook<dyn Adjuster>;
    /// Runs the factory.
    fn build(&self) -> Result<AnyPayload, BoxError>;
    /// Stores a payload forever, and returns a reference to it as the payload of [`base`](Self::base). Called by one
    /// flight at a time, and by none after a payload was stored.
    fn store(&'static self, payload: AnyPayload) -> AnyPayload;
    /// The same for a cell of a sandbox: as often as its sandboxes need it.
    #[cfg(feature = "testing")]
    fn leak(&self, payload: AnyPayload) -> AnyPayload;
}

impl dyn AnyAsyncCell {
    /// Runs the factory of a cell the way the adjuster (if there is one) wants it.
    fn adjusted(&'static self, here: &'static RawCell) -> BoxFuture<'static, Result<AnyPayload, BoxError>> {
        match self.adjuster_here(here).get(here.name()) {
            Some(adjuster) => {
                Box::pin(async move { adjuster.adjust(here.name(), &mut || self.build_here(here)).await })
            }
            None => self.build_here(here),
        }
    }

    async fn get_slow(&'static self, here: &'static RawCell, purpose: Purpose) -> Result<Lease, Error> {
        self.leave_refresher(here);
        #[cfg(feature = "tokio")]
        return on_tokio::get_slow(here, purpose, self.is_detached(), move || self.adjusted(here)).await;
        #[cfg(not(feature = "tokio"))]
        get_async::get_slow(here, purpose, || self.adjusted(here)).await
    }
}

/// Refreshing what is stale.
impl dyn AnyAsyncCell {
    /// Leaves with the cell what refreshes it, for those who do not know its factory.
    fn leave_refresher(&'static self, here: &'static RawCell) {
        if here.info().fresh.is_some() {
            here.control.refresh_by(|| {
                Arc::new(move |generation, parent| self.refresh_stale(here, generation, parent))
            });
        }
    }

    /// Builds the next payload in the place of this generation, unless something else does.
    fn refresh_stale(
        &'static self,
        here: &'static RawCell,
        generation: u64,
        parent: Parent,
    ) -> BoxFuture<'static, ()> {
        Box::pin(async move {
            let Some(flight) = here.control.begin_refresh(generation) else { return };
            let initializer = Initializer::begin(here, flight, Caller::Task, Purpose::Refresh, &parent);
            #[cfg(feature = "tokio")]
            on_tokio::refresh(initializer, move || self.adjusted(here)).await;
            #[cfg(not(feature = "tokio"))]
            get_async::refresh(initializer, &mut || self.adjusted(here)).await;
            here.watch_payload();
        })
    }
}

impl dyn AnyPermanentCell {
    /// Runs the factory of a cell the way the adjuster (if there is one) wants it, and stores what it built.
    fn adjusted(&'static self, here: &'static RawCell) -> Result<AnyPayload, BoxError> {
        let payload = match self.adjuster_here(here).get(here.name()) {
            Some(adjuster) => adjuster.adjust(here.name(), &mut || self.build_here(here))?,
            None => self.build_here(here)?,
        };
        Ok(self.store_here(here, payload))
    }
}

/// What a sandbox has in the place of what is declared.
impl dyn AnyAsyncCell {
    #[cfg_attr(not(feature = "testing"), expect(unused_variables, reason = "there are no sandboxes"))]
    pub(crate) fn adjuster_here(&'static self, here: &RawCell) -> &'static Hook<dyn AsyncAdjuster> {
        #[cfg(feature = "testing")]
        if let Some(twins) = here.twins() {
            return twins.async_adjuster(here.info(), self.adjuster());
        }
        self.adjuster()
    }

    #[cfg_attr(not(feature = "testing"), expect(unused_variables, reason = "there are no sandboxes"))]
    fn build_here(&'static self, here: &RawCell) -> BoxFuture<'static, Result<AnyPayload, BoxError>> {
        #[cfg(feature = "testing")]
        match here.twin_factory() {
            Some(TwinFactory::Async(factory)) => return factory(),
            Some(TwinFactory::Sync(factory)) => return Box::pin(async move { factory() }),
            None => {}
        }
        self.build()
    }
}

/// What a sandbox has in the place of what is declared.
impl dyn AnyPermanentCell {
    #[cfg_attr(not(feature = "testing"), expect(unused_variables, reason = "there are no sandboxes"))]
    pub(crate) fn adjuster_here(&'static self, here: &RawCell) -> &'static Hook<dyn Adjuster> {
        #[cfg(feature = "testing")]
        if let Some(twins) = here.twins() {
            return twins.adjuster(here.info(), self.adjuster());
        }
        self.adjuster()
    }

    #[cfg_attr(not(feature = "testing"), expect(unused_variables, reason = "there are no sandboxes"))]
    fn build_here(&'static self, here: &RawCell) -> Result<AnyPayload, BoxError> {
        #[cfg(feature = "testing")]
        if let Some(built) = here.build_in_sandbox() {
            return built;
        }
        self.build()
    }

    #[cfg_attr(not(feature = "testing"), expect(unused_variables, reason = "there are no sandboxes"))]
    fn store_here(&'static self, here: &RawCell, payload: AnyPayload) -> AnyPayload {
        #[cfg(feature = "testing")]
        if here.twins().is_some() {
            return self.leak(payload);
        }
        self.store(payload)
    }
}

impl AnyCell {
    pub(crate) const fn plain(cell: &'static CellBase) -> Self {
        Self(Kind::Plain(cell))
    }

    pub(crate) const fn asynchronous(cell: &'static dyn AnyAsyncCell) -> Self {
        Self(Kind::Async(cell))
    }

    pub(crate) const fn permanent(cell: &'static dyn AnyPermanentCell) -> Self {
        Self(Kind::Permanent(cell))
    }

    /// Returns what is known of the cell at compile time.
    ///
    /// [`CellInfo`] has an example.
    pub fn info(&self) -> &'static CellInfo {
        match self.0 {
            Kind::Plain(cell) => cell.raw.info(),
            Kind::Async(cell) => cell.declared().info(),
            Kind::Permanent(cell) => cell.base().raw.info(),
        }
    }

    /// Returns the cells whose accessors this cell's factory has called in this process.
    ///
    /// [`StaticCell::observed`](crate::StaticCell::observed) has an example.
    pub fn observed(&self) -> Vec<&'static CellInfo> {
        observed_calls::by(self.info())
    }

    /// Closes the cell: [`ClosableCell::close`](crate::ClosableCell::close).
    pub fn close(&self) -> CloseResult {
        match self.0 {
            Kind::Permanent(_) => self.nothing_to_close(),
            _ => self.close_each(RawCell::close),
        }
    }

    /// Closes the cell and waits up to `limit` until its payload is not in use any more:
    /// [`ClosableCell::close_and_drain`](crate::ClosableCell::close_and_drain).
    pub fn close_and_drain(&self, limit: Duration) -> CloseResult {
        self.drain_until(deadline(limit))
    }
}

/// The cells behind it.
impl AnyCell {
    /// The cell that the caller means: that of its runtime, if each runtime has its own, and that of its sandbox.
    fn base(self) -> &'static CellBase {
        self.of_process().here()
    }

    /// The same, but the process's cell also in a sandbox.
    fn of_process(self) -> &'static CellBase {
        match self.0 {
            Kind::Plain(cell) => cell,
            Kind::Async(cell) => cell.here(),
            Kind::Permanent(cell) => cell.base(),
        }
    }

    /// The declared cell itself, whoever asks.
    pub(crate) fn declared(self) -> &'static RawCell {
        match self.0 {
            Kind::Plain(cell) => &cell.raw,
            Kind::Async(cell) => cell.declared(),
            Kind::Permanent(cell) => &cell.base().raw,
        }
    }

    pub(crate) fn here(self) -> &'static RawCell {
        &self.base().raw
    }

    /// All its cells, whoever asks.
    pub(crate) fn all(self) -> Vec<&'static RawCell> {
        self.all_of(false)
    }

    /// The same, if `ended` with those of runtimes that have ended.
    fn all_of(self, ended: bool) -> Vec<&'static RawCell> {
        match self.0 {
            Kind::Async(cell) => cell.everywhere(ended),
            Kind::Plain(_) | Kind::Permanent(_) => vec![self.declared()],
        }
    }

    /// Those of the caller's sandbox, as far as they were asked for, with those of runtimes that have ended.
    pub(crate) fn ever_here(self) -> impl Iterator<Item = &'static RawCell> {
        self.all_of(true).into_iter().filter_map(RawCell::known_here)
    }

    /// Those of the caller's sandbox, as far as they were asked for.
    pub(crate) fn everywhere(self) -> Vec<&'static RawCell> {
        self.all().into_iter().filter_map(RawCell::known_here).collect()
    }

    /// The state of the cell, which nobody needs to have asked for.
    pub(crate) fn known_state(self) -> State {
        self.of_process().raw.known_here().map_or(State::Empty, |cell| {
            cell.end_if_due();
            cell.state()
        })
    }

    /// Whether there is a payload, or a flight that is to build one; of a cell which nobody needs to have asked for.
    pub(crate) fn is_in_use(self) -> bool {
        matches!(self.known_state(), State::Ready | State::Initializing)
    }

    /// The cells that may be closed; a permanent one only after a shutdown has begun.
    fn closable(self) -> Vec<&'static RawCell> {
        let mut cells = self.everywhere();
        if let Kind::Permanent(_) = self.0 {
            cells.retain(|cell| cell.control.is_shut_down());
        }
        cells
    }
}

/// Getting.
impl AnyCell {
    /// Takes a lease on the published payload.
    pub(crate) fn lease(self) -> Option<Lease> {
        self.here().lease()
    }

    /// The same for a call that counts as one of the accessor: if a factory makes it, the dependency is recorded.
    pub(crate) fn lease_observed(self) -> Option<Lease> {
        self.here().lease_fast_or_observed()
    }

    /// The slow path of that.
    pub(crate) fn lease_observed_slow(self) -> Option<Lease> {
        self.here().lease_observed()
    }

    /// What a task does with a payload that is stale and that nobody but the reader can refresh: the payload that it gets
    /// then. `None` if there is nothing to do.
    pub(crate) fn refresh_to_drive(self) -> Option<BoxFuture<'static, Result<Lease, Error>>> {
        let Kind::Async(cell) = self.0 else { return None };
        let here = self.here();
        let refresh = here.refresh_to_drive()?;
        observed_calls::record(here.info());
        Some(Box::pin(async move {
            refresh.report();
            cell.refresh_stale(here, refresh.generation, Parent::Current).await;
            drop(refresh);
            match here.lease() {
                Some(lease) => Ok(lease),
                None => self.get_slow_async(Purpose::Get).await,
            }
        }))
    }

    /// Gets the payload. Of an asynchronous cell this blocks the thread.
    pub(crate) fn get(self, purpose: Purpose) -> Result<Lease, Error> {
        match self.0 {
            Kind::Plain(_) => {
                let cell = self.here();
                if let Some(lease) = cell.lease_to_use() {
                    return Ok(lease);
                }
                let lease = cell.get_slow(purpose, &mut || cell.build_declared());
                cell.watch_payload();
                lease
            }
            Kind::Async(_) => match self.here().lease_to_use() {
                Some(lease) => Ok(lease),
                None if purpose == Purpose::WarmUp => self.block_on_slow(purpose, "`WarmUp::run_async`"),
                None => self.block_on_slow(purpose, "`try_get_async`"),
            },
            Kind::Permanent(cell) => {
                let here = self.here();
                here.get(purpose, &mut || cell.adjusted(here))
            }
        }
    }

    /// Gets the payload in a task. Waiting does not block the thread; a synchronous factory does.
    pub(crate) async fn get_async(self, purpose: Purpose) -> Result<Lease, Error> {
        if let Some(lease) = self.here().lease_fast() {
            return Ok(lease);
        }
        if let Some(refreshed) = self.refresh_to_drive() {
            return refreshed.await;
        }
        match self.here().lease_to_use() {
            Some(lease) => Ok(lease),
            None => self.get_slow_async(purpose).await,
        }
    }

    /// Builds a new payload for a purpose that wants one, whether or not there is one; for a permanent cell this is a get.
    pub(crate) fn refresh_for(self, purpose: Purpose) -> Result<Lease, Error> {
        match self.0 {
            Kind::Plain(_) => {
                let cell = self.here();
                let lease = cell.get_slow(purpose, &mut || cell.build_declared());
                cell.watch_payload();
                lease
            }
            Kind::Async(_) => self.block_on_slow(purpose, "an asynchronous refresh"),
            Kind::Permanent(_) => self.get(Purpose::Get),
        }
    }

    /// Builds the payload of an asynchronous cell and blocks the thread until it is there; not if the factory may need
    /// the runtime whose only thread this is.
    fn block_on_slow(self, purpose: Purpose, instead: &'static str) -> Result<Lease, Error> {
        if Blocked::by_this_thread().is_any() {
            let source = SharedError::new(RuntimeBlocked { instead });
            return Err(Error::Lifecycle(LifecycleError::Init { cell: self.info().name, source }));
        }
        block_on(self.get_slow_async(purpose))
    }

    /// Slow path in a task: no payload was published a moment ago, or `purpose` wants a new one. The future is boxed,
    /// so that it is compiled here and not for every cell (target: build time of 500 cells, docs/performance.md).
    pub(crate) fn get_slow_async(self, purpose: Purpose) -> BoxFuture<'static, Result<Lease, Error>> {
        Box::pin(async move {
            let here = self.here();
            let lease = match self.0 {
                Kind::Plain(_) => {
                    let build = || async { here.adjusted(&mut || here.build_declared()) };
                    get_async::get_slow(here, purpose, build).await
                }
                Kind::Async(cell) => cell.get_slow(here, purpose).await,
                Kind::Permanent(cell) => {
                    get_async::get_slow(here, purpose, || async { cell.adjusted(here) }).await
                }
            };
            here.watch_payload();
            frames::note(lease)
        })
    }

    /// Builds a new payload if there is one, and supersedes a flight under way. Where each runtime has its own payload,
    /// only that of the caller's runtime can be built here; those of the others are closed, and built again on their
    /// next use.
    pub(crate) fn rebuild(self) -> Result<(), Error> {
        if self.start_over() { self.refresh_for(Purpose::Refresh).map(drop) } else { Ok(()) }
    }

    /// The same in a task.
    pub(crate) async fn rebuild_async(self) -> Result<(), Error> {
        if !self.start_over() {
            return Ok(());
        }
        match self.0 {
            Kind::Async(_) => self.get_slow_async(Purpose::Refresh).await.map(drop),
            _ => self.refresh_for(Purpose::Refresh).map(drop),
        }
    }

    /// Supersedes the flights under way, and returns whether there is a payload to rebuild.
    fn start_over(self) -> bool {
        if let Kind::Permanent(_) = self.0 {
            return false;
        }
        for cell in self.everywhere() {
            if std::ptr::eq(cell, self.here()) {
                cell.supersede();
            } else {
                let _ = cell.close();
            }
        }
        self.here().is_ready()
    }
}

/// Closing.
impl AnyCell {
    /// Whether there is nothing to close.
    pub(crate) fn is_untouched(self) -> bool {
        self.closable().into_iter().all(|cell| cell.control.is_untouched())
    }

    /// Unpublishes and supersedes, and leaves the disposal to the caller.
    pub(crate) fn unpublish(self) -> Vec<Closing<'static>> {
        match self.0 {
            Kind::Permanent(_) => Vec::new(),
            _ => self.everywhere().into_iter().map(RawCell::unpublish).collect(),
        }
    }

    pub(crate) fn drain_until(self, until: Option<Instant>) -> CloseResult {
        self.close_each(|cell| cell.close_and_drain(until))
    }

    /// The same in a task.
    pub(crate) async fn drain_until_async(self, until: Option<Instant>) -> CloseResult {
        let mut result: Option<CloseResult> = None;
        for cell in self.closable() {
            let next = cell.close_and_drain_async(until).await;
            result = Some(match result {
                Some(result) => result.graver(next),
                None => next,
            });
        }
        result.unwrap_or_else(|| self.nothing_to_close())
    }

    /// Closes all cells that may be closed; returns the most serious result.
    fn close_each(self, close: impl Fn(&RawCell) -> CloseResult) -> CloseResult {
        let closes = self.closable().into_iter().map(close);
        closes.reduce(CloseResult::graver).unwrap_or_else(|| self.nothing_to_close())
    }

    fn nothing_to_close(self) -> CloseResult {
        CloseResult::without_payload(self.here().name(), CloseStatus::Noop, Duration::ZERO)
    }

    /// The retired payloads to which a close of the cell still refers.
    pub(crate) fn known_drains(self) -> Vec<Arc<Drain>> {
        self.closable().into_iter().flat_map(|cell| cell.control.known_drains()).collect()
    }

    /// Lets no flight begin any more; returns the flights that it superseded.
    ///
    /// The declared cell comes first, and only then the list of the others: a cell that a runtime adds later finds
    /// the declared one shut down.
    pub(crate) fn shut_down(self) -> Vec<Arc<Flight>> {
        let first = self.declared().known_here().and_then(RawCell::shut_down);
        let others = self.all().into_iter().skip(1).filter_map(RawCell::known_here);
        first.into_iter().chain(others.filter_map(RawCell::shut_down)).collect()
    }
}

/// To the cell, whatever its kind.
impl Deref for AnyCell {
    type Target = CellBase;

    fn deref(&self) -> &CellBase {
        self.base()
    }
}

/// As the cells.
impl UnwindSafe for AnyCell {}
impl RefUnwindSafe for AnyCell {}

/// Two are equal if they are the same declaration.
impl PartialEq for AnyCell {
    fn eq(&self, other: &Self) -> bool {
        self.info().id() == other.info().id()
    }
}

impl Eq for AnyCell {}

impl fmt::Debug for AnyCell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.raw.here().debug("AnyCell", f)
    }
}

#[cfg(test)]
#[path = "any_cell_tests.rs"]
mod tests;
