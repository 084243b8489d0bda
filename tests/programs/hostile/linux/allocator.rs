//! A global allocator that uses a cell.

use cells::runtime_cell;
use cells_test_support::{LONG, spawn};
use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering::SeqCst};

#[global_allocator]
static ALLOCATOR: Reading = Reading;

/// What the allocator does at each call: nothing, a peek, or a get.
static DOES: AtomicU8 = AtomicU8::new(0);
static READS: AtomicUsize = AtomicUsize::new(0);

struct Reading;

fn read() {
    let found = match DOES.load(SeqCst) {
        0 => return,
        1 => FACTOR.peek().is_some(),
        _ => FACTOR.try_get().is_ok_and(|factor| **factor == 7),
    };
    READS.fetch_add(usize::from(found), SeqCst);
}

// SAFETY: every call goes to the system's allocator unchanged.
unsafe impl GlobalAlloc for Reading {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        read();
        // SAFETY: the caller keeps the same promises to this allocator.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        read();
        // SAFETY: the caller keeps the same promises to this allocator.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[allow(clippy::unnecessary_box_returns, reason = "it allocates")]
#[runtime_cell(permanent)]
fn factor() -> Box<u64> {
    Box::new(7)
}

#[runtime_cell]
fn other(factor: &u64) -> Vec<u64> {
    vec![*factor; 100]
}

/// Allocates on several threads, and in the library.
fn work() {
    let threads: Vec<_> = (0..8)
        .map(|_| {
            spawn(|| {
                for _ in 0..100 {
                    assert_eq!(other()[99], 7);
                    OTHER.invalidate();
                }
            })
        })
        .collect();
    for thread in threads {
        thread.join();
    }
    assert!(cells::close_all(LONG).is_ok());
    assert!(cells::shutdown(LONG).is_ok());
    assert!(READS.load(SeqCst) > 1_000, "{} reads", READS.load(SeqCst));
    DOES.store(0, SeqCst);
}

pub(crate) fn an_allocator_reads_a_permanent_cell_at_each_call() {
    assert_eq!(**factor(), 7);
    DOES.store(2, SeqCst);
    work();
}

pub(crate) fn an_allocator_peeks_at_a_permanent_cell_that_is_being_built() {
    DOES.store(1, SeqCst);
    work();
}
