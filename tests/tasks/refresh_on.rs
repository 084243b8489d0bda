//! Following a source in a task: each item refreshes.

use cells::{Error, RefreshEnd, RefreshOn, State, refresh_on, runtime_cell, shutdown_async};
use cells_test_support::{
    Boom, Count, Executor, Gate, LONG, Pollster, Smol, Stage, TokioCurrent, TokioMulti, Wakes, alone, poll,
    poll_to_rest, poll_with,
};
use std::future::pending;
use std::sync::LazyLock;
use std::task::Poll;
use tokio::sync::mpsc::unbounded_channel;

#[test]
fn f8_items_that_are_there_share_a_refresh_and_those_that_come_during_one_the_next() {
    static STAGE: LazyLock<&'static Stage> = LazyLock::new(Stage::new);
    static VERSION: Count = Count::zero();
    #[runtime_cell]
    async fn file() -> Result<usize, Error> {
        let version = VERSION.get();
        if version == 1 {
            STAGE.pause_async().await;
        }
        Ok(version)
    }

    drop(pollster::block_on(file()));
    let (items, mut received) = unbounded_channel();
    let mut follower = Box::pin(refresh_on(&FILE, async move || received.recv().await));
    assert!(poll_to_rest(&mut follower).is_pending());
    assert_eq!(FILE.state(), State::Ready, "nothing has changed");
    VERSION.up();
    (0..100).for_each(|_| items.send(()).expect("it is followed"));
    assert!(poll_to_rest(&mut follower).is_pending() && STAGE.is_reached());
    VERSION.up(); // the refresh under way has read what was there before
    items.send(()).expect("it is followed");
    assert!(poll_to_rest(&mut follower).is_pending());
    drop(items);
    STAGE.release();
    let Poll::Ready(report) = poll_to_rest(&mut follower) else { panic!("the source has ended") };
    assert_eq!((report.end, report.refreshes, report.failures), (RefreshEnd::SourceEnded, 2, 0));
    assert_eq!(FILE.generation(), Some(3));
    assert_eq!(pollster::block_on(file()).map(|lease| *lease).ok(), Some(2));
}

#[test]
fn f8_a_failure_keeps_the_payload_and_does_not_end_it() {
    static RUNS: Count = Count::zero();
    #[runtime_cell]
    async fn file() -> Result<usize, Boom> {
        match RUNS.up() {
            2 => Err(Boom(2)),
            3 => panic!("luck"),
            run => Ok(run),
        }
    }

    drop(pollster::block_on(file()));
    let (items, mut received) = unbounded_channel();
    let mut follower = Box::pin(refresh_on(&FILE, async move || received.recv().await));
    for kept in [1, 1, 4] {
        items.send(()).expect("it is followed");
        assert!(poll_to_rest(&mut follower).is_pending());
        assert_eq!(FILE.peek().as_deref(), Some(&kept));
    }
    drop(items);
    let Poll::Ready(report) = poll_to_rest(&mut follower) else { panic!("the source has ended") };
    assert_eq!((report.refreshes, report.failures), (3, 2));
}

#[test]
fn f8_the_future_of_the_source_is_polled_to_its_end_also_during_a_refresh() {
    static BEGUN: Count = Count::zero();
    static ENDED: Count = Count::zero();
    static OPENED: LazyLock<&'static Gate> = LazyLock::new(Gate::new);
    #[runtime_cell]
    async fn file() -> Result<(), Error> {
        if FILE.is_ready() {
            // What only the source's next step gives.
            OPENED.wait_async().await;
        }
        Ok(())
    }

    drop(pollster::block_on(file()));
    let (items, mut received) = unbounded_channel();
    let next = async move || {
        BEGUN.up();
        let item: Option<bool> = received.recv().await;
        if item == Some(true) {
            OPENED.open();
        }
        ENDED.up();
        item
    };
    let mut follower = Box::pin(refresh_on(&FILE, next));
    items.send(false).expect("it is followed");
    assert!(poll_to_rest(&mut follower).is_pending());
    assert_eq!(FILE.generation(), Some(1));
    items.send(true).expect("it is followed");
    assert!(poll_to_rest(&mut follower).is_pending());
    assert_eq!(FILE.generation(), Some(3));
    assert_eq!((BEGUN.get(), ENDED.get()), (3, 2), "none was dropped and begun again");
}

#[test]
fn f8_a_source_that_always_has_an_item_leaves_the_refresh_its_turn() {
    static RUNS: Count = Count::zero();
    #[runtime_cell]
    fn file() -> usize {
        RUNS.up()
    }

    drop(file());
    let report = pollster::block_on(refresh_on(&FILE, async || (RUNS.get() < 3).then_some(())));
    assert_eq!((report.end, RUNS.get() >= 3), (RefreshEnd::SourceEnded, true));
}

#[test]
fn f8_dependents_are_refreshed_on_request() {
    static BASES: Count = Count::zero();
    #[runtime_cell]
    async fn base() -> Result<usize, Boom> {
        Ok(BASES.up())
    }
    #[runtime_cell]
    async fn wild(base: &usize) -> Result<usize, Boom> {
        assert!(*base == 1, "wild");
        Ok(*base)
    }
    #[runtime_cell]
    async fn mild(base: &usize) -> Result<usize, Boom> {
        Ok(*base)
    }

    pollster::block_on(async {
        drop((wild().await, mild().await));
        let mut items = [(), ()].into_iter();
        let report = RefreshOn::new(&BASE).with_dependents().run_async(async || items.next()).await;
        assert_eq!((report.refreshes, report.failures), (1, 1));
    });
    let (wild, mild) = (WILD.peek(), MILD.peek());
    assert_eq!((wild.as_deref(), mild.as_deref()), (Some(&1), Some(&2)));
}

#[test]
fn f8_a_shutdown_ends_it_although_the_source_is_silent() {
    #[runtime_cell]
    async fn file() -> Result<u32, Error> {
        Ok(1)
    }
    alone(|| {
        drop(pollster::block_on(file()));
        let mut follower = Box::pin(refresh_on(&FILE, async || pending::<Option<()>>().await));
        let wakes = Wakes::new();
        assert!(poll_with(&mut follower, &wakes.waker()).is_pending());
        assert!(pollster::block_on(shutdown_async(LONG)).is_ok());
        assert_eq!(wakes.get(), 1);
        let Poll::Ready(report) = poll(&mut follower) else { panic!("there was a shutdown") };
        assert_eq!((report.end, report.refreshes), (RefreshEnd::ShutDown, 0));
    });
}

#[test]
fn f8_it_is_a_task_of_any_executor() {
    fn follow<E: Executor>() {
        static RUNS: Count = Count::zero();
        #[runtime_cell]
        async fn file() -> Result<usize, Error> {
            Ok(RUNS.up())
        }

        drop(pollster::block_on(file()));
        let (items, mut received) = unbounded_channel();
        let follower = E::spawn(refresh_on(&FILE, async move || received.recv().await));
        let before = RUNS.get();
        items.send("a change").expect("it is followed");
        drop(items);
        assert_eq!(follower.join().refreshes, 1);
        assert_eq!(RUNS.get(), before + 1);
    }
    follow::<Pollster>();
    follow::<Smol>();
    follow::<TokioMulti>();
    follow::<TokioCurrent>();
}
