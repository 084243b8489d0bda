//! How long to wait after a failure before the next attempt: a time that doubles, with jitter.
//!
//! The jitter is "equal jitter" (M. Brooker, *Exponential Backoff and Jitter*, AWS Architecture Blog, 2015): half of the
//! doubled time, and a random part of the other half. So those who failed together do not come back together, and nobody
//! comes back at once.

use crate::sync::random;
use std::time::Duration;

/// A time that doubles with each failure, and the longest it becomes. Where these are the same, there is no jitter.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Backoff {
    pub(crate) first: Duration,
    pub(crate) most: Duration,
}

impl Backoff {
    /// The time after so many failures in a row, of which there is at least one.
    pub(crate) fn delay(self, failures: u32) -> Duration {
        self.delay_with(failures, random::up_to)
    }

    fn delay_with(self, failures: u32, up_to: impl FnOnce(Duration) -> Duration) -> Duration {
        if self.first.is_zero() || self.first >= self.most {
            return self.first;
        }
        let mut time = self.first;
        for _ in 1..failures {
            if time >= self.most {
                break;
            }
            time = time.saturating_mul(2);
        }
        let time = time.min(self.most);
        let half = time / 2;
        // Of centuries, rounding may make it a little more than the half.
        time.saturating_sub(half) + up_to(half).min(half)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn least(backoff: Backoff, failures: u32) -> Duration {
        backoff.delay_with(failures, |_| Duration::ZERO)
    }

    fn longest(backoff: Backoff, failures: u32) -> Duration {
        backoff.delay_with(failures, |half| half)
    }

    #[test]
    fn f5_a_time_doubles_up_to_the_longest_and_half_of_it_is_random() {
        let backoff = Backoff { first: SECOND, most: 60 * SECOND };
        for (failures, doubled) in [(1, 1), (2, 2), (3, 4), (6, 32), (7, 60), (8, 60), (u32::MAX, 60)] {
            let doubled = doubled * SECOND;
            assert_eq!(least(backoff, failures), doubled / 2, "after {failures} failures");
            assert_eq!(longest(backoff, failures), doubled, "after {failures} failures");
            let delay = backoff.delay(failures);
            assert!((doubled / 2..=doubled).contains(&delay), "{delay:?} after {failures} failures");
        }
        let first = backoff.delay(9);
        assert!((0..100).any(|_| backoff.delay(9) != first), "it is always {first:?}");
    }

    #[test]
    fn f5_a_time_that_does_not_double_is_exact() {
        for (first, most) in [(SECOND, SECOND), (SECOND, Duration::ZERO), (Duration::MAX, Duration::MAX)] {
            let backoff = Backoff { first, most };
            assert_eq!([1, 2, u32::MAX].map(|failures| backoff.delay(failures)), [first; 3]);
        }
    }

    #[test]
    fn f5_no_time_overflows() {
        let tiny = Backoff { first: Duration::from_nanos(1), most: Duration::MAX };
        assert_eq!([least(tiny, 1), longest(tiny, 1)], [Duration::from_nanos(1); 2]);
        assert_eq!((longest(tiny, 200), longest(tiny, u32::MAX)), (Duration::MAX, Duration::MAX));
        let huge = Backoff { first: Duration::MAX / 3, most: Duration::MAX };
        assert_eq!(longest(huge, 3), Duration::MAX);
        assert!((0..100).all(|_| huge.delay(3) >= Duration::MAX / 2));
        let none = Backoff { first: Duration::ZERO, most: Duration::MAX };
        assert_eq!(longest(none, u32::MAX), Duration::ZERO);
    }
}
