//! Zeroed memory that the system provides page by page, as it is written: a large table costs what is used of it.

use std::alloc::Layout;
use std::ptr::NonNull;

/// Reserves memory for a `T`, all of it zero, for as long as the process lives. `None` if there is no more.
#[cfg(all(target_os = "linux", not(miri)))]
pub(super) fn zeroed<T>() -> Option<NonNull<T>> {
    use rustix::mm::{Advice, MapFlags, ProtFlags, madvise, mmap_anonymous};

    // From the system and not from the program's allocator, which may fill what it hands out with zeros itself, and then
    // all of it would be used.
    let layout = Layout::new::<T>();
    let mapped = layout.size() + layout.align();
    let (access, flags) = (ProtFlags::READ | ProtFlags::WRITE, MapFlags::PRIVATE | MapFlags::NORESERVE);
    // SAFETY: a new mapping, wherever the kernel finds room.
    let start = unsafe { mmap_anonymous(std::ptr::null_mut(), mapped, access, flags) }.ok()?;
    // Huge pages would be used whole. A kernel that has none denies the call.
    // SAFETY: the range is the mapping, and the call changes none of its contents.
    let _ = unsafe { madvise(start, mapped, Advice::LinuxNoHugepage) };
    // What is before the first aligned address, or after the `T`, is never used.
    let before = start.addr().wrapping_neg() % layout.align();
    NonNull::new(start.wrapping_byte_add(before).cast())
}

/// The same where only the allocator is known. Those of the systems take as much at once directly from the system.
#[cfg(not(all(target_os = "linux", not(miri))))]
pub(super) fn zeroed<T>() -> Option<NonNull<T>> {
    let layout = Layout::new::<T>();
    assert!(layout.size() != 0);
    // SAFETY: the layout has a size.
    NonNull::new(unsafe { std::alloc::alloc_zeroed(layout) }.cast())
}
