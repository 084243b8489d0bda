//! F1 to F7 in tasks: payloads that age, by the paused time of a runtime, and without a runtime.

use cells::{State, runtime_cell};
use cells_test_support::{Boom, Count, Gate, Stage, poll};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::ThreadId;
use std::time::Duration;

const HOUR: Duration = Duration::from_secs(3600);

#[test]
fn f7_without_a_runtime_the_next_caller_drives_the_refresh() {
    static BUILT: Count = Count::zero();

    #[runtime_cell(fresh = |_| Duration::ZERO)]
    async fn driven() -> (usize, ThreadId) {
        (BUILT.up(), std::thread::current().id())
    }

    let here = std::thread::current().id();
    assert_eq!(*pollster::block_on(driven()), (1, here));
    // The caller that refreshes gets what it has built; there is nobody else to do it.
    assert_eq!(*pollster::block_on(driven()), (2, here));
    assert_eq!(BUILT.get(), 2);
}

#[test]
fn f7_a_driven_refresh_that_fails_gives_the_old_payload() {
    static BUILT: Count = Count::zero();

    #[runtime_cell(fresh = |_| Duration::ZERO)]
    async fn driven() -> Result<usize, Boom> {
        match BUILT.up() {
            1 => Ok(1),
            2 => Err(Boom(2)),
            _ => panic!("a third time"),
        }
    }

    for _ in 0..10 {
        assert_eq!(pollster::block_on(driven()).map(|lease| *lease).ok(), Some(1));
    }
    assert_eq!(
        (BUILT.get(), DRIVEN.snapshot().last_error.is_some()),
        (2, true),
        "the next one is not due yet"
    );
}

#[test]
fn f7_a_driven_refresh_that_is_dropped_is_due_again() {
    static BUILT: Count = Count::zero();
    static GATE: LazyLock<&'static Gate> = LazyLock::new(Gate::new);

    #[runtime_cell(fresh = |_| Duration::ZERO, cooldown = "1ms")]
    async fn driven() -> Result<usize, Boom> {
        if BUILT.up() == 2 {
            GATE.wait_async().await;
        }
        Ok(BUILT.get())
    }

    assert!(pollster::block_on(driven()).is_ok());
    let mut refresh = Box::pin(driven());
    assert!(poll(&mut refresh).is_pending());
    // Meanwhile others have what there is.
    assert_eq!(pollster::block_on(driven()).map(|lease| *lease).ok(), Some(1));
    drop(refresh);
    cells_test_support::eventually("another caller refreshes", || {
        pollster::block_on(driven()).is_ok_and(|lease| *lease == 3)
    });
}

#[test]
fn f7_a_driven_refresh_that_panics_keeps_the_payload() {
    static BUILT: Count = Count::zero();

    #[runtime_cell(fresh = |_| Duration::ZERO)]
    async fn driven() -> usize {
        assert!(BUILT.up() == 1, "the refresh panics");
        1
    }

    assert_eq!((*pollster::block_on(driven()), *pollster::block_on(driven())), (1, 1));
    assert_eq!((BUILT.get(), DRIVEN.state()), (2, State::Ready));
}

#[cfg(feature = "tokio")]
mod on_tokio {
    use super::*;
    use cells_test_support::{eventually_async, multi_thread};
    use tokio::runtime::Handle;

    /// Lets the other tasks of the runtime go on until something is so.
    async fn soon(what: &str, is_so: impl Fn() -> bool) {
        for _ in 0..1000 {
            if is_so() {
                return;
            }
            tokio::task::yield_now().await;
        }
        panic!("never happened: {what}");
    }

