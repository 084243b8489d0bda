//! Factories that wait for each other in a circle, on one thread or across several.

use cells::{BoxError, CloseResult, Error, LifecycleError, RuntimeCell, State, runtime_cell};
use cells_test_support::{Answer, Boom, Job, Stage, cell, eventually, from_env, leak, lock, spawn};
use std::cell::RefCell;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Barrier, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

/// How many times each circle is closed.
fn rounds() -> usize {
    from_env("CELLS_CIRCLE_ROUNDS").and_then(|rounds| rounds.try_into().ok()).unwrap_or(1000)
}

/// Cells that each ask for the next one; the last asks for the first.
struct Ring {
    size: usize,
    /// Whether a factory that is refused goes on without the payload.
    recovers: bool,
    cells: [fn() -> Answer<usize>; 8],
    close: [fn() -> CloseResult; 8],
    /// Where the factories meet before the first one asks.
    start: Mutex<Option<Arc<Barrier>>>,
    refusals: Mutex<Vec<Error>>,
    runs: AtomicUsize,
}

impl Ring {
    fn step(&self, at: usize) -> Result<usize, BoxError> {
        self.runs.fetch_add(1, SeqCst);
        let start = lock(&self.start).clone().ok_or("no round is under way")?;
        start.wait();
        match self.cells[(at + 1) % self.size]() {
            Ok(next) => Ok(*next + 1),
            Err(error) => {
                if error.is_reentrant() {
                    lock(&self.refusals).push(error.clone());
                    if self.recovers {
                        return Ok(0);
                    }
                }
                Err(error.into())
            }
        }
    }

    /// Closes the circle once: a separate thread builds each cell.
    fn round(&'static self) -> Vec<Answer<usize>> {
        *lock(&self.start) = Some(Arc::new(Barrier::new(self.size)));
        lock(&self.refusals).clear();
        self.runs.store(0, SeqCst);
        let threads: Vec<_> = self.cells[..self.size].iter().map(|cell| spawn(*cell)).collect();
        let answers = threads.into_iter().map(Job::join).collect();
        assert_eq!(self.runs.load(SeqCst), self.size, "no factory runs twice");
        for close in &self.close[..self.size] {
            let _ = close();
        }
        answers
    }

    /// The one refusal of a round. It names every cell of the circle, starting with the one that was asked.
    fn refused(&self, round: usize) {
        let refusals = lock(&self.refusals);
        assert_eq!(refusals.len(), 1, "round {round}: {refusals:?}");
        let Error::Lifecycle(LifecycleError::Reentrant { cell, chain, .. }) = &refusals[0] else {
            panic!("{:?}", refusals[0])
        };
        let names: Vec<_> = chain.split(" -> ").collect();
        assert_eq!(names.len(), self.size + 1, "{chain}");
        assert_eq!((names.first(), names.last()), (Some(cell), Some(cell)), "{chain}");
        let numbers = names.iter().map(|name| name[1..].parse::<usize>().expect("a number"));
        let numbers: Vec<_> = numbers.collect();
        assert!(numbers.windows(2).all(|pair| pair[1] == (pair[0] + 1) % self.size), "{chain}");
    }
}

/// Declares the cells of a ring. No wait has a limit.
macro_rules! ring {
    ($ring:ident, $size:expr, $recovers:expr, [$($at:literal $name:ident $cell:ident),*]) => {
        mod $ring {
            use super::*;
            $(
                #[runtime_cell(wait_timeout = Duration::ZERO)]
                fn $name() -> Result<usize, BoxError> {
                    RING.step($at)
                }
            )*
            pub(super) static RING: Ring = Ring {
                size: $size,
                recovers: $recovers,
                cells: [$($name),*],
                close: [$(|| $cell.close()),*],
                start: Mutex::new(None),
                refusals: Mutex::new(Vec::new()),
                runs: AtomicUsize::new(0),
            };
        }
    };
    ($ring:ident, $size:expr, $recovers:expr) => {
        ring!($ring, $size, $recovers, [
            0 c0 C0, 1 c1 C1, 2 c2 C2, 3 c3 C3, 4 c4 C4, 5 c5 C5, 6 c6 C6, 7 c7 C7
        ]);
    };
}

