//! What a cell's lock guards: the control block, and the failure, flights and payloads that it remembers.

use crate::cell::ages::Ages;
use crate::cell::snapshot::State;
use crate::error::{Error, SharedError};
use crate::flight::single_flight::{Flight, Outcome, Settled};
use crate::observe::span::Parent;
use crate::payload::drain::Drain;
use crate::payload::lease::Published;
use crate::sync::clock;
#[cfg(feature = "tokio")]
use crate::sync::executor::RuntimeWatch;
use crate::sync::executor::{BoxFuture, Executor};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

pub(super) struct Block {
    /// The last generation that was used; 0 before the first.
    pub(super) generation: u64,
    pub(super) flight: Option<Arc<Flight>>,
    /// Boxed, like everything that most cells never have (target: size of a cell, docs/performance.md).
    pub(super) rare: Option<Box<Rare>>,
    /// About the payload that was published last, even if it is retired by now.
    pub(super) built: Option<Box<Built>>,
    /// Closes the payload when its runtime ends.
    #[cfg(feature = "tokio")]
    pub(super) watch: Option<RuntimeWatch>,
    pub(super) shut_down: bool,
}

/// What may be left of earlier generations, the failure on record, and who waits for the next payload without building it.
#[derive(Default)]
pub(super) struct Rare {
    pub(super) failure: Option<Box<Failure>>,
    /// Superseded flights, whose factories may still run.
    pub(super) flights: Vec<Weak<Flight>>,
    /// Retired payloads, which may still be in use.
    pub(super) drains: Vec<Weak<Drain>>,
    /// What those wait for: a flight that nobody runs, settled by whoever publishes next.
    pub(super) awaited: Option<Arc<Flight>>,
    /// The generation that is looked at for `linger`, and by which process; and since when it has rested.
    pub(super) looked_at: Option<(u64, u32)>,
    pub(super) rests_since: Option<Instant>,
    /// How old what is published may become, and what refreshes it, if that is asynchronous.
    pub(super) ages: Option<Box<Ages>>,
    /// Whether the cell is read by a clock that no alarm goes by.
    pub(super) untimed: bool,
    /// Whether forked children know of it.
    pub(super) known_in_children: bool,
    pub(super) refresher: Option<Refresher>,
    /// How many flights have failed since a payload was published, of those whose failure has consequences.
    pub(super) failures: u32,
}

/// Builds the next payload of an asynchronous cell, in the place of the generation that it is called with, by a flight with
/// a span there.
pub(crate) type Refresher = Arc<dyn Fn(u64, Parent) -> BoxFuture<'static, ()> + Send + Sync>;

/// When and how a payload was built.
#[derive(Clone)]
pub(crate) struct Built {
    pub(crate) at: Instant,
    /// How long the factory ran, without the time it waited for other cells.
    pub(crate) own: Duration,
    /// How long it waited for other cells.
    pub(crate) waiting: Duration,
    /// Where the payload's asynchronous disposer can run.
    pub(crate) executor: Executor,
}

impl Built {
    /// Describes a payload that was built just now, on the current executor.
    pub(crate) fn now(duration: Duration, waiting: Duration) -> Self {
        // A task can wait for several cells at once, so the sum of its waits may exceed the duration.
        let waiting = waiting.min(duration);
        Self {
            at: clock::now(),
            own: duration.saturating_sub(waiting),
            waiting,
            executor: Executor::current(),
        }
    }

    pub(crate) fn duration(&self) -> Duration {
        self.own + self.waiting
    }
}

/// The failure on record.
pub(super) struct Failure {
    pub(super) cause: SharedError,
    /// The flight that failed, and what its waiters got; `None` for a failure from outside.
    pub(super) flight: Option<(u64, Error)>,
    pub(super) since: Instant,
    /// For how long no factory runs; zero for a failure without cooldown.
    pub(super) cooldown: Duration,
}

impl Failure {
    #[expect(clippy::unnecessary_box_returns, reason = "the control block keeps it boxed")]
    pub(super) fn new(cause: SharedError, flight: Option<(u64, Error)>, cooldown: Duration) -> Box<Self> {
        Box::new(Self { cause, flight, since: clock::now(), cooldown })
    }

    /// The rest of the cooldown; `None` once it is over.
    pub(super) fn remaining(&self) -> Option<Duration> {
        self.cooldown
            .checked_sub(clock::now().saturating_duration_since(self.since))
            .filter(|left| !left.is_zero())
    }
}

/// The end of the wait of those who build nothing.
pub(super) struct Awaited {
    pub(super) settled: Settled,
    /// It has a lease, which is dropped after unlocking.
    _flight: Arc<Flight>,
}

impl Block {
    pub(super) const fn new() -> Self {
        Self {
            generation: 0,
            flight: None,
            rare: None,
            built: None,
            #[cfg(feature = "tokio")]
            watch: None,
            shut_down: false,
        }
    }