    #[tokio::test(start_paused = true)]
    async fn f1_a_stale_payload_is_refreshed_on_its_runtime() {
        static BUILT: Count = Count::zero();
        static STAGE: LazyLock<&'static Stage> = LazyLock::new(Stage::new);

        #[runtime_cell(fresh = "1h", expires = "10h")]
        async fn aged() -> Result<(usize, tokio::runtime::Id), Boom> {
            let built = BUILT.up();
            if built == 2 {
                STAGE.pause_async().await;
            }
            Ok((built, Handle::current().id()))
        }

        let get = async || aged().await.map(|lease| lease.0).ok();
        assert_eq!(get().await, Some(1));
        tokio::time::advance(HOUR / 2).await;
        assert_eq!((get().await, AGED.snapshot().stale), (Some(1), false));
        tokio::time::advance(HOUR).await;
        assert_eq!((get().await, AGED.snapshot().stale), (Some(1), true));
        soon("it has begun", || BUILT.get() == 2).await;
        for _ in 0..10 {
            assert_eq!(get().await, Some(1), "while the refresh runs");
        }
        STAGE.release();
        soon("it is refreshed", || AGED.generation() == Some(2)).await;
        assert_eq!(aged().await.map(|lease| *lease).ok(), Some((2, Handle::current().id())));
        tokio::time::advance(11 * HOUR).await;
        assert_eq!(AGED.state(), State::Empty);
        assert_eq!(get().await, Some(3));
    }

