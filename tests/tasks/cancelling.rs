//! A3: futures that are dropped before they complete.

use cells::{CloseStatus, Disposer, InitStatus, Ref, RuntimeCell, State};
use cells_test_support::{
    Answer, Boom, Count, Counted, Executor, Gate, Heard, Job, LONG, OnDrop, Recorder, Smol, Stage, Tally,
    TokioMulti, Wakes, cell, eventually, leak, message, poll, poll_to_rest, poll_with, spawn, yield_now,
};
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

fn counted(name: &'static str) -> &'static RuntimeCell<Counted> {
    leak(cell(name).disposer(Disposer::with_async(Counted::dispose_async)))
}

/// A factory that awaits `awaits` times.
async fn build(tally: &'static Tally, id: u32, awaits: usize) -> Result<Counted, Boom> {
    for _ in 0..awaits {
        yield_now().await;
    }
    tally.build(id)
}

type Call<R> = Pin<Box<dyn Future<Output = R> + Send>>;

/// Drops the future that `make` creates after its n-th poll, for every n up to the one that completes it. `check` gets
/// the output, if there is one.
fn at_every_await<R>(make: impl Fn() -> Call<R>, mut check: impl FnMut(usize, Option<R>)) -> usize {
    for polls in 0.. {
        let mut asked = make();
        let mut output = None;
        for _ in 0..polls {
            if let Poll::Ready(ready) = poll(&mut asked) {
                output = Some(ready);
                break;
            }
        }
        drop(asked);
        let ended = output.is_some();
        check(polls, output);
        if ended {
            return polls;
        }
    }
    unreachable!("a future that never ends")
}

#[test]
fn a3_a_cancelled_flight_has_one_event_and_leaks_nothing_wherever_it_is_dropped() {
    let world: std::cell::RefCell<Vec<_>> = Vec::new().into();
    let make = || {
        let (tally, cell) = (Tally::new(), counted("db"));
        let recorder = Recorder::on(cell);
        world.borrow_mut().push((tally, cell, recorder));
        let asked = cell.get_or_initialize_async(move || build(tally, 1, 3));
        Box::pin(async move { asked.await.map(drop) }) as Call<Result<(), cells::Error>>
    };
    let polls = at_every_await(make, |polls, output| {
        let (tally, cell, recorder) = world.borrow_mut().pop().expect("one");
        if polls == 0 {
            assert_eq!((recorder.heard(), cell.state()), (vec![], State::Empty));
            return;
        }
        let end = if output.is_some() { InitStatus::Ok } else { InitStatus::Cancelled };
        assert_eq!(recorder.heard(), [Heard::Start(1), Heard::End(1, end)], "after {polls} polls");
        let snapshot = cell.snapshot();
        assert_eq!((snapshot.flights, snapshot.waiters, tally.made()), (0, 0, usize::from(output.is_some())));
        // The cell is usable, and no failure is on record.
        if output.is_none() {
            assert_eq!(cell.state(), State::Empty);
        }
        let next = pollster::block_on(cell.get_or_initialize_async(|| build(tally, 2, 1))).unwrap();
        assert_eq!(Ref::generation(&next), if output.is_some() { 1 } else { 2 });
        drop(next);
        assert_eq!(pollster::block_on(cell.close_async()).status, CloseStatus::Ok);
        assert_eq!(tally.disposed().len(), 1);
    });
    assert_eq!(polls, 4);
}

#[test]
fn a3_wherever_the_initializer_is_dropped_a_waiter_takes_over() {
    let world: std::cell::RefCell<Vec<_>> = Vec::new().into();
    let make = || {
        let (tally, cell) = (Tally::new(), counted("db"));
        let recorder = Recorder::on(cell);
        let mut initializer = Box::pin(cell.get_or_initialize_async(move || build(tally, 1, 4)));
        assert!(poll(&mut initializer).is_pending());
        let wait = |id| Box::pin(cell.get_or_initialize_async(move || build(tally, id, 1)));
        let (mut task, wakes) = (wait(2), Wakes::new());
        assert!(poll_with(&mut task, &wakes.waker()).is_pending());
        let thread = spawn(|| cell.get_or_initialize(|| tally.build(3)));
        eventually("the waiters", || cell.snapshot().waiters == 2);
        world.borrow_mut().push((task, wakes, thread, tally, recorder));
        Box::pin(async move { initializer.await.map(|lease| lease.id) }) as Call<Result<u32, cells::Error>>
    };
    at_every_await(make, |polls, output| {
        let (task, wakes, thread, tally, recorder) = world.borrow_mut().pop().expect("one");
        assert_eq!(wakes.get(), 1, "a lost wake-up after {polls} polls");
        let (task, thread) = (Smol::spawn(task).join().unwrap(), thread.join().unwrap());
        assert!(std::ptr::eq(&raw const *task, &raw const *thread));
        let generation = if output.is_some() { 1 } else { 2 };
        assert_eq!((tally.made(), Ref::generation(&task)), (1, generation));
        assert_eq!(output.is_some(), task.id == 1);
        recorder.balanced();
    });
}

#[test]
fn a3_a_dropped_waiter_leaves_no_trace_wherever_it_is_dropped() {
    let (tally, stage, cell) = (Tally::new(), Stage::new(), leak(cell::<Counted>("db").max_waiters(1)));
    let initializer = Smol::spawn(cell.get_or_initialize_async(|| async {
        stage.pause_async().await;
        tally.build(1)
    }));
    stage.reached();
    for polls in 0..4 {
        let mut waiter = Box::pin(cell.get_or_initialize_async(|| build(tally, 2, 0)));
        for _ in 0..polls {
            assert!(poll(&mut waiter).is_pending());
        }
        assert_eq!(cell.snapshot().waiters, usize::from(polls > 0));
        drop(waiter);
        // Only one may wait, so a place that was not given back would turn the next one away.
        assert_eq!(cell.snapshot().waiters, 0);
    }
    stage.release();
    assert_eq!(initializer.join().unwrap().id, 1);
}

#[test]
fn a3_one_waiter_flies_and_the_others_wait_for_it() {
    let (cell, gate, runs) = (leak(cell::<usize>("db")), Gate::new(), Count::new());
    let mut initializer = Box::pin(cell.get_or_initialize_async(|| async {
        Gate::new().wait_async().await;
        Ok::<_, Boom>(0)
    }));
    assert!(poll(&mut initializer).is_pending());
    let wait = || {
        cell.get_or_initialize_async(|| async {
            let run = runs.up();
            gate.wait_async().await;
            Ok::<_, Boom>(run)
        })
    };
    let jobs: Vec<_> =
        (0..8).map(|n| if n % 2 == 0 { Smol::spawn(wait()) } else { TokioMulti::spawn(wait()) }).collect();
    eventually("the waiters", || cell.snapshot().waiters == 8);
    drop(initializer);
    eventually("the others", || cell.snapshot().waiters == 7);
    gate.open();
    for job in jobs {
        let lease = job.join().unwrap();
        assert_eq!((*lease, Ref::generation(&lease)), (1, 2));
    }
}

#[test]
fn a3_cancellations_follow_each_other_and_nobody_is_forgotten() {
    let (cell, gate) = (leak(cell::<u32>("db")), Gate::new());
    let recorder = Recorder::on(cell);
    let get = || {
        Box::pin(cell.get_or_initialize_async(|| async {
            gate.wait_async().await;
            Ok::<_, Boom>(1)
        }))
    };
    let mut calls: Vec<_> = (0..10).map(|_| get()).collect();
    for asked in &mut calls {
        assert!(poll(asked).is_pending());
    }
    // Each in turn becomes the initializer and is dropped.
    for cancelled in 1..10 {
        drop(calls.remove(0));
        for asked in &mut calls {
            assert!(poll(asked).is_pending());
        }
        let snapshot = cell.snapshot();
        assert_eq!((snapshot.flights, snapshot.waiters), (1, calls.len() - 1), "after {cancelled}");
    }
    gate.open();
    assert!(matches!(poll_to_rest(&mut calls[0]), Poll::Ready(Ok(lease)) if Ref::generation(&lease) == 10));
    recorder.balanced();
    assert_eq!(recorder.ends().iter().filter(|(_, status)| *status == InitStatus::Cancelled).count(), 9);
}

#[test]
fn a3_a_woken_waiter_that_is_dropped_before_it_looks_passes_nothing_on_by_itself() {
    // All waiters are woken, so one that is dropped before it looks keeps no other from taking over.
    let cell = leak(cell::<u32>("db"));
    let get = |id| {
        Box::pin(cell.get_or_initialize_async(move || async move {
            yield_now().await;
            Ok::<_, Boom>(id)
        }))
    };
    let (mut initializer, mut first, mut second) = (get(1), get(2), get(3));
    let wakes = [Wakes::new(), Wakes::new()];
    assert!(poll(&mut initializer).is_pending());
    assert!(poll_with(&mut first, &wakes[0].waker()).is_pending());
    assert!(poll_with(&mut second, &wakes[1].waker()).is_pending());
    drop(initializer);
    assert_eq!((wakes[0].get(), wakes[1].get()), (1, 1));
    drop(first);
    assert!(matches!(poll_to_rest(&mut second), Poll::Ready(Ok(lease)) if *lease == 3));
}

#[test]
fn a3_a_flight_that_was_closed_and_then_dropped_is_superseded_once() {
    let cell = leak(cell::<u32>("db"));
    let recorder = Recorder::on(cell);
    let mut initializer = Box::pin(cell.get_or_initialize_async(|| async {
        Gate::new().wait_async().await;
        Ok::<_, Boom>(1)
    }));
    assert!(poll(&mut initializer).is_pending());
    assert_eq!(cell.close().status, CloseStatus::Superseded);
    drop(initializer);
    assert_eq!(recorder.ends(), [(1, InitStatus::Superseded)]);
    assert_eq!(cell.snapshot().flights, 0);
}

#[test]
fn x27_a_waiter_that_was_woken_and_is_not_polled_holds_a_lease() {
    for polled in [true, false] {
        let cell = leak(cell::<u32>("db"));
        let gate = Gate::new();
        let request = || {
            Box::pin(cell.get_or_initialize_async(async || {
                gate.wait_async().await;
                Ok::<_, Boom>(1)
            }))
        };
        let (mut initializer, mut waiter) = (request(), request());
        assert!(poll(&mut initializer).is_pending() && poll(&mut waiter).is_pending());
        gate.open();
        drop(pollster::block_on(initializer));
        let closed = pollster::block_on(cell.close_and_drain_async(Duration::from_millis(5)));
        assert_eq!((closed.status, cell.snapshot().draining), (CloseStatus::Draining, 1));
        if polled {
            assert!(matches!(poll(&mut waiter), Poll::Ready(Ok(_))));
        }
        drop(waiter);
        assert_eq!(cell.snapshot().draining, 0);
    }
}

#[test]
fn a3_a_draining_close_ends_when_the_superseded_flight_is_dropped() {
    let cell = leak(cell::<u32>("db"));
    let mut initializer = Box::pin(cell.get_or_initialize_async(|| async {
        Gate::new().wait_async().await;
        Ok::<_, Boom>(1)
    }));
    assert!(poll(&mut initializer).is_pending());
    let wakes = Wakes::new();
    let mut drain = Box::pin(cell.close_and_drain_async(LONG));
    assert!(poll_with(&mut drain, &wakes.waker()).is_pending());
    drop(initializer);
    assert_eq!(wakes.get(), 1);
    assert!(matches!(poll(&mut drain), Poll::Ready(result) if result.status == CloseStatus::Superseded));
}

#[test]
fn a3_a_cancelled_refresh_leaves_the_old_payload() {
    let (tally, cell) = (Tally::new(), counted("db"));
    drop(pollster::block_on(cell.get_or_initialize_async(|| build(tally, 1, 0))));
    at_every_await(
        || {
            let asked = cell.refresh_async(move || build(tally, 2, 2));
            Box::pin(async move { asked.await.map(drop) }) as Call<Result<(), cells::Error>>
        },
        |polls, output| {
            let published = cell.peek().map(|lease| lease.id);
            // After the swap, the refresh disposes the old payload.
            assert!(published == Some(1) || polls >= 3, "after {polls} polls");
            assert!(cell.snapshot().flights == 0 && cell.state() == State::Ready);
            if output.is_some() {
                assert_eq!(published, Some(2));
            }
        },
    );
    drop(pollster::block_on(cell.close_async()));
    assert_eq!(tally.dropped(), tally.made());
}

#[test]
fn a3_what_the_factory_holds_is_dropped_before_a_waiter_takes_over() {
    let cell = leak(cell::<u32>("db"));
    let order: &'static std::sync::Mutex<Vec<&str>> = leak(std::sync::Mutex::default());
    let mut initializer = Box::pin(cell.get_or_initialize_async(|| async {
        let _held = OnDrop(|| order.lock().unwrap().push("dropped"));
        Gate::new().wait_async().await;
        Ok::<_, Boom>(1)
    }));
    assert!(poll(&mut initializer).is_pending());
    let waiter = spawn(|| {
        cell.get_or_initialize(|| {
            order.lock().unwrap().push("built");
            Ok::<_, Boom>(2)
        })
    });
    eventually("the waiter", || cell.snapshot().waiters == 1);
    drop(initializer);
    assert_eq!(*waiter.join().unwrap(), 2);
    assert_eq!(*order.lock().unwrap(), ["dropped", "built"]);
}

#[test]
fn a3_a_panic_in_the_factorys_drop_keeps_nobody_waiting() {
    let cell = leak(cell::<u32>("db"));
    let recorder = Recorder::on(cell);
    let mut initializer = Box::pin(cell.get_or_initialize_async(|| async {
        let _held = OnDrop(|| panic!("in the drop"));
        Gate::new().wait_async().await;
        Ok::<_, Boom>(1)
    }));
    assert!(poll(&mut initializer).is_pending());
    let waiter = Smol::spawn(cell.get_or_initialize_async(async || Ok::<_, Boom>(2)));
    eventually("the waiter", || cell.snapshot().waiters == 1);
    let panic =
        catch_unwind(AssertUnwindSafe(|| drop(initializer))).expect_err("the user's own panic unwinds");
    assert_eq!(message(&*panic), "in the drop");
    assert_eq!(*waiter.join().unwrap(), 2);
    recorder.balanced();
    assert!(recorder.ends().contains(&(1, InitStatus::Cancelled)));
}

#[test]
fn a3_a_factory_that_asks_its_cell_when_it_is_dropped_meets_its_own_flight() {
    let cell = leak(cell::<u32>("db"));
    let heard: &'static std::sync::Mutex<Option<bool>> = leak(std::sync::Mutex::default());
    let job = spawn(|| {
        let mut initializer = Box::pin(cell.get_or_initialize_async(|| async {
            let _held = OnDrop(|| {
                let answer = cell.get_or_initialize(|| Ok::<_, Boom>(9));
                *heard.lock().unwrap() = Some(answer.is_err_and(|error| error.is_reentrant()));
            });
            Gate::new().wait_async().await;
            Ok::<_, Boom>(1)
        }));
        assert!(poll(&mut initializer).is_pending());
        drop(initializer);
    });
    job.join();
    assert_eq!(*heard.lock().unwrap(), Some(true));
}

#[test]
fn c12_a_panic_comes_out_of_the_poll_that_met_it() {
    for awaits in 0..3 {
        let cell = leak(cell::<u32>("db"));
        let recorder = Recorder::on(cell);
        let mut initializer = Box::pin(cell.get_or_initialize_async(|| async move {
            for _ in 0..awaits {
                yield_now().await;
            }
            panic!("after {awaits}") as Result<u32, Boom>
        }));
        for _ in 0..awaits {
            assert!(poll(&mut initializer).is_pending());
        }
        let panic =
            catch_unwind(AssertUnwindSafe(|| poll(&mut initializer).is_ready())).expect_err("it panics");
        assert_eq!(message(&*panic), format!("after {awaits}"));
        drop(initializer);
        assert_eq!(recorder.ends(), [(1, InitStatus::Panicked)]);
        assert_eq!(cell.state(), State::Failed);
    }
}

#[test]
fn c12_a_factory_that_panics_before_it_is_a_future_is_no_different() {
    let cell = leak(cell::<u32>("db"));
    let asked = cell.get_or_initialize_async(|| -> std::future::Ready<Result<u32, Boom>> { panic!("early") });
    assert_eq!(message(&*Smol::spawn(asked).outcome().expect_err("it panics")), "early");
    assert_eq!(cell.state(), State::Failed);
}

/// Callers on several threads, some of them dropped after a few polls, with a factory that awaits and closes in between:
/// those that stay get a payload, and the counts add up.
#[test]
fn a3_no_wake_up_is_lost_in_a_crowd_that_comes_and_goes() {
    for round in 0..150_usize {
        let (tally, cell) = (Tally::new(), counted("db"));
        let recorder = Recorder::on(cell);
        let stay = |n: usize| -> Job<Answer<Counted>> {
            let asked = cell.get_or_initialize_async(move || build(tally, 1, 2));
            if n % 2 == 0 { Smol::spawn(asked) } else { TokioMulti::spawn(asked) }
        };
        let go = |polls: usize| {
            TokioMulti::spawn(async move {
                let mut asked = Box::pin(cell.get_or_initialize_async(|| build(tally, 2, 3)));
                for _ in 0..polls {
                    let polled = std::future::poll_fn(|cx| Poll::Ready(asked.as_mut().poll(cx))).await;
                    if polled.is_ready() {
                        return;
                    }
                    tokio::task::yield_now().await;
                }
            })
        };
        let gone: Vec<_> = (0..6).map(|n| go((round + n) % 5)).collect();
        let stayed: Vec<_> = (0..4).map(stay).collect();
        let thread = spawn(|| cell.get_or_initialize(|| tally.build(3)));
        if round % 3 == 0 {
            let _ = cell.close();
        }
        for job in gone {
            job.join();
        }
        for job in stayed {
            drop(job.join().expect("a payload"));
        }
        drop(thread.join().expect("a payload"));
        let _ = pollster::block_on(cell.close_and_drain_async(LONG));
        eventually("the end of all payloads", || tally.dropped() == tally.made());
        recorder.balanced();
        assert_eq!(cell.snapshot().waiters, 0);
    }
}
