//! The protocol under a model checker: the runtime crate's own code on shuttle's primitives.
//!
//! ```text
//! RUSTFLAGS="--cfg cells_shuttle -C debug-assertions" cargo test -p cells-tests-models --target-dir target/shuttle --release
//! ```
//!
//! Without the flag there is nothing to run. Each model runs under random and PCT schedules, the smallest ones under all
//! possible schedules. The bookkeeping uses `std` on purpose: it is not part of the protocol, and adds no scheduling points.
#![cfg(cells_shuttle)]

use cells::{
    BoxError, CloseResult, CloseStatus, Disposer, Error, InitContext, InitResult, LifecycleError, Observer,
    ProvideError, ProvideRefusal, Ref, RuntimeCell, SeedRefusal, UnavailableError,
};
use shuttle::scheduler::{DfsScheduler, PctScheduler, RandomScheduler, Scheduler};
use shuttle::thread::{self, JoinHandle, yield_now};
use shuttle::{Config, Runner};
use std::fmt;
use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::Duration;

mod ageing;

/// How many schedules of each randomized scheduler a model runs under: `CELLS_MODEL_SCHEDULES`, or this.
const SCHEDULES: usize = 5_000;
/// The most preemptions in a PCT schedule.
const DEPTH: usize = 4;
/// More schedules than any model has that runs under all of them.
const ALL: usize = 200_000;

/// No deadline: in a model, time does not pass.
const LONG: Duration = Duration::MAX;

fn run(name: &str, how: &str, scheduler: impl Scheduler + 'static, model: fn()) -> usize {
    let executions = Runner::new(scheduler, Config::new()).run(model);
    // Straight to the output: the test harness would keep it out of the log.
    let _ = writeln!(std::io::stdout(), "model {name}: {executions} executions, {how}");
    assert_ne!(executions, 0, "the model {name} was never run");
    executions
}

fn at_random(name: &str, model: fn()) {
    let schedules = std::env::var("CELLS_MODEL_SCHEDULES")
        .map_or(SCHEDULES, |number| number.parse().expect("a number of schedules"));
    assert_eq!(run(name, "random", RandomScheduler::new(schedules), model), schedules);
    assert_eq!(run(name, "PCT", PctScheduler::new(DEPTH, schedules), model), schedules);
}

fn exhaustively(name: &str, model: fn()) {
    let executions = run(name, "exhaustive", DfsScheduler::new(Some(ALL), false), model);
    assert!(executions < ALL, "the model {name} has more schedules than were run");
}

/// Declares a model as tests.
macro_rules! model {
    ($name:ident, $how:ident) => {
        model!(models, $name, $how);
    };
    ($module:ident, $name:ident, $how:ident) => {
        #[test]
        fn $name() {
            $how(stringify!($name), $module::$name);
        }
    };
}

model!(a_single_flight, at_random);
model!(waiters_get_the_flights_error, at_random);
model!(waiters_get_the_flights_panic, at_random);
model!(a_close_supersedes, at_random);
model!(a_close_against_a_flight, at_random);
model!(a_drain_waits_for_the_superseded_factory, at_random);
model!(a_record_supersedes, at_random);
model!(two_closers_and_a_reader, at_random);
model!(two_closers, at_random);
model!(a_closer_and_a_reader, exhaustively);
model!(a_drain_and_a_reader, exhaustively);
model!(drains_that_wait_and_drains_that_give_up, at_random);
model!(a_refresh_a_reader_and_a_closer, at_random);
model!(late_closers, at_random);
model!(a_seed_and_a_get, at_random);
model!(a_seed_and_a_closer, exhaustively);
model!(v1_a_provided_value_a_get_and_a_closer, at_random);
model!(v1_two_provided_values_and_a_reader, at_random);
model!(v1_a_replacement_against_a_flight, at_random);
model!(v1_a_replacement_a_refresh_and_a_closer, at_random);
model!(v1_replacements_and_a_reader, at_random);
model!(v1_a_replacement_against_a_dropped_initializer, at_random);
model!(v1_a_replacement_and_who_waits_without_building, at_random);
model!(v3_provided_values_and_a_drain, at_random);
model!(v3_provided_values_and_a_shutdown, at_random);
model!(v3_a_replacement_of_a_flight_and_a_shutdown, at_random);
model!(v4_a_factory_that_can_run_only_once_and_a_closer, at_random);
model!(f5_attempts_a_refresh_and_a_closer, at_random);
model!(f5_attempts_and_a_shutdown, at_random);
model!(f5_waiters_of_a_flight_with_attempts, at_random);
model!(f5_a_close_ends_a_backoff, at_random);
model!(f5_a_shutdown_ends_a_backoff, at_random);
model!(f5_a_replacement_ends_a_backoff, at_random);
model!(f5_a_close_ends_a_backoff_of_a_task, at_random);
model!(f5_attempts_of_tasks_that_are_dropped, at_random);
model!(f4_a_fatal_refresh_a_reader_and_a_closer, at_random);
model!(waits_without_building_and_a_closer, at_random);
model!(waits_without_building_and_seeds, at_random);
model!(a_task_and_threads_wait_alike, at_random);
model!(a_dropped_initializer_is_replaced, at_random);
model!(dropped_waiters_leave_the_others, at_random);
model!(a_dropped_initializer_against_a_close, at_random);
model!(a_drain_waits_for_a_dropped_initializer, at_random);
model!(an_async_disposer_runs_once_or_says_why_not, at_random);
model!(a_dropped_closer_loses_no_payload, at_random);
model!(x32_of_two_that_need_each_other_one_is_refused, at_random);
model!(x32_of_three_in_a_ring_one_is_refused, at_random);
model!(x32_of_two_tasks_that_need_each_other_one_is_refused, at_random);
model!(x32_a_refusal_that_is_passed_on_ends_every_flight_of_the_circle, at_random);
model!(ageing, f1_readers_begin_one_refresh, at_random);
model!(ageing, f7_readers_drive_one_refresh, at_random);
model!(ageing, f1_a_refresh_and_a_closer, at_random);
model!(ageing, f7_a_driven_refresh_and_a_closer, at_random);
model!(ageing, f1_a_refresh_and_a_drain, at_random);
model!(ageing, f7_a_driven_refresh_and_a_drain, at_random);
model!(ageing, f1_a_refresh_and_one_that_was_asked_for, at_random);
model!(ageing, f7_a_driven_refresh_and_one_that_was_asked_for, at_random);
model!(ageing, f1_a_refresh_and_a_record, at_random);
model!(ageing, f7_a_driven_refresh_and_a_record, at_random);
model!(ageing, f1_a_refresh_and_a_replacement, at_random);
model!(ageing, f7_a_driven_refresh_and_a_replacement, at_random);
model!(ageing, f1_a_late_refresh_leaves_what_came_before_it, at_random);
model!(ageing, f7_a_late_driven_refresh_leaves_what_came_before_it, at_random);
model!(ageing, f7_a_refresh_and_a_shutdown, at_random);
model!(ageing, f7_a_driven_refresh_and_a_shutdown, at_random);
model!(ageing, f2_a_payload_that_has_ended_and_two_readers, at_random);
model!(ageing, f2_a_payload_of_a_task_that_has_ended_and_two_readers, at_random);
model!(ageing, f2_a_payload_that_has_ended_and_a_closer, at_random);
model!(ageing, f4_a_refresh_that_fails_and_two_readers, at_random);
model!(ageing, f4_a_refresh_that_panics_and_two_readers, at_random);
model!(ageing, f4_a_driven_refresh_that_fails_and_two_readers, at_random);
model!(ageing, f4_a_driven_refresh_that_panics_and_two_readers, at_random);
model!(ageing, f4_a_fatal_failure_of_a_refresh_and_a_closer, at_random);
model!(ageing, f4_a_fatal_failure_of_a_driven_refresh_and_a_closer, at_random);
model!(ageing, f7_a_driven_refresh_that_is_dropped, at_random);

