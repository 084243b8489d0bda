//! Durations as users write them: `"250ms"`, `"5s"`, `"2m"`, `"1h"`; and from one to another: `"1s..1m"`.

use core::time::Duration;

const UNITS: [(&str, u64); 4] = [("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000)];

/// Parses one duration, or the first and the longest of those that grow. The error is the message for anything else.
pub(crate) fn parse_durations(text: &str) -> Result<(Duration, Option<Duration>), String> {
    let Some((first, most)) = text.split_once("..") else { return Ok((parse_duration(text)?, None)) };
    if first.is_empty() || most.is_empty() {
        return Err(format!(
            "`{text}` has no end on one side; write the first and the longest duration, as in `1s..1m`"
        ));
    }
    Ok((parse_duration(first)?, Some(parse_duration(most)?)))
}

/// Parses a whole number followed by a unit. The error is the message for anything else.
pub(crate) fn parse_duration(text: &str) -> Result<Duration, String> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let factor = UNITS.iter().find(|(name, _)| *name == unit).map(|(_, factor)| *factor);
    let (false, Some(factor)) = (number.is_empty(), factor) else {
        return Err(format!(
            "`{text}` is not a duration; write a whole number followed by `ms`, `s`, `m` or `h`, as in `5s`"
        ));
    };
    let millis = number.parse::<u64>().ok().and_then(|number| number.checked_mul(factor));
    millis
        .map(Duration::from_millis)
        .ok_or_else(|| format!("`{text}` is longer than `u64::MAX` milliseconds; write a shorter duration"))
}
