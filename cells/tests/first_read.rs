//! What a thread's first reads allocate. This depends on how many threads there were before, so it is a program of its
//! own, without other tests.

use allocation_counter::measure;
use cells::{Error, RuntimeCell};
use std::thread;

static CELLS: [RuntimeCell<u32>; 600] = [const { RuntimeCell::new("one of many") }; 600];

#[test]
fn a1_a_threads_first_read_may_allocate_and_no_later_one_does() {
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
    assert_eq!(of_one_thread.ok(), Some([1, 0]), "its table");
}
