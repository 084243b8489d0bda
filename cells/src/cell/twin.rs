//! The cells of a sandbox. In the place of each declared cell that is asked for inside it has one of its own, the twin,
//! with the same factory, limits and declared hooks.
//!
//! # Protocol
//!
//! A call of a declared cell asks at its beginning, once, whose cell it is about ([`RawCell::here`]); all the rest is
//! done with that one. Reads ask too: while a sandbox is open, the slots of the process's declared cells are
//! [shut](RawCell::shut_for_sandboxes), so that no read of them takes the fast path.
//!
//! A twin is made when it is first asked for, under the lock of its sandbox's list, and never freed. Each thread keeps
//! the twins that it has found; a sandbox's number and a cell's address are used only once, so what it keeps is right.
//! Once nothing is to begin in the sandbox any more ([`Twins::shut_down`]), the twins that are made later are shut down.

use crate::cell::cell_base::CellBase;
use crate::cell::config::Config;
use crate::cell::raw_cell::RawCell;
use crate::error::BoxError;
use crate::flight::adjuster::{Adjuster, AsyncAdjuster};
use crate::info::CellInfo;
use crate::observe::hook::Hook;
use crate::payload::lease::AnyPayload;
use crate::sync::executor::BoxFuture;
use crate::sync::primitives::thread_local;
use crate::sync::world::{Scope, World, is_any_open};
use parking_lot::{Mutex, RwLock};
use std::any::TypeId;
use std::cell::Cell;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// What a sandbox has of its own.
#[derive(Default)]
pub(crate) struct Twins {
    members: RwLock<Members>,
    /// The factories that take the place of the declared ones.
    factories: Mutex<HashMap<TypeId, TwinFactory>>,
    list: RwLock<List>,
    /// The adjusters of permanent and asynchronous cells, which their twins do not have in themselves.
    adjusters: Adjusters<dyn Adjuster>,
    async_adjusters: Adjusters<dyn AsyncAdjuster>,
}

type Adjusters<H> = Mutex<HashMap<TypeId, &'static Hook<H>>>;

/// Which declared cells a sandbox has of its own.
pub(crate) enum Members {
    AllBut(HashSet<TypeId>),
    Only(HashSet<TypeId>),
}

#[derive(Default)]
struct List {
    /// By the address of the process's cell.
    twins: HashMap<usize, &'static CellBase>,
    shut_down: bool,
}

/// What builds the payload of a twin instead of the declared factory.
#[derive(Clone)]
pub(crate) enum TwinFactory {
    Sync(Arc<dyn Fn() -> Result<AnyPayload, BoxError> + Send + Sync>),
    Async(Arc<dyn Fn() -> BoxFuture<'static, Result<AnyPayload, BoxError>> + Send + Sync>),
}

impl Default for Members {
    fn default() -> Self {
        Self::AllBut(HashSet::new())
    }
}

impl Members {
    pub(crate) fn has(&self, cell: &CellInfo) -> bool {
        match self {
            Self::AllBut(shared) => !shared.contains(&cell.id()),
            Self::Only(members) => members.contains(&cell.id()),
        }
    }
}

impl Twins {
    pub(crate) fn of(world: &'static World) -> &'static Self {
        world.keep()
    }

    /// Says which cells the sandbox has, before it is entered.
    pub(crate) fn found(&self, members: Members, factories: HashMap<TypeId, TwinFactory>) {
        *self.members.write() = members;
        *self.factories.lock() = factories;
    }

    pub(crate) fn has(&self, cell: &CellInfo) -> bool {
        self.members.read().has(cell)
    }

    /// The twin of a cell, if it was asked for.
    pub(crate) fn of_cell(&self, cell: &RawCell) -> Option<&'static CellBase> {
        self.list.read().twins.get(&address(cell)).copied()
    }

    /// Those that were asked for.
    pub(crate) fn all(&self) -> Vec<&'static CellBase> {
        self.list.read().twins.values().copied().collect()
    }

    fn of_cell_or_new(&self, cell: &RawCell, world: &'static World) -> &'static CellBase {
        if let Some(twin) = self.of_cell(cell) {
            return twin;
        }
        let has_factory = self.factories.lock().contains_key(&cell.info().id());
        let mut list = self.list.write();
        let shut_down = list.shut_down;
        list.twins.entry(address(cell)).or_insert_with(|| {
            let twin = Box::leak(Box::new(CellBase { raw: cell.twin(Scope::of(world), has_factory) }));
            if shut_down {
                // Nobody waits for it yet, so this has nothing to do after unlocking.
                let _ = twin.raw.shut_down();
            }
            twin
        })
    }

    /// The adjuster that the sandbox has in the place of a cell's own.
    pub(crate) fn adjuster(
        &self,
        cell: &CellInfo,
        declared: &Hook<dyn Adjuster>,
    ) -> &'static Hook<dyn Adjuster> {
        twin_of(&self.adjusters, cell, declared)
    }

