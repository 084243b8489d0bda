//! What a thread's first reads allocate. This depends on how many threads there were before, so it is a program of its
//! own, without other tests.

use allocation_counter::measure;
use cells::{Error, RuntimeCell};
use std::thread;

static CELLS: [RuntimeCell<u32>; 600] = [const { RuntimeCell::new("one of many") }; 600];

#[test]
fn a1_no_read_of_a_thread_allocates() {
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
    // The table comes from the system where that is Linux, else from the allocator.
    let table = u64::from(!cfg!(target_os = "linux"));
    assert_eq!(of_one_thread.ok(), Some([table, 0]));
}
