//! The cell: its parts, its construction, and what one can see and set from outside.

use crate::adjust::FactoryAdjuster;
use crate::building::CellId;
use crate::clock;
use crate::control::{Control, Failure, Landed, State};
use crate::dispose::{Disposal, Disposer, Run};
use crate::hook::Hook;
use crate::info::{CellInfo, DEFAULT_WAIT};
use crate::lease::{Leases, Ref};
use crate::log;
use crate::observe::Observer;
#[cfg(feature = "tokio")]
use crate::runtime::Watch;
use crate::seed::{self, SeedError, SeedRefusal};
use crate::sync::Mutex;
use crate::watchers::{Watchers, guarded};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// A slot for one payload that is built on demand, may fail, can be closed, and comes back.
///
/// `#[runtime_cell]` declares one as a `static`; as a value it can be a field as well.
///
/// ```
/// use cells::RuntimeCell;
///
/// static GREETING: RuntimeCell<String> = RuntimeCell::new("greeting");
///
/// let greeting = GREETING.get_or_initialize(|| Ok::<_, cells::Error>("hello".to_owned()))?;
/// assert_eq!(*greeting, "hello");
/// drop(greeting);
/// GREETING.invalidate();
/// assert!(GREETING.peek().is_none());
/// # Ok::<(), cells::Error>(())
/// ```
pub struct RuntimeCell<T: Send + Sync + 'static> {
    pub(crate) name: &'static str,
    pub(crate) max_waiters: usize,
    pub(crate) wait_timeout: Duration,
    pub(crate) cooldown: Duration,
    pub(crate) disposer: Run<T>,
    /// Where the cell is a declared one.
    pub(crate) info: Option<&'static CellInfo>,
    pub(crate) observer: Hook<dyn Observer>,
    pub(crate) adjuster: Hook<dyn FactoryAdjuster<T>>,
    pub(crate) leases: Leases<T>,
    pub(crate) control: Mutex<Control<T>>,
}

/// Construction. All of it is `const`: a cell can be a `static`.
impl<T: Send + Sync + 'static> RuntimeCell<T> {
    /// Makes an empty cell; an empty name becomes `"runtime"`.
    ///
    /// Its waiters are not limited in number and wait 1500 ms at most; there is no cooldown, and payloads are
    /// plainly dropped.
    pub const fn new(name: &'static str) -> Self {
        Self::with_hooks(name, Hook::none(), Hook::none())
    }

    const fn with_hooks(
        name: &'static str,
        observer: Hook<dyn Observer>,
        adjuster: Hook<dyn FactoryAdjuster<T>>,
    ) -> Self {
        Self {
            name: if name.is_empty() { "runtime" } else { name },
            max_waiters: 0,
            wait_timeout: DEFAULT_WAIT,
            cooldown: Duration::ZERO,
            disposer: Run::Drop,
            info: None,
            observer,
            adjuster,
            leases: Leases::new(),
            control: Mutex::new(Control::new()),
        }
    }

    /// Sets how many callers may wait at once for a flight; 0 is any number.
    #[must_use]
    pub const fn max_waiters(mut self, n: usize) -> Self {
        self.max_waiters = n;
        self
    }

    /// Sets how long one call may wait for flights of other callers; [`Duration::ZERO`] is for ever.
    #[must_use]
    pub const fn wait_timeout(mut self, limit: Duration) -> Self {
        self.wait_timeout = limit;
        self
    }

    /// Sets how long after a failed flight no factory runs; [`Duration::ZERO`] is no cooldown.
    #[must_use]
    pub const fn cooldown(mut self, ttl: Duration) -> Self {
        self.cooldown = ttl;
        self
    }

    /// Sets what ends a payload.
    #[must_use]
    pub const fn disposer(mut self, disposer: Disposer<T>) -> Self {
        self.disposer = disposer.run;
        self
    }

    /// Makes a declared cell, whose hooks are made on first use.
    pub(crate) const fn of(
        info: &'static CellInfo,
        disposer: Disposer<T>,
        observer: fn() -> Option<Arc<dyn Observer>>,
        adjuster: fn() -> Option<Arc<dyn FactoryAdjuster<T>>>,
    ) -> Self {
        let cell = Self::with_hooks(info.name, Hook::new(observer), Hook::new(adjuster));
        let mut cell = cell.disposer(disposer).cooldown(info.cooldown);
        cell.info = Some(info);
        cell.max_waiters = match info.max_waiters {
            Some(n) => n,
            None => 0,
        };
        cell.wait_timeout = match info.wait_timeout {
            Some(limit) => limit,
            None => Duration::ZERO,
        };
        cell
    }
}