#[cells::runtime_cell]
fn nobody_asks_for_this() -> u8 {
    1
}

/// Not a model: under shuttle the list of all cells is built as on systems other than Linux.
#[test]
fn all_cells_are_listed() {
    let mut names: Vec<_> = cells::all().iter().map(|cell| cell.info().ident).collect();
    names.sort_unstable();
    assert_eq!(names, ["NOBODY_ASKS_FOR_THIS", "PLAIN", "TASK"]);
}

/// What became of the payloads of one execution.
#[derive(Default)]
struct Accounts {
    built: AtomicUsize,
    disposed: AtomicUsize,
    dropped: AtomicUsize,
    /// The last flight whose start was reported.
    started: AtomicU64,
    /// The flights that have begun, and those that have ended.
    flights: Mutex<Vec<(u64, bool)>>,
}

struct Payload {
    alive: AtomicBool,
    accounts: Arc<Accounts>,
}

impl Accounts {
    /// A factory. Other threads may run before and after it builds its payload.
    fn build(self: &Arc<Self>) -> Result<Payload, Boom> {
        yield_now();
        self.built.fetch_add(1, SeqCst);
        yield_now();
        Ok(Payload { alive: AtomicBool::new(true), accounts: self.clone() })
    }
}

impl Payload {
    fn dispose(self) -> Result<(), BoxError> {
        self.alive.store(false, SeqCst);
        yield_now();
        self.accounts.disposed.fetch_add(1, SeqCst);
        Ok(())
    }
}

impl Drop for Payload {
    fn drop(&mut self) {
        self.accounts.dropped.fetch_add(1, SeqCst);
    }
}

impl Observer for Accounts {
    fn on_init_start(&self, _: &str, generation: u64, _: Option<&InitContext>) {
        self.started.fetch_max(generation, SeqCst);
        self.flights.lock().unwrap().push((generation, false));
    }

    fn on_init_end(&self, event: &InitResult<'_>) {
        self.flights.lock().unwrap().push((event.generation, true));
    }
}

#[derive(Debug, PartialEq)]
struct Boom(u32);

impl fmt::Display for Boom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "boom {}", self.0)
    }
}

impl std::error::Error for Boom {}

/// One execution: a cell, its counts, and the threads that use it.
#[derive(Clone)]
struct World {
    cell: Arc<RuntimeCell<Payload>>,
    accounts: Arc<Accounts>,
}

impl World {
    fn new() -> Self {
        Self::with_max_waiters(0)
    }

    fn with_max_waiters(n: usize) -> Self {
        Self::of(RuntimeCell::new("model").max_waiters(n))
    }

    /// With a second attempt in each flight, after a wait of that time. In a model that is over as soon as it has begun,
    /// unless it is [`LONG`]: then it has no end.
    fn retrying(backoff: Duration) -> Self {
        Self::of(RuntimeCell::new("model").retry(1).backoff(backoff, backoff))
    }

    fn of(cell: RuntimeCell<Payload>) -> Self {
        let cell = cell.wait_timeout(Duration::ZERO).disposer(Disposer::with(Payload::dispose));
        let accounts = Arc::<Accounts>::default();
        cell.configure_observer(accounts.clone());
        Self { cell: Arc::new(cell), accounts }
    }

    /// Gets the payload by a factory whose first attempt fails, and each second one after it.
    fn get_flaky(&self, failing: impl Fn(&Self)) -> Result<u64, Error> {
        let mut attempts = 0;
        let factory = || self.attempt(&mut attempts, &failing);
        self.cell.get_or_initialize(factory).map(use_lease)
    }

    fn attempt(&self, attempts: &mut usize, failing: &impl Fn(&Self)) -> Result<Payload, Boom> {
        *attempts += 1;
        if *attempts % 2 == 0 {
            return self.accounts.build();
        }
        failing(self);
        yield_now();
        Err(Boom(1))
    }

    /// With a payload already published.
    fn ready() -> Self {
        let world = Self::new();
        world.get().expect("a payload");
        world
    }

