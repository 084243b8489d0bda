//! The age of the published payload: when it is to be refreshed, and when it ends. What is done about it is in
//! [`ageing`](crate::cell::ageing).

use crate::info::CellInfo;
use crate::lifetime::Lifetime;
use crate::sync::alarm::Alarm;
use crate::sync::moment::{Moment, Reading};
use crate::sync::random;
use std::any::Any;
use std::time::{Duration, Instant, SystemTime};

/// For how long before its end a payload is given out only to readers that look at the clocks, at most: the alarm that
/// retires it may be late.
const MARGIN: Duration = Duration::from_secs(1);

/// How soon after its publication a payload may be refreshed that nobody has asked for, before that is shortened at random.
/// A lifetime of zero would otherwise keep a thread busy.
const EAGER: Duration = Duration::from_secs(1);

pub(crate) struct Ages {
    /// From when on the payload is stale.
    stale_at: Option<Moment>,
    /// When the next refresh is due; `None` while one is under way.
    refresh_at: Option<Moment>,
    /// When the payload ends.
    ends_at: Option<Moment>,
    /// How long before that the fast path is shut.
    margin: Duration,
    /// Whether the timer begins the refresh.
    eager: bool,
    /// The alarm that looks next, and when it rings.
    alarm: Option<(Instant, Alarm)>,
}

/// What is due.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Due {
    Nothing,
    Refresh,
    End,
}

impl Ages {
    /// Asks the declaration how long a payload lives that is published now. Calls functions of the program.
    pub(crate) fn of(info: &CellInfo, payload: &(dyn Any + Send + Sync)) -> Option<Box<Self>> {
        if info.fresh_for.is_none() && info.expires_after.is_none() {
            return None;
        }
        let fresh = info.fresh_for.map_or(Lifetime::Unlimited, |fresh_for| fresh_for(payload));
        let usable = info.expires_after.map_or(Lifetime::Unlimited, |expires_after| expires_after(payload));
        Some(Box::new(Self::new(fresh, usable, info.eager_refresh, &Reading::now(), random::up_to)))
    }

    fn new(
        fresh: Lifetime,
        usable: Lifetime,
        eager: bool,
        now: &Reading,
        random_up_to: impl FnOnce(Duration) -> Duration,
    ) -> Self {
        let fresh = left(fresh, now).map(|(left, time)| {
            let left = if eager { left.max(EAGER) } else { left };
            // So that what was published at the same time in many processes is not refreshed at the same time.
            let cut = random_up_to(left / 10);
            let time = time.and_then(|time| time.checked_sub(cut));
            (left.saturating_sub(cut), time)
        });
        let usable = left(usable, now);
        let stale_at = fresh.and_then(|end| moment(end, now));
        Self {
            stale_at,
            refresh_at: stale_at,
            ends_at: usable.and_then(|end| moment(end, now)),
            margin: usable.map_or(Duration::ZERO, |(left, _)| MARGIN.min(left / 16)),
            eager,
            alarm: None,
        }
    }

    pub(crate) fn due(&self, now: &Reading) -> Due {
        let is_past = |moment: Option<Moment>| moment.is_some_and(|moment| moment.is_past(now));
        if is_past(self.ends_at) {
            Due::End
        } else if is_past(self.refresh_at) {
            Due::Refresh
        } else {
            Due::Nothing
        }
    }

    /// Whether only readers that look at the clocks may have the payload. That is so unless an alarm will ring in time.
    pub(crate) fn is_for_lookers(&self, now: &Reading) -> bool {
        let ends_soon = self.ends_at.is_some_and(|end| end.left(now) <= self.margin);
        ends_soon || self.due(now) != Due::Nothing || (!self.is_timed() && self.next_look(now).is_some())
    }

    /// Whether an alarm of this process is set.
    pub(crate) fn is_timed(&self) -> bool {
        self.alarm.as_ref().is_some_and(|(_, alarm)| alarm.is_of_this_process())
    }

    /// After how long something becomes due, or the fast path is to be shut; `None` if nothing will.
    pub(crate) fn next_look(&self, now: &Reading) -> Option<Duration> {
        // A refresh that is due already waits for a reader.
        let refresh = self.refresh_at.map(|at| at.left(now)).filter(|left| !left.is_zero());
        // An end that is due is seen to by whoever finds it.
        let end = self.ends_at.map(|end| end.left(now)).filter(|left| !left.is_zero());
        let end =
            end.map(|left| left.checked_sub(self.margin).filter(|left| !left.is_zero()).unwrap_or(left));
        refresh.into_iter().chain(end).min()
    }

    /// Whether the timer is to begin the refresh that is due.
    pub(crate) fn is_eager(&self) -> bool {
        self.eager
    }

    /// A refresh begins: nobody else is to begin one.
    pub(crate) fn refresh_begins(&mut self) {
        self.refresh_at = None;
    }

    /// The refresh that has begun did not replace the payload: the next one is due after `delay`.
    pub(crate) fn refresh_again(&mut self, delay: Duration, now: &Reading) {
        if self.stale_at.is_some() && self.refresh_at.is_none() {
            self.refresh_at = now.after(delay);
        }
    }

    /// Keeps the alarm, unless there is one that rings earlier; returns the other one. One that rings too early only looks
    /// in vain.
    pub(crate) fn keep_alarm(&mut self, rings: Instant, alarm: Alarm) -> Option<Alarm> {
        if self.is_timed() && self.alarm.as_ref().is_some_and(|(earlier, _)| *earlier <= rings) {
            return Some(alarm);
        }
        self.alarm.replace((rings, alarm)).map(|(_, alarm)| alarm)
    }

