//! The images of the program (the executable, and each shared library) that declare cells.
//!
//! The linker makes a list of cells for each image, and an image knows only its own. If the library is part of a Rust
//! `dylib`, that is not the list of the executable. So the library notes each image that it meets: where a cell is first
//! built or seeded, that of the declaration, and where the cells are listed, that of the caller. It meets an image by
//! [`here`], which is inlined, and so compiled into whatever image calls it or refers to it.
//!
//! Outside of Linux only the image of the library is known.

#[cfg(all(target_os = "linux", not(any(cells_shuttle, cells_portable))))]
pub(crate) use self::elf::{Image, here};
#[cfg(not(all(target_os = "linux", not(any(cells_shuttle, cells_portable)))))]
pub(crate) use self::one::{Image, here};
use parking_lot::Mutex;
use std::fmt;

/// The images that were met, apart from the library's own.
static OTHERS: Mutex<Vec<Image>> = Mutex::new(Vec::new());

/// Makes the cells of an image part of the list.
pub(crate) fn note(image: Image) {
    if image != own() {
        let mut others = OTHERS.lock();
        if !others.contains(&image) {
            others.push(image);
        }
    }
}

/// The image of the library.
#[inline(never)]
fn own() -> Image {
    here()
}

/// All images that are known.
#[cfg(all(target_os = "linux", not(any(cells_shuttle, cells_portable))))]
pub(crate) fn all() -> Vec<Image> {
    std::iter::once(own()).chain(OTHERS.lock().iter().copied()).collect()
}

/// The image of a declaration.
#[derive(Clone, Copy)]
pub(crate) struct Home(pub(crate) fn() -> Image);

impl Home {
    /// Makes the cells of that image part of the list.
    pub(crate) fn note(self) {
        note((self.0)());
    }
}

/// An address says nothing to a reader.
impl fmt::Debug for Home {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Home")
    }
}

/// A linker for ELF brackets a section whose name is an identifier by two symbols, `__start_` and `__stop_` with that name
/// (manual of GNU ld, "Orphan Sections"). They are not visible from other images.
#[cfg(all(target_os = "linux", not(any(cells_shuttle, cells_portable))))]
mod elf {
    unsafe extern "Rust" {
        #[link_name = "__start_cells_0_1"]
        static START: [usize; 0];
        #[link_name = "__stop_cells_0_1"]
        static STOP: [usize; 0];
    }

    /// The ends of one image's list. Only [`here`] makes one.
    #[derive(Clone, Copy, PartialEq, Eq)]
    pub(crate) struct Image {
        start: *const [usize; 0],
        stop: *const [usize; 0],
    }

    // SAFETY: the pointers are addresses in an image, the same on every thread.
    unsafe impl Send for Image {}

    /// The image into which this call is compiled.
    #[inline]
    pub(crate) fn here() -> Image {
        Image { start: &raw const START, stop: &raw const STOP }
    }

    impl Image {
        pub(crate) fn start(self) -> *const [usize; 0] {
            self.start
        }

        /// The size of the list in bytes.
        pub(crate) fn size(self) -> usize {
            self.stop.addr() - self.start.addr()
        }
    }
}

/// Where the one list comes from `linkme`.
#[cfg(not(all(target_os = "linux", not(any(cells_shuttle, cells_portable)))))]
mod one {
    #[derive(Clone, Copy, PartialEq, Eq)]
    pub(crate) struct Image;

    #[inline]
    pub(crate) fn here() -> Image {
        Image
    }
}