    #[tokio::test(start_paused = true)]
    async fn f1_many_tasks_begin_one_refresh() {
        static BUILT: Count = Count::zero();

        #[runtime_cell(fresh = "1h")]
        async fn shared() -> usize {
            tokio::time::sleep(HOUR / 10).await;
            BUILT.up()
        }

        assert_eq!(*shared().await, 1);
        for generation in 2..6 {
            tokio::time::advance(HOUR).await;
            let tasks: Vec<_> = (0..64).map(|_| tokio::spawn(async { *shared().await })).collect();
            for task in tasks {
                assert_eq!(task.await.expect("no panic"), generation - 1, "nobody waits");
            }
            // Time goes on where every task waits.
            tokio::time::sleep(HOUR / 5).await;
            assert_eq!((SHARED.generation(), BUILT.get()), (Some(generation as u64), generation));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn f4_a_failed_refresh_is_tried_again_after_a_doubling_time() {
        static BUILT: Count = Count::zero();
        static FAILS: AtomicBool = AtomicBool::new(false);

        #[runtime_cell(fresh = "1h", cooldown = "10m..40m")]
        async fn source() -> Result<usize, Boom> {
            let built = BUILT.up();
            if FAILS.load(Ordering::Relaxed) { Err(Boom(1)) } else { Ok(built) }
        }

        assert!(source().await.is_ok());
        FAILS.store(true, Ordering::Relaxed);
        tokio::time::advance(HOUR).await;
        // At most half of the time is cut off at random.
        for (attempt, minutes) in [10, 20, 40, 40].into_iter().enumerate() {
            assert!(source().await.is_ok());
            soon("it fails", || BUILT.get() == attempt + 2 && SOURCE.snapshot().flights == 0).await;
            tokio::time::advance(Duration::from_secs(minutes * 30 - 1)).await;
            assert!(source().await.is_ok());
            for _ in 0..10 {
                tokio::task::yield_now().await;
            }
            assert_eq!(BUILT.get(), attempt + 2, "it is not due yet");
            tokio::time::advance(Duration::from_secs(minutes * 30 + 1)).await;
        }
        FAILS.store(false, Ordering::Relaxed);
        assert!(source().await.is_ok());
        soon("it is refreshed", || SOURCE.generation().is_some_and(|generation| generation > 1)).await;
        assert!(SOURCE.snapshot().last_error.is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn f7_a_plain_cell_is_refreshed_on_a_thread_by_the_clock_of_its_runtime() {
        static BUILT: Count = Count::zero();

        #[runtime_cell(fresh = "1h", expires = "2h")]
        fn plain() -> (usize, Option<tokio::runtime::Id>) {
            (BUILT.up(), Handle::try_current().ok().map(|runtime| runtime.id()))
        }

        let runtime = Some(Handle::current().id());
        assert_eq!(*plain(), (1, runtime));
        for generation in 2..5 {
            tokio::time::advance(HOUR).await;
            assert_eq!(plain().0, generation - 1);
            eventually_async("it is refreshed", || PLAIN.generation() == Some(generation as u64)).await;
            assert_eq!(*plain(), (generation, runtime));
            assert!(!PLAIN.snapshot().stale);
        }
        tokio::time::advance(3 * HOUR).await;
        assert_eq!((PLAIN.is_ready(), plain().0), (false, 5));
    }

    #[tokio::test(start_paused = true)]
    async fn f1_blocking_and_per_runtime_cells_age_alike() {
        static BUILT: Count = Count::zero();
        static OWN: Count = Count::zero();

        #[runtime_cell(fresh = "1h", blocking)]
        fn pooled() -> usize {
            BUILT.up()
        }

        #[runtime_cell(fresh = "1h", expires = "2h", runtime = "own", cell = OWN_CELL)]
        async fn own() -> usize {
            OWN.up()
        }

        assert_eq!((*pooled().await, *own().await), (1, 1));
        tokio::time::advance(HOUR).await;
        assert_eq!((*pooled().await, *own().await), (1, 1));
        eventually_async("they are refreshed", || {
            (POOLED.generation(), OWN_CELL.generation()) == (Some(2), Some(2))
        })
        .await;
        tokio::time::advance(3 * HOUR).await;
        assert_eq!((OWN_CELL.is_ready(), *own().await), (false, 3));
    }

    #[tokio::test(start_paused = true)]
    async fn f1_an_injected_payload_counts_as_asked_for() {
        static BUILT: Count = Count::zero();

        #[runtime_cell(fresh = "1h")]
        async fn token() -> usize {
            BUILT.up()
        }

        #[runtime_cell]
        async fn client(token: &usize) -> usize {
            *token
        }

        assert_eq!(*client().await, 1);
        tokio::time::advance(HOUR).await;
        assert_eq!(*client().await, 1);
        tokio::task::yield_now().await;
        assert_eq!(BUILT.get(), 1, "nobody has asked for the token");
        let _ = CLIENT.close().await;
        assert_eq!(*client().await, 1);
        soon("it is refreshed", || TOKEN.generation() == Some(2)).await;
    }

    #[test]
    fn f7_a_refresh_that_ends_with_its_runtime_leaves_a_cell_that_works() {
        static BUILT: Count = Count::zero();
        static STAGE: LazyLock<&'static Stage> = LazyLock::new(Stage::new);

        #[runtime_cell(fresh = |_| Duration::ZERO)]
        async fn aged() -> usize {
            let built = BUILT.up();
            if built == 2 {
                STAGE.pause_async().await;
            }
            built
        }

        let runtime = multi_thread();
        runtime.block_on(async { assert_eq!((*aged().await, *aged().await), (1, 1)) });
        STAGE.reached();
        drop(runtime);
        assert_eq!(AGED.state(), State::Empty, "the payload has ended with its runtime");
        assert_eq!(multi_thread().block_on(async { *aged().await }), 3);
    }

    #[test]
    fn f9_a_generation_is_invalidated_once_with_its_dependents() {
        static FETCHED: Count = Count::zero();

        #[runtime_cell]
        async fn token() -> usize {
            FETCHED.up()
        }

        #[runtime_cell]
        async fn client(token: &usize) -> usize {
            *token
        }

        multi_thread().block_on(async {
            for round in 1..=20 {
                // Eight tasks find the same token refused.
                let found: Vec<_> =
                    (0..8).map(|_| tokio::spawn(async { cells::Ref::generation(&token().await) })).collect();
                let mut generations = Vec::new();
                for task in found {
                    generations.push(task.await.expect("no panic"));
                }
                assert_eq!(*client().await, round);
                let refused: Vec<_> = generations
                    .into_iter()
                    .map(|generation| {
                        tokio::spawn(async move {
                            TOKEN.invalidate_generation_with_dependents(generation).await;
                            *token().await
                        })
                    })
                    .collect();
                for task in refused {
                    assert_eq!(task.await.expect("no panic"), round + 1);
                }
                assert_eq!((*client().await, FETCHED.get()), (round + 1, round + 1));
            }
        });
    }
}
