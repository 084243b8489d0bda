//! The observer that reports to the facade `metrics`, and the names of all metrics.

use crate::observe::notices::{
    CoolingDown, Draining, Expired, FailureRecorded, Provided, Retrying, Stale, WaitRejected,
};
use crate::observe::observer::{CloseResult, InitResult, Observer};
use metrics::{Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram};

const INIT: &str = "cells_init_seconds";
const OWN: &str = "cells_init_own_seconds";
const DISPOSE: &str = "cells_dispose_seconds";
const RETRIES: &str = "cells_retries_total";
const REJECTED: &str = "cells_rejected_total";
const COOLING: &str = "cells_cooling_total";
const RECORDED: &str = "cells_recorded_failures_total";
const PROVIDED: &str = "cells_provided_total";
const STALE: &str = "cells_stale_total";
const EXPIRED: &str = "cells_expired_total";
const DRAINED: &str = "cells_drained_total";

/// The gauges, and what they show.
const GAUGES: [(&str, &str); 6] = [
    ("cells_ready", "Whether a payload is published: 1 or 0."),
    ("cells_generation", "The generation of the published payload; 0 without one."),
    ("cells_leases", "Leases on the published payload that are out."),
    ("cells_waiters", "Callers that wait for a payload."),
    ("cells_flights", "Factories that run, those of superseded flights included."),
    ("cells_draining", "Retired payloads that are not disposed yet."),
];

/// Reports to the global recorder of the crate `metrics`; [`cells::metrics`](crate::metrics) has the table of what it
/// reports.
#[derive(Clone, Copy, Debug, Default)]
pub struct MetricsObserver;

impl Observer for MetricsObserver {
    fn on_init_end(&self, event: &InitResult<'_>) {
        if !event.provided {
            let status = event.status.as_str();
            histogram!(INIT, "cell" => event.cell, "status" => status).record(event.duration);
            histogram!(OWN, "cell" => event.cell, "status" => status).record(event.own);
        }
    }

    fn on_close_end(&self, event: &CloseResult) {
        if event.had_payload {
            let status = event.status.as_str();
            histogram!(DISPOSE, "cell" => event.cell, "status" => status).record(event.duration);
        }
    }

    fn on_retrying(&self, event: &Retrying) {
        counter!(RETRIES, "cell" => event.cell).increment(1);
    }

    fn on_rejected(&self, event: &WaitRejected) {
        counter!(REJECTED, "cell" => event.cell, "reason" => event.reason.as_str()).increment(1);
    }

    fn on_cooling(&self, event: &CoolingDown) {
        counter!(COOLING, "cell" => event.cell).increment(1);
    }

    fn on_failure_recorded(&self, event: &FailureRecorded) {
        counter!(RECORDED, "cell" => event.cell).increment(1);
    }

    fn on_provided(&self, event: &Provided) {
        counter!(PROVIDED, "cell" => event.cell).increment(1);
    }

    fn on_stale(&self, event: &Stale) {
        counter!(STALE, "cell" => event.cell).increment(1);
    }

    fn on_expired(&self, event: &Expired) {
        counter!(EXPIRED, "cell" => event.cell).increment(1);
    }

    fn on_draining(&self, event: &Draining) {
        counter!(DRAINED, "cell" => event.cell).increment(1);
    }
}

/// Sets the gauges of one cell, in the order of their table.
pub(crate) fn set_gauges(cell: &'static str, values: [f64; GAUGES.len()]) {
    for ((name, _), value) in GAUGES.into_iter().zip(values) {
        gauge!(name, "cell" => cell).set(value);
    }
}

/// Tells the recorder the units and the meanings of all metrics. Call it once, after the recorder is installed.
///
/// The [module](crate::metrics) has an example.
pub fn describe() {
    describe_histogram!(
        INIT,
        Unit::Seconds,
        "How long flights took: adjuster and factory, with their waits."
    );
    describe_histogram!(OWN, Unit::Seconds, "How long flights took without their waits for other cells.");
    describe_histogram!(DISPOSE, Unit::Seconds, "From the end of a payload to the end of its disposal.");
    for (name, meaning) in [
        (RETRIES, "Attempts that failed and were followed by another one."),
        (REJECTED, "Calls that might not wait, or not any longer."),
        (COOLING, "Calls that were refused in a cooldown."),
        (RECORDED, "Failures that the program has recorded."),
        (PROVIDED, "Values that the program has provided."),
        (STALE, "Refreshes that began because of the age of the payload."),
        (EXPIRED, "Payloads that ended by their age."),
        (DRAINED, "Retired payloads that were left to their last lease."),
    ] {
        describe_counter!(name, Unit::Count, meaning);
    }
    for (name, meaning) in GAUGES {
        describe_gauge!(name, meaning);
    }
}
