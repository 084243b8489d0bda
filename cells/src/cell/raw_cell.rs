//! A cell without the type of its payload, so that it is compiled once: its parts, inspection and seeding. How it is
//! read, built and closed is in `get`, `initializer` and `close`, which add to this type.

use crate::cell::ages::Ages;
use crate::cell::config::Config;
use crate::cell::control::Control;
use crate::cell::decisions::Providing;
use crate::cell::seed::{self, SeedRefusal};
use crate::cell::snapshot::{CellSnapshot, State};
use crate::error::BoxError;
use crate::flight::frames::CellId;
use crate::info::CellInfo;
use crate::observe::notices::Seeded;
use crate::observe::observers::Observers;
use crate::payload::lease::{AnyPayload, Lease};
use crate::payload::payload_type::PayloadType;
use crate::sync::world::Scope;
use std::fmt;
use std::sync::Arc;

/// A cell without the type of its payload.
pub(crate) struct RawCell {
    pub(crate) config: Config,
    pub(crate) control: Control,
}

impl RawCell {
    pub(crate) const fn new(config: Config, payload_type: &'static PayloadType) -> Self {
        Self { config, control: Control::new(payload_type) }
    }

    pub(crate) fn name(&self) -> &'static str {
        self.config.name
    }

    /// The description of a declared cell. Only a declared cell has one.
    pub(crate) fn info(&self) -> &'static CellInfo {
        let Some(info) = self.config.info else { unreachable!("only declared cells are asked") };
        info
    }

    /// The cell that the caller means: in a sandbox one of its own, in the place of this one.
    #[inline]
    pub(crate) fn here(&self) -> &Self {
        #[cfg(feature = "testing")]
        if let Some(twin) = self.twin_here() {
            return &twin.raw;
        }
        self
    }

    /// The same, but a cell of a sandbox only if it was asked for.
    #[cfg_attr(
        not(feature = "testing"),
        expect(clippy::unnecessary_wraps, reason = "there are no sandboxes")
    )]
    pub(crate) fn known_here(&self) -> Option<&Self> {
        #[cfg(feature = "testing")]
        if self.has_place_here() {
            return self.known_twin_here();
        }
        Some(self)
    }

    /// Whether the cell that the caller means is of the caller's world: of the process outside of any sandbox, and not one
    /// that a sandbox shares with the process.
    #[cfg_attr(not(feature = "testing"), expect(clippy::unused_self, reason = "there are no sandboxes"))]
    pub(crate) fn is_own_here(&self) -> bool {
        #[cfg(feature = "testing")]
        if self.has_place_here() {
            return true;
        }
        Scope::current() == Scope::PROCESS
    }

    /// Runs the factory of the declaration. Only a cell that a plain function declares has one.
    pub(crate) fn build_declared(&self) -> Result<AnyPayload, BoxError> {
        #[cfg(feature = "testing")]
        if let Some(built) = self.build_in_sandbox() {
            return built;
        }
        let Some(factory) = self.config.factory else { unreachable!("only plain declared cells are asked") };
        factory()
    }

    /// Whether it is declared with an asynchronous factory.
    pub(crate) fn is_asynchronous(&self) -> bool {
        self.config.factory.is_none() && self.config.info.is_some_and(|info| !info.permanent)
    }

    pub(crate) fn id(&self) -> CellId {
        self.control.id()
    }

    pub(crate) fn state(&self) -> State {
        self.control.state()
    }

    pub(crate) fn snapshot(&self) -> CellSnapshot {
        self.control.snapshot(self.name())
    }

    pub(crate) fn is_ready(&self) -> bool {
        self.generation().is_some()
    }

    pub(crate) fn generation(&self) -> Option<u64> {
        self.control.published().generation()
    }

    pub(crate) fn payload_type(&self) -> &'static str {
        self.control.published().payload_type()
    }

    /// Takes a lease on the published payload of the cell that the caller means.
    #[inline]
    pub(crate) fn lease(&self) -> Option<Lease> {
        match self.lease_fast() {
            Some(lease) => Some(lease),
            None => self.lease_not_fast(),
        }
    }

    #[cold]
    #[inline(never)]
    fn lease_not_fast(&self) -> Option<Lease> {
        let here = self.here();
        if !std::ptr::eq(here, self) {
            return here.lease();
        }
        self.end_if_due();
        let lease = self.control.published().lease_not_fast()?;
        self.wake();
        Some(lease)
    }

    /// Takes a lease on the published payload for a caller that will use it, and not only look. The caller has found the
    /// cell that is meant.
    #[inline]
    pub(crate) fn lease_to_use(&'static self) -> Option<Lease> {
        match self.lease_fast() {
            Some(lease) => Some(lease),
            None => self.lease_to_use_slow(),
        }
    }

    #[cold]
    #[inline(never)]
    fn lease_to_use_slow(&'static self) -> Option<Lease> {
        let refresh = self.look_at_age();
        let lease = self.lease_not_fast()?;
        if let Some(refresh) = refresh {
            refresh.begin();
        }
        self.used();
        Some(lease)
    }

    /// The second try of the fast path.
    pub(crate) fn lease_again(&self) -> Option<Lease> {
        self.control.published().lease_again()
    }

    /// Takes a lease by the fast path; `None` also where this thread has to take the slow one.
    #[inline]
    pub(crate) fn lease_fast(&self) -> Option<Lease> {
        self.control.published().lease_fast()
    }

    /// Takes a lease on any thread, by the slow path.
    pub(crate) fn lease_slow(&self) -> Option<Lease> {
        self.control.published().lease_slow()
    }

    /// The observers to notify of what begins now.
    pub(crate) fn observers(&self) -> Observers {
        let (own, counts) = (self.config.observer.get(self.name()), Arc::clone(self.control.counts()));
        let dispose_timeout = self.config.info.and_then(|info| info.dispose_timeout);
        Observers::new(self.name(), own, counts, dispose_timeout, self.scope_of_calls())
    }

    /// Whose cells code of the program means that runs for this one: of a declared cell those of its own world, and of any
    /// other those of the caller.
    pub(crate) fn scope_of_calls(&self) -> Scope {
        if self.config.info.is_some() { self.config.scope } else { Scope::current() }
    }

    /// Makes the cells of the image that declares this one part of the list of all cells.
    pub(crate) fn note_home(&self) {
        if let Some(info) = self.config.info {
            info.home.note();
            #[cfg(feature = "testing")]
            self.shut_for_sandboxes();
        }
    }

    /// Publishes what `place` returns, if seeding is allowed and the cell has neither payload nor flight. `place` runs
    /// under the cell's lock.
    pub(crate) fn seed(
        &self,
        ages: Option<Box<Ages>>,
        place: &mut dyn FnMut() -> AnyPayload,
    ) -> Result<(), SeedRefusal> {
        let permission = seed::permission(self.config.info.is_some_and(|info| info.seedable));
        let sandbox = (self.config.scope != Scope::PROCESS).then_some("sandbox");
        let permission = sandbox.or(permission).ok_or(SeedRefusal::NotAllowed)?;
        let (lease, after) = self.control.provide(&self.config, Providing::Seed, ages, place).map_err(
            |state| match state {
                State::Ready => SeedRefusal::Ready,
                State::Closed => SeedRefusal::ShutDown,
                State::Initializing | State::Empty | State::Failed => SeedRefusal::Initializing,
            },
        )?;
        let _ = after.finish(self.name());
        self.note_home();
        let event = Seeded { cell: self.name(), generation: lease.generation(), permission };
        self.observers().seeded(&event);
        Ok(())
    }

    /// Shows the name and the state, never the payload.
    pub(crate) fn debug(&self, kind: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct(kind).field("name", &self.name()).field("state", &self.state()).finish_non_exhaustive()
    }
}
