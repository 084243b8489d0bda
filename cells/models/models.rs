//! The models: one cell each, whose threads read, clone, drop and close in every order, and an account of the payloads
//! at the end.

#![expect(unsafe_code, reason = "the counters' own interface is unsafe")]

use crate::counters::{Acquired, Counters, Lane, Local, Released, Slot};
use loom::cell::UnsafeCell;
use loom::sync::Arc;
use loom::thread;
use std::process::ExitCode;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

/// A payload that detects a use after its end, or during it: loom reports every access that is not ordered after the
/// one before.
struct Payload {
    live: UnsafeCell<bool>,
    /// Not loom's atomic: the model's own count must not order anything.
    ends: AtomicUsize,
}

/// One cell with all its counters.
struct World {
    all: Counters,
    slot: Slot,
    /// Of another cell.
    other: Slot,
    payloads: Vec<Payload>,
}

impl World {
    fn new(enlist: fn() -> bool) -> Self {
        let all = Counters::of_model(enlist);
        let payload = || Payload { live: UnsafeCell::new(true), ends: AtomicUsize::new(0) };
        Self { all, slot: Slot::new(), other: Slot::new(), payloads: (0..3).map(|_| payload()).collect() }
    }

    /// Publishes a payload and ends the first lease on it.
    fn publish(&self, payload: usize, local: &Local) {
        let (lease, old) = self.put(payload);
        assert!(old.is_none());
        lease.end(self, local);
    }

    fn put(&self, payload: usize) -> (Lease, Option<crate::counters::Retiring>) {
        self.put_in(&self.slot, payload)
    }

    fn put_in(&self, slot: &Slot, payload: usize) -> (Lease, Option<crate::counters::Retiring>) {
        let vacancy = slot.vacancy(self.all);
        let lane = vacancy.lane();
        // SAFETY: the payload stays until the world ends.
        let old = unsafe { slot.publish(vacancy, NonNull::from(&self.payloads[payload]).cast(), finish) };
        (Lease(lane), old)
    }

    fn read(&self, local: &Local) -> Option<Lease> {
        let lane = match self.slot.acquire_fast(self.all, local) {
            Acquired::Lease(lane) => Some(lane),
            Acquired::Late(lane) => {
                // SAFETY: the lane's count was raised, and no lease came of it.
                unsafe { lane.release_slow(self.all, local) };
                self.slot.acquire_slow(self.all, local)
            }
            Acquired::Not => self.slot.acquire_slow(self.all, local),
        };
        lane.map(Lease)
    }

    fn close(&self) {
        self.close_in(&self.slot);
    }

    fn close_in(&self, slot: &Slot) {
        if let Some(mut retiring) = slot.retire() {
            assert!(retiring.settle(self.all));
        }
    }

    /// Takes a lease, uses it and drops it; returns whether there was a payload.
    fn visit(&self, local: &Local) -> bool {
        let Some(lease) = self.read(local) else { return false };
        lease.look();
        lease.end(self, local);
        true
    }

    fn ends(&self, payload: usize) -> usize {
        self.payloads[payload].ends.load(Ordering::SeqCst)
    }

    /// Ends the model, after all its threads: the first `used` payloads must be finished, each once, and no other.
    fn end(mut self, used: usize) {
        for payload in 0..self.payloads.len() {
            assert_eq!(self.ends(payload), usize::from(payload < used), "payload {payload}");
        }
        self.slot.dissolve(self.all);
        self.other.dissolve(self.all);
        // SAFETY: the threads have ended, and the slots are dissolved.
        unsafe { self.all.free() };
    }
}

/// # Safety
/// `payload` is a `Payload` that nobody uses any more.
unsafe fn finish(payload: NonNull<()>) {
    // SAFETY: by the caller's promise it is a `Payload`, which stays until the world ends.
    let payload = unsafe { payload.cast::<Payload>().as_ref() };
    payload.live.with_mut(|live| {
        // SAFETY: loom checks that nobody else accesses it meanwhile.
        unsafe { assert!(std::mem::replace(&mut *live, false), "finished twice") }
    });
    payload.ends.fetch_add(1, Ordering::SeqCst);
}

