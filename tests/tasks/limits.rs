//! A5: time limits of waits, and cooldowns.

use cells::{Error, RuntimeCell, UnavailableError};
use cells_test_support::{
    Boom, Executor, Futures, Gate, LONG, Pollster, Smol, Stage, cell, eventually, leak, poll, spawn,
};
use std::time::{Duration, Instant};

const LIMIT: Duration = Duration::from_millis(30);

fn timed_out<X: Executor>() {
    let (cell, stage) = (leak(RuntimeCell::<u32>::new("db").wait_timeout(LIMIT)), Stage::new());
    let initializer = spawn(|| {
        cell.get_or_initialize(|| {
            stage.pause();
            Ok::<_, Boom>(1)
        })
    });
    stage.reached();
    let since = Instant::now();
    let error = X::spawn(cell.get_or_initialize_async(async || Ok::<_, Boom>(2))).join().unwrap_err();
    assert!(
        matches!(error, Error::Unavailable(UnavailableError::WaitTimeout { waited, .. }) if waited >= LIMIT)
    );
    assert!(since.elapsed() >= LIMIT);
    assert_eq!(cell.snapshot().waiters, 0);
    stage.release();
    assert!(initializer.join().is_ok());
}

#[test]
fn a5_a_wait_ends_without_tokio() {
    timed_out::<Pollster>();
    timed_out::<Futures>();
    timed_out::<Smol>();
}

#[test]
fn a5_a_cooldown_ends_without_tokio() {
    let cell = leak(cell::<u32>("db").cooldown(LIMIT));
    let fail = cell.get_or_initialize_async(async || Err::<u32, _>(Boom(1)));
    assert!(Smol::spawn(fail).join().is_err());
    let since = Instant::now();
    let get = || Smol::spawn(cell.get_or_initialize_async(async || Ok::<_, Boom>(2))).join();
    let mut answer = get();
    while let Err(error) = answer {
        assert!(error.is_cooldown() && since.elapsed() < LONG);
        std::thread::sleep(error.retry_after().unwrap_or_default());
        answer = get();
    }
}

#[test]
fn a5_a_taken_over_call_keeps_its_deadline() {
    // The waiter that takes over has a deadline for its waits, but none for its own factory.
    let (cell, gate) = (leak(RuntimeCell::<u32>::new("db").wait_timeout(LIMIT)), Gate::new());
    let mut initializer = Box::pin(cell.get_or_initialize_async(|| async {
        Gate::new().wait_async().await;
        Ok::<_, Boom>(1)
    }));
    assert!(poll(&mut initializer).is_pending());
    let waiter = Smol::spawn(cell.get_or_initialize_async(|| async {
        gate.wait_async().await;
        Ok::<_, Boom>(2)
    }));
    eventually("the waiter", || cell.snapshot().waiters == 1);
    drop(initializer);
    eventually("the next flight", || cell.snapshot().flights == 1);
    let late = Smol::spawn(cell.get_or_initialize_async(async || Ok::<_, Boom>(3)));
    assert!(late.join().unwrap_err().is_timeout());
    gate.open();
    assert_eq!(*waiter.join().unwrap(), 2);
}

#[cfg(feature = "tokio")]
mod paused {
    use super::*;
    use cells_test_support::{TokioCurrent, TokioMulti, current_thread, multi_thread};
    use tokio::time::{advance, sleep};

    const HOUR: Duration = Duration::from_secs(3600);

    #[tokio::test(start_paused = true)]
    async fn a5_a_wait_ends_in_paused_time() {
        let real = Instant::now();
        let cell = leak(RuntimeCell::<u32>::new("db").wait_timeout(HOUR));
        let initializer = tokio::spawn(cell.get_or_initialize_async(|| async {
            sleep(3 * HOUR).await;
            Ok::<_, Boom>(1)
        }));
        tokio::task::yield_now().await;
        let since = tokio::time::Instant::now();
        let error = cell.get_or_initialize_async(async || Ok::<_, Boom>(2)).await.unwrap_err();
        assert!(error.is_timeout());
        let waited = since.elapsed();
        assert!(waited >= HOUR && waited < HOUR + Duration::from_secs(1), "{waited:?}");
        assert_eq!(*initializer.await.unwrap().unwrap(), 1);
        assert!(real.elapsed() < HOUR);
    }

