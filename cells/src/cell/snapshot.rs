//! What a cell is doing, for dashboards and debugging.

use crate::cell::control::State;
use crate::cell::raw_cell::RawCell;
#[cfg(feature = "serde")]
use crate::observe::micros;
use crate::sync::clock;
use std::time::Duration;

/// What a cell was doing at one moment.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct CellSnapshot {
    /// The cell's name.
    pub name: &'static str,
    /// Its state.
    pub state: State,
    /// The published generation.
    pub generation: Option<u64>,
    /// How long the published payload has been there; in JSON `age_us`, in whole microseconds, like all times.
    #[cfg_attr(feature = "serde", serde(rename = "age_us", serialize_with = "micros::maybe"))]
    pub age: Option<Duration>,
    /// How long the factory of the last payload ran, without what it waited for other cells.
    #[cfg_attr(feature = "serde", serde(rename = "own_us", serialize_with = "micros::maybe"))]
    pub own: Option<Duration>,
    /// How long the factory of the last payload waited for other cells.
    #[cfg_attr(feature = "serde", serde(rename = "waiting_us", serialize_with = "micros::maybe"))]
    pub waiting: Option<Duration>,
    /// The last failure, if it is not cleared yet.
    pub last_error: Option<String>,
    /// How long the cell still cools down.
    #[cfg_attr(feature = "serde", serde(rename = "cooldown_left_us", serialize_with = "micros::maybe"))]
    pub cooldown_left: Option<Duration>,
    /// How many callers wait for the flight under way.
    pub waiters: usize,
    /// How many factories run, those of superseded flights among them.
    pub flights: usize,
    /// How many leases are out on the published payload.
    pub leases: usize,
    /// How many retired payloads are not disposed yet.
    pub draining: usize,
}

impl RawCell {
    pub(crate) fn snapshot(&self) -> CellSnapshot {
        let control = self.control.lock();
        let generation = self.generation();
        let landed = control.landed.as_ref();
        let failure = control.failure.as_ref().map(|failure| (failure.cause.clone(), failure.remaining()));
        let snapshot = CellSnapshot {
            name: self.name(),
            state: control.state(generation.is_some()),
            generation,
            age: landed
                .filter(|_| generation.is_some())
                .map(|landed| clock::now().saturating_duration_since(landed.at)),
            own: landed.map(|landed| landed.own),
            waiting: landed.map(|landed| landed.waiting),
            last_error: None,
            cooldown_left: failure.as_ref().and_then(|(_, left)| *left),
            waiters: control.flight.as_ref().map_or(0, |flight| flight.waiters()),
            flights: usize::from(control.flight.is_some()),
            leases: self.leases.out(),
            draining: 0,
        };
        let superseded = control.superseded();
        drop(control);
        // After unlocking: what is shared may end here, and that and `Display` of the error are the user's.
        CellSnapshot {
            last_error: failure.map(|(cause, _)| cause.to_string()),
            flights: snapshot.flights + superseded.iter().filter(|flight| !flight.is_over()).count(),
            draining: self.leases.drains().len(),
            ..snapshot
        }
    }

    /// Whether there is nothing to close.
    pub(crate) fn is_untouched(&self) -> bool {
        let snapshot = self.snapshot();
        snapshot.generation.is_none() && snapshot.draining == 0 && snapshot.flights == 0
    }
}
