//! All of a cell that does not depend on its payload's type, so that it is compiled once: its parts, and what one
//! can see and set from outside. [`RuntimeCell`](crate::RuntimeCell) is its face.

use crate::cell::control::{Control, Failure, Landed, State};
use crate::cell::seed::{self, SeedRefusal};
use crate::error::BoxError;
use crate::flight::adjuster::Adjuster;
use crate::flight::frames::CellId;
use crate::info::CellInfo;
use crate::observe::hook::Hook;
use crate::observe::log;
use crate::observe::observer::Observer;
use crate::observe::observers::{Observers, catch_user_panic};
use crate::payload::disposer::Disposal;
use crate::payload::lease::{AnyPayload, Leases};
use crate::payload::payload_type::PayloadType;
use crate::sync::clock;
#[cfg(feature = "tokio")]
use crate::sync::executor::Watch;
use crate::sync::primitives::Mutex;
use std::fmt;
use std::time::Duration;

/// The factory of a synchronous cell.
pub(crate) type Build = fn() -> Result<AnyPayload, BoxError>;

/// What a cell was told when it was made.
pub(crate) struct Config {
    pub(crate) name: &'static str,
    pub(crate) max_waiters: usize,
    pub(crate) wait_timeout: Duration,
    pub(crate) cooldown: Duration,
    /// Where the cell is a declared one.
    pub(crate) info: Option<&'static CellInfo>,
    /// Where the cell is declared by a function that is called as it is.
    pub(crate) build: Option<Build>,
    pub(crate) observer: Hook<dyn Observer>,
    pub(crate) adjuster: Hook<dyn Adjuster>,
}

/// A cell without the type of its payload.
pub(crate) struct RawCell {
    pub(crate) config: Config,
    pub(crate) leases: Leases,
    pub(crate) control: Mutex<Control>,
}

impl RawCell {
    // Here and below, what is the same in all machines is a `const` block: the compiler evaluates it once, and not for
    // every static.
    pub(crate) const fn new(config: Config, payload: &'static PayloadType) -> Self {
        Self { config, leases: Leases::new(payload), control: const { Mutex::new(Control::new()) } }
    }

    pub(crate) fn name(&self) -> &'static str {
        self.config.name
    }

    /// What is known of a declared cell.
    pub(crate) fn info(&self) -> &'static CellInfo {
        let Some(info) = self.config.info else { unreachable!("a declared cell") };
        info
    }

    /// Runs the factory that the cell was declared with.
    pub(crate) fn build(&self) -> Result<AnyPayload, BoxError> {
        let Some(build) = self.config.build else { unreachable!("a cell with a factory") };
        build()
    }

    pub(crate) fn id(&self) -> CellId {
        std::ptr::from_ref(self).addr()
    }

    pub(crate) fn state(&self) -> State {
        let control = self.control.lock();
        control.state(self.is_ready())
    }

    pub(crate) fn is_ready(&self) -> bool {
        self.generation().is_some()
    }

    pub(crate) fn generation(&self) -> Option<u64> {
        self.leases.generation()
    }

    pub(crate) fn is_shut_down(&self) -> bool {
        self.control.lock().shut_down
    }

    pub(crate) fn observers(&self) -> Observers {
        Observers::new(self.name(), self.config.observer.get(self.name()))
    }

    /// Publishes what `place` makes, if nothing speaks against it; `place` runs under the cell's lock.
    pub(crate) fn seed(&self, place: &mut dyn FnMut() -> AnyPayload) -> Result<(), SeedRefusal> {
        let permission = seed::permission(self.config.info.is_some_and(|info| info.seedable));
        let permission = permission.ok_or(SeedRefusal::NotAllowed)?;
        let mut control = self.control.lock();
        match control.state(self.is_ready()) {
            State::Ready => return Err(SeedRefusal::Ready),
            State::Initializing => return Err(SeedRefusal::Initializing),
            State::Closed => return Err(SeedRefusal::ShutDown),
            State::Empty | State::Failed => {}
        }
        let generation = control.next_generation();
        control.landed = Some(Box::new(Landed::after(Duration::ZERO, Duration::ZERO)));
        let cleared = control.failure.take();
        let lease = self.leases.publish(place(), generation);
        drop(control);
        drop(lease);
        self.discard(cleared);
        catch_user_panic(self.name(), || log::seeded(self.name(), generation, permission));
        Ok(())
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

    /// Drops a failure that is off the record: its error's destructor is the user's.
    pub(crate) fn discard(&self, failure: Option<Box<Failure>>) {
        if failure.is_some() {
            catch_user_panic(self.name(), || drop(failure));
        }
    }

    /// What the end of a payload needs; `landed` is how it came, and `calls` says whether its disposer is more than
    /// a drop.
    pub(crate) fn disposal(
        &self,
        observers: &Observers,
        landed: Option<&Landed>,
        generation: u64,
        calls: bool,
    ) -> Disposal {
        Disposal {
            cell: self.name(),
            payload_type: self.leases.payload_type(),
            generation,
            calls,
            observers: observers.clone(),
            started: clock::now(),
            runtime: landed.map(|landed| landed.runtime.clone()).unwrap_or_default(),
        }
    }
}

/// Shows the name and the state, and never the payload.
impl fmt::Debug for RawCell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RuntimeCell")
            .field("name", &self.name())
            .field("state", &self.state())
            .finish_non_exhaustive()
    }
}

/// Disposes the payload, as a close would.
impl Drop for RawCell {
    fn drop(&mut self) {
        if self.is_ready() {
            let _ = self.close();
        }
    }
}
