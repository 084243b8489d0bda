//! More payloads at a time than there is room for in the tables of leases. A program of its own, because it takes all of
//! that room.

use cells::{CloseStatus, Error, ReadPath, RuntimeCell, read_path, runtime_cell};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// For all payloads but those of declared cells: 31 of 32 parts of 2^17 lanes (2^14 where a pointer has 32 bits).
const ROOM: usize = if cfg!(target_pointer_width = "64") { 131_072 - 4_097 } else { 16_384 - 513 };

static ENDS: AtomicUsize = AtomicUsize::new(0);

struct Counted;

impl Drop for Counted {
    fn drop(&mut self) {
        ENDS.fetch_add(1, Ordering::SeqCst);
    }
}

#[runtime_cell]
fn late() -> u64 {
    7
}

#[runtime_cell]
fn later() -> u64 {
    8
}

fn built(n: usize) -> Vec<RuntimeCell<Counted>> {
    let cells: Vec<_> = (0..n).map(|_| RuntimeCell::new("one of many")).collect();
    for cell in &cells {
        assert!(cell.get_or_initialize(|| Ok::<_, Error>(Counted)).is_ok());
    }
    cells
}

#[test]
fn x4_a_declared_cell_reads_fast_beside_any_number_of_instances() {
    let path = read_path();
    let mut cells = built(ROOM + 2_000);
    // The first has no lane 0, and whatever is left over reads under a lock: said, and right all the same.
    assert_eq!(
        (cells[300].read_path(), cells[3_000].read_path(), cells[70_000.min(ROOM / 2)].read_path()),
        (path, path, path)
    );
    let locked = cells.iter().filter(|cell| cell.read_path() == ReadPath::Lock).count();
    assert_eq!(locked, 2_000 + 1);
    assert_eq!((*late(), LATE.read_path()), (7, path));

    let last = cells.last().expect("there are some");
    let kept = last.peek();
    thread::scope(|scope| {
        scope.spawn(|| drop(kept));
        scope.spawn(|| assert!(last.peek().is_some()));
    });
    assert_eq!((last.close().status, ENDS.load(Ordering::SeqCst)), (CloseStatus::Ok, 1));

    // What was taken comes back, the best room first.
    cells.truncate(1_000);
    assert_eq!(ENDS.load(Ordering::SeqCst), ROOM + 1_000);
    let again = built(2_000);
    assert!(again.iter().all(|cell| cell.read_path() == path));
    assert_eq!((*later(), LATER.read_path(), LATE.read_path()), (8, path, path));
}
