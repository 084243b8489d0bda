//! Points in time at which something ends, by every clock that can tell.
//!
//! No clock alone is enough. The monotonic one may stand still while the machine sleeps; the wall clock jumps when somebody
//! sets it; the time of a test is neither. So a moment is a point on several of them, and is past as soon as one of them is
//! there:
//!
//! | clock | why |
//! |---|---|
//! | the one that [`clock::now`] reads | time that a test pauses or advances |
//! | Linux: `CLOCK_BOOTTIME`, see `clock_gettime(2)` | goes on while the machine sleeps, and nobody sets it |
//! | elsewhere: the wall clock | goes on while the machine sleeps |
//! | the wall clock, for what ends at a time of it | that is when it ends, whatever was measured before |
//!
//! So a wall clock that is set back does not prolong anything, and one that is set forward ends only what is to end by it;
//! on systems other than Linux it ends everything that it passes.

use crate::sync::clock;
use std::time::{Duration, Instant, SystemTime};

/// What the clocks show.
#[derive(Clone, Copy)]
pub(crate) struct Reading {
    now: Instant,
    /// The time since the machine was started, where it can be had.
    since_boot: Option<Duration>,
    wall: SystemTime,
    /// By how much all of these are ahead of the real ones, in a sandbox.
    ahead: Duration,
}

/// A point in time. A clock that cannot represent it has no part in it.
#[derive(Clone, Copy)]
pub(crate) struct Moment {
    at: Option<Instant>,
    since_boot: Option<Duration>,
    wall: Option<SystemTime>,
}

impl Reading {
    pub(crate) fn now() -> Self {
        let ahead = clock::ahead();
        Self {
            now: clock::now(),
            since_boot: since_boot().and_then(|time| time.checked_add(ahead)),
            wall: SystemTime::now().checked_add(ahead).unwrap_or(SystemTime::UNIX_EPOCH),
            ahead,
        }
    }

    /// The moment this much later; `None`, which is never, if no clock can represent it.
    pub(crate) fn after(&self, time: Duration) -> Option<Moment> {
        let moment = Moment {
            at: self.now.checked_add(time),
            since_boot: self.since_boot.and_then(|now| now.checked_add(time)),
            wall: if self.since_boot.is_some() { None } else { self.wall.checked_add(time) },
        };
        moment.is_on_a_clock().then_some(moment)
    }

    /// How much later a time of the monotonic clock is; zero if it has passed. It is one of the process's, which no sandbox
    /// has advanced.
    pub(crate) fn until(&self, time: Instant) -> Duration {
        let now = self.now.checked_sub(self.ahead).unwrap_or(self.now);
        time.saturating_duration_since(now)
    }

    /// The same for a time of the wall clock.
    pub(crate) fn until_time(&self, time: SystemTime) -> Duration {
        let now = self.wall.checked_sub(self.ahead).unwrap_or(self.wall);
        time.duration_since(now).unwrap_or(Duration::ZERO)
    }
}

impl Moment {
    /// The same, but also past when the wall clock gets there.
    pub(crate) fn by_wall(self, time: SystemTime, reading: &Reading) -> Self {
        Self { wall: time.checked_add(reading.ahead), ..self }
    }

    fn is_on_a_clock(&self) -> bool {
        self.at.is_some() || self.since_boot.is_some() || self.wall.is_some()
    }

    /// How much time is left; zero if the moment is past.
    pub(crate) fn left(&self, reading: &Reading) -> Duration {
        let at = self.at.map(|at| at.saturating_duration_since(reading.now));
        let since_boot = self.since_boot.zip(reading.since_boot).map(|(end, now)| end.saturating_sub(now));
        let wall = self.wall.map(|wall| wall.duration_since(reading.wall).unwrap_or(Duration::ZERO));
        at.into_iter().chain(since_boot).chain(wall).min().unwrap_or(Duration::MAX)
    }

    pub(crate) fn is_past(&self, reading: &Reading) -> bool {
        self.left(reading).is_zero()
    }
}

/// The time since the machine was started, its sleep included.
fn since_boot() -> Option<Duration> {
    #[cfg(all(target_os = "linux", not(cells_portable)))]
    {
        let time = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
        let seconds = u64::try_from(time.tv_sec).ok()?;
        Some(Duration::new(seconds, u32::try_from(time.tv_nsec).ok()?))
    }
    #[cfg(not(all(target_os = "linux", not(cells_portable))))]
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    fn reading() -> Reading {
        Reading { since_boot: Some(HOUR), ..Reading::now() }
    }

    /// The same a while later: by the monotonic clock, by that of the machine, and how the wall clock was set meanwhile.
    fn later(reading: &Reading, monotonic: Duration, boot: Duration, wall: SystemTime) -> Reading {
        let since_boot = reading.since_boot.map(|time| time + boot);
        Reading { now: reading.now + monotonic, since_boot, wall, ahead: reading.ahead }
    }

    #[test]
    fn f2_a_machine_that_sleeps_does_not_prolong_a_payload() {
        let start = reading();
        let end = start.after(HOUR).expect("a moment");
        let awake = later(&start, HOUR / 2, HOUR / 2, start.wall + HOUR / 2);
        assert_eq!(end.left(&awake), HOUR / 2);
        let slept = later(&start, Duration::ZERO, HOUR, start.wall + HOUR);
        assert!(end.is_past(&slept));
        let without_boot_time = Reading { since_boot: None, ..start };
        let end = without_boot_time.after(HOUR).expect("a moment");
        assert!(end.is_past(&Reading { since_boot: None, ..slept }));
    }

    #[test]
    fn f2_a_wall_clock_that_jumps_ends_only_what_ends_by_it() {
        let start = reading();
        let for_an_hour = start.after(HOUR).expect("a moment");
        let by_wall = for_an_hour.by_wall(start.wall + HOUR, &start);
        let forward = later(&start, Duration::ZERO, Duration::ZERO, start.wall + 2 * HOUR);
        assert!(!for_an_hour.is_past(&forward));
        assert!(by_wall.is_past(&forward));
        let back = later(&start, HOUR, HOUR, start.wall - 2 * HOUR);
        assert!(for_an_hour.is_past(&back) && by_wall.is_past(&back), "it was measured, too");
    }

    #[test]
    fn f2_what_no_clock_can_represent_is_never() {
        let start = reading();
        assert!(
            start.after(Duration::MAX).is_none_or(|end| !end.is_past(&later(&start, HOUR, HOUR, start.wall)))
        );
        assert_eq!(start.until_time(SystemTime::UNIX_EPOCH), Duration::ZERO);
        assert_eq!(start.until(start.now.checked_sub(HOUR).unwrap_or(start.now)), Duration::ZERO);
    }
}
