//! How long to wait after a failure before the next attempt: a time that doubles, with jitter, and where randomness comes
//! from.
//!
//! The jitter is "equal jitter" (M. Brooker, *Exponential Backoff and Jitter*, AWS Architecture Blog, 2015): half of the
//! doubled time, and a random part of the other half. So those who failed together do not come back together, and nobody
//! comes back at once.

use std::hash::{BuildHasher, RandomState};
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
        self.delay_with(failures, random_below)
    }

    fn delay_with(self, failures: u32, random_below: impl FnOnce(u64) -> u64) -> Duration {
        if self.first >= self.most {
            return self.first;
        }
        let doubled = self.first.as_nanos().saturating_mul(1 << failures.saturating_sub(1).min(127));
        let nanos = doubled.min(self.most.as_nanos());
        // More than the 584 years that fit here need no jitter.
        let half = u64::try_from(nanos / 2).unwrap_or(u64::MAX);
        from_nanos(nanos - u128::from(half) + u128::from(random_below(half.saturating_add(1))))
    }
}

/// A number below the bound, at random but not secret; 0 below 0.
pub(crate) fn random_below(bound: u64) -> u64 {
    scale(RandomState::new().hash_one(()), bound)
}

/// A number below the bound that is as far up as `random` is among all numbers.
fn scale(random: u64, bound: u64) -> u64 {
    let product = u128::from(random) * u128::from(bound);
    u64::try_from(product >> 64).unwrap_or(u64::MAX)
}

/// The reverse of [`Duration::as_nanos`].
fn from_nanos(nanos: u128) -> Duration {
    const SECOND: u128 = 1_000_000_000;
    match (u64::try_from(nanos / SECOND), u32::try_from(nanos % SECOND)) {
        (Ok(secs), Ok(nanos)) => Duration::new(secs, nanos),
        _ => Duration::MAX,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn least(backoff: Backoff, failures: u32) -> Duration {
        backoff.delay_with(failures, |_| 0)
    }

    fn longest(backoff: Backoff, failures: u32) -> Duration {
        backoff.delay_with(failures, |bound| bound - 1)
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
        assert_eq!((least(tiny, 1), longest(tiny, 1)), (Duration::from_nanos(1), Duration::from_nanos(1)));
        assert!(longest(tiny, 200) >= Duration::MAX / 2);
        let huge = Backoff { first: Duration::MAX / 3, most: Duration::MAX };
        assert!(longest(huge, 3) >= least(huge, 3) && least(huge, 3) >= Duration::MAX / 2);
        let none = Backoff { first: Duration::ZERO, most: Duration::MAX };
        assert_eq!(longest(none, u32::MAX), Duration::ZERO);
    }

    #[test]
    fn f5_random_numbers_are_below_their_bound_and_differ() {
        assert_eq!((random_below(0), random_below(1)), (0, 0));
        assert_eq!((scale(0, 10), scale(u64::MAX / 2, 10), scale(u64::MAX, 10)), (0, 4, 9));
        assert_eq!(scale(u64::MAX, u64::MAX), u64::MAX - 1);
        let first = random_below(u64::MAX);
        assert!((0..100).any(|_| random_below(u64::MAX) != first));
    }
}
