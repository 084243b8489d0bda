//! `linger`: a payload that nobody uses any more ends. What a sandbox's clock does to it is in `cells-tests-sandbox`.

use cells::{State, runtime_cell};
use cells_test_support::{Count, eventually};
use std::time::Duration;

#[test]
fn t6_linger_ends_a_payload_that_nobody_uses() {
    static DISPOSED: Count = Count::zero();

    #[runtime_cell(linger = "20ms", dispose = end)]
    fn server() -> u16 {
        5432
    }

    fn end(_: u16) {
        DISPOSED.up();
    }

    assert_eq!(*server(), 5432);
    eventually("it is disposed", || DISPOSED.get() == 1);
    assert_eq!((SERVER.state(), SERVER.info().linger), (State::Empty, Some(Duration::from_millis(20))));
    // It comes back, and so does its end.
    assert_eq!(*server(), 5432);
    eventually("it is disposed", || DISPOSED.get() == 2);
    assert!(SERVER.peek().is_none());
}

#[test]
fn t6_linger_leaves_a_payload_that_is_in_use() {
    static BUILT: Count = Count::zero();

    #[runtime_cell(linger = "1ms")]
    fn in_use() -> usize {
        BUILT.up();
        BUILT.get()
    }

    let lease = in_use();
    // A cell beside it ends meanwhile, many times.
    #[runtime_cell(linger = "1ms")]
    fn beside() -> u8 {
        0
    }
    for _ in 0..5 {
        let _ = beside();
        eventually("it is closed", || BESIDE.state() == State::Empty);
    }
    assert_eq!((*lease, *in_use(), IN_USE.generation()), (1, 1, Some(1)));
    drop(lease);
    eventually("it is closed", || IN_USE.state() == State::Empty);
}

#[test]
fn t6_without_linger_a_payload_stays() {
    #[runtime_cell]
    fn stays() -> u8 {
        0
    }
    let _ = stays();
    assert_eq!(STAYS.info().linger, None);
}
