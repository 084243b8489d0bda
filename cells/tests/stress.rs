//! Leases under stress: reads, closes, clones, drops on other threads, and threads that come and go, all at once.
//!
//! Every payload carries a mark that its disposer removes, so a lease on a disposed payload is detected even without a
//! sanitizer. `CELLS_STRESS_MS` sets the milliseconds of each test (300 by default), `CELLS_READ_PATH=fences` the read
//! path.

use cells::{BoxError, CloseStatus, Disposer, Error, Ref, RuntimeCell};
use fastrand::Rng;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

const LIVE: u64 = 0x11FE_11FE_11FE_11FE;
const DEAD: u64 = 0xDEAD_DEAD_DEAD_DEAD;

/// On the heap, so that a sanitizer detects a use after the disposal.
struct Marked(Box<AtomicU64>);

impl Marked {
    fn check(&self) {
        assert_eq!(self.0.load(Ordering::Relaxed), LIVE, "a lease on a payload that was disposed");
    }
}

#[derive(Default)]
struct Tally {
    built: AtomicU64,
    disposed: AtomicU64,
    reads: AtomicU64,
    closed: AtomicU64,
    deferred: AtomicU64,
}

static TALLY: [Tally; 2] = [const { Tally::new() }; 2];

impl Tally {
    const fn new() -> Self {
        let [built, disposed, reads, closed, deferred] = [const { AtomicU64::new(0) }; 5];
        Self { built, disposed, reads, closed, deferred }
    }

    fn build(&self) -> Marked {
        self.built.fetch_add(1, Ordering::Relaxed);
        Marked(Box::new(AtomicU64::new(LIVE)))
    }

    fn dispose(&self, marked: &Marked) {
        assert_eq!(marked.0.swap(DEAD, Ordering::Relaxed), LIVE, "disposed twice");
        self.disposed.fetch_add(1, Ordering::Relaxed);
    }

    fn close(&self, status: CloseStatus) {
        match status {
            CloseStatus::Ok => self.closed.fetch_add(1, Ordering::Relaxed),
            CloseStatus::Draining | CloseStatus::Disposing => self.deferred.fetch_add(1, Ordering::Relaxed),
            CloseStatus::Noop | CloseStatus::Superseded => 0,
            status => panic!("closed with {status:?}"),
        };
    }

    /// Whether enough happened to prove anything.
    fn is_worth_it(&self) -> bool {
        let get = |count: &AtomicU64| count.load(Ordering::SeqCst);
        get(&self.built) > 100
            && get(&self.reads) > 10_000
            && get(&self.closed) > 20
            && get(&self.deferred) > 20
    }

    fn sum_up(&self, what: &str) {
        let Self { built, disposed, reads, closed, deferred } = self;
        println!(
            "{what}: {built:?} payloads, {reads:?} reads, {closed:?} closed at once, {deferred:?} later"
        );
        assert_eq!(
            built.load(Ordering::SeqCst),
            disposed.load(Ordering::SeqCst),
            "payloads that were not disposed"
        );
        assert!(self.is_worth_it(), "too little happened to prove anything");
    }
}

fn get<'a>(cell: &'a RuntimeCell<Marked>, tally: &Tally) -> Ref<'a, Marked> {
    let lease = cell.get_or_initialize(|| Ok::<_, Error>(tally.build()));
    let lease = lease.unwrap_or_else(|error| panic!("{error}"));
    lease.check();
    tally.reads.fetch_add(1, Ordering::Relaxed);
    lease
}

fn duration() -> Duration {
    let ms = std::env::var("CELLS_STRESS_MS").ok().and_then(|ms| ms.parse().ok());
    Duration::from_millis(ms.unwrap_or(300))
}

/// Stops the test after its time, or later if too little has happened by then.
fn stop_after(stop: &AtomicBool, tally: &Tally) {
    let start = Instant::now();
    while start.elapsed() < duration() || (!tally.is_worth_it() && start.elapsed() < Duration::from_secs(30))
    {
        thread::sleep(Duration::from_millis(20));
    }
    stop.store(true, Ordering::SeqCst);
}

