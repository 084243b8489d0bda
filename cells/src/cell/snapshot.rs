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
        let look = self.control.look();
        let superseded = look.superseded.iter().filter(|flight| !flight.is_over()).count();
        let published = look.built.as_ref().filter(|_| look.generation.is_some());
        CellSnapshot {
            name: self.name(),
            state: look.state,
            generation: look.generation,
            age: published.map(|built| clock::now().saturating_duration_since(built.at)),
            own: look.built.as_ref().map(|built| built.own),
            waiting: look.built.as_ref().map(|built| built.waiting),
            last_error: look.failure.map(|cause| cause.to_string()),
            cooldown_left: look.cooldown_left,
            waiters: look.waiters,
            flights: usize::from(look.is_initializing) + superseded,
            leases: self.control.published().leases_out(),
            draining: look.drains.len(),
        }
    }
}
