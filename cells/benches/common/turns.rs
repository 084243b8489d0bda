//! Contenders that are measured in turn.
//!
//! They take turns in short rounds, so that disturbances hit all of them alike; the usual harnesses measure one after
//! the other. A figure is a median; a ratio is the median of the ratios within each round, so that what slows all of
//! them down for a while cancels out. Only ratios can be compared between machines.

use super::{median, time};
use std::hint::spin_loop;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

pub(crate) const ROUNDS: usize = 501;
/// The minimum time of one thread in one round: so short that on a busy machine most rounds run undisturbed.
const ROUND: Duration = Duration::from_micros(200);
/// How many rounds choose the fastest place, and how many decide whether a round is long enough.
const TRIALS: usize = 9;

/// A loop that evaluates an expression as often as it is told, once in each iteration, or four or eight times in a row;
/// for [`Contender::new`]. The expression is inlined each time, as it would be in a program. With `keep` the reader
/// holds on to something meanwhile.
///
/// It is compiled to several places: the best place of a short loop takes half the time of the worst, depending on
/// where the lines of the processor's caches begin.
macro_rules! in_a_loop {
    (@ $step:literal, { $($before:tt)* }, { $($reads:tt)* }) => {
        in_a_loop!(@ [0, 1, 2, 3], $step, { $($before)* }, { $($reads)* })
    };
    (@ [$($place:literal),*], $step:literal, $before:tt, $reads:tt) => {
        [$(in_a_loop!(@ at $place, $step, $before, $reads)),*]
    };
    (@ at $place:literal, $step:literal, { $($before:tt)* }, { $($reads:tt)* }) => {
        Box::new(move |times: u32| {
            // Moves the loop, and makes it another function than at the other places.
            ::std::hint::black_box([$place as u64; $place]);
            $($before)*
            for _ in 0..times / $step {
                $($reads)*
            }
        }) as $crate::common::turns::Work<'static>
    };
    (four: $read:expr) => {
        in_a_loop!(@ 4, {}, {
            ::std::hint::black_box($read);
            ::std::hint::black_box($read);
            ::std::hint::black_box($read);
            ::std::hint::black_box($read);
        })
    };
    (eight: $read:expr) => {
        in_a_loop!(@ 8, {}, {
            ::std::hint::black_box($read);
            ::std::hint::black_box($read);
            ::std::hint::black_box($read);
            ::std::hint::black_box($read);
            ::std::hint::black_box($read);
            ::std::hint::black_box($read);
            ::std::hint::black_box($read);
            ::std::hint::black_box($read);
        })
    };
    (keep $kept:pat = $keep:expr => $read:expr) => {
        in_a_loop!(@ 1, { let $kept = $keep; }, { ::std::hint::black_box($read); })
    };
    ($read:expr) => {
        in_a_loop!(@ 1, {}, { ::std::hint::black_box($read); })
    };
}
pub(crate) use in_a_loop;

/// Does something the given number of times.
pub(crate) type Work<'a> = Box<dyn Fn(u32) + Sync + 'a>;

pub(crate) struct Contender<'a> {
    pub(crate) name: &'static str,
    /// Does its work the given number of times, and returns how long that took.
    work: Box<dyn Fn(u32) -> Duration + Sync + 'a>,
    /// How many times that is in a round.
    times: u32,
}

impl<'a> Contender<'a> {
    /// A contender that works as many times a round as takes long enough, at the fastest of its places.
    pub(crate) fn new<const PLACES: usize>(name: &'static str, places: [Work<'a>; PLACES]) -> Self {
        let best = |work: Work<'a>| {
            let contender = Self::timed(name, move |times| time(|| work(times)));
            let ns = (0..TRIALS).map(|_| contender.round(1)).fold(f64::INFINITY, f64::min);
            (ns, contender)
        };
        let fastest = places.into_iter().map(best).min_by(|(one, _), (other, _)| one.total_cmp(other));
        fastest.expect("a place").1
    }

    /// A contender whose work takes its time itself, because it is only part of what it does.
    pub(crate) fn timed(name: &'static str, work: impl Fn(u32) -> Duration + Sync + 'a) -> Self {
        let mut times = 1 << 10;
        while (0..TRIALS).any(|_| work(times) < ROUND) {
            times *= 2;
        }
        Self { name, work: Box::new(work), times }
    }

    /// A contender that works so many times a round.
    pub(crate) fn fixed(name: &'static str, times: u32, work: impl Fn(u32) + Sync + 'a) -> Self {
        Self { name, work: Box::new(move |times| time(|| work(times))), times }
    }

    /// Lets all threads work at once, and returns the nanoseconds of one time on the slowest thread.
    fn round(&self, threads: usize) -> f64 {
        let missing = AtomicUsize::new(threads);
        let work = || {
            missing.fetch_sub(1, Ordering::Relaxed);
            while missing.load(Ordering::Relaxed) > 0 {
                spin_loop();
            }
            (self.work)(self.times)
        };
        let slowest = thread::scope(|scope| {
            let others: Vec<_> = (1..threads).map(|_| scope.spawn(work)).collect();
            let own = work();
            others.into_iter().filter_map(|other| other.join().ok()).fold(own, Duration::max)
        });
        slowest.as_secs_f64() * 1e9 / f64::from(self.times)
    }
}

/// What was measured.
pub(crate) struct Figures(Vec<(&'static str, Vec<f64>)>);

impl Figures {
    /// The nanoseconds of this contender.
    pub(crate) fn ns(&self, name: &str) -> f64 {
        median(self.samples(name).to_vec())
    }

    /// This contender's time as a multiple of another one's.
    pub(crate) fn ratio(&self, name: &str, of: &str) -> f64 {
        let ratios = self.samples(name).iter().zip(self.samples(of)).map(|(time, of)| time / of);
        median(ratios.collect())
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &'static str> {
        self.0.iter().map(|(name, _)| *name)
    }

    fn samples(&self, name: &str) -> &[f64] {
        let found = self.0.iter().find(|(found, _)| *found == name);
        &found.unwrap_or_else(|| panic!("no contender `{name}`")).1
    }
}

/// Measures the contenders in turn.
pub(crate) fn measure(contenders: &[Contender<'_>], threads: usize, rounds: usize) -> Figures {
    let mut samples: Vec<_> = contenders.iter().map(|contender| (contender.name, Vec::new())).collect();
    for _ in 0..rounds {
        for (contender, (_, samples)) in contenders.iter().zip(&mut samples) {
            samples.push(contender.round(threads));
        }
    }
    Figures(samples)
}
