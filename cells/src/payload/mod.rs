//! One payload.

#[expect(unsafe_code, reason = "the protocol of ready reads")]
pub(crate) mod counters;
pub(crate) mod disposer;
pub(crate) mod drain;
#[expect(unsafe_code, reason = "types for what `counters` counts")]
pub(crate) mod lease;
pub(crate) mod payload_type;
