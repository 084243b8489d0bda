//! Mistakes that earlier cells of this kind have made, with one test for each.

use cells::{CloseStatus, Disposer, Error, InitStatus, Ref, RuntimeCell, State};
use cells_test_support::{
    Boom, Count, Counted, CountingAdjuster, Heard, Hooks, LONG, Recorder, Stage, Tally, cell, counted, crowd,
    leak, spawn, start_flight,
};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::Duration;

#[test]
fn a_close_during_initialization_is_not_forgotten() {
    let (tally, stage) = (Tally::new(), Stage::new());
    let cell = leak(counted("db"));
    let mut next = 0;
    let initializer = start_flight(cell, stage, move || {
        next += 1;
        tally.build(next * 10)
    });
    let _ = cell.close();
    let newer = cell.get_or_initialize(|| tally.build(2)).expect("a flight of its own");
    stage.release();
    let started_over = initializer.join().expect("it gets the newer one");
    assert!(std::ptr::eq(&raw const *started_over, &raw const *newer));
    assert_eq!(
        (cell.generation(), tally.disposed()),
        (Some(2), vec![10]),
        "the stale one is never published"
    );
}

#[test]
fn a_late_failure_does_not_wipe_a_ready_payload() {
    let (tally, stage) = (Tally::new(), Stage::new());
    let cell = leak(counted("db").cooldown(LONG));
    let initializer = start_flight(cell, stage, || Err(Boom(1)));
    let _ = cell.close();
    drop(cell.get_or_initialize(|| tally.build(2)));
    stage.release();
    assert_eq!(initializer.join().expect("it starts over, and finds a payload").id, 2);
    assert_eq!((cell.state(), tally.disposed()), (State::Ready, vec![]));
    cell.invalidate();
    assert!(cell.get_or_initialize(|| tally.build(3)).is_ok(), "the late failure leaves no cooldown behind");
}

#[test]
fn an_observer_that_panics_at_the_start_does_not_leave_the_cell_initializing() {
    let stage = Stage::new();
    let cell = leak(cell::<u32>("db").max_waiters(2));
    Hooks::new().start(|_| panic!("wild start")).on(cell);
    let initializer = start_flight(cell, stage, || Ok::<_, Boom>(1));
    let waiters = crowd(2, move || cell.get_or_initialize(|| Ok::<_, Boom>(2)));
    stage.release();
    assert!(
        waiters
            .answers()
            .into_iter()
            .chain([initializer.join()])
            .all(|answer| answer.is_ok_and(|lease| *lease == 1))
    );
    assert_eq!(cell.state(), State::Ready);
}

#[test]
fn a_cooldown_outlives_a_flights_success_and_the_disposal_that_follows() {
    let (tally, stage) = (Tally::new(), Stage::new());
    let cell = leak(counted("db"));
    let held = cell.get_or_initialize(|| tally.build(1)).expect("a payload");
    let refresher = spawn(move || {
        cell.refresh(|| {
            stage.pause();
            tally.build(2)
        })
    });
    stage.reached();
    cell.record_failure(Boom(9), LONG);
    let cooling = || cell.get_or_initialize(|| tally.build(3)).is_err_and(|error| error.is_cooldown());
    assert!(cooling());
    stage.release();
    assert_eq!(refresher.join().unwrap_err().downcast_ref(), Some(&Boom(9)));
    assert!(cooling(), "after the success of the flight, whose payload was disposed");
    drop(held);
    assert!(cooling(), "after the end of the retired payload");
    assert_eq!(cell.close_generation(1).status, CloseStatus::Noop);
    assert!(cooling(), "after a late close of the broken generation");
    assert_eq!(tally.disposed(), [2, 1]);
}

#[test]
fn a_timeout_of_a_waiter_does_not_look_like_a_failure() {
    let stage = Stage::new();
    let cell = leak(RuntimeCell::<u32>::new("db").wait_timeout(Duration::from_millis(2)));
    cell.get_or_initialize(|| Err(Boom(1))).unwrap_err();
    let initializer = start_flight(cell, stage, || Ok::<_, Boom>(2));
    let error = cell.get_or_initialize(|| Ok::<_, Boom>(3)).unwrap_err();
    // The check a caller makes before it closes a cell that failed.
    assert!(error.is_unavailable() && !matches!(error, Error::Lifecycle(_)));
    assert!(error.downcast_ref::<Boom>().is_none(), "the last failure is a hint, not the cause");
    assert!(std::error::Error::source(&error).is_none());
    stage.release();
    assert!(initializer.join().is_ok());
    assert_eq!(cell.generation(), Some(2), "the cell was healthy throughout");
}

#[test]
fn what_a_waiter_gets_does_not_depend_on_when_it_runs() {
    for fails in [false, true] {
        let (tally, stage) = (Tally::new(), Stage::new());
        let cell = leak(counted("db").max_waiters(4));
        // Before any waiter can return, the cell has moved on by two generations.
        Hooks::new()
            .end(move |event| {
                if event.generation == 1 {
                    let _ = cell.close();
                    drop(cell.get_or_initialize(|| tally.build(2)));
                    let _ = cell.close();
                    drop(cell.get_or_initialize(|| tally.build(3)));
                }
            })
            .on(cell);
        let initializer =
            start_flight(cell, stage, move || if fails { Err(Boom(1)) } else { tally.build(1) });
        let waiters = crowd(4, move || cell.get_or_initialize(|| tally.build(9)));
        stage.release();
        for answer in waiters.answers().into_iter().chain([initializer.join()]) {
            match answer {
                Ok(lease) => assert_eq!((lease.id, Ref::generation(&lease), fails), (1, 1, false)),
                Err(error) => assert_eq!((error.downcast_ref(), fails), (Some(&Boom(1)), true)),
            }
        }
        assert_eq!(cell.generation(), Some(3));
    }
}

