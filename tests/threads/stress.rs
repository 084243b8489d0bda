//! All operations at once, at random; then the counts must add up.

use cells::testing::allow_seeding;
use cells::{
    BoxError, CloseResult, CloseStatus, Disposer, InitResult, InitStatus, Observer, Ref, RuntimeCell, State,
};
use cells_test_support::{Boom, Rng, from_env, lock, seed};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

const THREADS: usize = 4;
/// How often closes, deferred disposals and superseded flights must each have happened before the run ends.
const MINIMUM: u64 = 200;

/// The environment variable with the minimum length of the run, in seconds.
const SECONDS: &str = "CELLS_STRESS_SECONDS";
/// The environment variable with the seed of the random choices.
const SEED: &str = "CELLS_STRESS_SEED";

/// Counts of what happened. Violations are counted too: a panic inside a disposer or observer would be caught.
struct Accounts {
    made: AtomicU64,
    disposed: AtomicU64,
    dropped: AtomicU64,
    uses: AtomicU64,
    closes: AtomicU64,
    deferred: AtomicU64,
    superseded: AtomicU64,
    starts: AtomicU64,
    ends: AtomicU64,
    violations: AtomicU64,
}

static ACCOUNTS: Accounts = Accounts {
    made: AtomicU64::new(0),
    disposed: AtomicU64::new(0),
    dropped: AtomicU64::new(0),
    uses: AtomicU64::new(0),
    closes: AtomicU64::new(0),
    deferred: AtomicU64::new(0),
    superseded: AtomicU64::new(0),
    starts: AtomicU64::new(0),
    ends: AtomicU64::new(0),
    violations: AtomicU64::new(0),
};

fn up(count: &AtomicU64) {
    count.fetch_add(1, SeqCst);
}

fn demand(holds: bool) {
    if !holds {
        up(&ACCOUNTS.violations);
    }
}

/// A payload that is alive until the disposer gets it.
struct Life {
    number: u64,
    alive: AtomicBool,
    /// On the heap, so that a use after the end is a use of freed memory.
    check: Box<u64>,
}

impl Life {
    fn new() -> Self {
        let number = ACCOUNTS.made.fetch_add(1, SeqCst);
        Self { number, alive: AtomicBool::new(true), check: Box::new(!number) }
    }

    fn touch(&self) {
        demand(self.alive.load(SeqCst) && *self.check == !self.number);
        up(&ACCOUNTS.uses);
    }

    fn dispose(self) -> Result<(), BoxError> {
        demand(self.alive.swap(false, SeqCst));
        up(&ACCOUNTS.disposed);
        if self.number % 13 == 0 {
            resume_unwind(Box::new("a disposer's panic"));
        }
        if self.number % 7 == 0 { Err("a disposer's error".into()) } else { Ok(()) }
    }
}

impl Drop for Life {
    fn drop(&mut self) {
        demand(!self.alive.load(SeqCst));
        up(&ACCOUNTS.dropped);
    }
}

struct Accountant;

impl Observer for Accountant {
    fn on_init_start(&self, _: &str, _: u64, _: Option<&cells::InitContext>) {
        up(&ACCOUNTS.starts);
    }

    fn on_init_end(&self, event: &InitResult<'_>) {
        up(&ACCOUNTS.ends);
        if event.status == InitStatus::Superseded {
            up(&ACCOUNTS.superseded);
        }
        demand(event.payload.is_none_or(|payload| {
            payload.downcast_ref::<Life>().is_some_and(|life| life.alive.load(SeqCst))
        }));
    }
}

type Cells = [RuntimeCell<Life>; 2];
type Shelf = Mutex<Vec<Ref<'static, Life>>>;

static CELLS: Cells = [cell("first"), cell("second")];
/// Leases that another thread will drop.
static SHELF: Shelf = Mutex::new(Vec::new());

const fn cell(name: &'static str) -> RuntimeCell<Life> {
    RuntimeCell::new(name)
        .disposer(Disposer::with(Life::dispose))
        .max_waiters(2)
        .wait_timeout(Duration::from_millis(2))
        .cooldown(Duration::from_micros(200))
}

fn factory(random: &mut Rng) -> Result<Life, Boom> {
    (0..random.u64(..4)).for_each(|_| thread::yield_now());
    match random.u64(..8) {
        0 => Err(Boom(0)),
        1 => resume_unwind(Box::new("a factory's panic")),
        _ => Ok(Life::new()),
    }
}