    fn spawn(&self, f: impl FnOnce(&Self) + Send + 'static) -> JoinHandle<()> {
        let world = self.clone();
        thread::spawn(move || f(&world))
    }

    /// Gets the payload and uses it; returns its generation.
    fn get(&self) -> Result<u64, Error> {
        self.cell.get_or_initialize(|| self.accounts.build()).map(use_lease)
    }

    fn built(&self) -> usize {
        self.accounts.built.load(SeqCst)
    }

    fn disposed(&self) -> usize {
        self.accounts.disposed.load(SeqCst)
    }

    /// Closes, and checks that no flight that began before the close is published after it.
    fn close_with(&self, close: impl FnOnce(&RuntimeCell<Payload>) -> CloseResult) -> CloseResult {
        let before = self.accounts.started.load(SeqCst);
        let result = close(&self.cell);
        assert_ne!(result.status, CloseStatus::Error);
        assert!(self.cell.generation().is_none_or(|published| published > before), "a stale payload");
        result
    }

    /// Waits for the threads, closes, and checks the counts.
    fn end(self, threads: impl IntoIterator<Item = JoinHandle<()>>) {
        for thread in threads {
            thread.join().unwrap();
        }
        let _ = self.close_with(|cell| cell.close());
        assert!(self.cell.peek().is_none());
        assert_eq!((self.disposed(), self.accounts.dropped.load(SeqCst)), (self.built(), self.built()));
        let flights = self.accounts.flights.lock().unwrap();
        let ends = |ended: bool| {
            let mut flights: Vec<_> =
                flights.iter().filter(|(_, end)| *end == ended).map(|(flight, _)| *flight).collect();
            flights.sort_unstable();
            flights
        };
        assert!(ends(false).is_sorted_by(|one, next| one < next), "a generation given twice");
        assert_eq!(ends(false), ends(true), "a start without its one end");
    }
}

/// Uses a payload for a while, during which it must not be disposed.
fn use_lease(lease: Ref<'_, Payload>) -> u64 {
    assert!(lease.alive.load(SeqCst), "disposed before the use");
    yield_now();
    assert!(lease.alive.load(SeqCst), "disposed during the use");
    Ref::generation(&lease)
}

mod models {
    use super::circles::Ring;
    use super::tasks::{gone, poll_a_few_times, with_async_disposer};
    use super::*;
    use shuttle::future::block_on;

    fn getters(count: usize) {
        let world = World::new();
        let get = |world: &World| assert_eq!(world.get().expect("a payload"), 1);
        let threads: Vec<_> = (0..count).map(|_| world.spawn(get)).collect();
        for thread in threads {
            thread.join().unwrap();
        }
        assert_eq!((world.built(), world.disposed()), (1, 0));
        world.end([]);
    }

    pub(crate) fn a_single_flight() {
        getters(3);
    }

    /// Each call ran its factory once, got the outcome of another call's run, or was one waiter too many. The last
    /// proves that another call did wait, which then must not have run its factory.
    fn failing(panics: bool) {
        let world = World::with_max_waiters(1);
        let [runs, own, others, rejected] = [(); 4].map(|()| Arc::new(AtomicUsize::new(0)));
        let threads = [(); 3].map(|()| {
            let (runs, own, others) = (runs.clone(), own.clone(), others.clone());
            let rejected = rejected.clone();
            world.spawn(move |world| {
                let mut ran = 0;
                let answer = catch_unwind(AssertUnwindSafe(|| {
                    world
                        .cell
                        .get_or_initialize(|| {
                            ran += 1;
                            runs.fetch_add(1, SeqCst);
                            yield_now();
                            if panics { resume_unwind(Box::new("luck")) } else { Err(Boom(1)) }
                        })
                        .map(drop)
                }));
                let waited = match answer {
                    Err(_) => false,
                    Ok(Ok(())) => panic!("a payload from nowhere"),
                    Ok(Err(Error::Lifecycle(LifecycleError::Init { .. }))) => false,
                    Ok(Err(error)) if error.is_waiters_full() => {
                        assert_eq!((ran, rejected.fetch_add(1, SeqCst)), (0, 0));
                        return;
                    }
                    Ok(Err(error)) => {
                        assert!(if panics {
                            error.is_panicked()
                        } else {
                            error.downcast_ref() == Some(&Boom(1))
                        });
                        true
                    }
                };
                assert_eq!(ran, usize::from(!waited), "a waiter became an initializer");
                if waited { others } else { own }.fetch_add(1, SeqCst);
            })
        });
        for thread in threads {
            thread.join().unwrap();
        }
        assert_eq!(runs.load(SeqCst), own.load(SeqCst));
        let (own, others, rejected) = (own.load(SeqCst), others.load(SeqCst), rejected.load(SeqCst));
        assert_eq!(own + others + rejected, 3);
        assert!(rejected == 0 || others == 1, "a waiter became an initializer");
        world.end([]);
    }

    pub(crate) fn waiters_get_the_flights_error() {
        failing(false);
    }

    pub(crate) fn waiters_get_the_flights_panic() {
        failing(true);
    }

    pub(crate) fn a_close_supersedes() {
        let world = World::new();
        let get = |world: &World| assert!(world.get().is_ok(), "a superseded caller starts over");
        let close = |world: &World| drop(world.close_with(|cell| cell.close()));
        let threads = [world.spawn(get), world.spawn(get), world.spawn(close)];
        world.end(threads);
    }

    pub(crate) fn a_close_against_a_flight() {
        let cell = Arc::new(RuntimeCell::new("model"));
        let flight = thread::spawn({
            let (cell, mut runs) = (cell.clone(), 0);
            move || {
                let lease = cell.get_or_initialize(|| {
                    runs += 1;
                    Ok::<_, Boom>(runs)
                });
                let lease = lease.expect("a superseded caller starts over");
                assert_eq!(*lease, Ref::generation(&lease));
                *lease
            }
        });
        let status = cell.close().status;
        let generation = flight.join().unwrap();
        match status {
            CloseStatus::Superseded => assert_eq!((generation, cell.generation()), (2, Some(2))),
            CloseStatus::Noop => assert_eq!((generation, cell.generation()), (1, Some(1))),
            _ => assert_eq!((generation, cell.generation()), (1, None)),
        }
    }

