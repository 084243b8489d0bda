//! Payloads that age where clocks go on without the process, or nothing can be done about it in time.

use super::forks::in_child_beside;
use super::limits::{allow_threads, no_more_threads_for_now};
use super::runtimes::each;
use cells::{State, runtime_cell};
use cells_test_support::{Boom, Count, LONG, Stage, eventually, eventually_async, multi_thread, spawn};
use std::io::{Read as _, Write as _, pipe};
use std::process::id;
use std::sync::LazyLock;
use std::thread;
use std::time::{Duration, Instant};

/// How long the payloads below may be used.
const LIFE: Duration = Duration::from_millis(200);

#[runtime_cell(expires = LIFE)]
fn short() -> Instant {
    Instant::now()
}

/// When the payload that is published has ended for certain: its life began before its caller had it.
fn get_short() -> (u64, Instant) {
    let lease = short();
    (cells::Ref::generation(&lease), Instant::now() + LIFE)
}

/// Waits for a time, which is the condition here.
fn until(time: Instant) {
    while let Some(left) = time.checked_duration_since(Instant::now()).filter(|left| !left.is_zero()) {
        thread::sleep(left);
    }
}

/// Its alarm is late by as long as it was stopped, and its readers may come before that.
pub(crate) fn f2_a_process_is_stopped_until_its_payload_has_ended() {
    let (mut from_child, mut to_parent) = pipe().expect("a pipe");
    let parent = id();
    let stopped = || {
        let (generation, end) = get_short();
        let this = id().to_ne_bytes();
        assert!(Instant::now() < end, "the machine is too slow");
        to_parent.write_all(&this).expect("the parent reads");
        // It reads all the time, until it was stopped beyond the end.
        let mut late = 0;
        while Instant::now() < end {
            drop(short());
        }
        while cells::Ref::generation(&short()) == generation {
            late += 1;
        }
        println!("{late} reads came before the timer");
        // Whoever looks at the clocks finds no payload that has ended.
        let (generation, end) = get_short();
        until(end);
        assert_eq!((SHORT.state(), SHORT.generation()), (State::Empty, None));
        assert_eq!(get_short().0, generation + 1);
    };
    let stop_child = |child: i32| {
        let mut number = [0; 4];
        from_child.read_exact(&mut number).expect("the child writes");
        assert_eq!((u32::from_ne_bytes(number).cast_signed(), id()), (child, parent));
        // SAFETY: neither call takes a pointer, and the child is not waited for yet.
        unsafe {
            assert_eq!(libc::kill(child, libc::SIGSTOP), 0);
            until(Instant::now() + 2 * LIFE);
            assert_eq!(libc::kill(child, libc::SIGCONT), 0);
        }
    };
    in_child_beside(stopped, stop_child);
}

/// The timer is its parent's. Who reads in the child looks at the clocks, and what the child has built has alarms there.
pub(crate) fn f2_a_child_looks_at_what_has_ended_since_its_parent_built_it() {
    let (generation, end) = get_short();
    let child = || {
        until(end);
        for _ in 0..3 {
            let (next, _) = get_short();
            assert!(next > generation, "a payload that has ended");
            // From here on the child has a timer of its own.
            eventually("the timer ends it", || SHORT.snapshot().generation.is_none());
        }
    };
    in_child_beside(child, |_| until(end));
    assert_eq!(SHORT.state(), State::Empty);
}

/// Without a timer readers look at the clocks, and a refresh that no thread runs is due again.
pub(crate) fn f7_a_payload_ages_where_no_thread_can_be_started() {
    static BUILT: Count = Count::zero();

    #[runtime_cell(fresh = "1ms", cooldown = "1ms")]
    fn stale() -> Result<usize, Boom> {
        Ok(BUILT.up())
    }

    #[runtime_cell(fresh = "1ms", eager_refresh, cooldown = "1ms")]
    async fn eager() -> Result<u8, Boom> {
        Ok(1)
    }

    let limit = no_more_threads_for_now();
    for _ in 0..3 {
        let (generation, end) = get_short();
        loop {
            let before = Instant::now();
            if cells::Ref::generation(&short()) != generation {
                break;
            }
            assert!(before < end, "a payload that has ended");
        }
    }
    assert_eq!(stale().map(|lease| *lease).ok(), Some(1));
    let end = Instant::now() + LIFE;
    while Instant::now() < end {
        assert_eq!(stale().map(|lease| *lease).ok(), Some(1), "nobody can refresh it");
    }
    for _ in 0..3 {
        assert!(pollster::block_on(eager()).is_ok());
    }
    allow_threads(limit);
    eventually("it is refreshed", || stale().is_ok_and(|lease| *lease > 1));
}

/// The timer's thread runs no disposer. It looks again now and then, until there is a thread that can.
pub(crate) fn f1_a_payload_ends_while_no_thread_can_be_started_for_its_disposer() {
    static DISPOSED: Count = Count::zero();

    #[runtime_cell(expires = LIFE, dispose = end)]
    fn unread() -> u8 {
        1
    }

    fn end(_: u8) {
        DISPOSED.up();
    }

    drop(unread());
    let end = Instant::now() + LIFE;
    let limit = no_more_threads_for_now();
    assert!(Instant::now() < end, "the machine is too slow");
    until(end + LIFE);
    assert_eq!(DISPOSED.get(), 0);
    allow_threads(limit);
    eventually("it is disposed", || DISPOSED.get() == 1);
}

/// It ends with the payload, whose runtime that is, too.
pub(crate) fn f7_a_runtime_ends_during_a_refresh() {
    static BUILT: Count = Count::zero();

    #[runtime_cell(fresh = |_| Duration::ZERO)]
    async fn aged() -> usize {
        let built = BUILT.up();
        if built.is_multiple_of(2) {
            std::future::pending::<()>().await;
        }
        built
    }

    each(|runtime, end| {
        if BUILT.get() % 2 == 1 {
            BUILT.up();
        }
        let before = BUILT.get();
        runtime.block_on(async {
            assert_eq!((*aged().await, *aged().await), (before + 1, before + 1));
            eventually_async("the refresh runs", || BUILT.get() == before + 2).await;
        });
        end.end(runtime);
        eventually("the payload has ended with its runtime", || AGED.state() == State::Empty);
        assert_eq!(multi_thread().block_on(async { *aged().await }), before + 3);
        eventually("so has this one", || AGED.state() == State::Empty);
    });
}

#[runtime_cell(fresh = |_| Duration::ZERO)]
fn refreshed() -> usize {
    static BUILT: Count = Count::zero();
    let built = BUILT.up();
    if built == 2 {
        STAGE.pause();
    }
    built
}

static STAGE: LazyLock<&'static Stage> = LazyLock::new(Stage::new);

fn refresh_is_under_way() {
    assert_eq!((*refreshed(), *refreshed()), (1, 1));
    STAGE.reached();
}

pub(crate) fn f7_a_process_exits_during_a_refresh() {
    refresh_is_under_way();
}

pub(crate) fn f7_a_process_shuts_down_during_a_refresh() {
    refresh_is_under_way();
    let shutdown = spawn(|| cells::shutdown(LONG));
    eventually("it is closed", || REFRESHED.state() == State::Closed);
    STAGE.release();
    let report = shutdown.join();
    assert!(report.is_ok(), "{report}");
}