    pub(super) fn state(&self, published: &Published) -> State {
        if published.generation().is_some() {
            State::Ready
        } else if self.shut_down {
            State::Closed
        } else if self.under_way().is_some() {
            State::Initializing
        } else if self.failure().is_some() {
            State::Failed
        } else {
            State::Empty
        }
    }

    pub(super) fn next_generation(&mut self) -> u64 {
        self.generation += 1;
        self.generation
    }

    /// Where the payload was built that was published last.
    pub(super) fn executor(&self) -> Executor {
        self.built.as_ref().map(|built| built.executor.clone()).unwrap_or_default()
    }

    /// How old what is published may become.
    pub(super) fn ages(&mut self) -> Option<&mut Ages> {
        self.rare.as_mut()?.ages.as_deref_mut()
    }

    pub(super) fn replace_ages(&mut self, ages: Option<Box<Ages>>) -> Option<Box<Ages>> {
        match ages {
            Some(ages) => self.rare().ages.replace(ages),
            None => self.rare.as_mut()?.ages.take(),
        }
    }

    pub(super) fn rare(&mut self) -> &mut Rare {
        self.rare.get_or_insert_default()
    }

    /// The failure on record.
    pub(super) fn failure(&self) -> Option<&Failure> {
        self.rare.as_ref()?.failure.as_deref()
    }

    /// Counts a failure; returns how many there are in a row.
    pub(super) fn count_failure(&mut self) -> u32 {
        let failures = &mut self.rare().failures;
        *failures = failures.saturating_add(1);
        *failures
    }

    /// Ends the row of failures, and clears the one on record: a payload was published.
    pub(super) fn clear_failures(&mut self) -> Option<Box<Failure>> {
        let rare = self.rare.as_mut()?;
        rare.failures = 0;
        rare.failure.take()
    }

    pub(super) fn take_failure(&mut self) -> Option<Box<Failure>> {
        self.rare.as_mut()?.failure.take()
    }

    /// Gives all who wait without building what ends their wait.
    pub(super) fn settle_awaited(&mut self, outcome: impl FnOnce() -> Outcome) -> Option<Awaited> {
        let flight = self.rare.as_mut()?.awaited.take()?;
        let settled = flight.settle(outcome());
        Some(Awaited { settled, _flight: flight })
    }

    /// How many callers wait for a payload, whether or not they would build it.
    pub(super) fn waiters(&self) -> usize {
        let awaited = self.rare.iter().filter_map(|rare| rare.awaited.as_ref());
        let flights = self.under_way().into_iter().chain(awaited.filter(|flight| !flight.is_foreign()));
        flights.map(|flight| flight.waiters()).sum()
    }

    /// The flight under way, unless this process was forked since.
    pub(super) fn under_way(&self) -> Option<&Arc<Flight>> {
        self.flight.as_ref().filter(|flight| !flight.is_foreign())
    }

    pub(super) fn superseded(&self) -> Vec<Arc<Flight>> {
        let flights = self.rare.iter().flat_map(|rare| &rare.flights);
        flights.filter_map(Weak::upgrade).filter(|flight| !flight.is_foreign()).collect()
    }

    /// Whether factories of superseded flights may still run.
    pub(super) fn has_superseded(&self) -> bool {
        self.rare.as_ref().is_some_and(|rare| !rare.flights.is_empty())
    }

    pub(super) fn drains(&self) -> Vec<Arc<Drain>> {
        self.rare.iter().flat_map(|rare| &rare.drains).filter_map(Weak::upgrade).collect()
    }

    /// Supersedes a flight from before a fork, for which nobody waits.
    pub(super) fn forget_foreign(&mut self) {
        let _ = self.supersede(|| Outcome::Superseded);
    }

    /// Settles the flight under way with an outcome that is not its own; its factory goes on running.
    pub(super) fn supersede(&mut self, outcome: impl FnOnce() -> Outcome) -> Option<Settled> {
        let flight = self.flight.take()?;
        let settled = flight.settle(outcome());
        remember(&mut self.rare().flights, &flight);
        Some(settled)
    }
}

/// Adds an entry to a list. Entries that no longer exist are removed when the list is full; it then gets room for as
/// many as are left, so that an entry costs the same however many there are.
pub(super) fn remember<V>(known: &mut Vec<Weak<V>>, new: &Arc<V>) {
    if known.len() == known.capacity() {
        known.retain(|known| known.strong_count() > 0);
        known.reserve(known.len() + 1);
    }
    known.push(Arc::downgrade(new));
}

/// Keeps the drains that are not finished. Called without the cell's lock: dropping a drain may run code of the
/// program.
pub(super) fn open(mut drains: Vec<Arc<Drain>>) -> Vec<Arc<Drain>> {
    drains.retain(|drain| drain.is_open());
    drains
}
