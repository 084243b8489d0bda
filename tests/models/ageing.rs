//! Payloads that age. Each execution has a declared cell of its own; every payload of it is stale at once, because in a
//! model time does not pass. There are no alarms either, so readers look at the clocks; a refresh in the background has a
//! thread of the model.

use super::tasks::poll_a_few_times;
use super::{Accounts, Boom, LONG, Payload};
use cells::__private010::{self as private, Factory, FactoryOutput};
use cells::{
    AnyCell, AsyncCell, BoxError, CellStatic, Declared, DeclaredAsync, Error, ProvideRefusal, Ref,
    StaticCell, runtime_cell,
};
use shuttle::future::{self, block_on};
use shuttle::thread::{self, JoinHandle, yield_now};
use std::cell::RefCell;
use std::future::Future;
use std::panic::resume_unwind;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

/// A time after which the next refresh is due, and is so when anybody looks.
const AT_ONCE: Duration = Duration::from_nanos(1);

/// What an attempt of the factory does.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Attempt {
    Builds,
    /// It builds a payload that has ended already.
    BuildsEnded,
    Fails,
    FailsFatally,
    Panics,
    /// It builds once the [gate](Source::open) is open.
    BuildsLater,
}

/// What the factory of one execution does, and has done.
struct Source {
    accounts: Arc<Accounts>,
    attempts: AtomicUsize,
    /// How many attempts are under way, and how many were at most.
    running: AtomicUsize,
    at_once: AtomicUsize,
    /// By the number of the attempt, from 1.
    plan: fn(usize) -> Attempt,
    open: AtomicBool,
}

thread_local! {
    /// Of the execution that this thread runs, with all its threads.
    static SOURCE: RefCell<Option<Arc<Source>>> = const { RefCell::new(None) };
}

fn source() -> Arc<Source> {
    SOURCE.with_borrow(Clone::clone).expect("an execution")
}

impl Source {
    fn next(&self) -> Attempt {
        self.at_once.fetch_max(self.running.fetch_add(1, SeqCst) + 1, SeqCst);
        (self.plan)(self.attempts.fetch_add(1, SeqCst) + 1)
    }

    fn end(&self, attempt: Attempt) -> Result<Aged, Boom> {
        self.running.fetch_sub(1, SeqCst);
        match attempt {
            Attempt::Fails => Err(Boom(1)),
            Attempt::FailsFatally => Err(FATAL),
            Attempt::Panics => resume_unwind(Box::new("luck")),
            Attempt::BuildsEnded => self.aged(true),
            Attempt::Builds | Attempt::BuildsLater => self.aged(false),
        }
    }

    fn aged(&self, has_ended: bool) -> Result<Aged, Boom> {
        Ok(Aged { payload: self.accounts.build()?, has_ended, stays_fresh: false })
    }
}

const FATAL: Boom = Boom(9);

struct Aged {
    payload: Payload,
    has_ended: bool,
    stays_fresh: bool,
}

impl Aged {
    fn fresh(&self) -> Option<Duration> {
        (!self.stays_fresh).then_some(Duration::ZERO)
    }

    fn lives(&self) -> Option<Duration> {
        self.has_ended.then_some(Duration::ZERO)
    }

    fn dispose(self) -> Result<(), BoxError> {
        self.payload.dispose()
    }
}

#[runtime_cell(
    provided,
    fresh = Aged::fresh,
    expires = Aged::lives,
    fatal = |boom| *boom == FATAL,
    cooldown = AT_ONCE,
    wait_timeout = Duration::ZERO,
    dispose = Aged::dispose
)]
fn plain() -> Result<Aged, Boom> {
    let source = source();
    let attempt = source.next();
    yield_now();
    while attempt == Attempt::BuildsLater && !source.open.load(SeqCst) {
        yield_now();
    }
    source.end(attempt)
}

#[runtime_cell(
    provided,
    fresh = Aged::fresh,
    expires = Aged::lives,
    fatal = |boom| *boom == FATAL,
    cooldown = AT_ONCE,
    wait_timeout = Duration::ZERO,
    dispose = Aged::dispose
)]
async fn task() -> Result<Aged, Boom> {
    let source = source();
    let attempt = source.next();
    future::yield_now().await;
    while attempt == Attempt::BuildsLater && !source.open.load(SeqCst) {
        future::yield_now().await;
    }
    source.end(attempt)
}

