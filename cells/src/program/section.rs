//! The section of the binary in which every declaration puts an entry: how the linker makes the list of all cells.
//!
//! Nothing runs before `main` for it, and an untouched cell costs nothing at run time. (`inventory` runs a constructor
//! for each entry at start.) Entries survive `lto = "fat"`, and dependencies that nothing refers to.
//!
//! Outside of Linux `linkme` makes the list. On Linux the section is our own, because for each entry `linkme` has the
//! compiler check three functions, a fifth of what a cell adds to `cargo check` (target: the check of 500 cells). Model
//! checks run with `linkme`, which is how it is tried here.

#[cfg(not(all(target_os = "linux", not(any(cells_shuttle, cells_portable)))))]
pub use self::linked::CELLS;
#[cfg(not(all(target_os = "linux", not(any(cells_shuttle, cells_portable)))))]
pub(crate) use self::linked::entries;
#[cfg(all(target_os = "linux", not(any(cells_shuttle, cells_portable))))]
pub(crate) use self::own::entries;

/// The entries are statics of one type, so what an image has in the section is a slice. [`image`](crate::image) has its
/// ends.
///
/// The section's name contains the version: two versions of this library in one program have a list each. A second copy
/// of the same version would add to the list of the first, and so does not link.
#[cfg(all(target_os = "linux", not(any(cells_shuttle, cells_portable))))]
mod own {
    use crate::declared::any_cell::AnyCell;
    use crate::image::{self, Image};

    /// Adds a cell to the list.
    #[doc(hidden)]
    #[macro_export]
    macro_rules! __register {
        ($(#[$attr:meta])* $cell:ident) => {
            $(#[$attr])*
            #[used]
            #[unsafe(link_section = "cells_0_1")]
            static __ENTRY: $crate::__private010::AnyCell = $cell.any();
        };
    }

    /// Without an entry there would be no section, and without a section no symbols.
    #[used]
    #[unsafe(link_section = "cells_0_1")]
    static NO_ENTRY: [AnyCell; 0] = [];

    #[used]
    #[unsafe(export_name = "cells_0_1_is_in_a_program_once")]
    static ONCE: u8 = 0;

    pub(crate) fn entries() -> Vec<AnyCell> {
        image::all().into_iter().flat_map(of_image).copied().collect()
    }

    fn of_image(image: Image) -> &'static [AnyCell] {
        let number = image.size() / size_of::<AnyCell>();
        // SAFETY: `__register` alone puts anything into the section: statics of this type, of this very library. Their size
        // is a multiple of their alignment, so there is no gap between them. An image that declares cells is not unloaded:
        // its cells are `'static`.
        unsafe { std::slice::from_raw_parts(image.start().cast(), number) }
    }

    #[test]
    fn the_names_tell_the_version() {
        let version =
            concat!("cells_", env!("CARGO_PKG_VERSION_MAJOR"), "_", env!("CARGO_PKG_VERSION_MINOR"));
        let names: Vec<_> = [include_str!("section.rs"), include_str!("../image.rs")]
            .into_iter()
            .flat_map(|source| source.split('"'))
            .filter(|text| text.contains("cells_"))
            .collect();
        assert!(names.iter().filter(|name| name.contains(version)).count() == 5, "{names:?}");
    }
}

#[cfg(not(all(target_os = "linux", not(any(cells_shuttle, cells_portable)))))]
mod linked {
    use crate::declared::any_cell::AnyCell;

    /// Adds a cell to the list.
    #[doc(hidden)]
    #[macro_export]
    macro_rules! __register {
        ($(#[$attr:meta])* $cell:ident) => {
            $(#[$attr])*
            #[$crate::__private010::linkme::distributed_slice($crate::__private010::CELLS)]
            #[linkme(crate = $crate::__private010::linkme)]
            static __ENTRY: $crate::__private010::AnyCell = $cell.any();
        };
    }

    /// Where each declaration puts its cell.
    #[linkme::distributed_slice]
    pub static CELLS: [AnyCell];

    pub(crate) fn entries() -> Vec<AnyCell> {
        CELLS.static_slice().to_vec()
    }
}
