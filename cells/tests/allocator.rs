//! A global allocator that reads cells at every allocation, on threads that start and end, beside closes.

#![expect(unsafe_code, reason = "a global allocator is unsafe to implement")]

use cells::{CloseStatus, Error, RuntimeCell};
use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;

/// More than a table of counters serves from the start, so that the reads of some threads enlarge their table.
const MANY: usize = 300;
static CELLS: [RuntimeCell<u64>; MANY] = [const { RuntimeCell::new("read by the allocator") }; MANY];
static READS: AtomicU64 = AtomicU64::new(0);
static WRONG: AtomicU64 = AtomicU64::new(0);
static ON: AtomicBool = AtomicBool::new(false);

struct Reading;

fn read() {
    if ON.load(Ordering::Relaxed) {
        for cell in [&CELLS[MANY - 1], &CELLS[0]] {
            if let Some(lease) = cell.peek() {
                READS.fetch_add(1, Ordering::Relaxed);
                WRONG.fetch_add(u64::from(*lease != 7), Ordering::Relaxed);
            }
        }
    }
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

#[global_allocator]
static ALLOCATOR: Reading = Reading;

fn get(cell: &RuntimeCell<u64>) -> cells::Ref<'_, u64> {
    cell.get_or_initialize(|| Ok::<_, Error>(7)).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn x23_an_allocator_reads_cells() {
    for cell in &CELLS {
        drop(get(cell));
    }
    ON.store(true, Ordering::SeqCst);
    // First reads, in the allocator and after it; each thread ends while others start and the cells are closed.
    thread::scope(|scope| {
        for reader in 0..2 {
            scope.spawn(move || {
                for round in 0..500 {
                    let visit = move || {
                        let text = vec![reader; round + 1];
                        let kept: Vec<_> = CELLS.iter().filter_map(|cell| cell.peek()).collect();
                        assert_eq!(text.len(), round + 1);
                        kept.len()
                    };
                    assert!(thread::spawn(visit).join().is_ok());
                }
            });
        }
        for round in 0..2_000 {
            let cell = &CELLS[if round % 3 == 0 { 0 } else { MANY - 1 }];
            match round % 2 {
                0 => drop(cell.refresh(|| Ok::<_, Error>(7))),
                _ => assert!(matches!(
                    cell.close().status,
                    CloseStatus::Ok | CloseStatus::Draining | CloseStatus::Disposing | CloseStatus::Noop
                )),
            }
            drop(get(cell));
        }
    });
    ON.store(false, Ordering::SeqCst);
    assert!(READS.load(Ordering::SeqCst) > 10_000);
    assert_eq!(WRONG.load(Ordering::SeqCst), 0);
    for cell in &CELLS {
        let closed = cell.close_and_drain(std::time::Duration::from_secs(60)).status;
        assert_eq!(closed, CloseStatus::Ok);
    }
}
