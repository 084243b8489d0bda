//! Forwarding of events: to the counts, the log, a cell's own observer and the global one, and to the members of an
//! observer that is a group.
//!
//! Only this file forwards events. For a new callback of [`Observer`], add a variant of [`Event`]: the compiler, and in
//! the macro at the end clippy, then report each place that would lose it.

use crate::observe::context::InitContext;
use crate::observe::counts::Counts;
use crate::observe::log;
use crate::observe::notices::{
    CoolingDown, Draining, Expired, FailureRecorded, Provided, RejectReason, Retrying, Seeded, Stale,
    WaitRejected,
};
use crate::observe::observer::{CloseResult, CloseStatus, InitResult, Observer};
use crate::observe::user_panic::catch_user_panic;
use crate::sync::world::{self, Held, Scope};
use parking_lot::RwLock;
use std::sync::Arc;
use std::time::Duration;

/// Is notified of every cell of its world, in addition to the cell's own observer. No protocol depends on this lock, so
/// it is not one that a model checker replaces.
#[derive(Default)]
struct Global(RwLock<Option<Arc<dyn Observer>>>);

/// That of the process.
static GLOBAL: Global = Global(RwLock::new(None));

/// Sets the global observer, which is notified of every cell in addition to the cell's own; it replaces an earlier one.
///
/// Flights under way keep the observer they began with. In a [sandbox](crate::testing) it is that of the sandbox's cells.
///
/// ```
/// use cells::{InitResult, Observer, RuntimeCell};
/// use std::sync::Arc;
/// use std::sync::atomic::{AtomicU64, Ordering};
///
/// static FLIGHTS: AtomicU64 = AtomicU64::new(0);
///
/// struct Count;
///
/// impl Observer for Count {
///     fn on_init_end(&self, _event: &InitResult<'_>) {
///         FLIGHTS.fetch_add(1, Ordering::Relaxed);
///     }
/// }
///
/// cells::set_global_observer(Arc::new(Count)); // first thing in `main`
/// drop(RuntimeCell::new("port").get_or_init(|| 8080));
/// assert_eq!(FLIGHTS.load(Ordering::Relaxed), 1);
/// ```
pub fn set_global_observer(observer: Arc<dyn Observer>) {
    let before = world::own(&GLOBAL).0.write().replace(observer);
    drop(before); // after unlocking: its destructor is code of the program
}

/// The observers of one flight or one close, taken when it begins.
#[derive(Clone)]
pub(crate) struct Observers {
    cell: &'static str,
    own: Option<Arc<dyn Observer>>,
    global: Option<Arc<dyn Observer>>,
    counts: Arc<Counts>,
    /// How long closes of the cell wait for its disposer.
    dispose_timeout: Option<Duration>,
    /// Whose cells they mean.
    world: Held,
}

impl Observers {
    pub(crate) fn new(
        cell: &'static str,
        own: Option<Arc<dyn Observer>>,
        counts: Arc<Counts>,
        dispose_timeout: Option<Duration>,
        scope: Scope,
    ) -> Self {
        let (global, world) = (scope.own(&GLOBAL).0.read().clone(), Held::new(scope));
        Self { cell, own, global, counts, dispose_timeout, world }
    }

    /// How long closes of their cell wait for its disposer; `None` if as long as it takes.
    pub(crate) fn dispose_timeout(&self) -> Option<Duration> {
        self.dispose_timeout
    }

    /// Whose cells code of the program means that runs for their cell.
    pub(crate) fn scope(&self) -> Scope {
        self.world.scope()
    }

