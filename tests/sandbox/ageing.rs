//! Payloads that age, by the clock of a sandbox: nothing here waits for time to pass.

use cells::testing::Sandbox;
use cells::{Error, State, runtime_cell};
use cells_test_support::{Boom, Count, Gate, Stage, eventually};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime};

const HOUR: Duration = Duration::from_secs(3600);

/// What a test's factories do, and have done.
#[derive(Default)]
struct Source {
    built: Count,
    disposed: Count,
    fails: AtomicBool,
    /// Where a factory stops, if it is told to.
    stage: Stage,
    stops: AtomicBool,
    lives: AtomicU64,
}

impl Source {
    fn fetch(&self) -> Result<u64, Boom> {
        self.built.up();
        if self.stops.load(Ordering::Relaxed) {
            self.stage.pause();
        }
        if self.fails.load(Ordering::Relaxed) { Err(Boom(1)) } else { Ok(self.built.get() as u64) }
    }
}

#[runtime_cell]
fn source() -> Arc<Source> {
    Arc::default()
}

#[runtime_cell(fresh = "1h", expires = "3h", dispose = end)]
fn both(source: &Arc<Source>) -> Result<u64, Boom> {
    source.fetch()
}

fn end(_: u64) {
    source().disposed.up();
}

#[runtime_cell(expires = "1h")]
fn ending(source: &Arc<Source>) -> Result<u64, Boom> {
    source.fetch()
}

#[runtime_cell(fresh = "1h", eager_refresh, cooldown = "10m")]
fn eager(source: &Arc<Source>) -> Result<u64, Boom> {
    source.fetch()
}

#[runtime_cell(fresh = "1h", fatal = |boom| boom.0 == 1)]
fn given_up(source: &Arc<Source>) -> Result<u64, Boom> {
    source.fetch()
}

fn own_source() -> (cells::testing::EnteredSandbox, Arc<Source>) {
    let own = Arc::new(Source::default());
    (Sandbox::new().put(&SOURCE, Arc::clone(&own)).enter(), own)
}

#[test]
fn f1_a_stale_payload_is_given_out_and_refreshed_in_the_background() {
    let (cells, source) = own_source();
    assert_eq!(both().map(|lease| *lease).ok(), Some(1));
    cells.advance(HOUR / 2);
    assert_eq!(both().map(|lease| *lease).ok(), Some(1));
    assert!(!BOTH.snapshot().stale);
    cells.advance(HOUR);
    assert!(BOTH.snapshot().stale);
    source.stops.store(true, Ordering::Relaxed);
    // While the refresh runs, everybody gets the old payload, and nobody begins another.
    for _ in 0..100 {
        assert_eq!(both().map(|lease| *lease).ok(), Some(1));
    }
    source.stage.reached();
    assert_eq!(both().map(|lease| *lease).ok(), Some(1));
    source.stage.release();
    eventually("it is refreshed", || BOTH.generation() == Some(2));
    assert_eq!(both().map(|lease| *lease).ok(), Some(2));
    assert_eq!(source.built.get(), 2);
    eventually("the old one is disposed", || source.disposed.get() == 1);
    assert!(!BOTH.snapshot().stale);
}

#[test]
fn f1_who_only_looks_refreshes_nothing() {
    let (cells, source) = own_source();
    assert_eq!(both().map(|lease| *lease).ok(), Some(1));
    cells.advance(2 * HOUR);
    for _ in 0..10 {
        assert_eq!(BOTH.peek().as_deref(), Some(&1));
        assert_eq!((BOTH.state(), BOTH.generation(), BOTH.snapshot().stale), (State::Ready, Some(1), true));
        let _ = (cells::snapshot(), cells::graph(), format!("{BOTH:?}"));
    }
    assert_eq!(source.built.get(), 1);
    assert_eq!(both().map(|lease| *lease).ok(), Some(1));
    eventually("it is refreshed", || BOTH.generation() == Some(2));
}