    pub(crate) fn a_drain_waits_for_the_superseded_factory() {
        let world = World::new();
        let threads = [
            world.spawn(|world| assert!(world.get().is_ok(), "a superseded caller starts over")),
            world.spawn(|world| {
                let result = world.close_with(|cell| cell.close_and_drain(LONG));
                assert_ne!(result.status, CloseStatus::Draining);
                if result.status != CloseStatus::Noop {
                    assert!(world.disposed() >= 1, "a close that waited left a payload behind");
                }
            }),
        ];
        world.end(threads);
    }

    pub(crate) fn a_record_supersedes() {
        let world = World::new();
        let get = |world: &World| {
            if let Err(error) = world.get() {
                assert_eq!(error.downcast_ref(), Some(&Boom(9)));
            }
        };
        let threads = [
            world.spawn(get),
            world.spawn(get),
            world.spawn(|world| world.cell.record_failure(Boom(9), Duration::from_secs(3600))),
        ];
        for thread in threads {
            thread.join().unwrap();
        }
        assert!(world.cell.peek().is_none());
        assert!(world.get().is_err_and(|error| error.is_cooldown()), "the cooldown was erased");
        assert_eq!(world.disposed(), world.built());
        world.end([]);
    }

    pub(crate) fn two_closers_and_a_reader() {
        let world = World::ready();
        let close = |world: &World| drop(world.close_with(|cell| cell.close()));
        let drain = |world: &World| {
            let _ = world.close_with(|cell| cell.close_and_drain(LONG));
            assert_eq!(world.disposed(), 1);
        };
        let read = |world: &World| {
            world.cell.peek().map(use_lease);
        };
        let threads = [world.spawn(close), world.spawn(drain), world.spawn(read)];
        world.end(threads);
    }

    pub(crate) fn two_closers() {
        let cell = Arc::new(RuntimeCell::new("model"));
        drop(cell.get_or_initialize(|| Ok::<_, Boom>(1)));
        let other = thread::spawn({
            let cell = cell.clone();
            move || cell.close_generation(1).had_payload
        });
        let had = cell.close_generation(1).had_payload;
        assert_ne!(had, other.join().unwrap(), "one of them closes it");
    }

    pub(crate) fn a_closer_and_a_reader() {
        let world = World::ready();
        let reader = world.spawn(|world| {
            world.cell.peek().map(use_lease);
        });
        let _ = world.cell.close();
        world.end([reader]);
    }

    pub(crate) fn a_drain_and_a_reader() {
        let world = World::ready();
        let reader = world.spawn(|world| drop(world.cell.peek()));
        assert_eq!(world.cell.close_and_drain(LONG).status, CloseStatus::Ok);
        assert_eq!(world.disposed(), 1);
        world.end([reader]);
    }

    pub(crate) fn drains_that_wait_and_drains_that_give_up() {
        let world = World::ready();
        let wait = |world: &World| {
            assert_ne!(world.close_with(|cell| cell.close_and_drain(LONG)).status, CloseStatus::Draining);
            assert_eq!(world.disposed(), 1);
        };
        let give_up = |world: &World| drop(world.close_with(|cell| cell.close_and_drain(Duration::ZERO)));
        let read = |world: &World| {
            world.cell.peek().map(use_lease);
        };
        let threads = [world.spawn(read), world.spawn(give_up), world.spawn(wait), world.spawn(give_up)];
        world.end(threads);
    }

    pub(crate) fn a_refresh_a_reader_and_a_closer() {
        let world = World::ready();
        let refresh = |world: &World| {
            let generation = world.cell.refresh(|| world.accounts.build()).map(use_lease).expect("a payload");
            assert!(generation > 1);
        };
        let read = |world: &World| {
            let first = world.get().expect("one or another");
            assert!(world.get().expect("one or another") >= first);
        };
        let close = |world: &World| drop(world.close_with(|cell| cell.close()));
        let threads = [world.spawn(refresh), world.spawn(read), world.spawn(close)];
        world.end(threads);
    }

    pub(crate) fn late_closers() {
        let world = World::ready();
        let replace = |world: &World| {
            let broken = world.get().expect("a payload");
            let closed = world.cell.close_generation(broken);
            assert!(closed.generation.is_none_or(|generation| generation == broken), "a fresh payload");
            world.get().expect("a payload");
        };
        let threads = [world.spawn(replace), world.spawn(replace), world.spawn(replace)];
        world.end(threads);
    }

    pub(crate) fn a_seed_and_a_get() {
        let world = World::new();
        let seeder = world.spawn(|world| {
            let _permit = cells::testing::allow_seeding();
            let payload = world.accounts.build().expect("it never fails");
            if let Err(refused) = world.cell.seed(payload) {
                assert_ne!(refused.refusal(), SeedRefusal::NotAllowed);
                refused.into_value().dispose().expect("it never fails");
            }
        });
        let get = |world: &World| {
            world.get().expect("built or seeded");
        };
        let threads =
            [seeder, world.spawn(get), world.spawn(|world| drop(world.close_with(|cell| cell.close())))];
        world.end(threads);
    }

    type Provided = Result<(), ProvideError<Payload>>;

    /// Provides a payload or disposes what comes back; returns whether the cell took it.
    fn provide(world: &World, provide: impl FnOnce(&RuntimeCell<Payload>, Payload) -> Provided) -> bool {
        let payload = world.accounts.build().expect("it never fails");
        let refused = provide(&world.cell, payload).err();
        let took = refused.is_none();
        if let Some(refused) = refused {
            assert!([ProvideRefusal::Ready, ProvideRefusal::Initializing].contains(&refused.refusal()));
            refused.into_value().dispose().expect("it never fails");
        }
        took
    }

    fn replace(world: &World) {
        assert!(provide(world, |cell, payload| cell.replace(payload)), "only a shutdown prevents it");
    }

