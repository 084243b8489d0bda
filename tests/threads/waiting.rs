//! Waiting for a payload without building one, factories that cannot fail, and taking a payload out of its cell.

use cells::testing::allow_seeding;
use cells::{
    CellBase, CloseStatus, Disposer, Error, Ref, RuntimeCell, State, UnavailableError, runtime_cell,
};
use cells_test_support::{
    Boom, Counted, Heard, Job, LONG, Recorder, Stage, Tally, alone, cell, counted, eventually, leak, message,
    panic_of, spawn,
};
use std::sync::LazyLock;
use std::time::Duration;

/// Threads that wait for a payload: they return its value and its generation.
fn waiters(cell: &'static RuntimeCell<u32>) -> Vec<Job<Result<(u32, u64), Error>>> {
    let wait = || cell.wait(LONG).map(|lease| (*lease, Ref::generation(&lease)));
    let jobs: Vec<_> = (0..3).map(|_| spawn(wait)).collect();
    wait_for(cell, 3);
    jobs
}

fn wait_for(cell: &CellBase, waiters: usize) {
    eventually("the waiters", || cell.snapshot().waiters == waiters);
}

#[test]
fn z7_a_wait_ends_with_what_a_flight_publishes() {
    let cell = leak(cell("db"));
    let waiters = waiters(cell);
    assert_eq!(cell.state(), State::Empty, "a wait builds nothing");
    drop(cell.get_or_initialize(|| Ok::<_, Boom>(7)));
    for waiter in waiters {
        assert_eq!(waiter.join().unwrap(), (7, 1));
    }
    assert_eq!(cell.wait(Duration::ZERO).as_deref().ok(), Some(&7), "a ready cell is not waited for");
}

#[test]
fn z7_a_wait_ends_with_what_a_refresh_or_a_seed_publishes() {
    let refreshed = leak(cell("refreshed"));
    let jobs = waiters(refreshed);
    drop(refreshed.refresh(|| Ok::<_, Boom>(8)));
    assert!(jobs.into_iter().all(|job| job.join().is_ok_and(|got| got == (8, 1))));

    let seeded = leak(cell("seeded"));
    let jobs = waiters(seeded);
    let _permit = allow_seeding();
    seeded.seed(9).unwrap();
    assert!(jobs.into_iter().all(|job| job.join().is_ok_and(|got| got == (9, 1))));
}

#[test]
fn z7_failures_and_closes_do_not_end_a_wait() {
    let cell = leak(cell("db"));
    let jobs = waiters(cell);
    cell.get_or_initialize(|| Err(Boom(1))).unwrap_err();
    let _ = panic_of(|| cell.get_or_initialize(|| -> Result<u32, Boom> { panic!("wild") }));
    assert_eq!(cell.close().status, CloseStatus::Noop);
    cell.record_failure(Boom(2), LONG);
    assert_eq!(cell.snapshot().waiters, 3);
    cell.invalidate();
    drop(cell.get_or_init(|| 3));
    assert!(jobs.into_iter().all(|job| job.join().is_ok_and(|(got, _)| got == 3)));
}

#[test]
fn z7_a_waiter_gets_the_payload_that_ended_its_wait_whatever_has_become_of_it() {
    let tally = Tally::new();
    let cell = leak(counted("db"));
    let waiter = spawn(|| cell.wait(LONG));
    wait_for(cell, 1);
    drop(cell.get_or_initialize(|| tally.build(1)));
    let _ = cell.close();
    let lease = waiter.join().unwrap();
    assert_eq!((lease.id, cell.state()), (1, State::Empty));
    drop(lease);
    assert_eq!(tally.disposed(), [1]);
}

#[test]
fn z7_a_wait_ends_with_its_limit() {
    let cell = cell::<u32>("db");
    for limit in [Duration::ZERO, Duration::from_millis(1)] {
        let error = cell.wait(limit).unwrap_err();
        assert!(matches!(error, Error::Unavailable(UnavailableError::NotReady { cell: "db" })), "{error:?}");
    }
    assert_eq!(cell.snapshot().waiters, 0);
    drop(cell.get_or_init(|| 1));
}

#[test]
fn z7_a_factory_that_waits_for_its_own_cell_is_told_so() {
    let cell = leak(cell::<u32>("db"));
    let error = cell.get_or_initialize(|| cell.wait(LONG).map(|lease| *lease)).unwrap_err();
    assert!(error.to_string().starts_with("cell `db`: "), "{error}");
    assert!(error.downcast_ref::<Error>().is_some_and(Error::is_reentrant), "{error:?}");
}

#[test]
fn z7_a_shutdown_ends_the_wait() {
    #[runtime_cell]
    fn db() -> u32 {
        1
    }
    #[runtime_cell]
    async fn client() -> u32 {
        2
    }
    alone(|| {
        let plain = spawn(|| DB.wait(LONG).map(|lease| *lease));
        let task = spawn(|| pollster::block_on(CLIENT.wait(LONG)).map(|lease| *lease));
        wait_for(&DB, 1);
        wait_for(&CLIENT, 1);
        assert!(cells::shutdown(LONG).is_ok());
        for refused in [plain.join(), task.join(), DB.wait(LONG).map(|lease| *lease)] {
            assert!(refused.is_err_and(|error| error.is_shut_down()));
        }
    });
}

