//! Chance, for times that many processes must not share. The standard library seeds its hashers at random, which is enough.

use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::time::Duration;

/// A time between zero and `limit`, at random.
pub(crate) fn up_to(limit: Duration) -> Duration {
    #[expect(clippy::cast_precision_loss, reason = "the upper 53 bits fit")]
    let share = (RandomState::new().build_hasher().finish() >> 11) as f64 / (1_u64 << 53) as f64;
    Duration::try_from_secs_f64(limit.as_secs_f64() * share).unwrap_or(limit)
}