    /// The name of the cell whose events they are notified of.
    pub(crate) fn cell(&self) -> &'static str {
        self.cell
    }

    pub(crate) fn init_start(&self, generation: u64, context: Option<&InitContext>) {
        self.forward(Event::InitStart { cell: self.cell, generation, context });
    }

    pub(crate) fn init_end(&self, result: &InitResult<'_>, payload_type: &str) {
        self.log(|| log::init_end(result, payload_type));
        self.forward(Event::InitEnd(result));
    }

    /// A payload that the program has provided, with start and end of its generation.
    pub(crate) fn provided(&self, event: &Provided, result: &InitResult<'_>, log: impl FnOnce()) {
        self.log(log);
        self.forward(Event::Provided(event));
        self.init_start(result.generation, result.context.as_ref());
        self.forward(Event::InitEnd(result));
    }

    /// A payload was disposed, or there was none to close.
    pub(crate) fn close_end(&self, result: &CloseResult, payload_type: &str) {
        if result.had_payload {
            self.counts.disposed.up();
            self.counts.dispose_failures.up_if(result.status == CloseStatus::Error);
        }
        self.log(|| log::close_end(result, payload_type));
        self.forward(Event::CloseEnd(result));
    }

    /// The asynchronous disposer of a payload is about to be dropped.
    pub(crate) fn abandoned(&self) {
        self.counts.abandoned.up();
    }

    /// A retired payload is not disposed yet; the end of its disposal has an event of its own.
    pub(crate) fn not_disposed_yet(&self, result: &CloseResult, payload_type: &str) {
        self.log(|| log::close_end(result, payload_type));
        if let (CloseStatus::Draining, Some(generation)) = (result.status, result.generation) {
            self.forward(Event::Draining(&Draining { cell: self.cell, generation }));
        }
    }

    pub(crate) fn retrying(&self, event: &Retrying) {
        self.counts.retries.up();
        self.log(|| log::retrying(event));
        self.forward(Event::Retrying(event));
    }

    pub(crate) fn rejected(&self, event: &WaitRejected) {
        match event.reason {
            RejectReason::WaitersFull => self.counts.rejected_full.up(),
            RejectReason::WaitTimeout => self.counts.rejected_timeout.up(),
        }
        self.log(|| log::wait_rejected(event));
        self.forward(Event::Rejected(event));
    }

    /// The log has no event for it: the failure that began the cooldown is there.
    pub(crate) fn cooling(&self, event: &CoolingDown) {
        self.forward(Event::Cooling(event));
    }

    pub(crate) fn failure_recorded(&self, event: &FailureRecorded) {
        self.log(|| log::failure_recorded(event));
        self.forward(Event::FailureRecorded(event));
    }

    pub(crate) fn seeded(&self, event: &Seeded) {
        self.log(|| log::seeded(event));
        self.forward(Event::Seeded(event));
    }

    pub(crate) fn stale(&self, generation: u64) {
        self.counts.stale.up();
        let event = Stale { cell: self.cell, generation };
        self.log(|| log::stale(&event));
        self.forward(Event::Stale(&event));
    }

    pub(crate) fn expired(&self, generation: u64) {
        let event = Expired { cell: self.cell, generation };
        self.log(|| log::expired(&event));
        self.forward(Event::Expired(&event));
    }

    fn log(&self, event: impl FnOnce()) {
        catch_user_panic(self.cell, event);
    }
}

/// These may be the last references to an observer, whose destructor is code of the program.
impl Drop for Observers {
    fn drop(&mut self) {
        for observer in [self.own.take(), self.global.take()].into_iter().flatten() {
            catch_user_panic(self.cell, || drop(observer));
        }
    }
}