    pub(crate) fn async_adjuster(
        &self,
        cell: &CellInfo,
        declared: &Hook<dyn AsyncAdjuster>,
    ) -> &'static Hook<dyn AsyncAdjuster> {
        twin_of(&self.async_adjusters, cell, declared)
    }

    /// Lets no flight begin in the twins that are made from now on.
    pub(crate) fn shut_down(&self) {
        self.list.write().shut_down = true;
    }
}

fn twin_of<H: ?Sized>(of: &Adjusters<H>, cell: &CellInfo, declared: &Hook<H>) -> &'static Hook<H> {
    of.lock().entry(cell.id()).or_insert_with(|| Box::leak(Box::new(declared.twin())))
}

fn address(cell: &RawCell) -> usize {
    std::ptr::from_ref(cell).addr()
}

/// How many twins a thread keeps.
const KEPT: usize = 128;

/// A sandbox, the address of a cell, and what it has in that cell's place; `None` if it shares the cell.
type Found = (u64, usize, Option<&'static CellBase>);

thread_local! {
    static FOUND: [Cell<Found>; KEPT] = const { [const { Cell::new((0, 0, None)) }; KEPT] };
}

impl RawCell {
    /// The cell that the caller's sandbox has in the place of this one, if it has one.
    #[inline]
    pub(crate) fn twin_here(&self) -> Option<&'static CellBase> {
        if is_any_open() && self.config.is_declared() { self.find_twin() } else { None }
    }

    /// Whether the caller's sandbox has a cell of its own in the place of this one, whether or not it was asked for.
    pub(crate) fn has_place_here(&self) -> bool {
        let world = Scope::current().world().filter(|_| self.config.is_declared());
        world.is_some_and(|world| Twins::of(world).has(self.info()))
    }

    /// The cell that the caller's sandbox has in the place of this one, if it was asked for.
    pub(crate) fn known_twin_here(&self) -> Option<&'static Self> {
        let twins = Twins::of(Scope::current().world()?);
        twins.of_cell(self).map(|twin| &twin.raw)
    }

    #[cold]
    fn find_twin(&self) -> Option<&'static CellBase> {
        let world = Scope::current().world()?;
        let key = (world.id(), address(self));
        // Cells are some hundreds of bytes apart.
        let place = (key.1 >> 6) % KEPT;
        let kept = FOUND.try_with(|found| found[place].get()).ok();
        if let Some((id, address, twin)) = kept {
            if (id, address) == key {
                return twin;
            }
        }
        let twins = Twins::of(world);
        let twin = twins.has(self.info()).then(|| twins.of_cell_or_new(self, world));
        let _ = FOUND.try_with(|found| found[place].set((key.0, key.1, twin)));
        twin
    }

    /// The twin of this cell in a sandbox.
    fn twin(&self, scope: Scope, factory_of_sandbox: bool) -> Self {
        let Config { name, limits, info, factory, observer, adjuster, .. } = &self.config;
        let (observer, adjuster) = (observer.twin(), adjuster.twin());
        let (limits, info, factory) = (*limits, *info, *factory);
        let config = Config { name, limits, info, factory, observer, adjuster, scope, factory_of_sandbox };
        Self::new(config, self.control.published().type_of_payloads())
    }

    /// What the sandbox has to which this cell belongs, if it is a twin.
    pub(crate) fn twins(&self) -> Option<&'static Twins> {
        self.config.scope.world().map(Twins::of)
    }

    /// What builds the payload of this twin instead of the declared factory.
    pub(crate) fn twin_factory(&self) -> Option<TwinFactory> {
        self.twins()?.factories.lock().get(&self.info().id()).cloned()
    }

    /// Builds the payload of this twin by what builds it instead of the declared factory, if there is something.
    pub(crate) fn build_in_sandbox(&self) -> Option<Result<AnyPayload, BoxError>> {
        match self.twin_factory()? {
            TwinFactory::Sync(factory) => Some(factory()),
            TwinFactory::Async(_) => None,
        }
    }

    /// While a sandbox is open, no read of a declared cell takes the fast path. Called for each when the first sandbox is
    /// opened and when the last one is closed, and for a cell that comes later.
    pub(crate) fn shut_for_sandboxes(&self) {
        if !self.config.is_declared() {
            return;
        }
        loop {
            let open = is_any_open();
            self.control.published().shut_for_sandboxes(open);
            // Whoever changes it meanwhile looks at all cells that are known by then.
            if is_any_open() == open {
                return;
            }
        }
    }
}
