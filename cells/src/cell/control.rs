//! What a cell is doing, behind its lock.
//!
//! # Protocol
//!
//! A cell's state is what its control block and its published payload say, read in this order:
//!
//! | state | when |
//! |---|---|
//! | `Ready` | a payload is published (also while a refresh is under way, or a shutdown that has not come to it) |
//! | `Closed` | the process shuts down; for good |
//! | `Initializing` | a flight is under way |
//! | `Failed` | a failure is on record |
//! | `Empty` | otherwise |
//!
//! The control block's lock guards every change: of the flight under way, of the failure on record, of what is
//! published. Nothing of the user's runs while it is held: no factory, disposer, observer, adjuster, waker,
//! destructor or log subscriber. Each change decides under the lock, collects what is to be done, unlocks, and
//! does it.
//!
//! Invariants:
//! - At most one flight is under way. A new one takes the next generation; a generation is never given twice.
//! - A flight leaves the control block in the same critical section that settles it, so a flight in the control
//!   block is not settled, and one that is settled can change nothing here any more.
//! - A payload is published only by the flight in the control block or by `seed`, so published generations only
//!   grow.

use crate::error::SharedError;
use crate::flight::single_flight::{Flight, Outcome, Settled};
use crate::sync::clock;
use crate::sync::executor::Runtime;
#[cfg(feature = "tokio")]
use crate::sync::executor::Watch;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

/// What a cell is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum State {
    /// No payload, and nothing known against making one.
    Empty,
    /// A factory runs, and there is no payload yet.
    Initializing,
    /// A payload is published.
    Ready,
    /// The last initialization failed, or a failure was recorded.
    Failed,
    /// The process shuts down; there will be no payload any more.
    Closed,
}

pub(crate) struct Control {
    /// The last generation that was given.
    pub(crate) generation: u64,
    pub(crate) flight: Option<Arc<Flight>>,
    /// Boxed, like all that most cells never have.
    pub(crate) failure: Option<Box<Failure>>,
    pub(crate) superseded: Option<Box<Superseded>>,
    /// When the last flight published its payload, and how long it took.
    pub(crate) landed: Option<Box<Landed>>,
    /// What closes the payload when its runtime ends.
    #[cfg(feature = "tokio")]
    pub(crate) watch: Option<Watch>,
    pub(crate) shut_down: bool,
}

/// Flights that were superseded; their factories may still run.
#[derive(Default)]
pub(crate) struct Superseded(Vec<Weak<Flight>>);

/// When and how a flight landed.
#[derive(Clone)]
pub(crate) struct Landed {
    pub(crate) at: Instant,
    /// How long the factory ran, without what it waited for other cells.
    pub(crate) own: Duration,
    pub(crate) waiting: Duration,
    /// Where the payload was built, and its asynchronous disposer can run.
    pub(crate) runtime: Runtime,
}

impl Landed {
    pub(crate) fn after(duration: Duration, waiting: Duration) -> Self {
        // What a task waited for at once adds up to more than it took.
        let waiting = waiting.min(duration);
        let own = duration.saturating_sub(waiting);
        Self { at: clock::now(), own, waiting, runtime: Runtime::current() }
    }

    pub(crate) fn duration(&self) -> Duration {
        self.own + self.waiting
    }
}

impl Control {
    pub(crate) const fn new() -> Self {
        Self {
            generation: 0,
            flight: None,
            failure: None,
            superseded: None,
            landed: None,
            #[cfg(feature = "tokio")]
            watch: None,
            shut_down: false,
        }
    }

    /// What the cell is doing; `ready` says whether a payload is published.
    pub(crate) fn state(&self, ready: bool) -> State {
        if ready {
            State::Ready
        } else if self.shut_down {
            State::Closed
        } else if self.flight.is_some() {
            State::Initializing
        } else if self.failure.is_some() {
            State::Failed
        } else {
            State::Empty
        }
    }

    pub(crate) fn next_generation(&mut self) -> u64 {
        self.generation += 1;
        self.generation
    }

    /// The superseded flights whose factories may still run.
    pub(crate) fn superseded(&self) -> Vec<Arc<Flight>> {
        self.superseded.iter().flat_map(|known| &known.0).filter_map(Weak::upgrade).collect()
    }

    /// Takes the flight under way out and gives it an outcome that is not its own; the factory runs on.
    pub(crate) fn supersede(&mut self, outcome: impl FnOnce() -> Outcome) -> Option<Settled> {
        let flight = self.flight.take()?;
        let settled = flight.settle(outcome());
        let Superseded(known) = &mut **self.superseded.get_or_insert_default();
        known.retain(|flight| flight.strong_count() > 0);
        known.push(Arc::downgrade(&flight));
        Some(settled)
    }
}

/// The last thing that went wrong, until it is cleared.
pub(crate) struct Failure {
    pub(crate) cause: SharedError,
    pub(crate) since: Instant,
    /// How long no factory runs; zero for a failure without cooldown.
    pub(crate) cooldown: Duration,
}

impl Failure {
    #[expect(clippy::unnecessary_box_returns, reason = "the control block keeps it boxed")]
    pub(crate) fn new(cause: SharedError, cooldown: Duration) -> Box<Self> {
        Box::new(Self { cause, since: clock::now(), cooldown })
    }

    /// The time left of the cooldown.
    pub(crate) fn remaining(&self) -> Option<Duration> {
        self.cooldown
            .checked_sub(clock::now().saturating_duration_since(self.since))
            .filter(|left| !left.is_zero())
    }
}
