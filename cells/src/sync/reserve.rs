//! Memory straight from the system: zeroed, and provided page by page, as it is written, so that a large table costs what
//! is used of it; or a word that a fork resets.

use std::ptr::NonNull;
use std::sync::atomic::AtomicU32;

#[cfg(all(target_os = "linux", not(any(cells_portable, miri))))]
pub(crate) use self::linux::{reset_by_fork, zeroed};
#[cfg(not(all(target_os = "linux", not(any(cells_portable, miri)))))]
pub(crate) use self::others::{reset_by_fork, zeroed};

#[cfg(all(target_os = "linux", not(any(cells_portable, miri))))]
mod linux {
    use super::{AtomicU32, NonNull};
    use rustix::mm::{Advice, MapFlags, ProtFlags, madvise, mmap_anonymous};
    use std::alloc::Layout;
    use std::ffi::c_void;

    /// Reserves memory for a `T`, all of it zero, for as long as the process lives. `None` if there is no more.
    ///
    /// It does not come from the program's allocator, which may fill what it hands out with zeros itself, and then all of
    /// it would be used.
    pub(crate) fn zeroed<T>() -> Option<NonNull<T>> {
        let layout = Layout::new::<T>();
        let mapped = layout.size() + layout.align();
        let start = map(mapped)?;
        // Huge pages would be used whole. A kernel that has none denies the call.
        // SAFETY: the range is the mapping, and the call changes none of its contents.
        let _ = unsafe { madvise(start, mapped, Advice::LinuxNoHugepage) };
        // What is before the first aligned address, or after the `T`, is never used.
        let before = start.addr().wrapping_neg() % layout.align();
        NonNull::new(start.wrapping_byte_add(before).cast())
    }

    /// A word that is zero at first, and zero again in a forked child. `None` before Linux 4.14.
    pub(crate) fn reset_by_fork() -> Option<&'static AtomicU32> {
        let page = map(size_of::<AtomicU32>())?;
        // SAFETY: the kernel acts on whole pages, and this one is all zeros; nobody else uses it.
        unsafe { madvise(page, size_of::<AtomicU32>(), Advice::LinuxWipeOnFork) }.ok()?;
        // SAFETY: a page is large enough and aligned, holds zeros, and is never unmapped.
        Some(unsafe { NonNull::new(page)?.cast().as_ref() })
    }

    fn map(size: usize) -> Option<*mut c_void> {
        let (access, flags) = (ProtFlags::READ | ProtFlags::WRITE, MapFlags::PRIVATE | MapFlags::NORESERVE);
        // SAFETY: a new mapping, wherever the kernel finds room.
        unsafe { mmap_anonymous(std::ptr::null_mut(), size, access, flags) }.ok()
    }
}

#[cfg(not(all(target_os = "linux", not(any(cells_portable, miri)))))]
mod others {
    use super::{AtomicU32, NonNull};
    use std::alloc::{Layout, alloc_zeroed};

    /// The same from the allocator. Those of the systems take as much at once directly from the system.
    pub(crate) fn zeroed<T>() -> Option<NonNull<T>> {
        let layout = Layout::new::<T>();
        assert!(layout.size() != 0);
        // SAFETY: the layout has a size.
        NonNull::new(unsafe { alloc_zeroed(layout) }.cast())
    }

    /// There is none.
    pub(crate) fn reset_by_fork() -> Option<&'static AtomicU32> {
        None
    }
}