    pub(crate) fn v1_a_provided_value_a_get_and_a_closer() {
        let world = World::new();
        let provider = world.spawn(|world| {
            provide(world, |cell, payload| cell.provide(payload));
        });
        let get = world.spawn(|world| {
            world.get().expect("built or provided");
        });
        let close = world.spawn(|world| drop(world.close_with(|cell| cell.close())));
        world.end([provider, get, close]);
    }

    pub(crate) fn v1_two_provided_values_and_a_reader() {
        let world = World::new();
        let taken = Arc::new(AtomicUsize::new(0));
        let providers = [(); 2].map(|()| {
            let taken = taken.clone();
            world.spawn(move |world| {
                taken.fetch_add(usize::from(provide(world, |cell, payload| cell.provide(payload))), SeqCst);
            })
        });
        let reader = world.spawn(|world| {
            world.cell.peek().map(use_lease);
        });
        for thread in providers.into_iter().chain([reader]) {
            thread.join().unwrap();
        }
        assert_eq!(taken.load(SeqCst), 1, "one of them is published");
        world.end([]);
    }

    /// Whoever gets a payload while the flight is replaced gets that of one generation or the other.
    pub(crate) fn v1_a_replacement_against_a_flight() {
        let world = World::new();
        let get = |world: &World| {
            world.get().expect("built or provided");
        };
        let threads = [world.spawn(get), world.spawn(get), world.spawn(replace)];
        world.end(threads);
    }

    pub(crate) fn v1_a_replacement_a_refresh_and_a_closer() {
        let world = World::ready();
        let refresh = |world: &World| {
            let generation = world.cell.refresh(|| world.accounts.build()).map(use_lease).expect("a payload");
            assert!(generation > 1);
        };
        let close = |world: &World| drop(world.close_with(|cell| cell.close()));
        let threads = [world.spawn(refresh), world.spawn(replace), world.spawn(close)];
        world.end(threads);
    }

    pub(crate) fn v1_replacements_and_a_reader() {
        let world = World::ready();
        let read = |world: &World| {
            let first = world.cell.peek().map(use_lease).expect("one or another");
            assert!(world.cell.peek().map(use_lease).expect("one or another") >= first);
        };
        let threads = [world.spawn(replace), world.spawn(replace), world.spawn(read)];
        world.end(threads);
    }

    pub(crate) fn v1_a_replacement_against_a_dropped_initializer() {
        let world = World::new();
        let initializer = world.go(2);
        let get = world.spawn(|world| {
            world.get().expect("built or provided");
        });
        let replacer = world.spawn(replace);
        world.end([initializer, get, replacer]);
    }

    pub(crate) fn v1_a_replacement_and_who_waits_without_building() {
        let world = World::new();
        let wait = world.spawn(|world| {
            use_lease(world.cell.wait(LONG).expect("something is published"));
        });
        let close = world.spawn(|world| drop(world.close_with(|cell| cell.close())));
        let replacer = world.spawn(replace);
        close.join().unwrap();
        replacer.join().unwrap();
        // For a wait that came after both.
        world.get().expect("a payload");
        world.end([wait]);
    }

    pub(crate) fn v3_provided_values_and_a_drain() {
        let world = World::new();
        let provider = world.spawn(|world| {
            provide(world, |cell, payload| cell.provide(payload));
        });
        let replacer = world.spawn(replace);
        let drain = world.spawn(|world| drop(world.close_with(|cell| cell.close_and_drain(LONG))));
        world.end([provider, replacer, drain]);
    }

    /// What a shutdown does with a cell: it ends the flight, and closes.
    fn shut_down(world: &World) {
        cells::__private010::shut_down(&world.cell);
        let refused = world.cell.replace(world.accounts.build().expect("it never fails")).unwrap_err();
        assert_eq!(refused.refusal(), ProvideRefusal::ShutDown);
        refused.into_value().dispose().expect("it never fails");
        drop(world.close_with(|cell| cell.close()));
        assert!(world.cell.peek().is_none(), "something was published after the shutdown");
    }

    /// Provides a payload, unless the cell is shut down.
    fn provide_unless_shut_down(world: &World, provide: fn(&RuntimeCell<Payload>, Payload) -> Provided) {
        let payload = world.accounts.build().expect("it never fails");
        if let Err(refused) = provide(&world.cell, payload) {
            assert_ne!(refused.refusal(), ProvideRefusal::NotDeclared);
            refused.into_value().dispose().expect("it never fails");
        }
    }

    pub(crate) fn v3_provided_values_and_a_shutdown() {
        let world = World::new();
        let provider =
            world.spawn(|world| provide_unless_shut_down(world, |cell, payload| cell.provide(payload)));
        let replacer =
            world.spawn(|world| provide_unless_shut_down(world, |cell, payload| cell.replace(payload)));
        let shutdown = world.spawn(shut_down);
        world.end([provider, replacer, shutdown]);
    }

    pub(crate) fn v3_a_replacement_of_a_flight_and_a_shutdown() {
        let world = World::new();
        let get = world.spawn(|world| {
            assert!(world.get().err().is_none_or(|error| error.is_shut_down()));
        });
        let replacer =
            world.spawn(|world| provide_unless_shut_down(world, |cell, payload| cell.replace(payload)));
        let shutdown = world.spawn(shut_down);
        world.end([get, replacer, shutdown]);
    }

    pub(crate) fn v4_a_factory_that_can_run_only_once_and_a_closer() {
        let world = World::new();
        let once = world.spawn(|world| {
            let payload = world.accounts.build().expect("it never fails");
            let factory = || {
                yield_now();
                Ok::<_, Boom>(payload)
            };
            match world.cell.get_or_initialize_once(factory).map(use_lease) {
                Ok(_) => {}
                Err(Error::Unavailable(UnavailableError::Superseded { .. })) => {}
                Err(error) => panic!("{error}"),
            }
        });
        let close = world.spawn(|world| drop(world.close_with(|cell| cell.close())));
        world.end([once, close]);
    }