fn closed(result: &CloseResult) {
    if result.had_payload {
        up(&ACCOUNTS.closes);
    }
    if result.status == CloseStatus::Draining && result.had_payload {
        up(&ACCOUNTS.deferred);
    }
}

/// Uses a lease in one of several ways.
fn use_lease(random: &mut Rng, lease: &Ref<'static, Life>) {
    lease.touch();
    match random.u64(..4) {
        0 => {
            let mut shelf = lock(&SHELF);
            shelf.push(Ref::clone(lease));
            let other = (shelf.len() > 4).then(|| shelf.swap_remove(0));
            drop(shelf);
            drop(other);
        }
        1 => thread::yield_now(),
        _ => {}
    }
    lease.touch();
}

fn act(random: &mut Rng, cell: &'static RuntimeCell<Life>, seen: &mut u64) {
    let lease = match random.u64(..18) {
        0..6 => cell.get_or_initialize(|| factory(random)).ok(),
        6 => cell.refresh(|| factory(random)).ok(),
        7 | 8 => {
            let lease = cell.peek();
            if let Some(lease) = &lease {
                let generation = Ref::generation(lease);
                demand(generation >= *seen);
                *seen = generation;
            }
            lease
        }
        9 => {
            closed(&cell.close());
            None
        }
        10 => {
            closed(&cell.close_generation(*seen));
            None
        }
        11 => {
            closed(&cell.close_and_drain(Duration::from_micros(random.u64(..300))));
            None
        }
        12 => {
            if random.u64(..4) == 0 {
                cell.record_failure(Boom(1), Duration::from_micros(100));
            }
            None
        }
        13 => {
            let _permit = allow_seeding();
            if let Err(refusal) = cell.seed(Life::new()) {
                let _ = catch_unwind(AssertUnwindSafe(|| refusal.into_value().dispose()));
            }
            None
        }
        14 => {
            cell.invalidate();
            None
        }
        15 | 16 => {
            let value = Life::new();
            let refused = if random.u64(..2) == 0 { cell.provide(value) } else { cell.replace(value) };
            if let Err(refusal) = refused {
                let _ = catch_unwind(AssertUnwindSafe(|| refusal.into_value().dispose()));
            }
            None
        }
        _ => lock(&SHELF).pop(),
    };
    if let Some(lease) = lease {
        use_lease(random, &lease);
    }
}

#[test]
fn c16_every_payload_is_disposed_exactly_once_whatever_happens() {
    let seed = seed(SEED);
    let length = Duration::from_secs(from_env(SECONDS).unwrap_or(3));
    let accounts = &ACCOUNTS;
    for cell in &CELLS {
        cell.configure_observer(Arc::new(Accountant));
    }
    let (start, give_up) = (Instant::now(), length + Duration::from_secs(120));
    let enough = || {
        let counts = [&accounts.closes, &accounts.deferred, &accounts.superseded];
        start.elapsed() >= length && counts.into_iter().all(|count| count.load(SeqCst) >= MINIMUM)
    };
    thread::scope(|scope| {
        let mut seeded = Rng::with_seed(seed);
        for _ in 0..THREADS {
            let mut random = seeded.fork();
            scope.spawn(move || {
                let mut newest = [0; 2];
                while !enough() && start.elapsed() < give_up {
                    for _ in 0..100 {
                        let which = random.usize(..2);
                        // Only the factory panics here.
                        let _ = catch_unwind(AssertUnwindSafe(|| {
                            act(&mut random, &CELLS[which], &mut newest[which]);
                        }));
                    }
                }
            });
        }
    });
    drop(std::mem::take(&mut *lock(&SHELF)));
    for cell in &CELLS {
        let _ = cell.close_and_drain(Duration::from_secs(3600));
        assert_eq!(cell.state(), State::Empty);
    }
    let count = |count: &AtomicU64| count.load(SeqCst);
    println!(
        "{} payloads, {} uses, {} closes, {} deferred disposals, {} of {} flights superseded",
        count(&accounts.made),
        count(&accounts.uses),
        count(&accounts.closes),
        count(&accounts.deferred),
        count(&accounts.superseded),
        count(&accounts.starts),
    );
    assert_eq!(count(&accounts.violations), 0, "{SEED}={seed}");
    assert_eq!(count(&accounts.disposed), count(&accounts.made), "{SEED}={seed}");
    assert_eq!(count(&accounts.dropped), count(&accounts.made), "{SEED}={seed}");
    assert_eq!(count(&accounts.starts), count(&accounts.ends), "{SEED}={seed}");
    assert!(enough(), "the run was vacuous, {SEED}={seed}");
}
