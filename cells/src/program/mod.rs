//! All cells of a program together: their list, their graph, and work on many of them in an order.
//!
//! The linker makes the list ([`section`]). The [`graph`] has the cells and their dependencies, a [`schedule`] is an order
//! of it, and [`jobs`] run on threads or in one task. Shutdown, warm-up and work on dependents are built of these three.

pub(crate) mod all_cells;
#[cfg(feature = "testing")]
#[allow(unsafe_code, reason = "the C library calls what is registered at exit")]
pub(crate) mod at_exit;
pub(crate) mod caught;
pub(crate) mod changes;
pub(crate) mod checks;
pub(crate) mod close_all;
pub(crate) mod critical;
pub(crate) mod dependents;
pub(crate) mod ending;
#[cfg(feature = "testing")]
pub(crate) mod entered;
pub(crate) mod findings;
#[cfg(feature = "metrics")]
pub(crate) mod gauges;
pub(crate) mod graph;
pub(crate) mod health;
pub(crate) mod health_report;
pub(crate) mod jobs;
pub(crate) mod progress;
pub(crate) mod refresh_on;
#[cfg(feature = "testing")]
pub(crate) mod sandbox;
pub(crate) mod schedule;
#[allow(unsafe_code, reason = "the linker gives no more than the two ends of a section")]
pub(crate) mod section;
pub(crate) mod shutdown;
pub(crate) mod shutdown_options;
pub(crate) mod shutdown_report;
pub(crate) mod startup;
#[cfg(feature = "signal")]
pub(crate) mod termination;
pub(crate) mod untyped;
pub(crate) mod warm_up;
pub(crate) mod warm_up_report;
