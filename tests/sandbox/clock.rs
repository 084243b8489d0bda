//! T7: the clock of a sandbox, and with it cooldowns, wait limits and `linger`.

use cells::testing::Sandbox;
use cells::{State, runtime_cell};
use cells_test_support::{Boom, Count, Stage};
use std::time::Duration;

const HOUR: Duration = Duration::from_secs(3600);

#[runtime_cell(cooldown = "1h")]
fn failing() -> Result<u8, Boom> {
    Err(Boom(1))
}

#[runtime_cell(linger = "1h")]
fn lingering() -> u8 {
    7
}

#[test]
fn t7_a_cooldown_is_over_when_the_clock_is_advanced() {
    let cells = Sandbox::new().enter();
    assert!(!failing().unwrap_err().is_cooldown());
    cells.advance(HOUR / 2);
    let error = failing().unwrap_err();
    assert!(error.is_cooldown() && error.retry_after().is_some_and(|left| left <= HOUR / 2));
    // Another sandbox has a clock of its own.
    cells_test_support::spawn(|| {
        let _cells = Sandbox::new().enter();
        assert!(!failing().unwrap_err().is_cooldown());
        assert!(failing().unwrap_err().retry_after().is_some_and(|left| left > HOUR / 2));
    })
    .join();
    cells.advance(HOUR);
    assert!(!failing().unwrap_err().is_cooldown());
}

#[test]
fn f5_a_backoff_ends_when_the_clock_is_advanced() {
    static RUNS: [Count; 2] = [const { Count::zero() }; 2];

    #[runtime_cell(retry = 1, backoff = "1h")]
    fn in_a_thread() -> Result<usize, Boom> {
        if RUNS[0].up() == 1 { Err(Boom(1)) } else { Ok(RUNS[0].get()) }
    }
    #[runtime_cell(retry = 1, backoff = "1h")]
    async fn in_a_task() -> Result<usize, Boom> {
        if RUNS[1].up() == 1 { Err(Boom(1)) } else { Ok(RUNS[1].get()) }
    }

    let cells = Sandbox::new().enter();
    let thread = cells.handle().spawn(|| in_a_thread().map(|lease| *lease));
    let task = cells.handle().spawn(|| pollster::block_on(async { in_a_task().await.map(|lease| *lease) }));
    for (cell, runs) in [(IN_A_THREAD.any(), &RUNS[0]), (IN_A_TASK.any(), &RUNS[1])] {
        cells_test_support::eventually("the first attempt", || runs.get() == 1);
        assert_eq!(cell.state(), State::Initializing);
    }
    let mut advanced = || {
        // The backoff may begin after the clock was advanced.
        cells.advance(HOUR);
        RUNS.iter().all(|runs| runs.get() == 2)
    };
    cells_test_support::eventually("the second attempts", &mut advanced);
    for caller in [thread, task] {
        assert!(caller.join().expect("no panic").is_ok_and(|built| built == 2));
    }
}

#[test]
fn f5_a_cooldown_that_doubles_is_over_when_the_clock_is_advanced() {
    #[runtime_cell(cooldown = "1h..4h")]
    fn doubling() -> Result<u8, Boom> {
        Err(Boom(1))
    }

    let cells = Sandbox::new().enter();
    for times in [1, 2, 4, 4] {
        assert!(!doubling().unwrap_err().is_cooldown());
        let left = doubling().unwrap_err().retry_after().expect("it cools down");
        assert!(left > HOUR * times / 4 && left <= HOUR * times, "{left:?} is not {times} hours");
        cells.advance(left);
    }
}

