//! The models: one cell each, whose threads read, clone, drop and close in every order, and an account of the payloads
//! at the end.

#![expect(unsafe_code, reason = "the counters' own interface is unsafe")]

use crate::payload::counters::{AGED, Acquired, Counters, Held, Lane, Retiring, SANDBOXES, Slot};
use crate::payload::tables::{Local, Never, Seat};
use loom::cell::UnsafeCell;
use loom::sync::Arc;
use loom::thread;
use std::process::ExitCode;
use std::ptr::NonNull;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

/// A payload that detects a use after its end, or during it: loom reports every access that is not ordered after the
/// one before.
struct Payload {
    live: UnsafeCell<bool>,
    /// Where it is published. Not loom's either: the library writes it before it publishes.
    lane: OnceLock<&'static Lane>,
    /// Not loom's atomic: the model's own count must not order anything.
    ends: AtomicUsize,
}

/// One cell with all its counters.
struct World {
    all: Counters,
    never: Box<Never>,
    slot: Slot,
    /// Of another cell.
    other: Slot,
    payloads: Vec<Payload>,
}

impl World {
    fn new(enlist: fn() -> bool) -> Self {
        let all = Counters::of_model(enlist);
        let payload =
            || Payload { live: UnsafeCell::new(true), lane: OnceLock::new(), ends: AtomicUsize::new(0) };
        Self {
            all,
            never: Box::new(Never::new()),
            slot: Slot::new(),
            other: Slot::new(),
            payloads: (0..3).map(|_| payload()).collect(),
        }
    }

    /// What a thread has of its own.
    fn local(&self) -> Local {
        Local::new(&raw const *self.never)
    }

    /// Publishes a payload and ends the first lease on it.
    fn publish(&self, payload: usize, local: &Local) {
        let (lease, old) = self.put(payload);
        assert!(old.is_none());
        lease.end(self, local);
    }

    fn put(&self, payload: usize) -> (Lease, Option<Retiring>) {
        self.put_in(&self.slot, payload, false)
    }

    /// Replaces the payload by one that only readers get that look at the clocks, until the slot is opened.
    fn replace_by_aged(&self, payload: usize, local: &Local) {
        let (lease, old) = self.put_in(&self.slot, payload, true);
        assert!(old.unwrap().settle(self.all));
        lease.end(self, local);
    }

    fn put_in(&self, slot: &Slot, payload: usize, aged: bool) -> (Lease, Option<Retiring>) {
        let vacancy = slot.vacancy(self.all, false);
        let lane = vacancy.lane();
        assert!(self.payloads[payload].lane.set(lane).is_ok());
        // SAFETY: the payload stays until the world ends.
        let old = unsafe {
            slot.publish(self.all, vacancy, NonNull::from(&self.payloads[payload]).cast(), finish, aged)
        };
        (Lease::of(Held { payload: lane.payload(), seat: None }), old)
    }

    fn read(&self, local: &Local) -> Option<Lease> {
        let tries = [Slot::acquire_fast, Slot::acquire_next];
        // As the library, which makes the second and third try only on the fast path.
        let tries = if local.has_fast_reads() { &tries[..] } else { &tries[..1] };
        for acquire in tries {
            match acquire(&self.slot, local) {
                Acquired::Lease(held) => return Some(Lease::of(held)),
                Acquired::Late(seat) => self.give_back(seat),
                Acquired::Not => {}
            }
        }
        let again = local.has_fast_reads().then(|| self.slot.acquire_again(self.all, local)).flatten();
        again.or_else(|| self.slot.acquire_slow(self.all, local)).map(Lease::of)
    }

    /// Whether a read now takes the fast path.
    fn is_fast(&self, local: &Local) -> bool {
        let Acquired::Lease(held) = self.slot.acquire_fast(local) else { return false };
        Lease::of(held).end(self, local);
        true
    }

    /// Whether what is published is read by the fast path. A thread's first read of a lane never is.
    fn is_open(&self, local: &Local) -> bool {
        self.visit(local) && self.is_fast(local)
    }

    /// Whether it is read by the slow path alone.
    fn is_shut(&self, local: &Local) -> bool {
        self.visit(local) && !self.is_fast(local)
    }

    fn give_back(&self, seat: &Seat) {
        // SAFETY: the callers end a lease, or took the seat in vain.
        if let Some(lane) = unsafe { self.all.release_fast(seat) } {
            lane.look(self.all);
        }
    }

