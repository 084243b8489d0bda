//! Disposers, and leases dropped in unexpected places.

use cells::{BoxError, Close, CloseStatus, Disposer, Panic, Ref, RuntimeCell, State};
use cells_test_support::{
    Boom, Counted, Heard, Hooks, Recorder, Tally, cell, counted, eventually, leak, lock, spawn,
};
use std::cell::RefCell;
use std::io::{self, BufWriter, Write};
use std::sync::{Arc, Mutex};
use std::thread;

#[test]
fn d1_close_called_tells_a_disposer_from_a_drop() {
    let choices = [
        (Disposer::drop(), false, "drop"),
        (Disposer::with(Counted::dispose), true, "function"),
        (Disposer::close(), true, "Close::close"),
    ];
    for (disposer, called, label) in choices {
        let tally = Tally::new();
        let cell = cell("db").disposer(disposer);
        drop(cell.get_or_initialize(|| tally.build(1)));
        let result = cell.close();
        assert_eq!((result.close_called, result.status), (called, CloseStatus::Ok));
        assert_eq!(disposer.label(), label);
        assert_eq!((tally.disposed().len(), tally.dropped()), (usize::from(called), 1));
    }
}

#[test]
fn d1_a_cell_drops_its_payload_unless_told_otherwise() {
    let tally = Tally::new();
    let cell = cell("db");
    drop(cell.get_or_initialize(|| tally.build(1)));
    assert!(!cell.close().close_called);
    assert_eq!((tally.disposed(), tally.dropped()), (vec![], 1));
}

#[test]
fn d1_boxes_and_options_close_what_they_hold() {
    let tally = Tally::new();
    assert!(Box::new(tally.make(1)).close().is_ok());
    assert!(Some(tally.make(2)).close().is_ok());
    assert!(None::<Counted>.close().is_ok());
    assert_eq!(tally.disposed(), [1, 2]);
}

/// A writer that fails to flush.
struct Stuck;

impl Write for Stuck {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(io::Error::other("stuck"))
    }

    fn flush(&mut self) -> io::Result<()> {
        Err(io::Error::other("stuck"))
    }
}

#[test]
fn d1_a_buffer_that_does_not_flush_is_a_failed_disposal() {
    let cell = cell::<BufWriter<Stuck>>("log").disposer(Disposer::close());
    drop(cell.get_or_initialize(|| Ok::<_, Boom>(BufWriter::new(Stuck))));
    let error = cell.close().into_result().expect_err("a plain drop would swallow it");
    assert_eq!(error.source.to_string(), "stuck");
}

#[test]
fn d1_files_and_buffers_are_closed() {
    let file = std::fs::File::open(std::env::current_exe().expect("a program")).expect("it is there");
    assert!(file.close().is_ok());
    assert!(BufWriter::new(Vec::new()).close().is_ok());
}