#[test]
fn a_late_close_does_not_destroy_a_fresh_payload() {
    let tally = Tally::new();
    let cell = leak(counted("db"));
    // Two callers find the same payload broken; the first replaces it before the second gets to close it.
    let broken = [cell.get_or_initialize(|| tally.build(1)), cell.get_or_initialize(|| tally.build(1))]
        .map(|lease| Ref::generation(&lease.expect("a payload")));
    assert_eq!(cell.close_generation(broken[0]).status, CloseStatus::Ok);
    drop(cell.get_or_initialize(|| tally.build(2)));
    assert_eq!(spawn(move || cell.close_generation(broken[1])).join().status, CloseStatus::Noop);
    assert_eq!((cell.generation(), tally.disposed()), (Some(2), vec![1]));
}

/// A payload that knows whether it was disposed.
struct Living(Arc<AtomicBool>);

#[test]
fn a_payload_is_not_disposed_while_somebody_uses_it() {
    let cell = leak(cell::<Living>("db").disposer(Disposer::with(|living: Living| {
        living.0.store(false, Ordering::SeqCst);
        Ok(())
    })));
    let (stop, uses) = (leak(AtomicBool::new(false)), Count::new());
    let readers: Vec<_> = (0..2)
        .map(|_| {
            spawn(move || {
                while !stop.load(Ordering::Relaxed) {
                    let lease = cell
                        .get_or_initialize(|| Ok::<_, Boom>(Living(Arc::new(AtomicBool::new(true)))))
                        .expect("a payload");
                    let alive = lease.0.clone();
                    for _ in 0..3 {
                        assert!(alive.load(Ordering::SeqCst), "it was disposed under a lease");
                        thread::yield_now();
                    }
                    uses.up();
                    drop(lease);
                }
            })
        })
        .collect();
    let mut deferred = 0;
    while deferred < 50 || uses.get() < 500 {
        deferred += usize::from(cell.close().status == CloseStatus::Draining);
        assert!(readers.iter().all(|reader| !reader.is_finished()), "a reader panicked");
    }
    stop.store(true, Ordering::Relaxed);
    for reader in readers {
        reader.join();
    }
}

#[test]
fn start_and_end_of_a_flight_do_not_go_to_different_observers() {
    let cell = leak(cell::<u32>("db"));
    let (stage, first) = (Stage::new(), Recorder::on(cell));
    let initializer = start_flight(cell, stage, || Err(Boom(1)));
    let second = Recorder::on(cell);
    stage.release();
    assert!(initializer.join().is_err());
    assert_eq!(first.heard(), [Heard::Start(1), Heard::End(1, InitStatus::Error)]);
    assert_eq!(second.heard(), []);
}

#[test]
fn the_adjuster_does_not_run_on_every_read() {
    let (cell, calls) = (cell::<u32>("db"), Count::new());
    cell.configure_adjuster(Arc::new(CountingAdjuster(calls)));
    for _ in 0..5 {
        drop(cell.get_or_initialize(|| Ok::<_, Boom>(1)));
    }
    assert_eq!(calls.get(), 1);
}

#[test]
fn two_threads_do_not_dispose_twice() {
    let tally = Tally::new();
    let cell = leak(cell("db").disposer(Disposer::with(Counted::dispose)));
    for round in 0..300 {
        let lease = cell.get_or_initialize(|| tally.build(round)).expect("a payload");
        let barrier = Arc::new(Barrier::new(3));
        let closers = [(); 2].map(|()| {
            let barrier = barrier.clone();
            spawn(move || {
                barrier.wait();
                cell.close_and_drain(LONG).status
            })
        });
        barrier.wait();
        drop(lease);
        let statuses = closers.map(|closer| closer.join());
        assert!(statuses.contains(&CloseStatus::Ok), "{statuses:?}");
        assert_eq!(tally.disposed().len(), round as usize + 1);
    }
    assert_eq!(tally.dropped(), 300);
}

#[test]
fn a_re_entrant_factory_does_not_wait_for_itself() {
    // These cells wait without limit, so any answer at all came at once.
    let (a, b) = (leak(cell::<u32>("a")), leak(cell::<u32>("b")));
    let task = spawn(|| {
        a.get_or_initialize(|| {
            b.get_or_initialize(|| a.get_or_initialize(|| Ok::<_, Boom>(1)).map(|lease| *lease))
                .map(|lease| *lease)
        })
        .map(drop)
    });
    let error = task.join().unwrap_err();
    let cause = error.downcast_ref::<Error>().and_then(|error| error.downcast_ref::<Error>());
    assert_eq!(
        cause.map(ToString::to_string).as_deref(),
        Some(
            "cell `a`: re-entrant initialization (a -> b -> a), by its factory or by other work on its thread"
        )
    );
}