ring!(two, 2, false);
ring!(three, 3, false);
ring!(eight, 8, false);
ring!(recovering, 3, true);

/// The refused factory fails, and so do those that wait for it, one after the other.
fn one_is_refused_and_all_fail(ring: &'static Ring) {
    for round in 0..rounds() {
        let answers = ring.round();
        ring.refused(round);
        for answer in answers {
            let error = answer.expect_err("the circle was closed");
            let first: &(dyn std::error::Error + 'static) = &error;
            let mut causes = std::iter::successors(Some(first), |&error| error.source());
            let refusal = causes.any(|error| error.downcast_ref::<Error>().is_some_and(Error::is_reentrant));
            assert!(refusal, "{error}");
            assert!(!error.is_timeout());
        }
    }
}

#[test]
fn p4_two_threads_in_a_circle_one_is_refused_with_the_whole_chain() {
    one_is_refused_and_all_fail(&two::RING);
}

#[test]
fn p4_three_threads_in_a_circle_one_is_refused_with_the_whole_chain() {
    one_is_refused_and_all_fail(&three::RING);
}

#[test]
fn p4_eight_threads_in_a_circle_one_is_refused_with_the_whole_chain() {
    one_is_refused_and_all_fail(&eight::RING);
}

#[test]
fn p4_who_does_without_what_it_was_refused_lets_the_others_go_on() {
    for round in 0..rounds() {
        let answers = recovering::RING.round();
        recovering::RING.refused(round);
        let mut numbers: Vec<_> = answers.into_iter().map(|answer| *answer.expect("nothing fails")).collect();
        numbers.sort_unstable();
        assert_eq!(numbers, [0, 1, 2]);
    }
}

#[test]
fn c13_three_cells_in_a_circle_on_one_thread() {
    #[runtime_cell]
    fn first() -> Result<u32, BoxError> {
        Ok(*second()?)
    }
    #[runtime_cell]
    fn second() -> Result<u32, BoxError> {
        Ok(*third()?)
    }
    #[runtime_cell]
    fn third() -> Result<u32, BoxError> {
        Ok(*first()?)
    }

    let error = second().expect_err("it needs itself");
    assert_eq!(error.cell(), "second");
    assert_eq!(
        error.root_cause().to_string(),
        "cell `second`: re-entrant initialization (second -> third -> first -> second), \
         by its factory or by other work on its thread"
    );
    for (name, state) in [("first", FIRST.state()), ("second", SECOND.state()), ("third", THIRD.state())] {
        assert_eq!(state, State::Failed, "{name}");
    }
}

#[test]
fn p4_a_thread_is_in_a_circle_with_every_cell_it_builds() {
    type Cell = &'static RuntimeCell<u32>;
    let [a, b, c, d]: [Cell; 4] = ["a", "b", "c", "d"].map(|name| leak(cell(name)));
    let (left, right) = (Stage::new(), Stage::new());
    // One thread builds `a`, whose factory builds `b`, which asks for `c`.
    let one = spawn(move || {
        a.get_or_initialize(|| {
            b.get_or_initialize(|| {
                left.pause();
                c.get_or_initialize(|| Err(Boom(1))).map(|lease| *lease)
            })
            .map(|lease| *lease)
        })
    });
    // Another thread builds `c`, whose factory builds `d`, which asks for `a`.
    let other = spawn(move || {
        c.get_or_initialize(|| {
            d.get_or_initialize(|| {
                right.pause();
                let refusal = a.get_or_initialize(|| Err(Boom(2))).expect_err("it waits for this thread");
                assert_eq!(
                    refusal.to_string(),
                    "cell `a`: re-entrant initialization (a -> b -> c -> d -> a), by its factory or by \
                     other work on its thread"
                );
                Ok::<_, Error>(4)
            })
            .map(|lease| *lease)
        })
    });
    left.reached();
    right.reached();
    left.release();
    eventually("the first thread's wait", || c.snapshot().waiters == 1);
    right.release();
    assert_eq!(other.join().map(|lease| *lease).ok(), Some(4));
    assert_eq!(one.join().map(|lease| *lease).ok(), Some(4));
}

#[test]
fn p4_a_wait_that_was_given_up_closes_no_circle() {
    let a: &'static RuntimeCell<u32> = leak(cell("a"));
    let b: &'static RuntimeCell<u32> = leak(RuntimeCell::new("b").wait_timeout(Duration::from_millis(1)));
    let (left, right) = (Stage::new(), Stage::new());
    let patient = spawn(move || {
        b.get_or_initialize(|| {
            right.pause();
            a.get_or_initialize(|| Err(Boom(1))).map(|lease| *lease + 1)
        })
    });
    right.reached();
    let impatient = spawn(move || {
        a.get_or_initialize(|| {
            let late = b.get_or_initialize(|| Err(Boom(2))).expect_err("it takes too long");
            assert!(late.is_timeout(), "{late}");
            left.pause();
            Ok::<_, Boom>(1)
        })
    });
    left.reached();
    right.release();
    eventually("the other's wait", || a.snapshot().waiters == 1);
    left.release();
    assert_eq!(impatient.join().map(|lease| *lease).ok(), Some(1));
    assert_eq!(patient.join().map(|lease| *lease).ok(), Some(2));
}

#[test]
fn p4_a_wait_that_a_close_has_ended_closes_no_circle() {
    let [a, b]: [&'static RuntimeCell<u32>; 2] = ["a", "b"].map(|name| leak(cell(name)));
    let (left, right) = (Stage::new(), Stage::new());
    let stopped = leak(AtomicBool::new(false));
    let builder = spawn(move || {
        b.get_or_initialize(|| {
            if stopped.swap(true, SeqCst) {
                return Ok(7);
            }
            right.pause();
            // Its own flight is no longer recorded, nor is the wait of the thread that builds `a`.
            a.get_or_initialize(|| Err(Boom(1))).map(|lease| *lease)
        })
    });
    right.reached();
    let waiter = spawn(move || {
        a.get_or_initialize(|| {
            let got = b.get_or_initialize(|| Ok::<_, Boom>(3)).map(|lease| *lease);
            left.pause();
            got
        })
    });
    eventually("the wait for `b`", || b.snapshot().waiters == 1);
    let _ = b.close();
    left.reached();
    right.release();
    eventually("the wait for `a`", || a.snapshot().waiters == 1);
    left.release();
    assert_eq!(waiter.join().map(|lease| *lease).ok(), Some(3));
    assert_eq!(builder.join().map(|lease| *lease).ok(), Some(3));
}

#[test]
fn p4_a_wait_is_over_with_its_flight_also_where_the_waiter_has_not_woken() {
    let [a, b]: [&'static RuntimeCell<u32>; 2] = ["a", "b"].map(|name| leak(cell(name)));
    let (stage, first) = (Stage::new(), leak(AtomicBool::new(true)));
    let builder = spawn(move || {
        b.get_or_initialize(|| {
            if !first.swap(false, SeqCst) {
                return Ok(7);
            }
            stage.pause();
            a.get_or_initialize(|| Err(Boom(1))).map(|lease| *lease)
        })
    });
    stage.reached();
    // A task only sees that it was woken when it is polled.
    let build_b = async || b.get_or_initialize_async(async || Ok::<_, Boom>(3)).await.map(|lease| *lease);
    let mut waiter = pin!(a.get_or_initialize_async(build_b));
    let mut cx = Context::from_waker(Waker::noop());
    assert!(waiter.as_mut().poll(&mut cx).is_pending());
    assert_eq!(b.snapshot().waiters, 1);
    let _ = b.close();
    stage.release();
    eventually("the wait for `a`", || a.snapshot().waiters == 1 || builder.is_finished());
    let Poll::Ready(answer) = waiter.as_mut().poll(&mut cx) else { panic!("nobody else builds `b`") };
    assert_eq!(answer.map(|lease| *lease).ok(), Some(3));
    assert_eq!(builder.join().map(|lease| *lease).map_err(|error| error.to_string()), Ok(3));
}

/// Runs `f` when a thread's locals are destroyed: after the library's own, which are younger.
fn at_the_very_end_of_a_thread(f: impl FnOnce() + Send + 'static) {
    struct Last(Option<Box<dyn FnOnce() + Send>>);
    impl Drop for Last {
        fn drop(&mut self) {
            if let Some(f) = self.0.take() {
                f();
            }
        }
    }
    thread_local! {
        static LAST: RefCell<Last> = const { RefCell::new(Last(None)) };
    }
    spawn(move || {
        LAST.with_borrow_mut(|last| last.0 = Some(Box::new(f)));
        // Whatever the library keeps for this thread is created after that, and destroyed before.
        let [a, b] = ["a", "b"].map(|name| leak(cell::<u32>(name)));
        drop(a.get_or_initialize(|| b.get_or_initialize(|| Ok::<_, Boom>(1)).map(|lease| *lease)));
    })
    .join();
}

#[test]
fn x6_a_factory_that_asks_for_itself_is_refused_also_when_its_thread_ends() {
    let (refusals, cell) = (leak(Mutex::new(Vec::new())), leak(cell::<u32>("late")));
    at_the_very_end_of_a_thread(|| {
        let build = || cell.get_or_initialize(|| Ok::<_, Boom>(1)).map(|lease| *lease);
        lock(refusals).push(cell.get_or_initialize(build).map(|lease| *lease));
    });
    let answers = std::mem::take(&mut *lock(refusals));
    let [Err(error)] = answers.as_slice() else { panic!("{answers:?}") };
    assert!(error.downcast_ref().is_some_and(Error::is_reentrant), "{error}");
}

#[test]
fn x13_other_work_on_a_factorys_thread_is_not_the_factorys() {
    #[runtime_cell]
    fn pool() -> Result<u32, BoxError> {
        // As if the thread took on a job of its pool while it waits.
        let job = || cells::outside(|| (*unrelated(), pool().map(|lease| *lease)));
        let (unrelated, refused) = job();
        let refused = refused.expect_err("this thread cannot wait for its own factory");
        assert!(refused.is_reentrant(), "{refused}");
        assert!(refused.to_string().contains("other work"), "{refused}");
        Ok(unrelated + *needed())
    }
    #[runtime_cell]
    fn unrelated() -> u32 {
        *below_unrelated()
    }
    #[runtime_cell]
    fn below_unrelated() -> u32 {
        1
    }
    #[runtime_cell]
    fn needed() -> u32 {
        2
    }
    assert_eq!(pool().map(|lease| *lease).ok(), Some(3));
    let observed = |ident| {
        let cell = cells::all().into_iter().find(|cell| cell.info().ident == ident).expect("it is declared");
        cell.observed().iter().map(|info| info.name).collect::<Vec<_>>()
    };
    assert_eq!(observed("POOL"), ["needed"]);
    assert_eq!(observed("UNRELATED"), ["below_unrelated"], "inside it, factories are known as ever");
    UNRELATED.invalidate_with_dependents();
    assert!(POOL.is_ready());
}

#[test]
fn x13_other_work_that_waits_for_what_its_thread_holds_up_is_refused() {
    let [a, b] = ["a", "b"].map(|name| leak(cell::<u32>(name)));
    let stage = Stage::new();
    // Another thread builds `b`, which needs `a`.
    let other = spawn(move || {
        b.get_or_initialize(|| {
            stage.pause();
            a.get_or_initialize(|| Err(Boom(1))).map(|lease| *lease)
        })
    });
    stage.reached();
    let answer = a.get_or_initialize(|| {
        stage.release();
        eventually("the other's wait", || a.snapshot().waiters == 1);
        let refused = cells::outside(|| b.get_or_initialize(|| Err(Boom(2))).map(|lease| *lease));
        assert!(refused.is_err_and(|error| error.is_reentrant()));
        Ok::<_, Boom>(1)
    });
    assert_eq!(answer.map(|lease| *lease).ok(), Some(1));
    assert_eq!(other.join().map(|lease| *lease).ok(), Some(1));
}