/// A payload whose destructor panics.
struct Brittle(&'static Tally, Counted);

impl Drop for Brittle {
    fn drop(&mut self) {
        panic!("brittle {} of {}", self.1.id, self.0.made());
    }
}

#[test]
fn c21_a_payloads_panicking_destructor_is_a_failed_disposal() {
    let tally = Tally::new();
    let brittle = |id| Ok::<_, Boom>(Brittle(tally, tally.make(id)));
    let cell = leak(cell::<Brittle>("db"));
    let recorder = Recorder::on(cell);
    // Inside `close`.
    drop(cell.get_or_initialize(|| brittle(1)));
    let error = cell.close().into_result().expect_err("it panicked");
    assert_eq!(error.source.downcast_ref().map(Panic::message), Some("brittle 1 of 1"));
    // In the drop of the last lease, on another thread.
    let lease = cell.get_or_initialize(|| brittle(2)).expect("a payload");
    assert_eq!(cell.close().status, CloseStatus::Draining);
    spawn(move || drop(lease)).join();
    // Replaced by a refresh.
    drop(cell.get_or_initialize(|| brittle(3)));
    drop(cell.refresh(|| brittle(4)).expect("the caller is not affected"));
    // Superseded.
    let mut first = true;
    let _ = cell.close();
    drop(cell.get_or_initialize(|| {
        if std::mem::take(&mut first) {
            cell.invalidate();
        }
        brittle(5)
    }));
    let failed = |generation| Heard::Close(Some(generation), CloseStatus::Error);
    for generation in 1..=5 {
        assert!(recorder.heard().contains(&failed(generation)), "{generation}: {:?}", recorder.heard());
    }
    assert_eq!(tally.dropped(), 5);
    assert!(cell.is_ready());
}

#[test]
fn c29_a_payloads_panicking_destructor_stays_inside_the_cells_drop() {
    let tally = Tally::new();
    let cell = cell::<Brittle>("db");
    let recorder = Recorder::on(&cell);
    drop(cell.get_or_initialize(|| Ok::<_, Boom>(Brittle(tally, tally.make(1)))));
    drop(cell);
    assert_eq!(recorder.heard().last(), Some(&Heard::Close(Some(1), CloseStatus::Error)));
}

#[test]
fn c15_a_lease_crosses_threads_and_outlives_the_one_that_made_it() {
    let tally = Tally::new();
    let cell = leak(counted("db"));
    let lease = spawn(|| cell.get_or_initialize(|| tally.build(1)).expect("a payload")).join();
    assert_eq!(lease.id, 1);
    assert_eq!(cell.close().status, CloseStatus::Draining);
    assert_eq!(lease.id, 1, "it is still there");
    drop(lease);
    assert_eq!(tally.disposed(), [1]);
}

/// A payload that holds a lease on another cell's payload.
struct Holder(Option<Ref<'static, Counted>>, &'static Tally);

#[test]
fn c15_a_lease_dropped_inside_a_disposer_disposes_there() {
    let tally = Tally::new();
    let inner = leak(counted("inner"));
    let outer = leak(cell("outer").disposer(Disposer::with(|mut holder: Holder| {
        assert!(holder.1.disposed().is_empty());
        drop(holder.0.take());
        assert_eq!(holder.1.disposed(), [1], "the inner disposer has run by now");
        Ok(())
    })));
    drop(outer.get_or_initialize(|| {
        inner.get_or_initialize(|| tally.build(1)).map(|lease| Holder(Some(lease), tally))
    }));
    assert_eq!(inner.close().status, CloseStatus::Draining);
    let result = outer.close();
    assert_eq!(result.status, CloseStatus::Ok, "{:?}", result.error);
    assert_eq!(tally.disposers(), [thread::current().id()]);
}

#[test]
fn c15_a_lease_dropped_inside_an_observer_disposes_there() {
    let tally = Tally::new();
    let (watched, held) = (leak(cell::<u32>("watched")), leak(counted("held")));
    let slot = Arc::new(Mutex::new(None));
    Hooks::new()
        .close({
            let slot = slot.clone();
            move |_| drop(lock(&slot).take())
        })
        .on(watched);
    *lock(&slot) = held.get_or_initialize(|| tally.build(1)).ok();
    assert_eq!(held.close().status, CloseStatus::Draining);
    let _ = watched.close();
    assert_eq!(tally.disposed(), [1]);
}

thread_local! {
    static KEPT: RefCell<Vec<Ref<'static, Counted>>> = const { RefCell::new(Vec::new()) };
}

#[test]
fn c15_a_lease_dropped_by_a_thread_locals_destructor_disposes_there() {
    let tally = Tally::new();
    let cell = leak(counted("db"));
    let keeper = spawn(|| {
        let lease = cell.get_or_initialize(|| tally.build(1)).expect("a payload");
        KEPT.with_borrow_mut(|kept| kept.push(lease));
        assert_eq!(cell.close().status, CloseStatus::Draining);
        assert!(tally.disposed().is_empty());
    });
    let thread = keeper.id();
    keeper.join();
    assert_eq!(tally.disposers(), [thread]);
}

/// A payload that, when dropped, closes another cell and looks at its own.
struct Closer {
    own: &'static RuntimeCell<Closer>,
    other: &'static RuntimeCell<Counted>,
}

impl Drop for Closer {
    fn drop(&mut self) {
        assert_eq!((self.own.state(), self.own.close().status), (State::Empty, CloseStatus::Noop));
        assert_eq!(self.other.close().status, CloseStatus::Ok);
    }
}

#[test]
fn c15_a_close_inside_the_drop_of_a_lease_is_a_close_like_any() {
    let tally = Tally::new();
    let (own, other) = (leak(cell::<Closer>("own")), leak(counted("other")));
    let recorder = Recorder::on(own);
    drop(other.get_or_initialize(|| tally.build(1)));
    let lease = own.get_or_initialize(|| Ok::<_, Boom>(Closer { own, other })).expect("a payload");
    let _ = own.close();
    drop(lease);
    assert_eq!(recorder.heard().last(), Some(&Heard::Close(Some(1), CloseStatus::Ok)), "nothing panicked");
    assert_eq!(tally.disposed(), [1]);
}

fn reopen(cell: &'static RuntimeCell<Reopening>) -> Result<(), BoxError> {
    drop(cell.get_or_initialize(|| Ok::<_, Boom>(Reopening(None)))?);
    Ok(())
}

/// A payload whose disposer asks its own cell for a new payload.
struct Reopening(Option<&'static RuntimeCell<Reopening>>);

#[test]
fn c15_a_disposer_may_use_its_own_cell() {
    let cell = leak(
        cell::<Reopening>("db")
            .disposer(Disposer::with(|payload: Reopening| payload.0.map_or(Ok(()), reopen))),
    );
    drop(cell.get_or_initialize(|| Ok::<_, Boom>(Reopening(Some(cell)))));
    assert_eq!(spawn(|| cell.close()).join().status, CloseStatus::Ok);
    assert_eq!(cell.generation(), Some(2));
}

#[test]
fn c16_drops_on_other_threads_dispose_once() {
    let tally = Tally::new();
    let cell = leak(counted("db"));
    for round in 0..100 {
        let lease = cell.get_or_initialize(|| tally.build(round)).expect("a payload");
        let tasks: Vec<_> = (0..3)
            .map(|_| {
                let lease = Ref::clone(&lease);
                spawn(move || drop(lease))
            })
            .collect();
        drop(lease);
        let _ = cell.close();
        for task in tasks {
            task.join();
        }
        eventually("the disposal", || tally.disposed().len() == round as usize + 1);
    }
    assert_eq!(tally.dropped(), 100);
}

#[test]
fn c21_a_wild_disposer_of_a_superseded_payload_stays_inside() {
    let tally = Tally::new();
    let cell = cell("db").disposer(Disposer::with(Counted::dispose_wildly));
    let recorder = Recorder::on(&cell);
    let mut id = 0;
    let lease = cell.get_or_initialize(|| {
        id += 1;
        if id == 1 {
            cell.invalidate();
        }
        tally.build(id)
    });
    assert_eq!(lease.expect("it starts over").id, 2);
    assert!(recorder.heard().contains(&Heard::Close(Some(1), CloseStatus::Error)));
}
