//! Zeroed memory that the system provides page by page, as it is written: a large table costs what is used of it.

use std::alloc::Layout;
use std::ptr::NonNull;

/// Reserves memory for a `T`, all of it zero, for as long as the process lives. `None` if there is no more.
#[cfg(all(target_os = "linux", not(miri)))]
pub(super) fn zeroed<T>() -> Option<NonNull<T>> {
    use rustix::mm::{Advice, MapFlags, ProtFlags, madvise, mmap_anonymous, munmap};

    // From the system and not from the program's allocator, which may fill what it hands out with zeros itself, and then
    // all of it would be used.
    let layout = Layout::new::<T>();
    let mapped = layout.size() + layout.align();
    let (access, flags) = (ProtFlags::READ | ProtFlags::WRITE, MapFlags::PRIVATE | MapFlags::NORESERVE);
    // SAFETY: a new mapping, wherever the kernel finds room.
    let start = unsafe { mmap_anonymous(std::ptr::null_mut(), mapped, access, flags) }.ok()?;
    // What comes before the first aligned address, and what is left after the table. Both end or begin with a page where
    // the kernel accepts them; where it does not, some addresses are wasted.
    let before = start.addr().wrapping_neg() % layout.align();
    let memory = start.wrapping_byte_add(before);
    let end = memory.wrapping_byte_add(layout.size());
    // SAFETY: parts of the mapping that nobody uses.
    let _ = unsafe { (munmap(start, before), munmap(end, mapped - before - layout.size())) };
    // Huge pages would be used whole. A kernel that has none denies the call.
    // SAFETY: the range is what is left of the mapping, and the call changes none of its contents.
    let _ = unsafe { madvise(memory, layout.size(), Advice::LinuxNoHugepage) };
    NonNull::new(memory.cast())
}

/// The same where only the allocator is known. Those of the systems take as much at once directly from the system.
#[cfg(not(all(target_os = "linux", not(miri))))]
pub(super) fn zeroed<T>() -> Option<NonNull<T>> {
    let layout = Layout::new::<T>();
    assert!(layout.size() != 0);
    // SAFETY: the layout has a size.
    NonNull::new(unsafe { std::alloc::alloc_zeroed(layout) }.cast())
}
