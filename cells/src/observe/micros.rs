//! Durations in JSON: whole microseconds.

use serde::Serializer;
use std::time::Duration;

pub(crate) fn exactly<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(u64::try_from(duration.as_micros()).unwrap_or(u64::MAX))
}

#[expect(clippy::ref_option, reason = "serde passes a reference to the field")]
pub(crate) fn maybe<S: Serializer>(duration: &Option<Duration>, serializer: S) -> Result<S::Ok, S::Error> {
    match duration {
        Some(duration) => exactly(duration, serializer),
        None => serializer.serialize_none(),
    }
}
