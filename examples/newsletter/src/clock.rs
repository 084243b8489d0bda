//! What time it is.

use cells::runtime_cell;
use std::time::{SystemTime, UNIX_EPOCH};

/// Tells the time.
pub trait Clock: Send + Sync {
    /// What time it is.
    fn now(&self) -> SystemTime;
}

/// The clock of the machine.
pub struct Machine;

impl Clock for Machine {
    fn now(&self) -> SystemTime {
        SystemTime::now()
    }
}

/// The clock that the service goes by.
#[runtime_cell]
pub fn clock() -> Box<dyn Clock> {
    Box::new(Machine)
}

/// The time in seconds since 1970, as the database has it.
pub fn seconds() -> i64 {
    let since = clock().now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}