#[test]
fn f1_past_its_end_nobody_gets_a_payload() {
    let (cells, source) = own_source();
    let lease = both().expect("it is built");
    cells.advance(4 * HOUR);
    assert!(BOTH.peek().is_none());
    assert_eq!((BOTH.state(), *lease), (State::Empty, 1));
    drop(lease);
    assert_eq!(source.disposed.get(), 1);
    assert_eq!(both().map(|lease| *lease).ok(), Some(2));

    // Also if nothing has looked meanwhile.
    assert_eq!(ending().map(|lease| *lease).ok(), Some(3));
    cells.advance(2 * HOUR);
    assert_eq!(ending().map(|lease| *lease).ok(), Some(4));
    cells.advance(2 * HOUR);
    let cell: &'static dyn cells::CellOf<u64> = &ENDING;
    assert_eq!(cell.try_get().map(|lease| *lease).ok(), Some(5));
    cells.advance(2 * HOUR);
    assert!(ENDING.wait(Duration::ZERO).is_err());
}

#[test]
fn f4_a_refresh_that_fails_keeps_the_payload_until_its_end() {
    let (cells, source) = own_source();
    assert_eq!(both().map(|lease| *lease).ok(), Some(1));
    cells.advance(HOUR + HOUR / 2);
    source.fails.store(true, Ordering::Relaxed);
    assert_eq!(both().map(|lease| *lease).ok(), Some(1));
    eventually("it has failed", || BOTH.snapshot().last_error.is_some());
    eventually("it is over", || BOTH.snapshot().flights == 0);
    // The next attempt waits, and delays nobody.
    assert_eq!((both().map(|lease| *lease).ok(), source.built.get()), (Some(1), 2));
    cells.advance(Duration::from_secs(61));
    // The end of the first attempt may have come after that; then the next one is due within a second.
    eventually("it is tried again", || {
        assert_eq!(both().map(|lease| *lease).ok(), Some(1));
        source.built.get() == 3
    });
    eventually("it is over", || BOTH.snapshot().flights == 0);
    cells.advance(2 * HOUR);
    assert!(both().is_err(), "past its end callers build it");
    source.fails.store(false, Ordering::Relaxed);
    assert!(both().is_ok());
}

#[test]
fn f4_a_fatal_error_of_a_refresh_ends_the_payload_at_once() {
    let (cells, source) = own_source();
    assert_eq!(given_up().map(|lease| *lease).ok(), Some(1));
    cells.advance(2 * HOUR);
    source.fails.store(true, Ordering::Relaxed);
    assert_eq!(given_up().map(|lease| *lease).ok(), Some(1));
    eventually("it has ended", || GIVEN_UP.state() == State::Failed);
    assert!(given_up().is_err());
}

#[test]
fn f1_an_eager_refresh_waits_for_no_caller() {
    let (cells, source) = own_source();
    assert_eq!(eager().map(|lease| *lease).ok(), Some(1));
    for generation in 2..5 {
        cells.advance(2 * HOUR);
        eventually("it is refreshed", || EAGER.generation() == Some(generation));
    }
    source.fails.store(true, Ordering::Relaxed);
    cells.advance(2 * HOUR);
    eventually("it has failed", || source.built.get() == 5 && EAGER.snapshot().flights == 0);
    source.fails.store(false, Ordering::Relaxed);
    eventually("the next one is due later", || {
        cells.advance(Duration::from_secs(601));
        EAGER.generation() == Some(6)
    });
}

#[test]
fn f4_a_payload_ends_while_its_refresh_is_under_way() {
    let (cells, source) = own_source();
    assert_eq!(both().map(|lease| *lease).ok(), Some(1));
    cells.advance(2 * HOUR);
    source.stops.store(true, Ordering::Relaxed);
    assert_eq!(both().map(|lease| *lease).ok(), Some(1));
    source.stage.reached();
    cells.advance(2 * HOUR);
    let waiter = cells.handle().spawn(|| both().map(|lease| *lease));
    eventually("it waits for that refresh", || BOTH.snapshot().waiters == 1);
    source.stage.release();
    assert_eq!(waiter.join().expect("no panic").ok(), Some(2));
    assert_eq!(source.built.get(), 2);
}