/// An event on its way to several observers.
#[derive(Clone, Copy)]
enum Event<'a> {
    InitStart { cell: &'a str, generation: u64, context: Option<&'a InitContext> },
    InitEnd(&'a InitResult<'a>),
    CloseEnd(&'a CloseResult),
    Retrying(&'a Retrying),
    Rejected(&'a WaitRejected),
    Cooling(&'a CoolingDown),
    FailureRecorded(&'a FailureRecorded),
    Provided(&'a Provided),
    Seeded(&'a Seeded),
    Stale(&'a Stale),
    Expired(&'a Expired),
    Draining(&'a Draining),
}

impl Event<'_> {
    fn cell(&self) -> &str {
        match self {
            Self::InitStart { cell, .. } => cell,
            Self::InitEnd(result) => result.cell,
            Self::CloseEnd(result) => result.cell,
            Self::Retrying(event) => event.cell,
            Self::Rejected(event) => event.cell,
            Self::Cooling(event) => event.cell,
            Self::FailureRecorded(event) => event.cell,
            Self::Provided(event) => event.cell,
            Self::Seeded(event) => event.cell,
            Self::Stale(event) => event.cell,
            Self::Expired(event) => event.cell,
            Self::Draining(event) => event.cell,
        }
    }

    fn notify<O: Observer + ?Sized>(self, observer: &O) {
        match self {
            Self::InitStart { cell, generation, context } => {
                observer.on_init_start(cell, generation, context);
            }
            Self::InitEnd(result) => observer.on_init_end(result),
            Self::CloseEnd(result) => observer.on_close_end(result),
            Self::Retrying(event) => observer.on_retrying(event),
            Self::Rejected(event) => observer.on_rejected(event),
            Self::Cooling(event) => observer.on_cooling(event),
            Self::FailureRecorded(event) => observer.on_failure_recorded(event),
            Self::Provided(event) => observer.on_provided(event),
            Self::Seeded(event) => observer.on_seeded(event),
            Self::Stale(event) => observer.on_stale(event),
            Self::Expired(event) => observer.on_expired(event),
            Self::Draining(event) => observer.on_draining(event),
        }
    }

    /// The same for one of several: if it panics, the others are notified all the same.
    fn notify_one<O: Observer + ?Sized>(self, observer: &O) {
        catch_user_panic(self.cell(), || self.notify(observer));
    }
}

/// A type that forwards events to observers.
trait Forward {
    fn forward(&self, event: Event<'_>);
}

impl Forward for Observers {
    fn forward(&self, event: Event<'_>) {
        let _bound = self.world.scope().enter();
        for observer in [&self.own, &self.global].into_iter().flatten() {
            event.notify_one(&**observer);
        }
    }
}

impl<O: Observer + ?Sized> Forward for Arc<O> {
    fn forward(&self, event: Event<'_>) {
        event.notify(&**self);
    }
}

impl<A: Observer, B: Observer> Forward for (A, B) {
    fn forward(&self, event: Event<'_>) {
        event.notify_one(&self.0);
        event.notify_one(&self.1);
    }
}

impl Forward for Vec<Arc<dyn Observer>> {
    fn forward(&self, event: Event<'_>) {
        for observer in self {
            event.notify_one(&**observer);
        }
    }
}

/// Makes an observer of a type that forwards events.
macro_rules! forwarding_observer {
    ($(#[$doc:meta])* [$($generics:tt)*] $group:ty) => {
        $(#[$doc])*
        #[deny(clippy::missing_trait_methods, reason = "an event that is not forwarded is lost")]
        impl<$($generics)*> Observer for $group {
            fn on_init_start(&self, cell: &str, generation: u64, context: Option<&InitContext>) {
                self.forward(Event::InitStart { cell, generation, context });
            }

            fn on_init_end(&self, event: &InitResult<'_>) {
                self.forward(Event::InitEnd(event));
            }

            fn on_close_end(&self, event: &CloseResult) {
                self.forward(Event::CloseEnd(event));
            }

            fn on_retrying(&self, event: &Retrying) {
                self.forward(Event::Retrying(event));
            }

            fn on_rejected(&self, event: &WaitRejected) {
                self.forward(Event::Rejected(event));
            }

            fn on_cooling(&self, event: &CoolingDown) {
                self.forward(Event::Cooling(event));
            }

            fn on_failure_recorded(&self, event: &FailureRecorded) {
                self.forward(Event::FailureRecorded(event));
            }

            fn on_provided(&self, event: &Provided) {
                self.forward(Event::Provided(event));
            }

            fn on_seeded(&self, event: &Seeded) {
                self.forward(Event::Seeded(event));
            }

            fn on_stale(&self, event: &Stale) {
                self.forward(Event::Stale(event));
            }

            fn on_expired(&self, event: &Expired) {
                self.forward(Event::Expired(event));
            }

            fn on_draining(&self, event: &Draining) {
                self.forward(Event::Draining(event));
            }
        }
    };
}

forwarding_observer!([O: Observer + ?Sized] Arc<O>);
forwarding_observer!(
    /// Each is notified of every event, whatever the other does.
    [A: Observer, B: Observer] (A, B)
);
forwarding_observer!(
    /// Each is notified of every event, whatever the others do.
    [] Vec<Arc<dyn Observer>>
);
