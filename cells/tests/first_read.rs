//! What a thread's first reads allocate. This depends on how many cells and threads there were before, so it is a
//! program of its own, without other tests.

use allocation_counter::measure;
use cells::{Error, RuntimeCell};
use std::thread;

/// One more than a table of counters serves from the start.
static CELLS: [RuntimeCell<u32>; 257] = [const { RuntimeCell::new("one of many") }; 257];

#[test]
fn a1_a_threads_first_read_of_a_cell_may_allocate_and_no_later_one_does() {
    for cell in &CELLS {
        assert!(cell.get_or_initialize(|| Ok::<_, Error>(7)).is_ok());
    }
    let read = || {
        for cell in &CELLS {
            assert!(cell.get_or_initialize(|| -> Result<_, Error> { unreachable!("it is ready") }).is_ok());
        }
    };
    let allocations = move || [measure(read), measure(read)].map(|reads| reads.count_total);
    let of_one_thread = thread::spawn(allocations).join();
    assert_eq!(of_one_thread.ok(), Some([2, 0]), "its table, and the table's first further chunk");
}
