//! Following a source in a thread: each item refreshes.

use cells::{
    BoxError, Error, InitStatus, RefreshEnd, RefreshOn, State, refresh_on_each, runtime_cell, shutdown,
};
use cells_test_support::{
    Boom, Count, LONG, Recorder, Stage, alone, eventually, lock, message, panic_of, spawn,
};
use std::sync::mpsc::{Sender, channel};
use std::sync::{LazyLock, Mutex};

/// A source, and how many of its items were noted: all before the one that it is asked for.
struct Source {
    items: Sender<()>,
    asked: &'static Count,
}

impl Source {
    fn new() -> (Self, impl Iterator<Item = ()> + Send + 'static) {
        let ((items, received), asked) = (channel(), Count::new());
        let next = move || {
            asked.up();
            received.recv().ok()
        };
        (Self { items, asked }, std::iter::from_fn(next))
    }

    /// Gives `n` items, of `all` until now, and returns once they are noted.
    fn give(&self, n: usize, all: usize) {
        for _ in 0..n {
            self.items.send(()).expect("it is followed");
        }
        eventually("all items are noted", || self.asked.get() == all + 1);
    }
}

#[test]
fn f8_items_that_come_during_a_refresh_share_the_next_one() {
    static VERSION: Count = Count::zero();
    static STAGE: LazyLock<&'static Stage> = LazyLock::new(Stage::new);
    #[runtime_cell]
    fn file() -> usize {
        let version = VERSION.get();
        if version == 1 {
            STAGE.pause();
        }
        version
    }

    drop(file());
    let (source, items) = Source::new();
    let follower = spawn(|| refresh_on_each(&FILE, items));
    VERSION.up();
    source.give(1, 1);
    STAGE.reached();
    VERSION.up(); // the refresh under way has read what was there before
    source.give(100, 101);
    STAGE.release();
    drop(source);
    let report = follower.join();
    assert_eq!((report.end, report.refreshes, report.failures), (RefreshEnd::SourceEnded, 2, 0));
    assert_eq!((*file(), FILE.generation()), (2, Some(3)));
    assert_eq!(report.to_string(), "2 refreshes, 0 failed, until the source ended");
}

#[test]
fn f8_a_failure_keeps_the_payload_and_does_not_end_it() {
    static OUTCOMES: Mutex<Vec<String>> = Mutex::new(Vec::new());
    static RUNS: Count = Count::zero();
    #[runtime_cell]
    fn file() -> Result<usize, Boom> {
        match RUNS.up() {
            2 => Err(Boom(2)),
            3 => panic!("luck"),
            run => Ok(run),
        }
    }

    drop(file().expect("the first"));
    let recorder = Recorder::on(&FILE);
    let (items, received) = channel();
    let (next, refreshed) = channel();
    let follow = RefreshOn::new(&FILE).on_refresh(move |outcome| {
        lock(&OUTCOMES).push(match outcome {
            Ok(()) => "fresh".to_owned(),
            Err(error) => format!("{error:#}; {:?}", FILE.peek().as_deref()),
        });
        next.send(()).expect("the test waits");
    });
    let follower = spawn(|| follow.run(received));
    for _ in 0..3 {
        items.send(()).expect("it is followed");
        refreshed.recv().expect("it goes on");
    }
    drop(items);
    let report = follower.join();
    assert_eq!((report.refreshes, report.failures), (3, 2));
    let outcomes = [
        "cell `file`: initialization failed: boom 2; Some(1)",
        "cell `file`: the factory panicked: luck; Some(1)",
        "fresh",
    ];
    assert_eq!(*lock(&OUTCOMES), outcomes);
    let ends = [(2, InitStatus::Error), (3, InitStatus::Panicked), (4, InitStatus::Ok)];
    assert_eq!(recorder.ends(), ends, "it is reported as any refresh");
    assert_eq!(*file().expect("the last"), 4);
}

#[test]
fn f8_a_cell_without_payload_stays_without_one() {
    static RUNS: Count = Count::zero();
    #[runtime_cell]
    fn file() -> usize {
        RUNS.up()
    }

    let report = refresh_on_each(&FILE, [(), ()]);
    assert_eq!((report.end, report.failures, RUNS.get()), (RefreshEnd::SourceEnded, 0, 0));
    drop(file());
    FILE.invalidate();
    let _ = refresh_on_each(&FILE, [()]);
    assert_eq!((FILE.state(), RUNS.get()), (State::Empty, 1));
}

#[test]
fn f8_what_a_flight_under_way_builds_is_refreshed_whatever_the_limits_of_the_cell() {
    static VERSION: Count = Count::zero();
    static STAGE: LazyLock<&'static Stage> = LazyLock::new(Stage::new);
    #[runtime_cell(max_waiters = 1, wait_timeout = "1h")]
    fn file() -> Result<usize, Boom> {
        let version = VERSION.get();
        if version == 0 {
            STAGE.pause();
        }
        Ok(version)
    }

    let first = spawn(|| file().map(|lease| *lease));
    STAGE.reached();
    let waiter = spawn(|| file().map(|lease| *lease));
    eventually("the waiter", || FILE.snapshot().waiters == 1);
    VERSION.up();
    let follower = spawn(|| refresh_on_each(&FILE, [()]));
    eventually("the refresh waits too", || FILE.snapshot().waiters == 2);
    STAGE.release();
    assert_eq!((first.join().ok(), waiter.join().ok()), (Some(0), Some(0)));
    let report = follower.join();
    assert_eq!((report.refreshes, report.failures), (1, 0));
    assert_eq!(file().map(|lease| *lease).ok(), Some(1));
}