    #[tokio::test(start_paused = true)]
    async fn c9_one_deadline_covers_all_waits_of_a_call() {
        let cell = leak(RuntimeCell::<u32>::new("db").wait_timeout(HOUR));
        let slow = || {
            cell.get_or_initialize_async(|| async {
                sleep(9 * HOUR).await;
                Ok::<_, Boom>(1)
            })
        };
        let first = tokio::spawn(slow());
        tokio::task::yield_now().await;
        let since = tokio::time::Instant::now();
        let caller = tokio::spawn(cell.get_or_initialize_async(async || Ok::<_, Boom>(2)));
        tokio::task::yield_now().await;
        sleep(HOUR / 2).await;
        // The caller's flight is superseded, and the next one has begun before the caller looks.
        let mut second = Box::pin(slow());
        let _ = cell.close();
        assert!(poll(&mut second).is_pending());
        let error = caller.await.unwrap().unwrap_err();
        assert!(
            error.is_timeout() && since.elapsed() < HOUR + Duration::from_secs(1),
            "{:?}",
            since.elapsed()
        );
        first.abort();
    }

    #[tokio::test(start_paused = true)]
    async fn a5_a_cooldown_ends_in_paused_time() {
        let cell = leak(cell::<u32>("db").cooldown(HOUR));
        assert!(cell.get_or_initialize_async(async || Err::<u32, _>(Boom(1))).await.is_err());
        advance(Duration::from_secs(3599)).await;
        let get = || cell.get_or_initialize_async(async || Ok::<_, Boom>(2));
        assert_eq!(get().await.unwrap_err().retry_after(), Some(Duration::from_secs(1)));
        advance(Duration::from_secs(1)).await;
        assert_eq!(*get().await.unwrap(), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn a5_a_drain_ends_in_paused_time() {
        let cell = leak(cell::<u32>("db"));
        let _lease = cell.get_or_initialize_async(async || Ok::<_, Boom>(2)).await.unwrap();
        let since = tokio::time::Instant::now();
        assert_eq!(cell.close_and_drain_async(HOUR).await.status, cells::CloseStatus::Draining);
        assert!(since.elapsed() >= HOUR);
    }

    #[test]
    fn a5_a_thread_that_waits_inside_paused_time_waits_by_the_real_clock() {
        let (cell, stage) = (leak(RuntimeCell::<u32>::new("db").wait_timeout(LIMIT)), Stage::new());
        let initializer = spawn(|| {
            cell.get_or_initialize(|| {
                stage.pause();
                Ok::<_, Boom>(1)
            })
        });
        stage.reached();
        let answer = spawn(|| {
            let runtime =
                tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build();
            runtime.unwrap().block_on(async { cell.get_or_initialize(|| Ok::<_, Boom>(2)).map(drop) })
        });
        assert!(answer.join().unwrap_err().is_timeout());
        stage.release();
        assert!(initializer.join().is_ok());
    }

    #[test]
    fn a5_a_wait_on_a_multi_threaded_runtime_ends() {
        timed_out::<TokioMulti>();
        timed_out::<TokioCurrent>();
    }

    #[test]
    fn a2_a_blocked_current_thread_runtime_holds_up_no_other() {
        // A runtime whose only thread waits for a flight that a task of another runtime runs.
        let (cell, stage) = (leak(cell::<u32>("db")), Stage::new());
        let other = multi_thread();
        let flight = other.spawn(cell.get_or_initialize_async(|| async {
            stage.pause_async().await;
            Ok::<_, Boom>(1)
        }));
        stage.reached();
        let blocked = spawn(|| {
            current_thread().block_on(async { cell.get_or_initialize(|| Ok::<_, Boom>(2)).map(|l| *l) })
        });
        eventually("the waiter", || cell.snapshot().waiters == 1);
        stage.release();
        assert_eq!(blocked.join().unwrap(), 1);
        assert!(other.block_on(flight).unwrap().is_ok());
    }

    #[test]
    fn a5_a_runtime_without_timers_has_waits_too() {
        let (cell, stage) = (leak(RuntimeCell::<u32>::new("db").wait_timeout(LIMIT)), Stage::new());
        let initializer = spawn(|| {
            cell.get_or_initialize(|| {
                stage.pause();
                Ok::<_, Boom>(1)
            })
        });
        stage.reached();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let answer = spawn(move || {
            runtime.block_on(cell.get_or_initialize_async(async || Ok::<_, Boom>(2))).map(drop)
        });
        assert!(answer.join().unwrap_err().is_timeout());
        stage.release();
        assert!(initializer.join().is_ok());
    }

    /// A factory that waits for something real, of which tokio's clock knows nothing.
    async fn wait_for_a_thread(gate: &'static Gate) -> Result<u32, Boom> {
        gate.wait_async().await;
        Ok(1)
    }

    #[tokio::test(start_paused = true)]
    async fn x18_a_paused_clock_jumps_to_the_limit_of_a_waiter() {
        let (cell, gate) = (leak(RuntimeCell::<u32>::new("db").wait_timeout(HOUR)), Gate::new());
        let initializer = tokio::spawn(cell.get_or_initialize_async(|| wait_for_a_thread(gate)));
        tokio::task::yield_now().await;
        let real = Instant::now();
        let error = cell.get_or_initialize_async(|| wait_for_a_thread(gate)).await.unwrap_err();
        assert!(error.is_timeout() && real.elapsed() < HOUR);
        gate.open();
        assert!(initializer.await.unwrap().is_ok());
    }

    #[tokio::test]
    async fn x18_a_cell_that_is_built_before_time_is_paused_waits_for_what_is_real() {
        let (cell, gate) = (leak(RuntimeCell::<u32>::new("db").wait_timeout(HOUR)), Gate::new());
        let callers =
            [(); 2].map(|()| tokio::spawn(cell.get_or_initialize_async(|| wait_for_a_thread(gate))));
        let opener = spawn(move || {
            eventually("the second caller", || cell.snapshot().waiters == 1);
            gate.open();
        });
        for caller in callers {
            assert!(caller.await.unwrap().is_ok());
        }
        opener.join();
        tokio::time::pause();
        sleep(HOUR).await;
        assert_eq!(*cell.get_or_initialize_async(async || Err(Boom(1))).await.unwrap(), 1);
    }

    #[tokio::test]
    async fn a5_a_wait_goes_by_the_paused_clock_from_its_next_poll_on() {
        let cell = leak(RuntimeCell::<u32>::new("db").wait_timeout(HOUR));
        let flight = tokio::spawn(cell.get_or_initialize_async(|| async {
            sleep(9 * HOUR).await;
            Ok::<_, Boom>(1)
        }));
        tokio::task::yield_now().await;
        let mut waiter = Box::pin(cell.get_or_initialize_async(async || Ok::<_, Boom>(2)));
        assert!(poll(&mut waiter).is_pending(), "by the real clock");
        tokio::time::pause();
        let error = waiter.await.unwrap_err();
        assert!(error.is_timeout(), "{error}");
        flight.abort();
    }
}

/// Waits for a flight that goes on for as long as the gate is shut.
async fn wait_in_vain(cell: &'static RuntimeCell<u32>) -> Error {
    cell.get_or_initialize_async(async || Ok::<_, Boom>(2)).await.unwrap_err()
}

fn slow_flight() -> (&'static RuntimeCell<u32>, &'static Stage, cells_test_support::Job<bool>) {
    let (cell, stage) = (leak(RuntimeCell::<u32>::new("slow").wait_timeout(LIMIT)), Stage::new());
    let initializer = spawn(|| {
        let built = cell.get_or_initialize(|| {
            stage.pause();
            Ok::<_, Boom>(1)
        });
        built.is_ok()
    });
    stage.reached();
    (cell, stage, initializer)
}

#[cfg(feature = "tokio")]
mod foreign {
    use super::*;
    use tokio::runtime::Builder;

    /// A panic hook that exits, or `panic = "abort"`, would end the process.
    #[test]
    fn x11_a_runtime_without_timers_is_not_asked_for_one() {
        use std::sync::atomic::{AtomicBool, Ordering};
        thread_local! { static WATCHED: std::cell::Cell<bool> = const { std::cell::Cell::new(false) } }
        static PANICKED: AtomicBool = AtomicBool::new(false);
        let hook = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if WATCHED.get() {
                PANICKED.store(true, Ordering::SeqCst);
            }
            hook(info);
        }));
        let (cell, stage, initializer) = slow_flight();
        WATCHED.set(true);
        let runtime = Builder::new_current_thread().build().expect("a runtime");
        assert!(runtime.block_on(wait_in_vain(cell)).is_timeout());
        WATCHED.set(false);
        stage.release();
        assert!(initializer.join() && !PANICKED.load(Ordering::SeqCst));
    }

    #[test]
    fn x17_a_limit_holds_where_a_foreign_executor_holds_the_thread_of_the_timers() {
        let (cell, stage, initializer) = slow_flight();
        let blocked = spawn(move || {
            let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(async { pollster::block_on(wait_in_vain(cell)) })
        });
        assert!(blocked.join().is_timeout());
        stage.release();
        assert!(initializer.join());
    }
}

#[test]
fn x7_waiters_that_give_up_leave_nothing_behind() {
    let (cell, stage, initializer) = slow_flight();
    let mut waiters: Vec<_> = (0..1000).map(|_| Box::pin(wait_in_vain(cell))).collect();
    for waiter in &mut waiters {
        assert!(poll(waiter).is_pending());
    }
    assert_eq!(cell.snapshot().waiters, 1000);
    let kept = waiters.split_off(500);
    drop(waiters);
    assert_eq!(cell.snapshot().waiters, 500);
    let errors = pollster::block_on(futures::future::join_all(kept));
    assert!(errors.iter().all(Error::is_timeout));
    assert_eq!(cell.snapshot().waiters, 0);
    stage.release();
    assert!(initializer.join());
}