    const SOON: Duration = Duration::from_millis(1);

    pub(crate) fn f5_attempts_a_refresh_and_a_closer() {
        let world = World::retrying(SOON);
        let get = world.spawn(|world| {
            world.get_flaky(|_| {}).expect("the second attempt succeeds");
        });
        let refresh = world.spawn(|world| {
            let mut attempts = 0;
            let lease = world.cell.refresh(|| world.attempt(&mut attempts, &|_| {}));
            use_lease(lease.expect("the second attempt succeeds"));
        });
        let close = world.spawn(|world| drop(world.close_with(|cell| cell.close_and_drain(LONG))));
        world.end([get, refresh, close]);
    }

    pub(crate) fn f5_attempts_and_a_shutdown() {
        let world = World::retrying(SOON);
        let get = |world: &World| {
            assert!(world.get_flaky(|_| {}).err().is_none_or(|error| error.is_shut_down()));
        };
        let getters = [world.spawn(get), world.spawn(get)];
        world.spawn(shut_down).join().unwrap();
        world.end(getters);
    }

    /// One flight, however many attempts it has: nobody else runs a factory in between.
    pub(crate) fn f5_waiters_of_a_flight_with_attempts() {
        let world = World::retrying(SOON);
        let failed = Arc::new(AtomicUsize::new(0));
        let getters = [(); 3].map(|()| {
            let failed = failed.clone();
            world.spawn(move |world| {
                let generation = world.get_flaky(|_| {
                    failed.fetch_add(1, SeqCst);
                });
                assert_eq!(generation.expect("the second attempt succeeds"), 1);
            })
        });
        for getter in getters {
            getter.join().unwrap();
        }
        assert_eq!((failed.load(SeqCst), world.built(), world.disposed()), (1, 1, 0));
        world.end([]);
    }

    /// A caller whose flight comes to its second attempt only if it is ended before that; `end` comes during the first
    /// one, or later.
    fn ended_in_a_backoff(end: fn(&World), check: fn(Result<u64, Error>)) {
        let world = World::retrying(LONG);
        let ender = Arc::new(Mutex::new(None));
        check(world.get_flaky(|world| {
            ender.lock().unwrap().get_or_insert_with(|| world.spawn(end));
        }));
        let ender = ender.lock().unwrap().take();
        world.end(ender);
    }

    pub(crate) fn f5_a_close_ends_a_backoff() {
        let close = |world: &World| {
            assert_eq!(world.close_with(|cell| cell.close_and_drain(LONG)).status, CloseStatus::Superseded);
        };
        ended_in_a_backoff(close, |answer| assert_eq!(answer.expect("a superseded caller starts over"), 2));
    }

    pub(crate) fn f5_a_shutdown_ends_a_backoff() {
        ended_in_a_backoff(shut_down, |answer| assert!(answer.is_err_and(|error| error.is_shut_down())));
    }

    pub(crate) fn f5_a_replacement_ends_a_backoff() {
        ended_in_a_backoff(replace, |answer| assert_eq!(answer.expect("the value"), 2));
    }

    pub(crate) fn f5_a_close_ends_a_backoff_of_a_task() {
        let world = World::retrying(LONG);
        let closer = Arc::new(Mutex::new(None));
        let answer = block_on(world.get_flaky_async(|world| {
            let close = |world: &World| drop(world.close_with(|cell| cell.close()));
            closer.lock().unwrap().get_or_insert_with(|| world.spawn(close));
        }));
        assert_eq!(answer.expect("a superseded caller starts over"), 2);
        let closer = closer.lock().unwrap().take();
        world.end(closer);
    }

    /// Also in a backoff without end: the waiter takes over.
    pub(crate) fn f5_attempts_of_tasks_that_are_dropped() {
        for backoff in [SOON, LONG] {
            let world = World::retrying(backoff);
            let go = world.spawn(|world| poll_a_few_times(3, world.get_flaky_async(|_| {})));
            let stay = world.stay();
            let close = world.spawn(|world| drop(world.close_with(|cell| cell.close())));
            world.end([go, stay, close]);
        }
    }

    /// The payload is retired by the closer or by the failure, and disposed once.
    pub(crate) fn f4_a_fatal_refresh_a_reader_and_a_closer() {
        let world = World::ready();
        let refresh = world.spawn(|world| {
            let factory = || {
                yield_now();
                cells::__private010::fatal_if(Err::<Payload, _>(Boom(1)), |_| true)
            };
            assert!(world.cell.refresh(factory).is_err());
            assert!(world.cell.peek().is_none(), "nobody has built another one");
        });
        let read = world.spawn(|world| {
            world.cell.peek().map(use_lease);
        });
        let close = world.spawn(|world| drop(world.close_with(|cell| cell.close_and_drain(LONG))));
        world.end([refresh, read, close]);
    }

    /// A wait ends with a payload that was published before or during it, also if that is closed at once.
    pub(crate) fn waits_without_building_and_a_closer() {
        let world = World::new();
        let wait = |world: &World| {
            use_lease(world.cell.wait(LONG).expect("something is published"));
        };
        let waiters = [world.spawn(wait), world.spawn(wait)];
        let get = world.spawn(|world| drop(world.get()));
        let close = world.spawn(|world| drop(world.close_with(|cell| cell.close())));
        get.join().unwrap();
        close.join().unwrap();
        // For those that came after the close.
        world.get().expect("a payload");
        world.end(waiters);
    }

    pub(crate) fn waits_without_building_and_seeds() {
        let cell = Arc::new(RuntimeCell::<u32>::new("model"));
        let spawn = |wait: fn(&RuntimeCell<u32>)| {
            let cell = cell.clone();
            thread::spawn(move || wait(&cell))
        };
        let task = |cell: &RuntimeCell<u32>| drop(block_on(cell.wait_async(LONG)).expect("one is seeded"));
        let waiters = [
            spawn(task),
            spawn(task),
            spawn(|cell| drop(cell.wait(LONG).expect("one is seeded"))),
            spawn(|cell| poll_a_few_times(1, cell.wait_async(LONG))),
        ];
        let _permit = cells::testing::allow_seeding();
        cell.seed(1).expect("there is nothing in the way");
        let _ = cell.close();
        cell.seed(2).expect("it was closed");
        for waiter in waiters {
            waiter.join().unwrap();
        }
        assert_eq!(cell.snapshot().waiters, 0);
    }

