//! What a cell is doing, for dashboards and debugging.

#[cfg(feature = "serde")]
use crate::observe::micros;
use std::time::Duration;

/// What a cell is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum State {
    /// No payload, and nothing known against building one.
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
