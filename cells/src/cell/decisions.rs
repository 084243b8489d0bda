//! What the transitions of a cell are asked, and what they decide: what a caller is to do, and what is left to do after
//! unlocking.

use crate::cell::ages::{Ages, Due};
use crate::cell::block::{Awaited, Built, Failure};
use crate::flight::single_flight::{Flight, Settled};
use crate::flight::wait_graph::Blocked;
use crate::observe::observer::InitStatus;
use crate::observe::observers::Observers;
use crate::observe::user_panic::catch_user_panic;
use crate::payload::drain::Retired;
use crate::payload::lease::Lease;
use crate::sync::backoff::Backoff;
#[cfg(feature = "tokio")]
use crate::sync::executor::RuntimeWatch;
use std::sync::Arc;
use std::time::Duration;

/// What follows from the failure of a flight.
#[derive(Clone, Copy)]
pub(crate) struct Consequences {
    /// Whether it was an error or a panic.
    pub(crate) status: InitStatus,
    /// The cooldown, by the number of failures in a row; `None` for a failure that is not the factory's, which is not
    /// counted.
    pub(crate) cooldown: Option<Backoff>,
    /// Whether the published payload does not survive it.
    pub(crate) retires: bool,
}

/// How a value comes into the cell.
#[derive(Clone, Copy)]
pub(crate) enum Providing<'a> {
    Seed,
    Value,
    /// In the place of what is there: the payload is retired, whose end these observers are notified of, and the flight
    /// settled with the new one.
    Replacement(&'a Observers),
}

/// Which payload a call accepts.
#[derive(Clone, Copy)]
pub(crate) enum Accepts {
    Any,
    /// One whose flight began after the call, which came when this was the last generation.
    After(u64),
}

impl Accepts {
    /// Whether the outcome of a flight is the call's answer.
    pub(crate) fn answers(self, flight: &Flight) -> bool {
        self.generation(flight.generation)
    }

    pub(super) fn generation(self, generation: u64) -> bool {
        match self {
            Self::Any => true,
            Self::After(last) => generation > last,
        }
    }
}

/// What a caller is to do.
pub(crate) enum Decision {
    Take(Lease),
    /// To wait for a flight, and to start over after it unless that [answers](Accepts::answers) the call.
    Wait(Arc<Flight>, Option<Blocked>),
    Initialize(Arc<Flight>),
}

/// What a caller finds that builds nothing.
pub(crate) enum Found {
    Payload(Lease),
    /// No payload yet, and a flight whose outcome will be one.
    Awaited(Arc<Flight>),
}

/// What a look at the age of a payload has found.
pub(crate) struct Look {
    pub(crate) due: Due,
    /// The generation that is published.
    pub(crate) generation: u64,
    /// After what time to look again, if no alarm is set for it.
    pub(crate) again: Option<Duration>,
}

/// Who looks at the age of a payload, and so what is done about a refresh that is due.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Looker {
    /// A reader, which begins it.
    Reader,
    /// The timer, which begins it only if that does not wait for a reader.
    Timer,
    /// It leaves the refresh to others.
    Passerby,
}

/// Whether a generation is in use.
pub(crate) enum Usage {
    /// Another one is published, or none.
    Another,
    InUse,
    /// Nobody uses it; how long it has to rest yet.
    Rests {
        left: Duration,
    },
    /// It has rested long enough.
    Over,
}

/// What a transition leaves to do after unlocking: waiters to wake, an error of the program to drop and a payload to
/// dispose.
#[must_use = "waiters sleep until `finish` is called"]
#[derive(Default)]
pub(crate) struct AfterUnlock {
    pub(super) settled: Option<Settled>,
    pub(super) awaited: Option<Awaited>,
    pub(super) cleared: Option<Box<Failure>>,
    /// It may be the last to hold its executor.
    pub(super) before: Option<Box<Built>>,
    /// The age of a payload that is no longer published.
    pub(super) aged: Option<Box<Ages>>,
    /// The watch of a payload that is no longer published.
    #[cfg(feature = "tokio")]
    pub(super) watch: Option<RuntimeWatch>,
    pub(super) retired: Option<Retired>,
}

impl AfterUnlock {
    /// Does all of it except for the payload, which is returned: the caller knows how to dispose it.
    pub(crate) fn finish(self, cell: &str) -> Option<Retired> {
        if let Some(settled) = self.settled {
            settled.wake();
        }
        if let Some(awaited) = self.awaited {
            awaited.settled.wake();
        }
        if let Some(failure) = self.cleared {
            catch_user_panic(cell, || drop(failure));
        }
        drop((self.before, self.aged));
        #[cfg(feature = "tokio")]
        drop(self.watch);
        self.retired
    }
}