    pub(crate) fn a_seed_and_a_closer() {
        let cell = Arc::new(RuntimeCell::<u32>::new("model"));
        let _permit = cells::testing::allow_seeding();
        let closer = thread::spawn({
            let cell = cell.clone();
            move || cell.close().had_payload
        });
        cell.seed(1).expect("there is nothing in the way");
        let closed = closer.join().unwrap();
        assert_eq!(cell.generation(), if closed { None } else { Some(1) });
    }

    pub(crate) fn a_task_and_threads_wait_alike() {
        let world = World::new();
        let thread = world.spawn(|world| assert_eq!(world.get().expect("a payload"), 1));
        let threads = [thread, world.stay(), world.stay()];
        for thread in threads {
            thread.join().unwrap();
        }
        assert_eq!((world.built(), world.disposed()), (1, 0));
        world.end([]);
    }

    pub(crate) fn a_dropped_initializer_is_replaced() {
        let world = World::new();
        let thread = world.spawn(|world| {
            world.get().expect("a payload");
        });
        let threads = [world.go(2), world.stay(), thread];
        world.end(threads);
    }

    pub(crate) fn dropped_waiters_leave_the_others() {
        let world = World::new();
        let threads = [world.go(1), world.go(2), world.go(3), world.stay()];
        world.end(threads);
    }

    pub(crate) fn a_dropped_initializer_against_a_close() {
        let world = World::new();
        let close = world.spawn(|world| drop(world.close_with(|cell| cell.close())));
        let threads = [world.go(2), world.stay(), close];
        world.end(threads);
    }

    pub(crate) fn a_drain_waits_for_a_dropped_initializer() {
        let world = World::new();
        let drain = world.spawn(|world| {
            let result = world.close_with(|cell| block_on(cell.close_and_drain_async(LONG)));
            assert_ne!(result.status, CloseStatus::Draining);
        });
        let threads = [world.go(1), world.go(2), drain];
        world.end(threads);
    }

    pub(crate) fn an_async_disposer_runs_once_or_says_why_not() {
        let (world, closes) = with_async_disposer();
        let read = world.spawn(|world| {
            world.cell.peek().map(use_lease);
        });
        let drain = |world: &World| {
            assert_ne!(block_on(world.cell.close_and_drain_async(LONG)).status, CloseStatus::Draining);
        };
        let close = world.spawn(|world| drop(block_on(world.cell.close_async())));
        let threads = [read, world.spawn(drain), close];
        gone(&world, &closes, threads);
    }

    pub(crate) fn a_dropped_closer_loses_no_payload() {
        let (world, closes) = with_async_disposer();
        let read = world.spawn(|world| {
            world.cell.peek().map(use_lease);
        });
        let give_up =
            |polls| move |world: &World| poll_a_few_times(polls, world.cell.close_and_drain_async(LONG));
        let thread = world.spawn(|world| {
            assert_ne!(world.cell.close_and_drain(LONG).status, CloseStatus::Draining);
        });
        let threads = [read, world.spawn(give_up(1)), world.spawn(give_up(2)), thread];
        gone(&world, &closes, threads);
    }

    /// All callers have their payloads, because one factory was refused and did without.
    fn one_is_refused(ring: &Ring, answers: Vec<Result<usize, Error>>) {
        for (cell, answer) in answers.into_iter().enumerate() {
            assert_eq!(answer.expect("a payload"), cell);
        }
        assert_eq!(ring.refused(), 1);
    }

    pub(crate) fn x32_of_two_that_need_each_other_one_is_refused() {
        let ring = Ring::new(&["a", "b"], false);
        one_is_refused(&ring, ring.ask_from_threads());
    }

    pub(crate) fn x32_of_three_in_a_ring_one_is_refused() {
        let ring = Ring::new(&["a", "b", "c"], false);
        one_is_refused(&ring, ring.ask_from_threads());
    }

    pub(crate) fn x32_of_two_tasks_that_need_each_other_one_is_refused() {
        let ring = Ring::new(&["a", "b"], false);
        one_is_refused(&ring, ring.ask_from_tasks());
    }

    pub(crate) fn x32_a_refusal_that_is_passed_on_ends_every_flight_of_the_circle() {
        let ring = Ring::new(&["a", "b", "c"], true);
        let answers = ring.ask_from_threads();
        // Each caller met the refusal of a round of its own, or of one that it waited for.
        assert!((1..=3).contains(&ring.refused()), "{} refusals", ring.refused());
        for answer in answers {
            let error = answer.expect_err("a circle has no payload");
            assert!(error.root_cause().to_string().contains(" -> "), "{error}: {}", error.root_cause());
        }
    }
}

/// Cells whose factories need each other.
mod circles {
    use super::{AtomicUsize, BoxError, Error, SeqCst};
    use cells::{BoxFuture, RuntimeCell};
    use shuttle::future::block_on;
    use shuttle::thread;
    use std::sync::Arc;
    use std::time::Duration;

    /// Cells in a ring: the factory of each asks the next one, and that of the last the first.
    pub(crate) struct Ring {
        cells: Vec<RuntimeCell<usize>>,
        refused: AtomicUsize,
        /// Whether a factory that is refused fails with that error; else it builds its payload without the other cell.
        passes_on: bool,
    }

