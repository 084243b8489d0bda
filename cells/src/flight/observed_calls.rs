//! Observed dependencies: which cell's factory has called which other cell's accessor in this process.

use crate::flight::frames;
use crate::info::CellInfo;
use parking_lot::Mutex;
use std::any::TypeId;
use std::cell::Cell;
use std::collections::BTreeMap;

type Calls = BTreeMap<(TypeId, TypeId), (&'static CellInfo, &'static CellInfo)>;

static OBSERVED: Mutex<Calls> = Mutex::new(BTreeMap::new());

thread_local! {
    /// The last edge that this thread has recorded: a factory that reads a cell in a loop takes the lock once.
    static LAST: Cell<Option<(TypeId, TypeId)>> = const { Cell::new(None) };
}

/// Records a call of the accessor of `cell`, if a declared cell's factory asks.
pub(crate) fn record(cell: &'static CellInfo) {
    let Some(caller) = frames::asking_declared() else { return };
    let edge = (caller.id(), cell.id());
    if LAST.replace(Some(edge)) != Some(edge) {
        OBSERVED.lock().insert(edge, (caller, cell));
    }
}

/// All recorded edges, each from the dependent cell to the one it depends on.
pub(crate) fn all() -> Vec<(&'static CellInfo, &'static CellInfo)> {
    OBSERVED.lock().values().copied().collect()
}

/// How many edges are recorded. None is ever removed, so an edge is new if and only if this has grown.
pub(crate) fn count() -> usize {
    OBSERVED.lock().len()
}

/// The cells whose accessors the factory of `caller` has called.
pub(crate) fn by(caller: &CellInfo) -> Vec<&'static CellInfo> {
    let calls = OBSERVED.lock();
    calls.values().filter(|(from, _)| from.id() == caller.id()).map(|&(_, to)| to).collect()
}