#[test]
fn f2_lifetimes_of_every_kind_end() {
    struct Until<L>(L);

    #[runtime_cell(expires = |until| until.0)]
    fn a_while() -> Until<Duration> {
        Until(HOUR)
    }

    #[runtime_cell(expires = |until| until.0)]
    fn until() -> Until<Instant> {
        Until(Instant::now() + HOUR)
    }

    #[runtime_cell(expires = |until| until.0)]
    fn until_time() -> Until<Option<SystemTime>> {
        Until(Some(SystemTime::now() + HOUR))
    }

    #[runtime_cell(expires = |until| until.0)]
    fn without_end() -> Until<Option<SystemTime>> {
        Until(None)
    }

    #[runtime_cell(expires = Duration::MAX)]
    fn until_overflow() -> Until<()> {
        Until(())
    }

    let cells = Sandbox::new().enter();
    for generation in 1..4 {
        let _ = (a_while(), until(), until_time(), without_end(), until_overflow());
        assert_eq!(
            [A_WHILE.generation(), UNTIL.generation(), UNTIL_TIME.generation()],
            [Some(generation); 3]
        );
        let left = UNTIL_TIME.snapshot().expires_left.expect("it ends");
        assert!(left <= HOUR && left > HOUR / 2, "{left:?}");
        cells.advance(HOUR / 2);
        assert_eq!([A_WHILE.is_ready(), UNTIL.is_ready(), UNTIL_TIME.is_ready()], [true; 3]);
        cells.advance(HOUR / 2);
        assert_eq!([A_WHILE.is_ready(), UNTIL.is_ready(), UNTIL_TIME.is_ready()], [false; 3]);
    }
    assert_eq!((WITHOUT_END.generation(), WITHOUT_END.snapshot().expires_left), (Some(1), None));
    assert_eq!(UNTIL_OVERFLOW.generation(), Some(1));
}

#[test]
fn f2_a_payload_that_has_ended_already_is_for_its_own_callers() {
    #[runtime_cell(expires = |source| Duration::from_secs(source.lives.load(Ordering::Relaxed)))]
    fn record(source: &Arc<Source>) -> Arc<Source> {
        source.built.up();
        if source.stops.load(Ordering::Relaxed) {
            source.stage.pause();
        }
        Arc::clone(source)
    }

    #[runtime_cell(expires = |time| *time)]
    fn expired_token() -> SystemTime {
        SystemTime::UNIX_EPOCH
    }

    let (cells, source) = own_source();
    source.stops.store(true, Ordering::Relaxed);
    let callers: Vec<_> = (0..4).map(|_| cells.handle().spawn(|| drop(record()))).collect();
    source.stage.reached();
    eventually("three wait", || RECORD.snapshot().waiters == 3);
    source.stage.release();
    for caller in callers {
        caller.join().expect("they get it");
    }
    assert_eq!((source.built.get(), RECORD.is_ready()), (1, false));
    source.stops.store(false, Ordering::Relaxed);
    drop(record());
    assert_eq!(source.built.get(), 2);
    drop((expired_token(), expired_token()));
    assert!(EXPIRED_TOKEN.peek().is_none());
}

#[test]
fn f2_what_is_stale_already_is_refreshed_by_the_next_caller() {
    #[runtime_cell(fresh = |_| Duration::ZERO)]
    fn always_stale(source: &Arc<Source>) -> Result<u64, Boom> {
        source.fetch()
    }

    let (_cells, source) = own_source();
    assert_eq!(always_stale().map(|lease| *lease).ok(), Some(1));
    assert_eq!(source.built.get(), 1, "the caller that has built it refreshes nothing");
    for generation in 2..5 {
        assert!(always_stale().is_ok());
        eventually("it is refreshed", || ALWAYS_STALE.generation() == Some(generation));
    }
}

