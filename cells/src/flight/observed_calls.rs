//! Which cell's factory was seen to call which other cell's accessor.

use crate::flight::frames;
use crate::info::CellInfo;
use parking_lot::Mutex;
use std::any::TypeId;
use std::collections::BTreeMap;

type Calls = BTreeMap<(TypeId, TypeId), (&'static CellInfo, &'static CellInfo)>;

static OBSERVED: Mutex<Calls> = Mutex::new(BTreeMap::new());

/// Notes that the accessor of `cell` is called; an edge where that happens inside a declared cell's factory.
pub(crate) fn record(cell: &'static CellInfo) {
    if let Some(caller) = frames::current_declared() {
        OBSERVED.lock().insert((caller.id, cell.id), (caller, cell));
    }
}

/// All edges, from the dependent to what it depends on.
pub(crate) fn all() -> Vec<(&'static CellInfo, &'static CellInfo)> {
    OBSERVED.lock().values().copied().collect()
}

/// What one cell's factory was seen to use.
pub(crate) fn by(caller: &CellInfo) -> Vec<&'static CellInfo> {
    let calls = OBSERVED.lock();
    calls.values().filter(|(from, _)| from.id == caller.id).map(|&(_, to)| to).collect()
}
