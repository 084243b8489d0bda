//! What observers are notified of besides the starts and ends of flights and closes.

use crate::error::SharedError;
#[cfg(feature = "serde")]
use crate::observe::in_json;
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
        #[cfg_attr(feature = "serde", serde(rename = "waited_us", serialize_with = "in_json::exactly"))]
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
        #[cfg_attr(feature = "serde", serde(rename = "retry_after_us", serialize_with = "in_json::exactly"))]
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
    /// ```
    /// use cells::{Observer, Provided, RuntimeCell};
    /// use std::sync::{Arc, Mutex};
    ///
    /// #[derive(Default)]
    /// struct Seen(Mutex<Vec<bool>>);
    ///
    /// impl Observer for Seen {
    ///     fn on_provided(&self, event: &Provided) {
    ///         self.0.lock().unwrap().push(event.replaced);
    ///     }
    /// }
    ///
    /// let seen = Arc::new(Seen::default());
    /// let level = RuntimeCell::new("level");
    /// level.configure_observer(seen.clone());
    /// level.provide("info").unwrap();
    /// level.replace("debug").unwrap();
    /// assert_eq!(*seen.0.lock().unwrap(), [false, true]);
    /// ```
    Provided {
        /// The payload's generation.
        generation: u64,
        /// Whether it was put in the place of another payload.
        replaced: bool,
    }

    /// The program has recorded that the payload does not work.
    ///
    /// ```
    /// use cells::{Observer, FailureRecorded, RuntimeCell};
    /// use std::sync::{Arc, Mutex};
    /// use std::time::Duration;
    ///
    /// #[derive(Default)]
    /// struct Seen(Mutex<Vec<String>>);
    ///
    /// impl Observer for Seen {
    ///     fn on_failure_recorded(&self, event: &FailureRecorded) {
    ///         self.0.lock().unwrap().push(event.error.to_string());
    ///     }
    /// }
    ///
    /// let seen = Arc::new(Seen::default());
    /// let connection = RuntimeCell::new("connection");
    /// connection.configure_observer(seen.clone());
    /// drop(connection.get_or_init(|| "connected"));
    /// connection.record_failure("no answer", Duration::from_secs(5));
    /// assert_eq!(*seen.0.lock().unwrap(), ["no answer"]);
    /// ```
    FailureRecorded {
        /// The generation that it has ended, if there was a payload.
        generation: Option<u64>,
        /// What it has recorded.
        #[cfg_attr(feature = "serde", serde(serialize_with = "text"))]
        error: SharedError,
        /// For how long the cell cools down. In JSON it is `ttl_us`.
        #[cfg_attr(feature = "serde", serde(rename = "ttl_us", serialize_with = "in_json::exactly"))]
        ttl: Duration,
    }

    /// A retired payload is left to its last lease, which will dispose it.
    ///
    /// ```
    /// use cells::{Observer, Draining, RuntimeCell};
    /// use std::sync::{Arc, Mutex};
    ///
    /// #[derive(Default)]
    /// struct Seen(Mutex<Vec<u64>>);
    ///
    /// impl Observer for Seen {
    ///     fn on_draining(&self, event: &Draining) {
    ///         self.0.lock().unwrap().push(event.generation);
    ///     }
    /// }
    ///
    /// let seen = Arc::new(Seen::default());
    /// let index = RuntimeCell::new("index");
    /// index.configure_observer(seen.clone());
    /// let lease = index.get_or_init(|| vec![1, 2, 3]);
    /// index.invalidate();
    /// # drop(lease);
    /// assert_eq!(*seen.0.lock().unwrap(), [1]);
    /// ```
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
    /// ```
    /// use cells::{Observer, Retrying, RuntimeCell};
    /// use std::sync::{Arc, Mutex};
    /// use std::time::Duration;
    ///
    /// #[derive(Default)]
    /// struct Seen(Mutex<Vec<u32>>);
    ///
    /// impl Observer for Seen {
    ///     fn on_retrying(&self, event: &Retrying) {
    ///         self.0.lock().unwrap().push(event.attempt);
    ///     }
    /// }
    ///
    /// let seen = Arc::new(Seen::default());
    /// let port = RuntimeCell::<u16>::new("port").retry(2).backoff(Duration::from_millis(1), Duration::from_millis(5));
    /// port.configure_observer(seen.clone());
    /// assert!(port.get_or_initialize(|| "http".parse::<u16>()).is_err());
    /// assert_eq!(*seen.0.lock().unwrap(), [1, 2]);
    /// ```
    Retrying {
        /// The flight's number.
        generation: u64,
        /// The number of the attempt that has failed, from 1.
        attempt: u32,
        /// How long the flight waits before the next one. In JSON it is `delay_us`.
        #[cfg_attr(feature = "serde", serde(rename = "delay_us", serialize_with = "in_json::exactly"))]
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
