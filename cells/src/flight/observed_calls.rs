//! Observed dependencies: which cell's factory has called which other cell's accessor in this process, or in a sandbox.

use crate::flight::frames;
use crate::info::CellInfo;
use crate::sync::world::{self, Scope};
use parking_lot::Mutex;
use std::any::TypeId;
use std::cell::Cell;
use std::collections::BTreeMap;

type Edge = (TypeId, TypeId);

#[derive(Default)]
struct Calls(Mutex<BTreeMap<Edge, (&'static CellInfo, &'static CellInfo)>>);

/// Those of the process.
static OBSERVED: Calls = Calls(Mutex::new(BTreeMap::new()));

thread_local! {
    /// The last edge that this thread has recorded: a factory that reads a cell in a loop takes the lock once.
    static LAST: Cell<Option<(Scope, Edge)>> = const { Cell::new(None) };
}

/// Records a call of the accessor of `cell`, if a declared cell's factory asks.
pub(crate) fn record(cell: &'static CellInfo) {
    let Some(caller) = frames::asking_declared() else { return };
    let (scope, edge) = (Scope::current(), (caller.id(), cell.id()));
    if LAST.replace(Some((scope, edge))) != Some((scope, edge)) {
        scope.own(&OBSERVED).0.lock().insert(edge, (caller, cell));
    }
}

/// All recorded edges, each from the dependent cell to the one it depends on.
pub(crate) fn all() -> Vec<(&'static CellInfo, &'static CellInfo)> {
    world::own(&OBSERVED).0.lock().values().copied().collect()
}

/// How many edges are recorded. None is ever removed, so an edge is new if and only if this has grown.
pub(crate) fn count() -> usize {
    world::own(&OBSERVED).0.lock().len()
}

/// The cells whose accessors the factory of `caller` has called.
pub(crate) fn by(caller: &CellInfo) -> Vec<&'static CellInfo> {
    let calls = world::own(&OBSERVED).0.lock();
    calls.values().filter(|(from, _)| from.id() == caller.id()).map(|&(_, to)| to).collect()
}