type Got = Result<Ref<'static, Aged>, Error>;

/// A declared cell, whatever its kind.
trait Cell: Sync {
    fn any(&'static self) -> AnyCell;
    fn get(&'static self) -> Got;
    fn refresh(&'static self) -> Got;
    fn peek(&'static self) -> Option<Ref<'static, Aged>>;
    fn record_failure(&'static self);
    fn replace(&'static self, value: Aged) -> Result<(), cells::ProvideError<Aged>>;
}

impl<D: Declared<Aged> + private::Provided> Cell for StaticCell<Aged, D> {
    fn any(&'static self) -> AnyCell {
        self.any()
    }

    fn get(&'static self) -> Got {
        self.try_get()
    }

    fn refresh(&'static self) -> Got {
        self.refresh()
    }

    fn peek(&'static self) -> Option<Ref<'static, Aged>> {
        (**self).peek()
    }

    fn record_failure(&'static self) {
        (**self).record_failure(Boom(3), Duration::ZERO);
    }

    fn replace(&'static self, value: Aged) -> Result<(), cells::ProvideError<Aged>> {
        self.replace(value)
    }
}

impl<D: DeclaredAsync<Aged> + private::Provided> Cell for AsyncCell<Aged, D> {
    fn any(&'static self) -> AnyCell {
        self.any()
    }

    fn get(&'static self) -> Got {
        block_on(self.try_get())
    }

    fn refresh(&'static self) -> Got {
        block_on(self.refresh())
    }

    fn peek(&'static self) -> Option<Ref<'static, Aged>> {
        self.peek()
    }

    fn record_failure(&'static self) {
        self.record_failure(Boom(3), Duration::ZERO);
    }

    fn replace(&'static self, value: Aged) -> Result<(), cells::ProvideError<Aged>> {
        self.replace(value)
    }
}

/// Another cell as this one is declared. It is never freed, because its threads may outlive the execution.
fn another<D: Declared<Aged> + private::Provided + Factory<R>, R: FactoryOutput<Aged>>(
    _: &CellStatic<StaticCell<Aged, D>>,
) -> &'static dyn Cell {
    Box::leak(Box::new(StaticCell::<Aged, D>::new::<R>()))
}

fn another_async<D: DeclaredAsync<Aged> + private::Provided>(
    _: &CellStatic<AsyncCell<Aged, D>>,
) -> &'static AsyncCell<Aged, D> {
    Box::leak(Box::new(AsyncCell::<Aged, D>::new()))
}

/// One execution.
#[derive(Clone)]
struct World {
    cell: &'static dyn Cell,
    source: Arc<Source>,
}

impl World {
    /// With a payload that is stale, built by the first attempt.
    fn new(cell: &'static dyn Cell, plan: fn(usize) -> Attempt) -> Self {
        let accounts = Arc::<Accounts>::default();
        cell.any().configure_observer(accounts.clone());
        let source = Arc::new(Source {
            accounts,
            attempts: AtomicUsize::new(0),
            running: AtomicUsize::new(0),
            at_once: AtomicUsize::new(0),
            plan,
            open: AtomicBool::new(false),
        });
        SOURCE.set(Some(source.clone()));
        let world = Self { cell, source };
        assert_eq!(world.get().expect("the first attempt builds"), 1);
        world
    }

    fn plain(plan: fn(usize) -> Attempt) -> Self {
        Self::new(another(&PLAIN), plan)
    }

    fn task(plan: fn(usize) -> Attempt) -> Self {
        Self::new(another_async(&TASK), plan)
    }

    fn spawn(&self, f: impl FnOnce(&Self) + Send + 'static) -> JoinHandle<()> {
        let world = self.clone();
        thread::spawn(move || f(&world))
    }

    fn attempts(&self) -> usize {
        self.source.attempts.load(SeqCst)
    }

    /// The last flight of which the end was reported.
    fn last_ended(&self) -> u64 {
        let flights = self.source.accounts.flights.lock().unwrap();
        flights.iter().filter(|(_, ended)| *ended).map(|(flight, _)| *flight).max().unwrap_or(0)
    }

    /// Gets the payload and uses it; returns its generation. One that has ended is only for the callers of its flight.
    fn get(&self) -> Result<u64, Error> {
        self.get_by(|cell| cell.get())
    }

    fn get_by(&self, get: impl FnOnce(&'static dyn Cell) -> Got) -> Result<u64, Error> {
        let ended = self.last_ended();
        let lease = get(self.cell)?;
        let generation = Ref::generation(&lease);
        assert!(!lease.has_ended || generation > ended, "a payload that has ended");
        Self::use_lease(&lease);
        Ok(generation)
    }

    fn use_lease(lease: &Aged) {
        assert!(lease.payload.alive.load(SeqCst), "disposed before the use");
        yield_now();
        assert!(lease.payload.alive.load(SeqCst), "disposed during the use");
    }

    /// Gets twice, never an older payload after a newer one.
    fn get_twice(&self) {
        let first = self.get().expect("one or another");
        assert!(self.get().expect("one or another") >= first);
    }

    fn replace(&self) -> bool {
        self.replace_by(self.source.aged(false).expect("it never fails"))
    }

    fn replace_by(&self, aged: Aged) -> bool {
        let refused = self.cell.replace(aged).err();
        let took = refused.is_none();
        if let Some(refused) = refused {
            assert_eq!(refused.refusal(), ProvideRefusal::ShutDown);
            refused.into_value().dispose().expect("it never fails");
        }
        took
    }

    /// Waits until no flight is under way, and the last one has left nothing behind.
    fn settle(&self) {
        let is_settled = || {
            let flights = self.source.accounts.flights.lock().unwrap();
            flights.iter().filter(|(_, ended)| *ended).count() * 2 == flights.len()
        };
        while !is_settled() {
            yield_now();
        }
    }

    /// Waits for the threads. Whatever they did, a reader finds that a refresh is due, and it is done.
    fn end(self, threads: impl IntoIterator<Item = JoinHandle<()>>) {
        for thread in threads {
            thread.join().unwrap();
        }
        let first = loop {
            // It may have ended, or failed while there was no payload.
            if let Ok(generation) = self.get() {
                break generation;
            }
            yield_now();
        };
        while self.get().is_ok_and(|generation| generation <= first) {
            yield_now();
        }
        self.end_shut_down();
    }

    /// Shuts down, and checks the counts.
    fn end_shut_down(self) {
        private::shut_down_any(self.cell.any());
        let _ = self.cell.any().close_and_drain(LONG);
        assert!(self.cell.peek().is_none());
        self.settle();
        let accounts = &self.source.accounts;
        let built = accounts.built.load(SeqCst);
        assert_eq!((accounts.disposed.load(SeqCst), accounts.dropped.load(SeqCst)), (built, built));
        let flights = accounts.flights.lock().unwrap();
        let mut begun: Vec<_> =
            flights.iter().filter(|(_, ended)| !ended).map(|(flight, _)| *flight).collect();
        drop(flights);
        begun.sort_unstable();
        assert!(begun.is_sorted_by(|one, next| one < next), "a generation given twice");
        assert!(self.get().is_err_and(|error| error.is_shut_down()));
    }
}

fn always_builds(_: usize) -> Attempt {
    Attempt::Builds
}

/// While the first refresh is under way all readers get what is there, and none begins another.
fn one_refresh(world: World, readers: usize) {
    let read = |world: &World| assert_eq!(world.get().expect("the first one"), 1);
    let threads: Vec<_> = (0..readers).map(|_| world.spawn(read)).collect();
    for thread in threads {
        thread.join().unwrap();
    }
    assert!(world.attempts() <= 2);
    world.source.open.store(true, SeqCst);
    while world.cell.any().generation() == Some(1) {
        yield_now();
    }
    assert_eq!((world.cell.any().generation(), world.attempts()), (Some(2), 2), "one refresh of one payload");
    world.end([]);
}

pub(crate) fn f1_readers_begin_one_refresh() {
    let plan = |attempt| if attempt == 2 { Attempt::BuildsLater } else { Attempt::Builds };
    one_refresh(World::plain(plan), 3);
}

/// The one that drives the refresh gets what it has built, the others what is there.
pub(crate) fn f7_readers_drive_one_refresh() {
    let world = World::task(always_builds);
    let threads = [(); 3].map(|()| {
        world.spawn(|world| {
            let before = world.last_ended();
            assert!(world.get().expect("one or another") >= before);
        })
    });
    for thread in threads {
        thread.join().unwrap();
    }
    let published = world.cell.any().generation();
    assert_eq!(published, Some(world.attempts() as u64), "one flight for each generation");
    world.end([]);
}

fn refresh_against_a_closer(world: World) {
    let close = world.spawn(|world| drop(world.cell.any().close()));
    let read = world.spawn(World::get_twice);
    world.end([close, read]);
}

pub(crate) fn f1_a_refresh_and_a_closer() {
    refresh_against_a_closer(World::plain(always_builds));
}

pub(crate) fn f7_a_driven_refresh_and_a_closer() {
    refresh_against_a_closer(World::task(always_builds));
}

fn refresh_against_a_drain(world: World) {
    let drain = world.spawn(|world| drop(world.cell.any().close_and_drain(LONG)));
    let read = world.spawn(World::get_twice);
    world.end([drain, read]);
}

pub(crate) fn f1_a_refresh_and_a_drain() {
    refresh_against_a_drain(World::plain(always_builds));
}

pub(crate) fn f7_a_driven_refresh_and_a_drain() {
    refresh_against_a_drain(World::task(always_builds));
}

fn refresh_against_another(world: World) {
    let refresh = world.spawn(|world| {
        let before = world.cell.any().generation();
        let after = world.get_by(|cell| cell.refresh()).expect("a payload");
        assert!(Some(after) > before, "it was built for this call");
    });
    let read = world.spawn(World::get_twice);
    let source = Arc::clone(&world.source);
    world.end([refresh, read]);
    assert_eq!(source.at_once.load(SeqCst), 1, "a flight beside another");
}

pub(crate) fn f1_a_refresh_and_one_that_was_asked_for() {
    refresh_against_another(World::plain(always_builds));
}

pub(crate) fn f7_a_driven_refresh_and_one_that_was_asked_for() {
    refresh_against_another(World::task(always_builds));
}

fn refresh_against_a_record(world: World) {
    let record = world.spawn(|world| world.cell.record_failure());
    let read = world.spawn(|world| {
        for _ in 0..2 {
            if let Err(error) = world.get() {
                assert_eq!(error.downcast_ref(), Some(&Boom(3)));
            }
        }
    });
    world.end([record, read]);
}

pub(crate) fn f1_a_refresh_and_a_record() {
    refresh_against_a_record(World::plain(always_builds));
}

pub(crate) fn f7_a_driven_refresh_and_a_record() {
    refresh_against_a_record(World::task(always_builds));
}

fn refresh_against_a_replacement(world: World) {
    let replace = world.spawn(|world| assert!(world.replace(), "only a shutdown prevents it"));
    let read = world.spawn(World::get_twice);
    world.end([replace, read]);
}

pub(crate) fn f1_a_refresh_and_a_replacement() {
    refresh_against_a_replacement(World::plain(always_builds));
}

pub(crate) fn f7_a_driven_refresh_and_a_replacement() {
    refresh_against_a_replacement(World::task(always_builds));
}

/// What replaces a stale payload stays fresh, so a refresh that comes too late leaves it.
fn late_refresh(world: World) {
    let replace = world.spawn(|world| {
        let aged = world.source.aged(false).expect("it never fails");
        assert!(world.replace_by(Aged { stays_fresh: true, ..aged }));
    });
    let read = world.spawn(|world| {
        world.get().expect("one or another");
    });
    for thread in [replace, read] {
        thread.join().unwrap();
    }
    let replacement = world.cell.any().generation().expect("it stays");
    for _ in 0..5 {
        yield_now();
    }
    assert_eq!(world.get().ok(), Some(replacement));
    let flights = world.source.accounts.flights.lock().unwrap().clone();
    assert!(flights.iter().all(|(flight, _)| *flight <= replacement), "a refresh of what is fresh");
    world.end_shut_down();
}

pub(crate) fn f1_a_late_refresh_leaves_what_came_before_it() {
    late_refresh(World::plain(always_builds));
}

pub(crate) fn f7_a_late_driven_refresh_leaves_what_came_before_it() {
    late_refresh(World::task(always_builds));
}

fn refresh_against_a_shutdown(world: World) {
    let shutdown = world.spawn(|world| {
        private::shut_down_any(world.cell.any());
        let published = world.cell.any().generation();
        assert!(!world.replace());
        yield_now();
        assert_eq!(world.cell.any().generation(), published, "published after the shutdown");
    });
    let read = world.spawn(|world| {
        for _ in 0..2 {
            // What is published stays until the close.
            world.get().expect("one or another");
        }
    });
    for thread in [shutdown, read] {
        thread.join().unwrap();
    }
    let attempts = world.attempts();
    world.get().expect("it is still there");
    yield_now();
    assert_eq!(world.attempts(), attempts, "a refresh has begun");
    world.end_shut_down();
}

pub(crate) fn f7_a_refresh_and_a_shutdown() {
    refresh_against_a_shutdown(World::plain(always_builds));
}

pub(crate) fn f7_a_driven_refresh_and_a_shutdown() {
    refresh_against_a_shutdown(World::task(always_builds));
}

/// The second generation has ended when it is published.
fn an_end(world: World) {
    let threads = [world.spawn(World::get_twice), world.spawn(World::get_twice)];
    world.end(threads);
}

fn second_has_ended(attempt: usize) -> Attempt {
    if attempt == 2 { Attempt::BuildsEnded } else { Attempt::Builds }
}

pub(crate) fn f2_a_payload_that_has_ended_and_two_readers() {
    an_end(World::plain(second_has_ended));
}

pub(crate) fn f2_a_payload_of_a_task_that_has_ended_and_two_readers() {
    an_end(World::task(second_has_ended));
}

/// While it ends, somebody closes, or looks.
fn an_end_and_a_closer(world: World) {
    let close = world.spawn(|world| drop(world.cell.any().close()));
    let look = world.spawn(|world| {
        let ended = world.last_ended();
        if let Some(lease) = world.cell.peek() {
            assert!(!lease.has_ended || Ref::generation(&lease) > ended, "a payload that has ended");
            World::use_lease(&lease);
        }
    });
    let read = world.spawn(World::get_twice);
    world.end([close, look, read]);
}

pub(crate) fn f2_a_payload_that_has_ended_and_a_closer() {
    an_end_and_a_closer(World::plain(second_has_ended));
}

/// The payload stays while its refreshes fail, and the next one is due after each.
fn failures(world: World) {
    let read = |world: &World| {
        for _ in 0..2 {
            world.get().expect("the failure of a refresh is nobody's answer");
        }
    };
    let threads = [world.spawn(read), world.spawn(read)];
    world.end(threads);
}

pub(crate) fn f4_a_refresh_that_fails_and_two_readers() {
    let plan = |attempt| if attempt == 2 { Attempt::Fails } else { Attempt::Builds };
    failures(World::plain(plan));
}

pub(crate) fn f4_a_refresh_that_panics_and_two_readers() {
    let plan = |attempt| if attempt == 2 { Attempt::Panics } else { Attempt::Builds };
    failures(World::plain(plan));
}

pub(crate) fn f4_a_driven_refresh_that_fails_and_two_readers() {
    let plan = |attempt| if attempt == 2 { Attempt::Fails } else { Attempt::Builds };
    failures(World::task(plan));
}

pub(crate) fn f4_a_driven_refresh_that_panics_and_two_readers() {
    let plan = |attempt| if attempt == 2 { Attempt::Panics } else { Attempt::Builds };
    failures(World::task(plan));
}

fn a_fatal_failure(world: World) {
    let read = |world: &World| {
        for _ in 0..2 {
            if let Err(error) = world.get() {
                assert_eq!(error.root_cause().downcast_ref(), Some(&FATAL));
            }
        }
    };
    let close = world.spawn(|world| drop(world.cell.any().close()));
    let read = world.spawn(read);
    world.end([read, close]);
}

pub(crate) fn f4_a_fatal_failure_of_a_refresh_and_a_closer() {
    let plan = |attempt| if attempt == 2 { Attempt::FailsFatally } else { Attempt::Builds };
    a_fatal_failure(World::plain(plan));
}

pub(crate) fn f4_a_fatal_failure_of_a_driven_refresh_and_a_closer() {
    let plan = |attempt| if attempt == 2 { Attempt::FailsFatally } else { Attempt::Builds };
    a_fatal_failure(World::task(plan));
}

/// A caller that drives a refresh is dropped: the next one is due.
pub(crate) fn f7_a_driven_refresh_that_is_dropped() {
    let cell = another_async(&TASK);
    let world = World::new(cell, always_builds);
    let go = |polls| {
        world.spawn(move |_| {
            let get: Pin<Box<dyn Future<Output = Got> + Send>> = Box::pin(cell.try_get());
            poll_a_few_times(polls, get);
        })
    };
    let threads = [go(1), go(2), world.spawn(World::get_twice)];
    world.end(threads);
}
