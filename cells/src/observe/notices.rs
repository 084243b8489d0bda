//! What observers are notified of besides the starts and ends of flights and closes.

use crate::error::SharedError;
#[cfg(feature = "serde")]
use crate::observe::micros;
use std::fmt;
use std::time::Duration;

/// Makes the types of these events.
macro_rules! notices {
    ($($(#[$doc:meta])* $name:ident { $($(#[$field_attribute:meta])* $field:ident: $type:ty,)* })*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug)]
        #[cfg_attr(feature = "serde", derive(serde::Serialize))]
        #[non_exhaustive]
        pub struct $name {
            /// The cell's name.
            pub cell: &'static str,
            $($(#[$field_attribute])* pub $field: $type,)*
        }
    )*};
}

notices! {
    /// A call may not wait for the flight under way, or may not wait any longer.
    ///
    /// [`RejectReason`] has an example.
    WaitRejected {
        /// Why.
        reason: RejectReason,
        /// How long it had waited. In JSON it is `waited_us`; all times are in whole microseconds there.
        #[cfg_attr(feature = "serde", serde(rename = "waited_us", serialize_with = "micros::exactly"))]
        waited: Duration,
    }

    /// A call was refused in a cooldown.
    ///
    /// [`Observer`](crate::Observer) has an example of one that takes notices such as this.
    CoolingDown {
        /// The failure on record.
        #[cfg_attr(feature = "serde", serde(serialize_with = "text"))]
        error: SharedError,
        /// The rest of the cooldown. In JSON it is `retry_after_us`.
        #[cfg_attr(feature = "serde", serde(rename = "retry_after_us", serialize_with = "micros::exactly"))]
        retry_after: Duration,
    }

    /// A test has seeded a payload.
    ///
    /// [`Observer`](crate::Observer) has an example of one that takes notices such as this.
    Seeded {
        /// The payload's generation.
        generation: u64,
        /// What allows it: `permit`, `cfg_test`, `environment` or `sandbox`.
        permission: &'static str,
    }

    /// The program has provided a payload.
    ///
    /// [`Observer`](crate::Observer) has an example of one that takes notices such as this.
    Provided {
        /// The payload's generation.
        generation: u64,
        /// Whether it was put in the place of another payload.
        replaced: bool,
    }

    /// The program has recorded that the payload does not work.
    ///
    /// [`Observer`](crate::Observer) has an example of one that takes notices such as this.
    FailureRecorded {
        /// The generation that it has ended, if there was a payload.
        generation: Option<u64>,
        /// What it has recorded.
        #[cfg_attr(feature = "serde", serde(serialize_with = "text"))]
        error: SharedError,
        /// For how long the cell cools down. In JSON it is `ttl_us`.
        #[cfg_attr(feature = "serde", serde(rename = "ttl_us", serialize_with = "micros::exactly"))]
        ttl: Duration,
    }

    /// A retired payload is left to its last lease, which will dispose it.
    ///
    /// [`Observer`](crate::Observer) has an example of one that takes notices such as this.
    Draining {
        /// The payload's generation.
        generation: u64,
    }

    /// The payload is older than it is fresh, and its refresh begins.
    ///
    /// [`Observer`](crate::Observer) has an example of one that takes notices such as this.
    Stale {
        /// The payload's generation.
        generation: u64,
    }

    /// The payload has reached the end of its life.
    ///
    /// [`Observer`](crate::Observer) has an example of one that takes notices such as this.
    Expired {
        /// The payload's generation.
        generation: u64,
    }

    /// An attempt has failed, and its flight is to make another one.
    ///
    /// [`Observer`](crate::Observer) has an example of one that takes notices such as this.
    Retrying {
        /// The flight's number.
        generation: u64,
        /// The number of the attempt that has failed, from 1.
        attempt: u32,
        /// How long the flight waits before the next one. In JSON it is `delay_us`.
        #[cfg_attr(feature = "serde", serde(rename = "delay_us", serialize_with = "micros::exactly"))]
        delay: Duration,
        /// The factory's error.
        #[cfg_attr(feature = "serde", serde(serialize_with = "text"))]
        error: SharedError,
    }
}

/// Why a call may not wait.
///
/// ```
/// use cells::{Observer, RejectReason, WaitRejected};
/// use std::sync::atomic::{AtomicU64, Ordering};
///
/// /// Counts the calls that came when too many were waiting.
/// #[derive(Default)]
/// struct Crowded(AtomicU64);
///
/// impl Observer for Crowded {
///     fn on_rejected(&self, event: &WaitRejected) {
///         if event.reason == RejectReason::WaitersFull {
///             self.0.fetch_add(1, Ordering::Relaxed);
///         }
///     }
/// }
///
/// assert_eq!(RejectReason::WaitersFull.as_str(), "waiters_full");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum RejectReason {
    /// As many calls as may wait do so already.
    WaitersFull,
    /// It waited for as long as it may.
    WaitTimeout,
}

impl RejectReason {
    /// Returns its name in log events, timelines and metrics.
    ///
    /// The [type](Self) has an example.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::WaitersFull => "waiters_full",
            Self::WaitTimeout => "wait_timeout",
        }
    }
}

/// As [`as_str`](RejectReason::as_str).
impl fmt::Display for RejectReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// An error with its causes.
#[cfg(feature = "serde")]
fn text<S: serde::Serializer>(error: &SharedError, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&format_args!("{error:#}"))
}