    impl Ring {
        pub(crate) fn new(names: &[&'static str], passes_on: bool) -> Arc<Self> {
            let cell = |name: &&'static str| RuntimeCell::new(name).wait_timeout(Duration::ZERO);
            Arc::new(Self {
                cells: names.iter().map(cell).collect(),
                refused: AtomicUsize::new(0),
                passes_on,
            })
        }

        /// A caller of each cell, all at once; returns their answers.
        fn ask_all(
            self: &Arc<Self>,
            ask: fn(&Self, usize) -> Result<usize, Error>,
        ) -> Vec<Result<usize, Error>> {
            let callers: Vec<_> = (0..self.cells.len())
                .map(|cell| {
                    let ring = self.clone();
                    thread::spawn(move || ask(&ring, cell))
                })
                .collect();
            callers.into_iter().map(|caller| caller.join().unwrap()).collect()
        }

        pub(crate) fn ask_from_threads(self: &Arc<Self>) -> Vec<Result<usize, Error>> {
            self.ask_all(Self::get)
        }

        pub(crate) fn ask_from_tasks(self: &Arc<Self>) -> Vec<Result<usize, Error>> {
            self.ask_all(|ring, cell| block_on(ring.get_async(cell)))
        }

        /// How many factories were refused.
        pub(crate) fn refused(&self) -> usize {
            self.refused.load(SeqCst)
        }

        fn next(&self, cell: usize) -> usize {
            (cell + 1) % self.cells.len()
        }

        fn get(&self, cell: usize) -> Result<usize, Error> {
            let factory = || self.built(cell, self.get(self.next(cell)));
            self.cells[cell].get_or_initialize(factory).map(|lease| *lease)
        }

        fn get_async(&self, cell: usize) -> BoxFuture<'_, Result<usize, Error>> {
            Box::pin(async move {
                let factory = || async { self.built(cell, self.get_async(self.next(cell)).await) };
                self.cells[cell].get_or_initialize_async(factory).await.map(|lease| *lease)
            })
        }

        /// What the factory of `cell` makes of what the next cell answered.
        fn built(&self, cell: usize, next: Result<usize, Error>) -> Result<usize, BoxError> {
            match next {
                Ok(next) => assert_eq!(next, self.next(cell)),
                Err(error) => {
                    if error.is_reentrant() {
                        self.refused.fetch_add(1, SeqCst);
                    } else {
                        assert!(self.passes_on, "only the refusal is an error: {error}");
                    }
                    if self.passes_on {
                        return Err(error.into());
                    }
                }
            }
            Ok(cell)
        }
    }
}

/// Futures, some of which are dropped after a few polls.
mod tasks {
    use super::{Accounts, Boom, BoxError, Payload, World, use_lease};
    use cells::{BoxFuture, CloseResult, Disposer, Error, Observer, RuntimeCell};
    use shuttle::future::{self, block_on};
    use shuttle::thread::{JoinHandle, yield_now};
    use std::future::Future;
    use std::pin::pin;
    use std::sync::Arc;
    use std::sync::Mutex;
    use std::task::{Context, Waker};
    use std::time::Duration;

    /// Lets the executor choose.
    async fn pause() {
        future::yield_now().await;
    }

    async fn build(accounts: &Arc<Accounts>) -> Result<Payload, Boom> {
        pause().await;
        pause().await;
        // Last: a payload that a dropped factory had already built would be lost to the counts.
        accounts.build()
    }

    impl World {
        pub(crate) async fn get_async(&self) -> Result<u64, Error> {
            self.cell.get_or_initialize_async(|| build(&self.accounts)).await.map(use_lease)
        }

        /// As [`get_flaky`](Self::get_flaky).
        pub(crate) async fn get_flaky_async(&self, failing: impl Fn(&Self)) -> Result<u64, Error> {
            let mut attempts = 0;
            let factory = || {
                attempts += 1;
                let (failing, fails) = (&failing, attempts % 2 == 1);
                async move {
                    if fails {
                        failing(self);
                        pause().await;
                        return Err(Boom(1));
                    }
                    build(&self.accounts).await
                }
            };
            self.cell.get_or_initialize_async(factory).await.map(use_lease)
        }

        /// A task that completes.
        pub(crate) fn stay(&self) -> JoinHandle<()> {
            self.spawn(|world| {
                block_on(world.get_async()).expect("a payload");
            })
        }

        /// A task that is dropped after so many polls, unless it has completed.
        pub(crate) fn go(&self, polls: usize) -> JoinHandle<()> {
            self.spawn(move |world| poll_a_few_times(polls, world.get_async()))
        }
    }

    pub(crate) fn poll_a_few_times<F: Future>(polls: usize, future: F) {
        let mut future = pin!(future);
        for _ in 0..polls {
            if future.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready() {
                return;
            }
            yield_now();
        }
    }

    /// The closes that were reported.
    #[derive(Default)]
    pub(crate) struct Closes(pub(crate) Mutex<Vec<CloseResult>>);

    impl Observer for Closes {
        fn on_close_end(&self, event: &CloseResult) {
            if event.had_payload {
                self.0.lock().unwrap().push(event.clone());
            }
        }
    }

    /// A world with a payload whose disposer is asynchronous.
    pub(crate) fn with_async_disposer() -> (World, Arc<Closes>) {
        fn dispose(payload: Payload) -> BoxFuture<'static, Result<(), BoxError>> {
            Box::pin(async {
                pause().await;
                payload.dispose()
            })
        }
        let cell = RuntimeCell::new("model").wait_timeout(Duration::ZERO);
        let closes = Arc::<Closes>::default();
        cell.configure_observer(closes.clone());
        let cell = Arc::new(cell.disposer(Disposer::with_async(dispose)));
        let world = World { cell, accounts: Arc::default() };
        world.get().expect("a payload");
        (world, closes)
    }

    /// Waits for the threads. The one payload is gone, and one event says how.
    pub(crate) fn gone(world: &World, closes: &Closes, threads: impl IntoIterator<Item = JoinHandle<()>>) {
        for thread in threads {
            thread.join().unwrap();
        }
        let closes = closes.0.lock().unwrap();
        assert_eq!(closes.len(), 1, "the end of a payload is reported once");
        let disposed = closes[0].error.is_none();
        let dropped = world.accounts.dropped.load(super::SeqCst);
        assert_eq!((world.disposed(), dropped), (usize::from(disposed), 1));
    }
}
