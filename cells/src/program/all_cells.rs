//! All declared cells of the program, whatever they hold.

use crate::cell::snapshot::CellSnapshot;
use crate::declared::any_cell::AnyCell;
use crate::program::section;

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

/// Returns what every declared cell of the program is doing, in the order of [`all`].
pub fn snapshot() -> Vec<CellSnapshot> {
    all().iter().map(AnyCell::snapshot).collect()
}