#[test]
fn t7_a_wait_limit_ends_when_the_clock_is_advanced() {
    #[runtime_cell(wait_timeout = "1h")]
    fn slow(stop: &&'static Stage) -> Result<u8, Boom> {
        stop.pause();
        Ok(1)
    }

    #[runtime_cell(wait_timeout = "1h")]
    fn stop() -> Result<&'static Stage, Boom> {
        Ok(Stage::new())
    }

    let stage = Stage::new();
    let cells = Sandbox::new().put(&STOP, stage).enter();
    let builder = cells.handle().spawn(|| slow().map(|lease| *lease));
    stage.reached();
    let thread = cells.handle().spawn(|| slow().map(|lease| *lease));
    let task = cells.handle().spawn(|| {
        let cell: &'static dyn cells::CellOf<u8> = &SLOW;
        pollster::block_on(async { cell.try_get_async().await.map(|lease| *lease) })
    });
    cells_test_support::eventually("two waiters", || SLOW.snapshot().waiters == 2);
    cells.advance(2 * HOUR);
    for waiter in [thread, task] {
        assert!(waiter.join().expect("no panic").is_err_and(|error| error.is_timeout()));
    }
    stage.release();
    assert!(builder.join().expect("no panic").is_ok_and(|built| built == 1));
}

#[test]
fn t6_a_payload_ends_when_it_has_not_been_used_for_so_long() {
    let cells = Sandbox::new().enter();
    let lease = lingering();
    cells.advance(3 * HOUR);
    cells.advance(3 * HOUR);
    assert_eq!(LINGERING.generation(), Some(1), "a lease is out");
    drop(lease);
    cells.advance(HOUR / 2);
    assert_eq!(LINGERING.generation(), Some(1), "it has rested for half the time");
    // A read begins the time again, and so does a look.
    assert_eq!(*lingering(), 7);
    cells.advance(HOUR / 2);
    assert_eq!(LINGERING.peek().as_deref(), Some(&7));
    cells.advance(HOUR / 2);
    assert_eq!(LINGERING.generation(), Some(1));
    cells.advance(HOUR / 2);
    assert_eq!(LINGERING.state(), State::Empty);
    assert_eq!((*lingering(), LINGERING.generation()), (7, Some(2)));
}

#[test]
fn t6_a_payload_that_was_put_ends_too() {
    #[runtime_cell(linger = "1ms")]
    fn put() -> u8 {
        1
    }

    let _cells = Sandbox::new().put(&PUT, 2).enter();
    cells_test_support::eventually("nobody asks for it", || PUT.state() == State::Empty);
    assert_eq!((*put(), PUT.generation()), (1, Some(2)));
}

#[test]
fn t6_a_disposer_that_panics_at_the_end_of_the_time_is_in_the_log_alone() {
    static ENDS: Count = Count::zero();

    #[runtime_cell(linger = "1h", dispose = panics)]
    fn unruly() -> u8 {
        1
    }

    fn panics(_: u8) {
        ENDS.up();
        panic!("it cannot end");
    }

    let cells = Sandbox::new().enter();
    let _ = unruly();
    cells.advance(HOUR);
    cells.advance(HOUR);
    assert_eq!((ENDS.get(), UNRULY.state()), (1, State::Empty));
}

#[cfg(feature = "tokio")]
#[tokio::test]
async fn t6_asynchronous_cells_too() {
    static ENDS: Count = Count::zero();

    #[runtime_cell(linger = "1h", dispose = end)]
    async fn session() -> u8 {
        1
    }

    async fn end(_: u8) {
        tokio::task::yield_now().await;
        ENDS.up();
    }

    let cells = Sandbox::new().enter();
    drop(session().await);
    cells.advance(HOUR);
    assert_eq!(SESSION.generation(), None);
    // On this runtime, where it was built.
    cells_test_support::eventually_async("the disposer runs", || ENDS.get() == 1).await;
    cells.leave().await;
}

#[cfg(feature = "tokio")]
#[tokio::test(start_paused = true)]
async fn t7_under_paused_time_the_clock_moves_with_tokios() {
    let cells = Sandbox::new().enter();
    assert!(!failing().unwrap_err().is_cooldown());
    tokio::time::advance(HOUR / 2).await;
    assert!(failing().unwrap_err().is_cooldown());
    cells.advance(HOUR / 2);
    assert!(!failing().unwrap_err().is_cooldown());
    cells.leave().await;
}
