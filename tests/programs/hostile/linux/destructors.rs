//! Destructors of thread-locals, before and after those of the library.

use super::payload::{Payload, all_disposed};
use cells::{CloseStatus, Error, Ref, runtime_cell};
use cells_test_support::{Count, LONG, spawn};
use std::cell::RefCell;

/// Calls a function when its thread ends.
struct AtEnd(fn());

impl Drop for AtEnd {
    fn drop(&mut self) {
        (self.0)();
        ENDS.up();
    }
}

static ENDS: Count = Count::zero();

thread_local! {
    static AT_END: RefCell<Option<AtEnd>> = const { RefCell::new(None) };
    static LEASE: RefCell<Option<Ref<'static, Payload>>> = const { RefCell::new(None) };
}

#[runtime_cell(dispose = Payload::dispose)]
fn plain() -> Payload {
    Payload::make()
}

#[runtime_cell(permanent)]
fn fixed() -> u8 {
    1
}

/// Makes the library create its thread-locals. The last to be created is the first to be destroyed.
fn touch() {
    drop(plain());
    assert_eq!(*fixed(), 1);
}

/// Runs `call` at the end of a thread: before the library's own destructors, or after them.
fn at_a_threads_end(after_the_librarys: bool, call: fn()) {
    let before = ENDS.get();
    spawn(move || {
        let register = || AT_END.with_borrow_mut(|at_end| *at_end = Some(AtEnd(call)));
        if after_the_librarys {
            register();
            touch();
        } else {
            touch();
            register();
        }
    })
    .join();
    assert_eq!(ENDS.get(), before + 1, "the destructor ran to its end");
    assert!(cells::close_all(LONG).is_ok());
    all_disposed();
}

/// Does everything that a thread may do.
fn work() {
    drop(plain());
    assert_eq!(*fixed(), 1);
    drop(PLAIN.refresh().expect("a payload"));
    let lease = plain();
    assert_eq!(PLAIN.close().status, CloseStatus::Draining);
    drop(plain());
    drop(lease);
    assert_eq!(PLAIN.close_and_drain(LONG).status, CloseStatus::Ok);
    pollster::block_on(async {
        #[runtime_cell]
        async fn task() -> u8 {
            3
        }
        assert_eq!(*task().await, 3);
    });
}

pub(crate) fn a_threads_destructors_get_and_close_before_the_librarys_own() {
    at_a_threads_end(false, work);
}

pub(crate) fn a_threads_destructors_get_and_close_after_the_librarys_own() {
    at_a_threads_end(true, work);
}

pub(crate) fn a_lease_in_a_thread_local_ends_with_its_thread() {
    for first in [true, false] {
        spawn(move || {
            if first {
                LEASE.set(None);
            }
            LEASE.set(Some(plain()));
            assert_eq!(PLAIN.close().status, CloseStatus::Draining);
        })
        .join();
        assert_eq!(PLAIN.close().status, CloseStatus::Noop);
        all_disposed();
    }
}

#[runtime_cell]
fn own() -> u8 {
    let refused = OWN.try_get();
    assert!(refused.is_err_and(|error| error.is_reentrant()));
    1
}

#[runtime_cell(wait_timeout = std::time::Duration::ZERO)]
fn one() -> Result<u8, Error> {
    two().map(|two| *two)
}

#[runtime_cell(wait_timeout = std::time::Duration::ZERO)]
fn two() -> Result<u8, Error> {
    one().map(|one| *one)
}

fn ask_for_its_own() {
    assert_eq!(*own(), 1);
    OWN.invalidate();
}

pub(crate) fn a_factory_asks_for_its_own_cell_in_a_threads_early_destructor() {
    at_a_threads_end(false, ask_for_its_own);
}

pub(crate) fn x6_a_factory_asks_for_its_own_cell_in_a_threads_last_destructor() {
    at_a_threads_end(true, ask_for_its_own);
}

pub(crate) fn x6_factories_ask_for_each_other_in_a_threads_last_destructor() {
    at_a_threads_end(true, || {
        let refused = one().map(drop).expect_err("a circle");
        assert!(refused.root_cause().to_string().contains("one -> two -> one"), "{}", refused.root_cause());
    });
}