    /// The alarm has rung, or is to be replaced.
    pub(crate) fn take_alarm(&mut self) -> Option<Alarm> {
        self.alarm.take().map(|(_, alarm)| alarm)
    }

    /// How long the payload is fresh yet; `None` if age makes no difference.
    pub(crate) fn fresh_left(&self, now: &Reading) -> Option<Duration> {
        self.stale_at.map(|at| at.left(now))
    }

    /// How long the payload may be used yet; `None` if age does not end it.
    pub(crate) fn expires_left(&self, now: &Reading) -> Option<Duration> {
        self.ends_at.map(|end| end.left(now))
    }
}

/// How much is left, and until which time of the wall clock, if it ends by that; `None` is without end.
type Left = Option<(Duration, Option<SystemTime>)>;

fn left(lifetime: Lifetime, now: &Reading) -> Left {
    match lifetime {
        Lifetime::For(time) => Some((time, None)),
        Lifetime::Until(time) => Some((now.until(time), None)),
        Lifetime::UntilTime(time) => Some((now.until_time(time), Some(time))),
        Lifetime::Unlimited => None,
    }
}

fn moment((left, time): (Duration, Option<SystemTime>), now: &Reading) -> Option<Moment> {
    let moment = now.after(left)?;
    Some(time.map_or(moment, |time| moment.by_wall(time, now)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    fn ages(fresh: Lifetime, expires: Lifetime, now: &Reading) -> Ages {
        Ages::new(fresh, expires, false, now, |_| Duration::ZERO)
    }

    /// An alarm that will not ring soon.
    fn alarm(rings: Instant) -> Alarm {
        Alarm::set(rings, std::task::Waker::noop()).expect("a thread")
    }

    #[test]
    fn f3_a_payload_is_fresh_for_up_to_a_tenth_less() {
        let now = Reading::now();
        let most = |up_to: Duration| {
            assert_eq!(up_to, HOUR / 10);
            up_to
        };
        let shortened = Ages::new(Lifetime::For(HOUR), Lifetime::For(HOUR), false, &now, most);
        assert_eq!(shortened.fresh_left(&now), HOUR.checked_sub(HOUR / 10));
        assert_eq!(shortened.expires_left(&now), Some(HOUR), "only `fresh` is");
        let soon = SystemTime::now() + HOUR;
        let by_wall = Ages::new(Lifetime::UntilTime(soon), Lifetime::Unlimited, false, &now, |up_to| up_to);
        assert!(by_wall.fresh_left(&now).is_some_and(|left| left <= 10 * (HOUR / 11)));
    }

    #[test]
    fn f2_what_is_over_already_is_due_at_once() {
        let now = Reading::now();
        let long_ago = SystemTime::UNIX_EPOCH;
        let stale = ages(Lifetime::UntilTime(long_ago), Lifetime::Unlimited, &now);
        assert!(stale.due(&now) == Due::Refresh && stale.is_for_lookers(&now));
        for over in [Lifetime::UntilTime(long_ago), Lifetime::For(Duration::ZERO)] {
            assert!(ages(Lifetime::For(HOUR), over, &now).due(&now) == Due::End);
        }
    }

    #[test]
    fn f2_what_no_clock_can_represent_never_comes() {
        let now = Reading::now();
        let forever = ages(Lifetime::For(Duration::MAX), Lifetime::Unlimited, &now);
        assert!(
            forever.due(&now) == Due::Nothing && !forever.is_for_lookers(&now)
                || forever.next_look(&now).is_some()
        );
        let unlimited = ages(Lifetime::Unlimited, Lifetime::Unlimited, &now);
        assert!(!unlimited.is_for_lookers(&now) && unlimited.next_look(&now).is_none());
    }

    #[test]
    fn f1_only_who_looks_gets_a_payload_without_an_alarm() {
        let now = Reading::now();
        let mut ages = ages(Lifetime::For(HOUR), Lifetime::For(2 * HOUR), &now);
        assert!(ages.is_for_lookers(&now));
        let rings = Instant::now() + HOUR;
        assert!(ages.keep_alarm(rings, alarm(rings)).is_none());
        assert!(!ages.is_for_lookers(&now));
        let later = rings + HOUR;
        assert!(ages.keep_alarm(later, alarm(later)).is_some(), "the earlier one stays");
        let earlier = Instant::now() + HOUR / 2;
        assert!(ages.keep_alarm(earlier, alarm(earlier)).is_some(), "and replaces a later one");
        drop(ages.take_alarm());
        assert!(ages.is_for_lookers(&now));
    }

    #[test]
    fn f4_after_a_failed_refresh_the_next_one_waits() {
        let now = Reading::now();
        let mut ages = ages(Lifetime::For(Duration::ZERO), Lifetime::Unlimited, &now);
        ages.refresh_begins();
        assert!(ages.due(&now) == Due::Nothing && ages.next_look(&now).is_none());
        ages.refresh_again(HOUR, &now);
        assert!(ages.due(&now) == Due::Nothing);
        assert_eq!(ages.next_look(&now), Some(HOUR));
    }

    #[test]
    fn f1_what_has_ended_is_looked_at_no_more() {
        let now = Reading::now();
        let ages = ages(Lifetime::Unlimited, Lifetime::For(Duration::ZERO), &now);
        assert!(ages.due(&now) == Due::End && ages.is_for_lookers(&now));
        assert_eq!(ages.next_look(&now), None);
    }

    #[test]
    fn f1_shortly_before_the_end_readers_look() {
        let now = Reading::now();
        let ages = ages(Lifetime::Unlimited, Lifetime::For(HOUR), &now);
        assert_eq!(ages.next_look(&now), HOUR.checked_sub(MARGIN));
    }
}
