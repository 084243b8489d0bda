//! Everybody who hears of a cell: its own observer, the global one, the log.

use crate::error::Panic;
use crate::observe::context::InitContext;
use crate::observe::log;
use crate::observe::observer::{CloseResult, InitResult, Observer};
use parking_lot::RwLock;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

/// Sees every cell besides the cell's own observer. No part of the protocol, so a plain lock.
static GLOBAL: RwLock<Option<Arc<dyn Observer>>> = RwLock::new(None);

/// Sets the observer that sees every cell, besides each cell's own; the last one set counts.
///
/// Flights under way keep the observer they began with.
pub fn set_global_observer(observer: Arc<dyn Observer>) {
    let before = GLOBAL.write().replace(observer);
    drop(before); // after unlocking: its destructor is the user's
}

/// Those who hear of one flight or one close, taken when it begins.
#[derive(Clone)]
pub(crate) struct Observers {
    cell: &'static str,
    own: Option<Arc<dyn Observer>>,
    global: Option<Arc<dyn Observer>>,
}

impl Observers {
    pub(crate) fn new(cell: &'static str, own: Option<Arc<dyn Observer>>) -> Self {
        Self { cell, own, global: GLOBAL.read().clone() }
    }

    fn each(&self, cell: &str, tell: impl Fn(&dyn Observer)) {
        for observer in [&self.own, &self.global].into_iter().flatten() {
            catch_user_panic(cell, || tell(&**observer));
        }
    }

    pub(crate) fn init_start(&self, cell: &str, generation: u64, context: Option<&InitContext>) {
        self.each(cell, |observer| observer.on_init_start(cell, generation, context));
    }

    pub(crate) fn init_end(&self, event: &InitResult<'_>, payload_type: &str) {
        catch_user_panic(event.cell, || log::init_end(event, payload_type));
        self.each(event.cell, |observer| observer.on_init_end(event));
    }

    pub(crate) fn close_end(&self, event: &CloseResult, payload_type: &str) {
        catch_user_panic(event.cell, || log::close_end(event, payload_type));
        self.each(event.cell, |observer| observer.on_close_end(event));
    }
}

/// They may be the last to hold an observer, whose destructor is the user's.
impl Drop for Observers {
    fn drop(&mut self) {
        for observer in [self.own.take(), self.global.take()].into_iter().flatten() {
            catch_user_panic(self.cell, || drop(observer));
        }
    }
}

/// Runs a callback of the user's; a panic ends in the log and nowhere else.
pub(crate) fn catch_user_panic(cell: &str, callback: impl FnOnce()) {
    if let Err(panic) = catch_unwind(AssertUnwindSafe(callback)) {
        let panic = Panic::caught(panic);
        // The log's subscriber may be what panicked.
        let _ = catch_unwind(AssertUnwindSafe(|| log::observer_panicked(cell, &panic)));
    }
}

/// Each hears everything, whatever the other does.
impl<A: Observer, B: Observer> Observer for (A, B) {
    fn on_init_start(&self, cell: &str, generation: u64, context: Option<&InitContext>) {
        catch_user_panic(cell, || self.0.on_init_start(cell, generation, context));
        catch_user_panic(cell, || self.1.on_init_start(cell, generation, context));
    }

    fn on_init_end(&self, event: &InitResult<'_>) {
        catch_user_panic(event.cell, || self.0.on_init_end(event));
        catch_user_panic(event.cell, || self.1.on_init_end(event));
    }

    fn on_close_end(&self, event: &CloseResult) {
        catch_user_panic(event.cell, || self.0.on_close_end(event));
        catch_user_panic(event.cell, || self.1.on_close_end(event));
    }
}

/// Each hears everything, whatever the others do.
impl Observer for Vec<Arc<dyn Observer>> {
    fn on_init_start(&self, cell: &str, generation: u64, context: Option<&InitContext>) {
        for observer in self {
            catch_user_panic(cell, || observer.on_init_start(cell, generation, context));
        }
    }

    fn on_init_end(&self, event: &InitResult<'_>) {
        for observer in self {
            catch_user_panic(event.cell, || observer.on_init_end(event));
        }
    }

    fn on_close_end(&self, event: &CloseResult) {
        for observer in self {
            catch_user_panic(event.cell, || observer.on_close_end(event));
        }
    }
}
