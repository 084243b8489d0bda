//! Payloads that age, by real time: what the timer does when nobody looks. By the clock of a sandbox they are tested in
//! `cells-tests-sandbox`.

use cells::{State, runtime_cell};
use cells_test_support::{Boom, Count, eventually};
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

#[test]
fn f1_the_timer_ends_a_payload_that_nobody_reads() {
    static BUILT: Count = Count::zero();
    static DISPOSED: Count = Count::zero();

    #[runtime_cell(expires = "20ms", dispose = end)]
    fn unread() -> usize {
        BUILT.up()
    }

    fn end(_: usize) {
        DISPOSED.up();
    }

    for generation in 1..=5 {
        assert_eq!(*unread(), generation);
        // It looks at nothing of the cell.
        eventually("it is disposed", || DISPOSED.get() == generation);
        assert_eq!((UNREAD.state(), BUILT.get()), (State::Empty, generation));
    }
}

#[test]
fn f1_the_timer_ends_a_payload_under_a_lease() {
    static DISPOSED: Count = Count::zero();

    #[runtime_cell(expires = "5ms", dispose = end)]
    fn leased() -> u8 {
        7
    }

    fn end(_: u8) {
        DISPOSED.up();
    }

    let lease = leased();
    eventually("it has ended", || LEASED.snapshot().draining == 1);
    assert_eq!((*lease, DISPOSED.get()), (7, 0));
    drop(lease);
    assert_eq!(DISPOSED.get(), 1);
}

#[test]
fn f1_many_readers_begin_one_refresh_of_each_payload() {
    const THREADS: usize = 8;
    const GENERATIONS: u64 = 30;
    static BUILT: Count = Count::zero();
    static DISPOSED: Count = Count::zero();

    #[runtime_cell(fresh = "5ms", dispose = end)]
    fn shared() -> usize {
        BUILT.up()
    }

    fn end(_: usize) {
        DISPOSED.up();
    }

    let read = || {
        let mut last = 0;
        let mut seen = BTreeSet::new();
        while last < GENERATIONS {
            let lease = shared();
            let generation = cells::Ref::generation(&lease);
            assert!(generation >= last, "an older payload after a newer one");
            assert_eq!(*lease as u64, generation, "a run of the factory that built nothing");
            last = generation;
            seen.insert(generation);
            drop(lease);
            thread::yield_now();
        }
        seen
    };
    let seen: BTreeSet<u64> = thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS).map(|_| scope.spawn(read)).collect();
        threads.into_iter().flat_map(|thread| thread.join().expect("no panic")).collect()
    });
    assert!(seen.len() > 1);
    // The last reads may have begun another one.
    eventually("no refresh is under way", || {
        let generation = SHARED.generation().expect("it is never empty");
        SHARED.snapshot().flights == 0 && BUILT.get() as u64 == generation
    });
    eventually("all but the last are disposed", || DISPOSED.get() + 1 == BUILT.get());
}

#[test]
fn f1_nobody_refreshes_what_nobody_reads() {
    static BUILT: Count = Count::zero();

    #[runtime_cell(fresh = "5ms")]
    fn unread() -> usize {
        BUILT.up()
    }

    #[runtime_cell(fresh = "5ms")]
    fn read() -> u8 {
        0
    }

    assert_eq!(*unread(), 1);
    // A cell beside it is refreshed meanwhile, many times.
    eventually("it is refreshed", || {
        drop(read());
        READ.generation() >= Some(10)
    });
    assert!(UNREAD.snapshot().stale);
    assert_eq!((BUILT.get(), UNREAD.generation()), (1, Some(1)));
    assert_eq!(*unread(), 1, "who comes first gets it as it is");
    eventually("it is refreshed", || BUILT.get() == 2);
}

#[test]
fn f1_an_eager_refresh_waits_for_no_reader() {
    static BUILT: Count = Count::zero();
    static FAILS: AtomicBool = AtomicBool::new(false);

    // A second is the least for what nobody has asked for.
    #[runtime_cell(fresh = "1ms", eager_refresh, cooldown = "1ms")]
    fn eager() -> Result<usize, Boom> {
        let built = BUILT.up();
        if FAILS.load(Ordering::Relaxed) { Err(Boom(1)) } else { Ok(built) }
    }

    assert!(eager().is_ok());
    eventually("it is refreshed", || EAGER.generation() == Some(2));
    FAILS.store(true, Ordering::Relaxed);
    let before = BUILT.get();
    eventually("it fails, and is tried again", || BUILT.get() >= before + 4);
    let generation = EAGER.generation();
    assert_eq!(EAGER.state(), State::Ready);
    FAILS.store(false, Ordering::Relaxed);
    eventually("it is refreshed", || EAGER.generation() > generation);
}