#[test]
fn f2_a_lifetime_function_that_panics_is_the_factory_that_does() {
    #[runtime_cell(expires = |_| -> Duration { panic!("no lifetime") }, dispose = end_two)]
    fn without_lifetime(source: &Arc<Source>) -> Result<u64, Boom> {
        source.fetch()
    }

    fn end_two(_: u64) {
        source().disposed.up();
    }

    let (_cells, source) = own_source();
    let panic = std::panic::catch_unwind(|| without_lifetime().map(|lease| *lease));
    assert!(panic.is_err());
    assert_eq!((WITHOUT_LIFETIME.state(), source.disposed.get()), (State::Failed, 1));
    let error = WITHOUT_LIFETIME.snapshot().last_error.expect("a failure");
    assert!(error.contains("no lifetime"), "{error}");
}

#[test]
fn f1_provided_values_age_too() {
    #[runtime_cell(provided, expires = "1h")]
    fn provided() -> u64;

    let cells = Sandbox::new().enter();
    PROVIDED.provide(1).expect("it is empty");
    assert_eq!(*provided(), 1);
    cells.advance(2 * HOUR);
    assert!(PROVIDED.try_get().is_err_and(|error| error.to_string().contains("no value was provided")));
    PROVIDED.provide(2).expect("it has ended");
    PROVIDED.replace(3).expect("it is open");
    cells.advance(HOUR / 2);
    assert_eq!(*provided(), 3);
}

#[test]
fn f7_inside_a_shutdown_no_refresh_begins() {
    let (cells, source) = own_source();
    assert_eq!(both().map(|lease| *lease).ok(), Some(1));
    cells.advance(2 * HOUR);
    let lease = both();
    eventually("it is refreshed", || BOTH.generation() == Some(2));
    cells.advance(2 * HOUR);
    let closed = Gate::new();
    let shutdown = cells.handle().spawn(move || {
        let report = cells::shutdown(Duration::ZERO);
        closed.open();
        report
    });
    closed.wait();
    drop(shutdown.join());
    let refused: Result<_, Error> = both();
    assert!(refused.is_err_and(|error| error.is_unavailable()));
    assert_eq!(source.built.get(), 2);
    drop(lease);
}

#[test]
fn f9_a_snapshot_tells_how_old_a_payload_is() {
    let (cells, _source) = own_source();
    let _ = both();
    cells.advance(HOUR / 2);
    let snapshot = BOTH.snapshot();
    let (fresh, expires) = (snapshot.fresh_left.expect("it ages"), snapshot.expires_left.expect("it ends"));
    // `fresh` is up to a tenth shorter.
    assert!(fresh <= HOUR / 2 && fresh >= HOUR / 3, "{fresh:?}");
    assert!(expires <= 5 * (HOUR / 2) && expires > 2 * HOUR, "{expires:?}");
    assert!(snapshot.age.is_some_and(|age| age >= HOUR / 2));
    cells.advance(HOUR);
    let snapshot = BOTH.snapshot();
    assert_eq!((snapshot.fresh_left, snapshot.stale), (Some(Duration::ZERO), true));
    assert_eq!(SOURCE.snapshot().fresh_left, None);
}

#[cfg(feature = "tokio")]
#[tokio::test]
async fn t3_f9_invalidation_of_an_async_cell_with_its_dependents_is_the_sandboxs() {
    #[runtime_cell]
    async fn token() -> u64 {
        1
    }

    #[runtime_cell]
    async fn client(token: &u64) -> u64 {
        *token
    }

    let cells = Sandbox::new().enter();
    let generation = cells::Ref::generation(&token().await);
    drop(client().await);
    TOKEN.invalidate_generation_with_dependents(generation + 1).await;
    assert!(TOKEN.is_ready() && CLIENT.is_ready(), "it is another generation");
    TOKEN.invalidate_generation_with_dependents(generation).await;
    assert!(!TOKEN.is_ready() && !CLIENT.is_ready());
    drop(client().await);
    TOKEN.invalidate_with_dependents().await;
    assert!(!TOKEN.is_ready() && !CLIENT.is_ready());
    cells.leave().await;
}
