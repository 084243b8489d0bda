//! All declared cells of the program, whatever they hold.

use crate::cell::snapshot::CellSnapshot;
use crate::declared::any_cell::AnyCell;
use crate::info::CellInfo;
use crate::program::section;
use std::collections::HashSet;

/// Lists every declared cell of the program, used or not, those of other crates included, in a stable order: by module
/// path, file, line and name.
pub fn all() -> Vec<AnyCell> {
    let mut cells = section::entries().to_vec();
    cells.sort_by_key(|cell| {
        let info = cell.info();
        (info.module_path, info.file, info.line, info.ident)
    });
    cells
}

/// Which names only one cell has.
pub(crate) struct Names {
    repeated: HashSet<&'static str>,
}

impl Names {
    pub(crate) fn of(names: impl Iterator<Item = &'static str>) -> Self {
        let mut seen = HashSet::new();
        Self { repeated: names.filter(|name| !seen.insert(*name)).collect() }
    }

    /// Those of all declared cells.
    pub(crate) fn of_all() -> Self {
        Self::of(section::entries().iter().map(|cell| cell.info().name))
    }

    /// The name; behind it, where another cell has the same one, the module.
    pub(crate) fn apart(&self, cell: &CellInfo, between: &str) -> String {
        let CellInfo { name, module_path, .. } = cell;
        if self.repeated.contains(name) {
            format!("{name}{between}{module_path}")
        } else {
            (*name).to_owned()
        }
    }

    /// The same on one line, for a report.
    pub(crate) fn in_report(&self, cell: &CellInfo) -> String {
        self.apart(cell, " in ")
    }
}

/// Returns what every declared cell of the program is doing, in the order of [`all`].
pub fn snapshot() -> Vec<CellSnapshot> {
    all().iter().map(AnyCell::snapshot).collect()
}
