//! One run of a factory.

pub(crate) mod adjuster;
pub(crate) mod frames;
pub(crate) mod observed_calls;
pub(crate) mod single_flight;
