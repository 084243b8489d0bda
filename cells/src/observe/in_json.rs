//! What is written as something else in JSON: durations as whole microseconds, errors as text.

use serde::Serializer;
use std::fmt::Display;
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

/// The error with its causes.
#[expect(clippy::ref_option, reason = "serde passes a reference to the field")]
pub(crate) fn text<S: Serializer>(error: &Option<impl Display>, serializer: S) -> Result<S::Ok, S::Error> {
    match error {
        Some(error) => serializer.collect_str(&format_args!("{error:#}")),
        None => serializer.serialize_none(),
    }
}
