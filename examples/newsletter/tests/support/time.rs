//! A clock that goes on when the test says so.

use newsletter::clock::Clock;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The time of a test. Clones are the same clock.
#[derive(Clone)]
pub(crate) struct Time(Arc<Mutex<SystemTime>>);

impl Time {
    pub(crate) fn at(seconds: u64) -> Self {
        Self(Arc::new(Mutex::new(UNIX_EPOCH + Duration::from_secs(seconds))))
    }

    pub(crate) fn advance(&self, by: Duration) {
        *self.0.lock().unwrap() += by;
    }
}

impl Clock for Time {
    fn now(&self) -> SystemTime {
        *self.0.lock().unwrap()
    }
}
