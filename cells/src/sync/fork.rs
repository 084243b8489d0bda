//! What a forked child does first: for what its parent's threads were to do, and its own readers would not miss.
//!
//! The C library calls a function in each child before `fork` returns there (`pthread_atfork`, POSIX). Only one thread exists
//! then, and locks may be held by threads that do not. So the function takes none: what it goes through is a list to which
//! entries are added at its head, and that nothing is ever taken from. A child that was made by the system call itself does
//! not get there.

use std::ptr;
use std::sync::Once;
use std::sync::atomic::{AtomicPtr, Ordering};

/// Something that a forked child has to know.
pub(crate) trait InChild: Sync {
    /// Called in the child, where no other thread exists. Takes no lock, allocates nothing and does not unwind.
    fn in_child(&self);
}

struct Entry {
    what: &'static dyn InChild,
    next: *const Entry,
}

static ENTRIES: AtomicPtr<Entry> = AtomicPtr::new(ptr::null_mut());

/// Calls [`InChild::in_child`] in every child that is forked from now on, also in the children of those. To be called once
/// for each.
pub(crate) fn in_children(what: &'static dyn InChild) {
    static REGISTERED: Once = Once::new();
    REGISTERED.call_once(register);
    let entry = Box::leak(Box::new(Entry { what, next: ptr::null() }));
    // Release: pairs with the acquire in `go_through`, so that an entry is found as it was added.
    let add = |next: *mut Entry| {
        entry.next = next;
        Some(ptr::from_mut(entry))
    };
    let _ = ENTRIES.fetch_update(Ordering::Release, Ordering::Relaxed, add);
}

extern "C" fn go_through() {
    let mut at = ENTRIES.load(Ordering::Acquire).cast_const();
    // SAFETY: entries are never freed, and not changed after they were added.
    while let Some(entry) = unsafe { at.as_ref() } {
        entry.what.in_child();
        at = entry.next;
    }
}

#[cfg(unix)]
fn register() {
    use std::ffi::c_int;

    unsafe extern "C" {
        fn pthread_atfork(
            prepare: Option<extern "C" fn()>,
            parent: Option<extern "C" fn()>,
            child: Option<extern "C" fn()>,
        ) -> c_int;
    }
    // SAFETY: the functions are those of the C library's interface. If it has no memory left, children are not prepared.
    let _ = unsafe { pthread_atfork(None, None, Some(go_through)) };
}

#[cfg(not(unix))]
fn register() {
    // There are no forked children.
    let _ = go_through;
}
