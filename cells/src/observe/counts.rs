//! What a cell counts: how often something happened to it, and how long its factory took, since the process began.
//!
//! # Protocol
//!
//! The counts of a cell are made when the first of them is counted. They outlive closes, and the cell itself: a disposal
//! that ends later still has them. Each is an atomic of its own, and no decision depends on one.
//!
//! What changes what the cell's lock guards is counted under that lock, so a snapshot, which is taken under it, shows no
//! payload, failure or refusal that is not counted yet. Everything else is counted before anybody is notified of it.

#[cfg(feature = "serde")]
use crate::observe::in_json;
use crate::observe::observer::InitStatus;
use once_cell::race::OnceBox;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Makes the counts that are written, and those that are read, from one list.
macro_rules! counts {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// The counts of a cell, for [`CellSnapshot`](crate::CellSnapshot); `Display` shows those that are not zero.
        ///
        /// They begin with the process, or with the sandbox, and survive every close. Nothing is counted when a payload is
        /// read that is ready.
        ///
        /// Each flight ends as one of `builds`, `failures`, `panics`, `superseded` and `cancelled`.
        ///
        /// ```
        /// use cells::RuntimeCell;
        ///
        /// let port = RuntimeCell::new("port");
        /// let _ = port.get_or_initialize(|| "http".parse::<u16>());
        /// let _ = port.get_or_initialize(|| "8080".parse::<u16>());
        /// let counts = port.snapshot().counts;
        /// assert_eq!((counts.builds, counts.failures), (1, 1));
        /// assert!(counts.to_string().starts_with("1 build, 1 failure, "));
        /// ```
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        #[cfg_attr(feature = "serde", derive(serde::Serialize))]
        #[non_exhaustive]
        pub struct CellCounts {
            $($(#[$doc])* pub $name: u64,)*
            /// How long adjuster and factory ran, in all flights that have ended, without their waits for other cells. In JSON
            /// it is `own_us`, in whole microseconds.
            #[cfg_attr(feature = "serde", serde(rename = "own_us", serialize_with = "in_json::exactly"))]
            pub own: Duration,
            /// How long they waited for other cells, which includes the building of those. In JSON it is `waiting_us`.
            #[cfg_attr(feature = "serde", serde(rename = "waiting_us", serialize_with = "in_json::exactly"))]
            pub waiting: Duration,
        }

        impl CellCounts {
            /// The names and the values of those that have no unit.
            fn numbers(&self) -> impl Iterator<Item = (&'static str, u64)> {
                [$((stringify!($name), self.$name),)*].into_iter()
            }
        }

        #[derive(Default)]
        pub(crate) struct Counts {
            $(pub(crate) $name: Count,)*
            own: Count,
            waiting: Count,
        }

        impl Counts {
            fn read(&self) -> CellCounts {
                CellCounts {
                    $($name: self.$name.get(),)*
                    own: Duration::from_nanos(self.own.get()),
                    waiting: Duration::from_nanos(self.waiting.get()),
                }
            }
        }
    };
}

counts! {
    /// Flights whose payload was published.
    builds,
    /// Flights whose factory or adjuster returned an error, in the last of their attempts.
    failures,
    /// Flights whose factory or adjuster panicked.
    panics,
    /// Flights that something else had settled before their factory returned: a close, a shutdown, a recorded failure, a
    /// value that the program put in their place.
    superseded,
    /// Flights whose future was dropped.
    cancelled,
    /// Those of the `builds` that replaced a payload.
    refreshes,
    /// Those of the `failures` and `panics` at whose end there was a payload.
    failed_refreshes,
    /// Refreshes that began because the payload was no longer fresh.
    stale,
    /// Attempts that failed and were to be followed by another one of the same flight.
    retries,
    /// Values that the program provided, those in the place of a payload included.
    provided,
    /// Those of the `provided` that replaced a payload.
    replaced,
    /// Payloads that a test has seeded.
    seeded,
    /// Payloads that a close of any kind has ended, also at a shutdown and with their runtime.
    closes,
    /// Payloads that have ended by their age.
    expired,
    /// Failures that were recorded from outside.
    recorded_failures,
    /// Payloads that were disposed, also those that came too late to be published.
    disposed,
    /// Those of the `disposed` whose disposer failed or panicked.
    dispose_failures,
    /// Those of the `dispose_failures` whose asynchronous disposer was [abandoned](crate::Abandoned).
    abandoned,
    /// Calls that did not wait, because too many waited already.
    rejected_full,
    /// Calls that waited for as long as they may.
    rejected_timeout,
    /// Calls that were refused in a cooldown.
    refused_cooling,
}

/// One count. Only its own value matters, so no order is needed.
#[derive(Default)]
pub(crate) struct Count(AtomicU64);

impl Count {
    pub(crate) fn up(&self) {
        self.add(1);
    }

    pub(crate) fn up_if(&self, counts: bool) {
        self.add(counts.into());
    }

    fn add(&self, more: u64) {
        self.0.fetch_add(more, Ordering::Relaxed);
    }

    fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Counts {
    /// A flight has ended.
    pub(crate) fn flight(&self, status: InitStatus, own: Duration, waiting: Duration) {
        match status {
            InitStatus::Ok => &self.builds,
            InitStatus::Error => &self.failures,
            InitStatus::Panicked => &self.panics,
            InitStatus::Superseded => &self.superseded,
            InitStatus::Cancelled => &self.cancelled,
        }
        .up();
        self.own.add(nanos(own));
        self.waiting.add(nanos(waiting));
    }
}

/// 64 bits are enough for five hundred years.
fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// The counts of a cell, once there are some. Two boxes, so that the cell has one word of it (target: size of a cell,
/// docs/performance.md).
pub(crate) struct LazyCounts(OnceBox<Arc<Counts>>);

impl LazyCounts {
    pub(crate) const fn new() -> Self {
        Self(OnceBox::new())
    }

    /// To count something.
    pub(crate) fn get(&self) -> &Arc<Counts> {
        self.0.get_or_init(Box::default)
    }

    pub(crate) fn read(&self) -> CellCounts {
        self.0.get().map_or_else(CellCounts::default, |counts| counts.read())
    }
}

/// The name of a count in words, for that number of them.
fn words(name: &str, number: u64) -> String {
    let plural = name.replace('_', " ");
    if number == 1 {
        plural.replace("refreshes", "refresh").replace("retries", "retry").trim_end_matches('s').to_owned()
    } else {
        plural
    }
}

impl fmt::Display for CellCounts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut comma = "";
        for (name, number) in self.numbers().filter(|(_, number)| *number > 0) {
            write!(f, "{comma}{number} {}", words(name, number))?;
            comma = ", ";
        }
        for (name, time) in [("own", self.own), ("waiting", self.waiting)] {
            if !time.is_zero() {
                write!(f, "{comma}{time:.1?} {name}")?;
                comma = ", ";
            }
        }
        if comma.is_empty() { f.write_str("nothing") } else { Ok(()) }
    }
}
