//! Many sandboxes at once over a graph of a hundred cells of all kinds: none ever sees another's payload, and what is built
//! in one is disposed in it, exactly once.

use cells::runtime_cell;
use cells::testing::Sandbox;
use cells_test_support::{Rng, from_env, seed};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// What a sandbox has built and disposed, cell by cell.
pub(crate) struct Counts {
    sandbox: u64,
    built: [AtomicUsize; CELLS],
    disposed: [AtomicUsize; CELLS],
}

pub(crate) struct Tally(Arc<Counts>);

pub(crate) struct Node {
    counts: Arc<Counts>,
    number: usize,
}

impl Node {
    fn begin(tally: &Tally, number: usize) -> Self {
        tally.0.built[number].fetch_add(1, Ordering::SeqCst);
        Self { counts: Arc::clone(&tally.0), number }
    }

    fn uses(self, other: &Self) -> Self {
        assert_eq!(self.sandbox(), other.sandbox(), "a payload of another sandbox");
        self
    }

    fn sandbox(&self) -> u64 {
        self.counts.sandbox
    }

    #[expect(clippy::needless_pass_by_value, reason = "a disposer's signature")]
    fn dispose(self) {
        // Its own cells are there until what depends on them has ended.
        assert_eq!(TALLY.peek().map(|tally| tally.0.sandbox), Some(self.sandbox()));
        self.counts.disposed[self.number].fetch_add(1, Ordering::SeqCst);
    }
}

#[runtime_cell]
fn tally() -> Tally {
    unreachable!("somebody asks for a cell of the process")
}

include!(concat!(env!("OUT_DIR"), "/storm_cells.rs"));

fn counts(sandbox: u64) -> Arc<Counts> {
    let zeros = || [const { AtomicUsize::new(0) }; CELLS];
    Arc::new(Counts { sandbox, built: zeros(), disposed: zeros() })
}

/// Does things at random.
async fn work(sandbox: u64, seed: u64) {
    let mut random = Rng::with_seed(seed);
    let closable = closable();
    for _ in 0..60 {
        let number = random.usize(..CELLS);
        match random.usize(..10) {
            0 => {
                let _ = closable[random.usize(..closable.len())].close();
            }
            1 => assert!(peek(number).is_none_or(|found| found == sandbox)),
            2 => tokio::task::yield_now().await,
            _ => assert_eq!(get(number).await, sandbox),
        }
    }
}

fn adds_up(counts: &Counts) -> usize {
    let mut sum = 0;
    for number in 0..CELLS {
        let [built, disposed] =
            [&counts.built, &counts.disposed].map(|count| count[number].load(Ordering::SeqCst));
        if is_permanent(number) {
            assert!(built <= 1 && disposed == 0, "cell {number}: {built} built, {disposed} disposed");
        } else {
            assert_eq!(built, disposed, "cell {number}");
        }
        sum += built;
    }
    sum
}

fn on_threads(sandbox: u64, seed: u64) -> usize {
    let counts = counts(sandbox);
    let cells = Sandbox::new().put(&TALLY, Tally(Arc::clone(&counts))).enter();
    let others: Vec<_> = (1..3)
        .map(|other| cells.handle().spawn(move || pollster::block_on(work(sandbox, seed + other))))
        .collect();
    pollster::block_on(work(sandbox, seed));
    others.into_iter().for_each(|other| other.join().expect("no panic"));
    drop(cells);
    adds_up(&counts)
}

#[cfg(feature = "tokio")]
fn on_a_runtime(sandbox: u64, seed: u64) -> usize {
    let counts = counts(sandbox);
    cells_test_support::multi_thread().block_on(async {
        let cells = Sandbox::new().put(&TALLY, Tally(Arc::clone(&counts))).enter();
        let tasks: Vec<_> = (0..6).map(|other| tokio::spawn(work(sandbox, seed + other))).collect();
        for task in tasks {
            task.await.expect("no panic");
        }
        cells.leave().await;
    });
    adds_up(&counts)
}

#[cfg(not(feature = "tokio"))]
use on_threads as on_a_runtime;

#[test]
fn t4_a_storm_of_sandboxes_that_share_nothing() {
    let (seed, rounds) = (seed("CELLS_SANDBOX_SEED"), from_env("CELLS_SANDBOX_ROUNDS").unwrap_or(12));
    let run = |number: u64| {
        let sandboxes = number * rounds..(number + 1) * rounds;
        let built = sandboxes.map(|sandbox| {
            let seed = seed + 100 * sandbox;
            if number % 2 == 0 { on_threads(sandbox, seed) } else { on_a_runtime(sandbox, seed) }
        });
        built.sum::<usize>()
    };
    let run = &run;
    let built = thread::scope(|scope| {
        let threads: Vec<_> = (0..8).map(|number| scope.spawn(move || run(number))).collect();
        threads.into_iter().map(|thread| thread.join().expect("no panic")).sum::<usize>()
    });
    assert!(built > 1000, "it did {built} flights");
}