struct Lease(&'static Lane);

impl Lease {
    fn look(&self) {
        // SAFETY: the lease keeps the payload.
        let payload = unsafe { self.0.payload().cast::<Payload>().as_ref() };
        // SAFETY: loom checks that nobody changes it meanwhile.
        payload.live.with(|live| unsafe { assert!(*live, "used after its end") });
    }

    fn share(&self) -> Self {
        self.0.share();
        Self(self.0)
    }

    fn end(self, world: &World, local: &Local) {
        // SAFETY: the lease ends here, and every result is acted on below.
        match unsafe { self.0.release_fast(world.all, local) } {
            Released::Entirely => {}
            Released::Draining => self.0.look(world.all),
            // SAFETY: as above.
            Released::Not => unsafe { self.0.release_slow(world.all, local) },
        }
    }
}

fn always() -> bool {
    true
}

fn never() -> bool {
    false
}

/// What one thread of a model does, from its first read to its exit.
fn thread<R: 'static>(
    world: &Arc<World>,
    body: impl FnOnce(&World, &Local) -> R + 'static,
) -> thread::JoinHandle<R> {
    let world = Arc::clone(world);
    thread::spawn(move || {
        let local = Local::new();
        let result = body(&world, &local);
        world.all.registry.leave(&local);
        result
    })
}

/// Runs a model's threads on a cell in which payload 0 is published; the main thread has its own table.
fn world(body: impl FnOnce(&Arc<World>, &Local)) {
    with(always, 1, body);
}

fn with(enlist: fn() -> bool, used: usize, body: impl FnOnce(&Arc<World>, &Local)) {
    let world = Arc::new(World::new(enlist));
    let local = Local::new();
    world.publish(0, &local);
    body(&world, &local);
    world.all.registry.leave(&local);
    let Ok(world) = Arc::try_unwrap(world) else { panic!("a thread still runs") };
    world.end(used);
}

fn read_against_close() {
    world(|world, _| {
        let reader = thread(world, |world, local| _ = world.visit(local));
        world.close();
        reader.join().unwrap();
    });
}

fn two_readers_against_close() {
    world(|world, _| {
        let one = thread(world, |world, local| _ = world.visit(local));
        let two = thread(world, |world, local| _ = world.visit(local));
        world.close();
        one.join().unwrap();
        two.join().unwrap();
    });
}

fn drop_against_close() {
    world(|world, local| {
        let lease = world.read(local).unwrap();
        let closer = thread(world, |world, _| world.close());
        lease.look();
        lease.end(world, local);
        closer.join().unwrap();
    });
}

fn two_last_drops() {
    world(|world, local| {
        let (one, two) = (world.read(local).unwrap(), world.read(local).unwrap());
        world.close();
        assert_eq!(world.ends(0), 0);
        let other = thread(world, |world, local| {
            two.look();
            two.end(world, local);
        });
        one.look();
        one.end(world, local);
        other.join().unwrap();
    });
}

fn two_last_drops_against_close() {
    world(|world, local| {
        let (one, two) = (world.read(local).unwrap(), world.read(local).unwrap());
        let closer = thread(world, |world, _| world.close());
        let other = thread(world, |world, local| {
            two.look();
            two.end(world, local);
        });
        one.look();
        one.end(world, local);
        other.join().unwrap();
        closer.join().unwrap();
    });
}

fn publish_after_close() {
    with(always, 2, |world, _| {
        let reader = thread(world, |world, local| {
            _ = world.visit(local);
            _ = world.visit(local);
        });
        world.close();
        let (lease, old) = world.put(1);
        assert!(old.is_none());
        lease.end(world, &Local::new());
        world.close();
        reader.join().unwrap();
    });
}

/// The lane serves another cell's payload, and then perhaps one of its first cell again, while a reader of that still
/// counts in it.
fn lane_moves_to_another_cell() {
    with(always, 3, |world, local| {
        let reader = thread(world, |world, local| _ = world.visit(local));
        world.close();
        let (lease, old) = world.put_in(&world.other, 1);
        assert!(old.is_none());
        lease.end(world, local);
        world.close_in(&world.other);
        world.publish(2, local);
        world.close();
        reader.join().unwrap();
    });
}

fn refresh_never_looks_empty() {
    with(always, 2, |world, local| {
        let reader = thread(world, |world, local| assert!(world.visit(local), "empty during a refresh"));
        let (lease, old) = world.put(1);
        assert!(old.unwrap().settle(world.all));
        lease.end(world, local);
        reader.join().unwrap();
        world.close();
    });
}