#[test]
fn r4_storm() {
    static CELL: RuntimeCell<Marked> =
        RuntimeCell::new("storm").wait_timeout(Duration::ZERO).disposer(Disposer::with(|marked| {
            TALLY[0].dispose(&marked);
            Ok::<_, BoxError>(())
        }));
    let tally = &TALLY[0];
    let stop = &AtomicBool::new(false);
    let (send, receive) = sync_channel(64);
    thread::scope(|scope| {
        for seed in 1..=3 {
            let send = send.clone();
            scope.spawn(move || read(&CELL, tally, stop, &send, seed));
        }
        drop(send);
        scope.spawn(|| finish_elsewhere(receive));
        scope.spawn(|| {
            let mut random = Rng::with_seed(99);
            while !stop.load(Ordering::Relaxed) {
                match random.u64(..4) {
                    0 => drop(CELL.refresh(|| Ok::<_, Error>(tally.build()))),
                    1 => tally.close(CELL.close_and_drain(Duration::from_micros(50)).status),
                    _ => tally.close(CELL.close().status),
                }
                // Without a pause hardly any payload is read twice.
                for _ in 0..random.u64(..2_000) {
                    std::hint::spin_loop();
                }
            }
        });
        scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                thread::scope(|scope| drop(scope.spawn(|| drop(get(&CELL, tally)))));
            }
        });
        stop_after(stop, tally);
    });
    let last = CELL.close_and_drain(Duration::from_secs(10)).status;
    assert!(matches!(last, CloseStatus::Ok | CloseStatus::Noop), "{last:?}");
    tally.sum_up("storm");
}

fn read(
    cell: &'static RuntimeCell<Marked>,
    tally: &Tally,
    stop: &AtomicBool,
    elsewhere: &SyncSender<Ref<'static, Marked>>,
    seed: u64,
) {
    let mut random = Rng::with_seed(seed);
    let mut held = Vec::new();
    while !stop.load(Ordering::Relaxed) {
        let lease = get(cell, tally);
        match random.u64(..32) {
            0 => drop(elsewhere.try_send(lease)),
            1 => drop(elsewhere.try_send(Ref::clone(&lease))),
            2 => held.push(lease),
            3 => held.push(Ref::clone(&lease)),
            4 => held.clear(),
            _ => lease.check(),
        }
        held.truncate(8);
    }
    for lease in &held {
        lease.check();
    }
}

fn finish_elsewhere(leases: Receiver<Ref<'static, Marked>>) {
    let mut before: Option<Ref<'static, Marked>> = None;
    for lease in leases {
        let again = Ref::clone(&lease);
        drop(lease);
        again.check();
        before = Some(again);
    }
    drop(before);
}

/// Only raises and lowers against closes: the read path at its shortest.
#[test]
fn r4_storm_of_plain_reads() {
    static CELL: RuntimeCell<Marked> =
        RuntimeCell::new("plain").wait_timeout(Duration::ZERO).disposer(Disposer::with(|marked| {
            TALLY[1].dispose(&marked);
            Ok::<_, BoxError>(())
        }));
    let tally = &TALLY[1];
    let stop = &AtomicBool::new(false);
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let mut reads = 0_u64;
                while !stop.load(Ordering::Relaxed) {
                    if let Some(lease) = CELL.peek() {
                        lease.check();
                        reads += 1;
                        tally.reads.fetch_add(u64::from(reads % 1024 == 0) * 1024, Ordering::Relaxed);
                        // Sometimes long enough for a close to come.
                        for _ in 0..if reads % 64 == 0 { 500 } else { 0 } {
                            std::hint::spin_loop();
                        }
                        lease.check();
                    }
                }
            });
        }
        scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                drop(get(&CELL, tally));
                for _ in 0..500 {
                    std::hint::spin_loop();
                }
                tally.close(CELL.close().status);
            }
        });
        stop_after(stop, tally);
    });
    let last = CELL.close_and_drain(Duration::from_secs(10)).status;
    assert!(matches!(last, CloseStatus::Ok | CloseStatus::Noop), "{last:?}");
    let deadline = Instant::now() + Duration::from_secs(10);
    while tally.built.load(Ordering::SeqCst) != tally.disposed.load(Ordering::SeqCst)
        && Instant::now() < deadline
    {
        thread::yield_now();
    }
    tally.sum_up("plain reads");
}