    fn close(&self) {
        self.close_in(&self.slot);
    }

    fn close_in(&self, slot: &Slot) {
        if let Some(mut retiring) = slot.retire(self.all) {
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

/// What the library's lease is, and the lane, which the library finds in the payload's header.
struct Lease {
    payload: NonNull<Payload>,
    seat: Option<&'static Seat>,
    lane: &'static Lane,
}

impl Lease {
    fn of(Held { payload, seat }: Held) -> Self {
        let payload: NonNull<Payload> = payload.cast();
        // SAFETY: it stays until the world ends.
        let lane = unsafe { payload.as_ref() }.lane.get().expect("it was published");
        assert!(seat.is_none_or(|seat| lane.has(seat)), "it is counted in another lane");
        Self { payload, seat, lane }
    }

    fn look(&self) {
        // SAFETY: the lease keeps the payload.
        let payload = unsafe { self.payload.as_ref() };
        // SAFETY: loom checks that nobody changes it meanwhile.
        payload.live.with(|live| unsafe { assert!(*live, "used after its end") });
    }

    fn share(&self) -> Self {
        self.lane.share();
        Self { payload: self.payload, seat: None, lane: self.lane }
    }

    fn end(self, world: &World, local: &Local) {
        match self.seat {
            Some(seat) => world.give_back(seat),
            // SAFETY: the lease ends here.
            None => unsafe { self.lane.release(world.all, local) },
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
        let local = world.local();
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
    let local = world.local();
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

/// A thread whose reads take the fast path from the first: it goes on with what another thread has begun.
fn fast_thread<R: 'static>(
    world: &Arc<World>,
    body: impl FnOnce(&World, &Local) -> R + 'static,
) -> thread::JoinHandle<R> {
    let local = world.local();
    assert!(world.visit(&local));
    assert!(world.is_fast(&local), "the fast path is not modelled");
    let world = Arc::clone(world);
    thread::spawn(move || {
        let result = body(&world, &local);
        world.all.registry.leave(&local);
        result
    })
}

fn fast_read_against_close() {
    world(|world, _| {
        let reader = fast_thread(world, |world, local| _ = world.visit(local));
        world.close();
        reader.join().unwrap();
    });
}

fn two_fast_readers_against_close() {
    world(|world, _| {
        let one = fast_thread(world, |world, local| _ = world.visit(local));
        let two = fast_thread(world, |world, local| _ = world.visit(local));
        world.close();
        one.join().unwrap();
        two.join().unwrap();
    });
}

/// A read that finds its seat taken, under a lease that keeps the payload while the closer adds up.
fn reads_under_a_lease_against_close() {
    world(|world, _| {
        let reader = fast_thread(world, |world, local| {
            let lease = world.read(local);
            _ = world.visit(local);
            if let Some(lease) = lease {
                lease.look();
                lease.end(world, local);
            }
        });
        world.close();
        reader.join().unwrap();
    });
}

/// The next payload comes into the lane of the one before, so the word differs by its version alone.
fn fast_read_against_reopen() {
    with(always, 2, |world, local| {
        let reader = fast_thread(world, |world, local| _ = world.visit(local));
        world.close();
        world.publish(1, local);
        world.close();
        reader.join().unwrap();
    });
}

fn fast_read_against_refresh() {
    with(always, 2, |world, local| {
        let reader = fast_thread(world, |world, local| assert!(world.visit(local), "empty during a refresh"));
        let (lease, old) = world.put(1);
        assert!(old.unwrap().settle(world.all));
        lease.end(world, local);
        reader.join().unwrap();
        world.close();
    });
}

/// The slot is shut and opened again, while a fast reader reads and the payload ends.
fn fast_read_while_the_slot_is_shut() {
    world(|world, _| {
        let reader = fast_thread(world, |world, local| _ = world.visit(local));
        world.slot.shut(SANDBOXES, true);
        world.slot.shut(SANDBOXES, false);
        world.close();
        reader.join().unwrap();
    });
}

/// Another thread shuts and opens the slot while its cell is closed and built again. No word comes twice.
fn slot_is_shut_against_reopen() {
    with(always, 2, |world, local| {
        let reader = fast_thread(world, |world, local| _ = world.visit(local));
        let shutter = thread(world, |world, _| {
            world.slot.shut(SANDBOXES, true);
            world.slot.shut(SANDBOXES, false);
        });
        world.close();
        world.publish(1, local);
        shutter.join().unwrap();
        reader.join().unwrap();
        assert!(world.visit(local) && world.is_fast(local), "the slot stays shut");
        world.close();
    });
}

/// What is published in a slot that is shut is read the slow way, and fast once it is opened.
fn publish_in_a_slot_that_is_shut() {
    with(always, 2, |world, local| {
        world.slot.shut(SANDBOXES, true);
        let reader = fast_thread_of_shut_slot(world);
        let (lease, old) = world.put(1);
        assert!(old.unwrap().settle(world.all));
        lease.end(world, local);
        world.slot.shut(SANDBOXES, false);
        reader.join().unwrap();
        world.close();
    });
}

/// A thread with a table, which reads while its slot is shut.
fn fast_thread_of_shut_slot(world: &Arc<World>) -> thread::JoinHandle<()> {
    let local = world.local();
    assert!(world.visit(&local) && !world.is_fast(&local), "the fast path is shut");
    let world = Arc::clone(world);
    thread::spawn(move || {
        assert!(world.visit(&local), "empty during a refresh");
        world.all.registry.leave(&local);
    })
}

/// Whoever uses a payload while it comes to rest is counted, or wakes it.
fn read_against_rest() {
    world(|world, _| {
        let reader = fast_thread(world, |world, local| {
            let lease = world.read(local).expect("it is published");
            // As the library does before it returns a lease of the slow path.
            world.slot.wake();
            lease
        });
        let rests = world.slot.rest(world.all);
        let lease = reader.join().unwrap();
        assert!(!(rests && world.slot.rests()), "it rests in spite of a lease");
        lease.look();
        lease.end(world, &world.local());
        assert!(world.slot.rest(world.all), "nobody uses it");
        world.close();
    });
}

/// A payload that ages is read the slow way, and fast once an alarm is set for it.
fn fast_read_while_an_aged_payload_comes_and_opens() {
    with(always, 2, |world, local| {
        let reader = fast_thread(world, |world, local| assert!(world.visit(local), "empty during a refresh"));
        world.replace_by_aged(1, local);
        assert!(world.is_shut(local), "nobody has looked at the clocks");
        world.slot.shut(AGED, false);
        assert!(world.is_open(local), "the slot stays shut");
        reader.join().unwrap();
        world.close();
    });
}

/// The alarm rings while fast readers read; at the end of the payload it is retired.
fn fast_read_while_the_alarm_rings() {
    world(|world, local| {
        let reader = fast_thread(world, |world, local| {
            _ = world.visit(local);
            _ = world.visit(local);
        });
        world.slot.shut(AGED, true);
        assert!(world.is_shut(local), "nobody looks at the clocks");
        world.close();
        reader.join().unwrap();
    });
}

/// What comes after an aged payload is not shut on account of that one.
fn fast_read_while_an_aged_payload_is_replaced() {
    with(always, 3, |world, local| {
        world.replace_by_aged(1, local);
        let reader = thread(world, |world, local| assert!(world.visit(local), "empty during a refresh"));
        let (lease, old) = world.put(2);
        assert!(old.unwrap().settle(world.all));
        lease.end(world, local);
        assert!(world.is_open(local), "the slot stays shut");
        reader.join().unwrap();
        world.close();
    });
}

/// The cell is closed while it is shut for its age, and built again.
fn alarm_against_reopen() {
    with(always, 2, |world, local| {
        let reader = fast_thread(world, |world, local| _ = world.visit(local));
        world.slot.shut(AGED, true);
        world.close();
        world.publish(1, local);
        assert!(world.is_open(local), "the slot stays shut");
        world.slot.shut(AGED, true);
        world.slot.shut(AGED, false);
        assert!(world.is_open(local), "the slot stays shut");
        world.close();
        reader.join().unwrap();
    });
}

/// Sandboxes open and close while a payload ages. Each keeps the slot shut for itself.
fn alarm_while_a_sandbox_is_open() {
    with(always, 2, |world, local| {
        let sandbox = thread(world, |world, local| {
            world.slot.shut(SANDBOXES, true);
            assert!(world.is_shut(local), "a sandbox is open");
            world.slot.shut(SANDBOXES, false);
        });
        let alarm = thread(world, |world, local| {
            world.replace_by_aged(1, local);
            assert!(world.is_shut(local), "nobody has looked at the clocks");
            world.slot.shut(AGED, false);
            world.slot.shut(AGED, true);
            assert!(world.is_shut(local), "nobody looks at the clocks");
        });
        sandbox.join().unwrap();
        alarm.join().unwrap();
        assert!(world.is_shut(local), "nobody looks at the clocks");
        world.slot.shut(AGED, false);
        assert!(world.is_open(local), "the slot stays shut");
        world.close();
    });
}

/// A payload comes to rest while it becomes stale. Whoever uses it is counted, or wakes it; that opens it only for those
/// who look at the clocks.
fn alarm_while_a_payload_rests() {
    world(|world, local| {
        let reader = fast_thread(world, |world, local| {
            let lease = world.read(local).expect("it is published");
            world.slot.wake();
            lease
        });
        let alarm = thread(world, |world, _| world.slot.shut(AGED, true));
        let rests = world.slot.rest(world.all);
        let lease = reader.join().unwrap();
        alarm.join().unwrap();
        assert!(!(rests && world.slot.rests()), "it rests in spite of a lease");
        lease.end(world, local);
        assert!(world.is_shut(local), "nobody looks at the clocks");
        world.slot.shut(AGED, false);
        assert!(world.is_open(local), "the slot stays shut");
        assert!(world.slot.rest(world.all), "nobody uses it");
        world.slot.shut(AGED, true);
        world.slot.shut(AGED, false);
        assert!(world.slot.rests() && world.is_shut(local), "it was not read");
        world.close();
    });
}

/// The lane serves another cell's payload, while a fast reader still counts in it.
fn fast_read_while_the_lane_moves() {
    with(always, 2, |world, local| {
        let reader = fast_thread(world, |world, local| _ = world.visit(local));
        world.close();
        let (lease, old) = world.put_in(&world.other, 1, false);
        assert!(old.is_none());
        lease.end(world, local);
        world.close_in(&world.other);
        reader.join().unwrap();
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
        lease.end(world, &world.local());
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
        let (lease, old) = world.put_in(&world.other, 1, false);
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
const MODELS: [Model; 31] = [
    ("read_against_close", None, read_against_close),
    ("two_readers_against_close", Some(3), two_readers_against_close),
    ("drop_against_close", None, drop_against_close),
    ("two_last_drops", None, two_last_drops),
    ("two_last_drops_against_close", None, two_last_drops_against_close),
    ("fast_read_against_close", None, fast_read_against_close),
    ("two_fast_readers_against_close", Some(3), two_fast_readers_against_close),
    ("reads_under_a_lease_against_close", Some(5), reads_under_a_lease_against_close),
    ("fast_read_against_reopen", Some(3), fast_read_against_reopen),
    ("fast_read_against_refresh", Some(5), fast_read_against_refresh),
    ("fast_read_while_the_slot_is_shut", Some(3), fast_read_while_the_slot_is_shut),
    ("slot_is_shut_against_reopen", Some(2), slot_is_shut_against_reopen),
    ("publish_in_a_slot_that_is_shut", Some(4), publish_in_a_slot_that_is_shut),
    ("read_against_rest", None, read_against_rest),
    (
        "fast_read_while_an_aged_payload_comes_and_opens",
        Some(3),
        fast_read_while_an_aged_payload_comes_and_opens,
    ),
    ("fast_read_while_the_alarm_rings", Some(3), fast_read_while_the_alarm_rings),
    ("fast_read_while_an_aged_payload_is_replaced", Some(3), fast_read_while_an_aged_payload_is_replaced),
    ("alarm_against_reopen", Some(2), alarm_against_reopen),
    ("alarm_while_a_sandbox_is_open", Some(4), alarm_while_a_sandbox_is_open),
    ("alarm_while_a_payload_rests", Some(5), alarm_while_a_payload_rests),
    ("fast_read_while_the_lane_moves", Some(5), fast_read_while_the_lane_moves),
    ("publish_after_close", Some(3), publish_after_close),
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
    for (index, (name, bound, body)) in MODELS.iter().copied().enumerate() {
        // Two processes share the models: each explores on one thread.
        let half = if index % 2 == 0 { "--even" } else { "--odd" };
        if !names.is_empty() && !names.iter().any(|wanted| wanted == name || wanted == half) {
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
        println!("{name:38} {executions:8} executions ({bound}) in {time:.1?}");
        assert!(executions > 1, "{name} explored nothing");
        ran += 1;
    }
    println!("{ran} models");
    if ran == 0 { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}