fn dropped_on_another_thread() {
    world(|world, local| {
        let lease = world.read(local).unwrap();
        let other = thread(world, move |world, local| {
            lease.look();
            lease.end(world, local);
        });
        world.close();
        other.join().unwrap();
    });
}

fn dropped_on_another_reader() {
    world(|world, local| {
        let lease = world.read(local).unwrap();
        let other = thread(world, move |world, local| {
            // This thread has its own table, whose counter is "negative" for a while.
            lease.end(world, local);
            _ = world.visit(local);
        });
        world.close();
        other.join().unwrap();
    });
}

fn clone_against_close() {
    world(|world, local| {
        let lease = world.read(local).unwrap();
        let closer = thread(world, |world, _| world.close());
        let clone = lease.share();
        lease.end(world, local);
        clone.look();
        clone.end(world, local);
        closer.join().unwrap();
    });
}

fn clone_on_another_thread() {
    world(|world, local| {
        let lease = world.read(local).unwrap();
        let other = thread(world, move |world, local| {
            _ = world.visit(local);
            let clone = lease.share();
            lease.end(world, local);
            clone
        });
        world.close();
        let clone = other.join().unwrap();
        clone.look();
        clone.end(world, local);
    });
}

fn clones_while_others_look() {
    world(|world, local| {
        let (one, two) = (world.read(local).unwrap(), world.read(local).unwrap());
        world.close();
        let other = thread(world, move |world, local| {
            let clone = two.share();
            two.end(world, local);
            clone.look();
            clone.end(world, local);
        });
        one.look();
        one.end(world, local);
        other.join().unwrap();
    });
}

fn thread_exit() {
    world(|world, local| {
        // The lease outlives its thread, whose table the second thread takes over.
        let first = thread(world, World::read);
        let second = thread(world, |world, local| _ = world.visit(local));
        world.close();
        second.join().unwrap();
        if let Some(lease) = first.join().unwrap() {
            lease.look();
            lease.end(world, local);
        }
    });
}

fn thread_without_table() {
    with(never, 1, |world, _| {
        let reader = thread(world, |world, local| _ = world.visit(local));
        world.close();
        reader.join().unwrap();
    });
}

type Model = (&'static str, Option<usize>, fn());

/// The name of a model, the bound on preemptions (`None` explores all executions), and its body.
const MODELS: [Model; 15] = [
    ("read_against_close", None, read_against_close),
    ("two_readers_against_close", Some(3), two_readers_against_close),
    ("drop_against_close", None, drop_against_close),
    ("two_last_drops", None, two_last_drops),
    ("two_last_drops_against_close", None, two_last_drops_against_close),
    ("publish_after_close", Some(4), publish_after_close),
    ("lane_moves_to_another_cell", Some(4), lane_moves_to_another_cell),
    ("refresh_never_looks_empty", None, refresh_never_looks_empty),
    ("dropped_on_another_thread", None, dropped_on_another_thread),
    ("dropped_on_another_reader", None, dropped_on_another_reader),
    ("clone_against_close", None, clone_against_close),
    ("clone_on_another_thread", None, clone_on_another_thread),
    ("clones_while_others_look", None, clones_while_others_look),
    ("thread_exit", Some(3), thread_exit),
    ("thread_without_table", None, thread_without_table),
];

static EXECUTIONS: AtomicUsize = AtomicUsize::new(0);

pub(crate) fn run(names: &[String]) -> ExitCode {
    let mut ran = 0;
    for (name, bound, body) in MODELS {
        if !names.is_empty() && !names.iter().any(|wanted| wanted == name) {
            continue;
        }
        EXECUTIONS.store(0, Ordering::SeqCst);
        let mut builder = loom::model::Builder::new();
        builder.preemption_bound = builder.preemption_bound.or(bound);
        builder.max_branches = 20_000;
        let start = Instant::now();
        builder.check(move || {
            body();
            EXECUTIONS.fetch_add(1, Ordering::SeqCst);
        });
        let executions = EXECUTIONS.load(Ordering::SeqCst);
        let time = start.elapsed();
        let bound = bound.map_or("all".to_owned(), |bound| format!("up to {bound} preemptions"));
        println!("{name:32} {executions:8} executions ({bound}) in {time:.1?}");
        assert!(executions > 1, "{name} explored nothing");
        ran += 1;
    }
    println!("{ran} models");
    if ran == 0 { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}
