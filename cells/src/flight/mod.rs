//! One run of a factory: who waits for it, on whose behalf it runs, and what is wrapped around the factory.
//!
//! A flight is settled once, always under its cell's lock ([`single_flight`] has the table). Callers that run inside a
//! factory are known by their [`frames`]; waits among flights form the [wait graph](wait_graph), which has no circle.

pub(crate) mod adjuster;
#[cfg(feature = "tokio")]
pub(crate) mod blocking;
pub(crate) mod frames;
pub(crate) mod observed_calls;
pub(crate) mod single_flight;
pub(crate) mod wait_graph;
