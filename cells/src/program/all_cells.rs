//! All declared cells of the program, whatever they hold.

use crate::cell::snapshot::CellSnapshot;
use crate::declared::any_cell::AnyCell;
use crate::image;
use crate::info::CellInfo;
use crate::program::section;
use std::collections::HashSet;

/// Lists every declared cell of the program, used or not, those of other crates included, in a stable order: by module
/// path, file, line and name.
///
/// Linux: if the library is part of a shared library, those images are listed that declare a cell which was built or
/// seeded, and the one from which this is called. It is the same for all functions that concern all cells.
///
/// ```
/// use cells::runtime_cell;
///
/// #[runtime_cell]
/// fn limit() -> u32 {
///     100
/// }
///
/// for cell in cells::all() {
///     println!("{} is {:?}", cell.name(), cell.state());
/// }
/// assert!(cells::all().iter().any(|cell| cell.info().ident == "LIMIT"));
/// ```
#[doc(alias("registry", "list"))]
#[inline]
pub fn all() -> Vec<AnyCell> {
    image::note(image::here());
    listed()
}

pub(crate) fn listed() -> Vec<AnyCell> {
    let mut cells = section::entries();
    cells.sort_by_key(|cell| {
        let info = cell.info();
        (info.module_path, info.file, info.line, info.ident)
    });
    cells
}

/// Those that the caller's world does not share with the process.
pub(crate) fn own() -> Vec<AnyCell> {
    let mut cells = listed();
    cells.retain(|cell| cell.declared().is_own_here());
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
///
/// ```
/// use cells::runtime_cell;
///
/// #[runtime_cell]
/// fn limit() -> u32 {
///     100
/// }
///
/// drop(limit());
/// let ready = cells::snapshot().into_iter().filter(|cell| cell.generation.is_some()).count();
/// assert_eq!(ready, 1);
/// ```
#[doc(alias("metrics", "dashboard"))]
#[inline]
pub fn snapshot() -> Vec<CellSnapshot> {
    image::note(image::here());
    snapshots()
}

fn snapshots() -> Vec<CellSnapshot> {
    listed().iter().map(|cell| cell.snapshot()).collect()
}
