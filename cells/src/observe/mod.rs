//! Who is notified of what: observers, timelines, counts, the log and its spans, and the context of the request that
//! caused it.
//!
//! Observers and log subscribers are code of the program. They run on the thread that does the work, with no lock of
//! any cell held, and a panic of one is caught and logged ([`user_panic`]).

pub(crate) mod context;
pub(crate) mod counts;
pub(crate) mod first_builds;
pub(crate) mod hook;
#[cfg(feature = "serde")]
pub(crate) mod in_json;
pub(crate) mod log;
#[cfg(feature = "metrics")]
pub(crate) mod metrics_observer;
pub(crate) mod notices;
pub(crate) mod observer;
pub(crate) mod observers;
pub(crate) mod span;
pub(crate) mod timeline;
pub(crate) mod timeline_observer;
pub(crate) mod user_panic;
