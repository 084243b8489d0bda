//! The memory that cells and leases keep, measured at the allocator. There is only one test, so that nothing else
//! allocates meanwhile.

#![expect(unsafe_code, reason = "a global allocator is unsafe to implement")]

use cells::{Error, Ref, RuntimeCell};
use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicIsize, Ordering};
use std::thread;

struct Counting;

static BYTES: AtomicIsize = AtomicIsize::new(0);

fn count(layout: Layout, sign: isize) {
    BYTES.fetch_add(sign * isize::try_from(layout.size()).expect("a layout is no larger"), Ordering::Relaxed);
}

// SAFETY: every call goes to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout, 1);
        // SAFETY: the caller keeps the same promises to this allocator.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        count(layout, -1);
        // SAFETY: the caller keeps the same promises to this allocator.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// The bytes that `run` allocated and did not free.
fn kept(run: impl FnOnce()) -> isize {
    let before = BYTES.load(Ordering::SeqCst);
    run();
    BYTES.load(Ordering::SeqCst) - before
}

fn get<T: Send + Sync>(cell: &RuntimeCell<T>, make: fn() -> T) -> cells::Ref<'_, T> {
    cell.get_or_initialize(|| Ok::<_, Error>(make())).unwrap_or_else(|error| panic!("{error}"))
}

fn instances(n: usize) {
    for _ in 0..n {
        let cell = RuntimeCell::new("instance");
        let lease = get(&cell, || vec![0_u8; 1000]);
        drop(Ref::clone(&lease));
        cell.invalidate();
        drop(lease);
        drop(get(&cell, || vec![0_u8; 1000]));
    }
}

fn threads(n: usize) {
    static CELL: RuntimeCell<u64> = RuntimeCell::new("visited");
    for _ in 0..n {
        let visit = || assert_eq!(*get(&CELL, || 7), 7);
        assert!(thread::spawn(visit).join().is_ok());
    }
}

#[test]
fn r5_what_is_used_up_comes_back() {
    let one_thread = kept(|| {
        static CELL: RuntimeCell<u64> = RuntimeCell::new("first");
        drop(get(&CELL, || 7));
    });
    println!("the first cell of the first thread: {one_thread} bytes");
    threads(10);
    instances(10);
    assert_eq!(kept(|| instances(3_000)), 0, "3,000 instances");
    // The end of one thread may overlap with the start of the next: one or two more tables, and the list of idle ones.
    let threads = kept(|| threads(10_000));
    assert!(threads < 20_000, "10,000 threads keep {threads} bytes");
    let forgotten = kept(|| {
        let cell = RuntimeCell::new("forgotten");
        for _ in 0..1_000 {
            std::mem::forget(get(&cell, || 7_u64));
            cell.invalidate();
        }
    });
    println!("10,000 threads: {threads} bytes; a forgotten lease on a `u64`: {} bytes", forgotten / 1_000);
    assert!(forgotten < 1_000_000, "1,000 forgotten leases keep {forgotten} bytes");
    println!("a cell: {} bytes", size_of::<RuntimeCell<u64>>());
}
