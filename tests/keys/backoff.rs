//! `backoff`: how long a flight waits before it repeats the factory.

use cells::{BoxError, runtime_cell};
use std::time::Duration;

const FIRST: Duration = Duration::from_millis(20);

#[test]
fn f5_backoff_is_a_duration_or_a_range() {
    #[runtime_cell(retry = 1, backoff = "100ms..2s")]
    fn doubles() -> Result<u8, BoxError> {
        Ok(1)
    }

    #[runtime_cell(retry = 1, backoff = "100ms")]
    fn same() -> Result<u8, BoxError> {
        Ok(1)
    }

    #[runtime_cell(retry = 1, backoff = FIRST..FIRST.saturating_mul(4))]
    fn by_expressions() -> Result<u8, BoxError> {
        Ok(1)
    }

    #[runtime_cell(retry = 1)]
    fn by_default() -> Result<u8, BoxError> {
        Ok(1)
    }

    let _ = (doubles(), same(), by_expressions(), by_default());
    let millis = |(first, most): (Duration, Duration)| (first.as_millis(), most.as_millis());
    assert_eq!(millis(DOUBLES.info().backoff), (100, 2000));
    assert_eq!(millis(SAME.info().backoff), (100, 100));
    assert_eq!(millis(BY_EXPRESSIONS.info().backoff), (20, 80));
    assert_eq!(millis(BY_DEFAULT.info().backoff), (100, 5000));
}