#[test]
fn f4_a_refresh_that_fails_is_tried_again_when_somebody_reads() {
    static BUILT: Count = Count::zero();
    static FAILS: AtomicBool = AtomicBool::new(false);

    #[runtime_cell(fresh = "1ms", cooldown = "1ms")]
    fn source() -> Result<usize, Boom> {
        let built = BUILT.up();
        match (built % 3, FAILS.load(Ordering::Relaxed)) {
            (0, true) => panic!("a refresh that panics"),
            (_, true) => Err(Boom(1)),
            (_, false) => Ok(built),
        }
    }

    assert!(source().is_ok());
    FAILS.store(true, Ordering::Relaxed);
    let generation = SOURCE.generation();
    eventually("it fails again and again", || {
        assert!(source().is_ok(), "the failure is no reader's");
        BUILT.get() >= 12
    });
    assert!(
        SOURCE.generation() <= generation.map(|before| before + 1),
        "at most what was under way is published"
    );
    FAILS.store(false, Ordering::Relaxed);
    eventually("it is refreshed", || {
        assert!(source().is_ok());
        let snapshot = SOURCE.snapshot();
        snapshot.generation > generation && snapshot.last_error.is_none()
    });
}

#[test]
fn t6_a_payload_lingers_and_ages() {
    static BUILT: Count = Count::zero();
    static DISPOSED: Count = Count::zero();

    #[runtime_cell(fresh = "2ms", linger = "10ms", dispose = end)]
    fn lingering() -> usize {
        BUILT.up()
    }

    fn end(_: usize) {
        DISPOSED.up();
    }

    for _ in 0..5 {
        let before = BUILT.get();
        drop(lingering());
        // While it is read it is refreshed, and it stays. A reader that comes late may find that it has ended.
        eventually("it is refreshed", || {
            drop(lingering());
            BUILT.get() > before + 2
        });
        // Then nobody reads: neither is it refreshed any more, nor does it stay.
        eventually("it has ended", || LINGERING.state() == State::Empty && LINGERING.snapshot().flights == 0);
        eventually("all are disposed", || DISPOSED.get() == BUILT.get());
    }
}

#[test]
fn f1_the_end_and_many_readers() {
    static GIVEN: Mutex<Vec<usize>> = Mutex::new(Vec::new());
    static BUILT: Count = Count::zero();
    static DISPOSED: Count = Count::zero();

    #[runtime_cell(fresh = "3ms", expires = "6ms", dispose = end)]
    fn short() -> usize {
        BUILT.up()
    }

    fn end(built: usize) {
        GIVEN.lock().unwrap_or_else(PoisonError::into_inner).push(built);
        DISPOSED.up();
    }

    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while BUILT.get() < 50 {
                    let lease = short();
                    let disposed = GIVEN.lock().unwrap_or_else(PoisonError::into_inner).contains(&*lease);
                    assert!(!disposed, "a payload that was disposed");
                }
            });
        }
    });
    eventually("no refresh is under way, and the last one has ended", || {
        SHORT.state() == State::Empty && SHORT.snapshot().flights == 0
    });
    eventually("each is disposed", || DISPOSED.get() == BUILT.get());
    let mut given = GIVEN.lock().unwrap_or_else(PoisonError::into_inner).clone();
    given.sort_unstable();
    assert!(given.iter().copied().eq(1..=BUILT.get()), "each once");
}

/// A stale payload that is not refreshed leaves its readers on the slow path and no further.
#[test]
fn f6_after_a_refresh_reads_are_fast_again() {
    static BUILT: Count = Count::zero();

    #[runtime_cell(fresh = |built| if *built == 1 { Duration::from_millis(1) } else { Duration::from_secs(3600) })]
    fn again() -> usize {
        BUILT.up()
    }

    assert_eq!(*again(), 1);
    eventually("it is refreshed", || *again() == 2);
    assert_eq!(AGAIN.read_path(), cells::read_path());
    assert!(AGAIN.snapshot().fresh_left > Some(Duration::from_secs(3000)));
}