#[test]
fn f8_dependents_are_refreshed_on_request_each_whatever_becomes_of_the_others() {
    static BASES: Count = Count::zero();
    #[runtime_cell]
    fn base() -> usize {
        BASES.up()
    }
    #[runtime_cell]
    fn wild(base: &usize) -> usize {
        assert!(*base == 1, "wild");
        *base
    }
    #[runtime_cell]
    fn wilder(wild: &usize) -> usize {
        *wild
    }
    #[runtime_cell]
    fn mild(base: &usize) -> usize {
        *base
    }
    #[runtime_cell]
    fn unused(base: &usize) -> usize {
        *base
    }

    drop((wilder(), mild()));
    let report = refresh_on_each(&BASE, [()]);
    assert_eq!((report.refreshes, report.failures), (1, 0));
    assert_eq!((*base(), *wild(), *wilder(), *mild()), (2, 1, 1, 1), "alone");

    let report = RefreshOn::new(&BASE).with_dependents().run([()]);
    assert_eq!((report.refreshes, report.failures), (1, 1));
    assert_eq!((*base(), *wild(), *wilder(), *mild()), (3, 1, 1, 3));
    assert_eq!(UNUSED.state(), State::Empty);

    // Without a payload of its own there still is what was built on the last one.
    BASE.invalidate();
    let _ = RefreshOn::new(BASE.any()).with_dependents().run([()]);
    assert_eq!(*mild(), 4);
}

#[test]
fn f8_a_shutdown_ends_it_although_the_source_is_silent() {
    #[runtime_cell]
    fn file() -> Result<u32, BoxError> {
        Ok(1)
    }
    alone(|| {
        drop(file());
        let (source, items) = Source::new();
        let follower = spawn(|| refresh_on_each(&FILE, items));
        eventually("it waits for an item", || source.asked.get() == 1);
        assert!(shutdown(LONG).is_ok());
        let report = follower.join();
        assert_eq!((report.end, report.refreshes), (RefreshEnd::ShutDown, 0));
        // Nobody is left to note this one.
        let _ = source.items.send(());
        assert_eq!(refresh_on_each(&FILE, [()]).end, RefreshEnd::ShutDown);
    });
}

#[test]
fn f8_a_refresh_that_a_shutdown_ends_did_not_fail() {
    static STAGE: LazyLock<&'static Stage> = LazyLock::new(Stage::new);
    static RUNS: Count = Count::zero();
    #[runtime_cell]
    fn file() -> Result<usize, BoxError> {
        let run = RUNS.up();
        if run == 2 {
            STAGE.pause();
        }
        Ok(run)
    }
    alone(|| {
        drop(file());
        let (source, items) = Source::new();
        let follower = spawn(|| refresh_on_each(&FILE, items));
        source.give(1, 1);
        STAGE.reached();
        let closer = spawn(|| shutdown(LONG));
        eventually("the shutdown has begun", || !FILE.is_ready());
        STAGE.release();
        let report = follower.join();
        assert_eq!((report.end, report.refreshes, report.failures), (RefreshEnd::ShutDown, 0, 0));
        assert!(closer.join().is_ok());
    });
}

#[test]
fn f8_the_panic_of_a_source_is_the_callers_after_what_it_gave() {
    static RUNS: Count = Count::zero();
    #[runtime_cell]
    fn file() -> usize {
        RUNS.up()
    }

    drop(file());
    let mut given = false;
    let items = std::iter::from_fn(move || {
        assert!(!std::mem::replace(&mut given, true), "the source broke");
        Some(())
    });
    let panic = panic_of(|| refresh_on_each(&FILE, items));
    assert_eq!((message(&*panic), RUNS.get()), ("the source broke", 2));
}

#[test]
fn f8_any_cell_that_is_not_permanent() {
    #[runtime_cell(permanent)]
    fn forever() -> u32 {
        1
    }
    #[runtime_cell]
    async fn remote() -> Result<u32, Error> {
        Ok(1)
    }

    drop(pollster::block_on(remote()));
    assert_eq!(refresh_on_each(&REMOTE, [()]).refreshes, 1);
    assert_eq!(refresh_on_each(REMOTE.any(), [()]).refreshes, 1);
    assert_eq!(REMOTE.generation(), Some(3));

    assert_eq!(*forever(), 1);
    let report = refresh_on_each(FOREVER.any(), [()]);
    assert_eq!((report.end, report.refreshes, FOREVER.generation()), (RefreshEnd::Permanent, 0, Some(1)));
}