#[test]
fn z7_a_wait_inside_a_factory_is_an_observed_dependency() {
    #[runtime_cell]
    fn waited_for() -> u32 {
        1
    }
    #[runtime_cell]
    fn waiter() -> Result<u32, Error> {
        Ok(*WAITED_FOR.wait(LONG)?)
    }
    drop(waited_for());
    assert_eq!(*waiter().unwrap(), 1);
    assert_eq!(WAITER.observed().iter().map(|info| info.name).collect::<Vec<_>>(), ["waited_for"]);
}

#[test]
fn z7_a_factory_that_cannot_fail_gives_the_lease_itself() {
    let cell = cell("numbers");
    assert_eq!(*cell.get_or_init(|| 1), 1);
    assert_eq!(*cell.get_or_init(|| unreachable!("there is a payload")), 1);
    assert_eq!(
        *pollster::block_on(cell.get_or_init_async(|| async { unreachable!("there is a payload") })),
        1
    );
    cell.invalidate();
    assert_eq!(*pollster::block_on(cell.get_or_init_async(|| async { 2 })), 2);
}

#[test]
fn z7_a_call_that_cannot_fail_waits_without_limits() {
    let cell = leak(RuntimeCell::new("db").wait_timeout(Duration::from_nanos(1)).max_waiters(1));
    let stage = Stage::new();
    let initializer = spawn(|| {
        *cell.get_or_init(|| {
            stage.pause();
            1
        })
    });
    stage.reached();
    let mut jobs = vec![spawn(|| *cell.get_or_init(|| 2)), spawn(|| *cell.get_or_init(|| 3))];
    jobs.push(spawn(|| *pollster::block_on(cell.get_or_init_async(|| async { 4 }))));
    wait_for(cell, 3);
    assert!(cell.get_or_initialize(|| Ok::<_, Boom>(5)).unwrap_err().is_waiters_full());
    stage.release();
    jobs.push(initializer);
    assert!(jobs.into_iter().all(|job| job.join() == 1));
}

#[test]
fn z7_a_call_that_cannot_fail_panics_where_there_can_be_no_payload() {
    let cell = leak(cell::<u32>("db"));
    let refused = |f: fn(&RuntimeCell<u32>) -> u32| message(&*panic_of(|| f(cell))).to_owned();
    assert_eq!(refused(|cell| *cell.get_or_init(|| panic!("wild"))), "wild");
    assert!(refused(|cell| *cell.get_or_init(|| *cell.get_or_init(|| 1))).contains("re-entrant"));
    cell.record_failure(Boom(1), LONG);
    assert!(refused(|cell| *cell.get_or_init(|| 1)).contains("cooling down"));
    cell.invalidate();

    let stage = Stage::new();
    let failing = spawn(|| {
        cell.get_or_initialize(|| {
            stage.pause();
            Err(Boom(2))
        })
        .map(|lease| *lease)
    });
    stage.reached();
    let waiter = spawn(|| message(&*panic_of(|| cell.get_or_init(|| 1))).to_owned());
    wait_for(cell, 1);
    stage.release();
    assert!(failing.join().is_err() && waiter.join().contains("it waited for failed"));
    assert_eq!(*cell.get_or_init(|| 3), 3);
}

#[test]
fn z7_the_payload_can_be_taken_out_of_its_cell() {
    let tally = Tally::new();
    let cell = counted("db");
    let recorder = Recorder::on(&cell);
    drop(cell.get_or_initialize(|| tally.build(1)));
    let events = recorder.heard().len();
    let payload = cell.into_inner().unwrap().unwrap();
    assert_eq!((payload.id, recorder.heard().len()), (1, events), "nothing was closed");
    assert_eq!((tally.disposed().len(), tally.dropped()), (0, 0));
    drop(payload);
    assert_eq!((tally.disposed().len(), tally.dropped()), (0, 1));

    assert_eq!(RuntimeCell::<u32>::new("empty").into_inner().unwrap(), None);
    let failed = RuntimeCell::<u32>::new("failed");
    failed.get_or_initialize(|| Err(Boom(1))).unwrap_err();
    assert_eq!(failed.into_inner().unwrap(), None);
}

#[test]
fn z7_a_payload_that_is_leased_cannot_be_taken_out_and_is_closed() {
    static TALLY: LazyLock<&'static Tally> = LazyLock::new(Tally::new);
    let cell =
        RuntimeCell::new("db").disposer(Disposer::with(Counted::dispose)).with_factory(|| TALLY.make(1));
    let recorder = Recorder::on(&cell);
    let lease = cell.get();
    let refused = cell.into_inner().unwrap_err();
    assert_eq!((refused.status, refused.generation), (CloseStatus::Draining, Some(1)));
    assert_eq!((lease.id, TALLY.disposed().len()), (1, 0));
    drop(lease);
    assert_eq!(TALLY.disposed(), [1]);
    assert_eq!(recorder.heard().last(), Some(&Heard::Close(Some(1), CloseStatus::Ok)));
}