/// Looks. None of them initializes.
impl<T: Send + Sync + 'static> RuntimeCell<T> {
    /// Returns the cell's name.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Returns what the cell is doing, as of now.
    pub fn state(&self) -> State {
        let control = self.control.lock();
        control.state(self.is_ready())
    }

    /// Returns `true` if a payload is published.
    pub fn is_ready(&self) -> bool {
        self.generation().is_some()
    }

    /// Returns the generation of the published payload.
    pub fn generation(&self) -> Option<u64> {
        self.leases.generation()
    }

    /// Returns the published payload.
    pub fn peek(&self) -> Option<Ref<'_, T>> {
        self.leases.lease()
    }
}

/// What comes from outside: payloads and hooks.
impl<T: Send + Sync + 'static> RuntimeCell<T> {
    /// Publishes a ready-made payload: for tests, and only where that is [allowed](crate::testing).
    ///
    /// It is the next generation, ends a cooldown, and is closed and disposed like any other.
    ///
    /// # Errors
    /// Where seeding is not allowed, and where the cell is ready or initializing. The value comes back with
    /// [`SeedError::into_value`].
    pub fn seed(&self, value: T) -> Result<(), SeedError<T>> {
        self.seed_with(value, |value| value)
    }

    /// The same, with a payload that is made of `value` where nothing speaks against it. `place` runs under the
    /// cell's lock.
    pub(crate) fn seed_with<V>(&self, value: V, place: impl FnOnce(V) -> T) -> Result<(), SeedError<V>> {
        let Some(permission) = seed::permission(self.info.is_some_and(|info| info.seedable)) else {
            return Err(SeedError::new(self.name, SeedRefusal::NotAllowed, value));
        };
        let mut control = self.control.lock();
        let refusal = match control.state(self.is_ready()) {
            State::Ready => Some(SeedRefusal::Ready),
            State::Initializing => Some(SeedRefusal::Initializing),
            State::Closed => Some(SeedRefusal::ShutDown),
            State::Empty | State::Failed => None,
        };
        if let Some(refusal) = refusal {
            drop(control);
            return Err(SeedError::new(self.name, refusal, value));
        }
        let generation = control.next_generation();
        control.landed = Some(Box::new(Landed::after(Duration::ZERO, Duration::ZERO)));
        let cleared = control.failure.take();
        let lease = self.leases.publish(place(value), generation);
        drop(control);
        drop(lease);
        self.discard(cleared);
        guarded(self.name, || log::seeded(self.name, generation, permission));
        Ok(())
    }

    /// Sets who hears of this cell, besides the global observer. Flights under way keep the one they began with.
    pub fn configure_observer(&self, observer: Arc<dyn Observer>) {
        self.observer.configure(observer);
    }

    /// Sets what stands between this cell and its factories, from the next flight on.
    pub fn configure_adjuster(&self, adjuster: Arc<dyn FactoryAdjuster<T>>) {
        self.adjuster.configure(adjuster);
    }

    /// Keeps what closes a generation when its runtime ends, in place of what did so for the one before.
    #[cfg(feature = "tokio")]
    pub(crate) fn watch(&self, generation: u64, watch: Watch) {
        let mut control = self.control.lock();
        if self.generation() == Some(generation) {
            let before = control.watch.replace(watch);
            drop(control);
            drop(before);
        }
    }

    pub(crate) fn is_shut_down(&self) -> bool {
        self.control.lock().shut_down
    }

    pub(crate) fn watchers(&self) -> Watchers {
        Watchers::new(self.name, self.observer.get(self.name))
    }

    /// Drops a failure that is off the record: its error's destructor is the user's.
    pub(crate) fn discard(&self, failure: Option<Box<Failure>>) {
        if failure.is_some() {
            guarded(self.name, || drop(failure));
        }
    }

    /// What the end of a payload needs; `landed` is how it came.
    pub(crate) fn disposal(&self, watchers: &Watchers, landed: Option<&Landed>) -> Disposal<T> {
        Disposal {
            cell: self.name,
            disposer: self.disposer,
            watchers: watchers.clone(),
            started: clock::now(),
            runtime: landed.map(|landed| landed.runtime.clone()).unwrap_or_default(),
        }
    }

    pub(crate) fn id(&self) -> CellId {
        std::ptr::from_ref(self).addr()
    }
}

/// Shows the name and the state, and never the payload.
impl<T: Send + Sync + 'static> fmt::Debug for RuntimeCell<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RuntimeCell")
            .field("name", &self.name)
            .field("state", &self.state())
            .finish_non_exhaustive()
    }
}

/// Disposes the payload, as [`RuntimeCell::close`] would.
impl<T: Send + Sync + 'static> Drop for RuntimeCell<T> {
    fn drop(&mut self) {
        if self.is_ready() {
            self.invalidate();
        }
    }
}
