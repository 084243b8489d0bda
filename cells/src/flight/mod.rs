//! One run of a factory: who waits for it, on whose behalf it runs, and what is wrapped around the factory.
//!
//! A flight is settled once, always under its cell's lock ([`single_flight`] has the table). Callers inside a factory
//! are recognized by their [`frames`]. Flights that wait for one another form the [wait graph](wait_graph), which has
//! no circle. A flight on the blocking pool may outlive its task (`handover`).

pub(crate) mod adjuster;
#[cfg(feature = "tokio")]
pub(crate) mod blocking;
pub(crate) mod frames;
#[cfg(feature = "tokio")]
pub(crate) mod handover;
pub(crate) mod observed_calls;
pub(crate) mod single_flight;
pub(crate) mod wait_graph;
