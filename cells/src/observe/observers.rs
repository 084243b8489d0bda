//! Forwarding of events: to a cell's own observer, the global one and the log, and to the members of an observer that
//! is a group.
//!
//! Only this file forwards events. For a new callback of [`Observer`], add a variant of [`Event`]: the compiler, and in
//! the macro at the end clippy, then report each place that would lose it.

use crate::observe::context::InitContext;
use crate::observe::log;
use crate::observe::observer::{CloseResult, InitResult, Observer};
use crate::observe::user_panic::catch_user_panic;
use crate::sync::world::{self, Held, Scope};
use parking_lot::RwLock;
use std::sync::Arc;

/// Is notified of every cell of its world, in addition to the cell's own observer. No protocol depends on this lock, so
/// it is not one that a model checker replaces.
#[derive(Default)]
struct Global(RwLock<Option<Arc<dyn Observer>>>);

/// That of the process.
static GLOBAL: Global = Global(RwLock::new(None));

/// Sets the global observer, which is notified of every cell in addition to the cell's own; it replaces an earlier one.
///
/// Flights under way keep the observer they began with. In a [sandbox](crate::testing) it is that of the sandbox's cells.
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
    /// Whose cells they mean.
    world: Held,
}

impl Observers {
    pub(crate) fn new(cell: &'static str, own: Option<Arc<dyn Observer>>, scope: Scope) -> Self {
        Self { cell, own, global: scope.own(&GLOBAL).0.read().clone(), world: Held::new(scope) }
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
        catch_user_panic(self.cell, || log::init_end(result, payload_type));
        self.forward(Event::InitEnd(result));
    }

    /// Start and end of a generation that no factory built. The log has an event of its own for it.
    pub(crate) fn provided(&self, result: &InitResult<'_>) {
        self.init_start(result.generation, result.context.as_ref());
        self.forward(Event::InitEnd(result));
    }

    pub(crate) fn close_end(&self, result: &CloseResult, payload_type: &str) {
        catch_user_panic(self.cell, || log::close_end(result, payload_type));
        self.forward(Event::CloseEnd(result));
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
}

impl Event<'_> {
    fn cell(&self) -> &str {
        match self {
            Self::InitStart { cell, .. } => cell,
            Self::InitEnd(result) => result.cell,
            Self::CloseEnd(result) => result.cell,
        }
    }

    fn notify<O: Observer + ?Sized>(self, observer: &O) {
        match self {
            Self::InitStart { cell, generation, context } => {
                observer.on_init_start(cell, generation, context);
            }
            Self::InitEnd(result) => observer.on_init_end(result),
            Self::CloseEnd(result) => observer.on_close_end(result),
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
