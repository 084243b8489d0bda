//! Alarms: wakers that are woken at a time. One thread for the whole process, `cells-timer`, wakes them; it starts with
//! the first alarm, and sleeps until the next one is due.
//!
//! # Protocol
//!
//! The alarms of a process are in a map that is ordered by time, under one lock, so that setting one and taking it back
//! cost a logarithm of their number. The thread takes out what is due, unlocks, and wakes; then it sleeps on a condition
//! variable until the earliest of the others. Only an alarm that is due before the time until which it sleeps notifies it:
//! where alarms are set and taken back all the time, the thread wakes once in a while and not for each. A waker is cloned
//! before locking, and dropped and woken after unlocking, because all of that may be code of the program. One that panics
//! does not keep the others from being woken.
//!
//! A forked child does not have the thread, which may have held the lock at the fork. It makes a clock of its own. An alarm
//! knows its clock. What was set before the fork counts as rung in the child, which takes it back only if the lock is free.
//!
//! The monotonic clock may stand still while the machine sleeps, and somebody may set the wall clock. Alarms that are to
//! notice it ([`Alarm::set_by_all_clocks`]) ring as soon as the two clocks have moved apart, whatever their time; whoever
//! set one looks what it missed. Nothing tells the thread, so while there is such an alarm it compares the clocks every few
//! seconds.
//!
//! If the thread cannot be started, there is no alarm, and the caller has to do without; the next one tries again.

use crate::sync::monitor::Monitor;
use crate::sync::process::{self, PerProcess};
use crate::sync::waker_queue::wake;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::task::Waker;
use std::thread;
use std::time::{Duration, Instant, SystemTime};

/// A waker that is woken at a time, unless this is dropped before.
pub(crate) struct Alarm {
    clock: &'static AlarmClock,
    key: Key,
}

/// The time, and a number that no other alarm of the clock has.
type Key = (Instant, u64);

/// The alarms of one process.
struct AlarmClock {
    process: u32,
    /// The thread is notified when an alarm is due before it would wake.
    alarms: Monitor<Alarms>,
}

static CLOCK: PerProcess<AlarmClock> = PerProcess::new();

#[derive(Default)]
struct Alarms {
    set: u64,
    wakers: BTreeMap<Key, Waker>,
    /// Those among them that ring when the clocks have moved apart.
    by_all_clocks: BTreeSet<Key>,
    thread: Thread,
}

#[derive(Default)]
enum Thread {
    #[default]
    NotStarted,
    /// It looks at the alarms next, or has been notified that it should.
    Awake,
    /// Until the time of an alarm, which may have been taken back meanwhile; without one, until it is notified.
    Sleeps(Option<Instant>),
}

/// How many wakers the thread takes out at once, while it holds the lock.
const AT_ONCE: usize = 1024;

/// How often the clocks are compared.
const COMPARED: Duration = Duration::from_secs(5);

/// By how much the clocks may move apart meanwhile without being set: the wall clock is kept in time by making it run a
/// little faster or slower.
const TOLERATED: Duration = Duration::from_millis(500);

/// How late an alarm may ring, so that the thread wakes once for all that are due about the same time. Tokio's timers are
/// as coarse.
const GRAIN: Duration = Duration::from_millis(1);

impl Alarm {
    /// Sets an alarm; `None` if there can be no thread that would ring it.
    pub(crate) fn set(time: Instant, waker: &Waker) -> Option<Self> {
        Self::set_among(time, waker, |_| None)
    }

    /// The same, but it also rings when the machine has slept or the wall clock was set.
    pub(crate) fn set_by_all_clocks(time: Instant, waker: &Waker) -> Option<Self> {
        Self::set_among(time, waker, |alarms| Some(&mut alarms.by_all_clocks))
    }

    fn set_among(
        time: Instant,
        waker: &Waker,
        among: impl FnOnce(&mut Alarms) -> Option<&mut BTreeSet<Key>>,
    ) -> Option<Self> {
        let clock = CLOCK.get();
        let waker = waker.clone();
        let mut alarms = clock.alarms.lock();
        if !alarms.start(|| clock.spawn()) {
            drop(alarms);
            drop(waker);
            return None;
        }
        let key = (time, alarms.set);
        alarms.set += 1;
        alarms.wakers.insert(key, waker);
        let first = among(&mut alarms).is_some_and(|among| {
            among.insert(key);
            among.len() == 1
        });
        // The first that compares the clocks also wakes a thread that sleeps for longer.
        let oversleeps = first || alarms.thread.would_sleep_past(time);
        if oversleeps {
            alarms.thread = Thread::Awake;
        }
        drop(alarms);
        if oversleeps {
            clock.alarms.notify_one();
        }
        Some(Self { clock, key })
    }

    /// Leaves the alarm to the thread, which takes it out at its time, if it has not yet.
    pub(crate) fn leave(self) {
        std::mem::forget(self);
    }

    /// Whether it can ring: one that was set before a fork cannot in the child.
    pub(crate) fn is_of_this_process(&self) -> bool {
        self.clock.is_of_this_process()
    }

    /// Replaces the waker, unless the alarm has rung; returns whether it is still set.
    pub(crate) fn rings(&self, waker: &Waker) -> bool {
        if !self.clock.is_of_this_process() {
            return false;
        }
        let waker = waker.clone();
        let mut alarms = self.clock.alarms.lock();
        let before = alarms.wakers.get_mut(&self.key).map(|current| std::mem::replace(current, waker));
        drop(alarms);
        before.is_some()
    }
}

impl Drop for Alarm {
    fn drop(&mut self) {
        // In a forked child, whoever holds the lock may not exist. Whether this is one costs a system call, so that is asked
        // only where the lock is not free.
        let alarms = self
            .clock
            .alarms
            .try_lock()
            .or_else(|| self.clock.is_of_this_process().then(|| self.clock.alarms.lock()));
        let waker = alarms.and_then(|mut alarms| {
            alarms.by_all_clocks.remove(&self.key);
            alarms.wakers.remove(&self.key)
        });
        drop(waker); // after unlocking
    }
}

impl Default for AlarmClock {
    fn default() -> Self {
        Self { process: process::id(), alarms: Monitor::default() }
    }
}

impl AlarmClock {
    fn is_of_this_process(&self) -> bool {
        self.process == process::id()
    }

    fn spawn(&'static self) -> io::Result<()> {
        thread::Builder::new().name("cells-timer".to_owned()).spawn(|| self.run()).map(drop)
    }

    fn run(&self) -> ! {
        let mut alarms = self.alarms.lock();
        let mut clocks = Clocks::now();
        loop {
            let before = std::mem::replace(&mut clocks, Clocks::now());
            let mut due = alarms.take_due(clocks.monotonic);
            if clocks.have_moved_apart_since(before) {
                due.extend(alarms.take_by_all_clocks());
            }
            if !due.is_empty() {
                drop(alarms);
                due.into_iter().for_each(wake);
                alarms = self.alarms.lock();
                continue;
            }
            let next = alarms.wakers.first_key_value().map(|(&(time, _), _)| time);
            alarms.thread = Thread::Sleeps(next);
            let wakes = next.map(|time| time.checked_add(GRAIN).unwrap_or(time));
            let compares = (!alarms.by_all_clocks.is_empty()).then(|| Instant::now() + COMPARED);
            let wakes = wakes.into_iter().chain(compares).min();
            alarms = self.alarms.wait(alarms, wakes);
            alarms.thread = Thread::Awake;
        }
    }
}

impl Thread {
    /// Whether an alarm at this time would ring late, unless the thread is notified.
    fn would_sleep_past(&self, time: Instant) -> bool {
        matches!(self, Self::Sleeps(until) if until.is_none_or(|until| time < until))
    }
}

impl Alarms {
    /// Starts the thread, if there is none; returns whether there is one. Under the lock, so that nobody sets an alarm
    /// for a thread that does not come.
    fn start(&mut self, spawn: impl FnOnce() -> io::Result<()>) -> bool {
        if matches!(self.thread, Thread::NotStarted) && spawn().is_ok() {
            self.thread = Thread::Awake;
        }
        !matches!(self.thread, Thread::NotStarted)
    }

    /// Takes out some of the wakers whose time has come, the earliest first.
    fn take_due(&mut self, now: Instant) -> Vec<Waker> {
        let mut due = Vec::new();
        while due.len() < AT_ONCE {
            match self.wakers.first_entry() {
                Some(first) if first.key().0 <= now => {
                    self.by_all_clocks.remove(first.key());
                    due.push(first.remove());
                }
                _ => break,
            }
        }
        due
    }

    /// Takes out the wakers that are to be woken when the clocks have moved apart.
    fn take_by_all_clocks(&mut self) -> Vec<Waker> {
        let keys = std::mem::take(&mut self.by_all_clocks);
        keys.iter().filter_map(|key| self.wakers.remove(key)).collect()
    }
}

/// What two clocks show at the same time.
#[derive(Clone, Copy)]
struct Clocks {
    monotonic: Instant,
    wall: SystemTime,
}

impl Clocks {
    fn now() -> Self {
        Self { monotonic: Instant::now(), wall: SystemTime::now() }
    }

    /// Whether the machine has slept meanwhile, or the wall clock was set.
    fn have_moved_apart_since(self, before: Self) -> bool {
        let expected = before.wall.checked_add(self.monotonic.saturating_duration_since(before.monotonic));
        expected.is_none_or(|expected| {
            let apart = self.wall.duration_since(expected).unwrap_or_else(|behind| behind.duration());
            apart > TOLERATED
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::mpsc::{Receiver, Sender, channel};
    use std::task::Wake;

    const GUARD: Duration = Duration::from_secs(60);

    /// Says its number, or panics.
    struct Says(Option<u32>, Sender<u32>);

    impl Wake for Says {
        fn wake(self: Arc<Self>) {
            let number = self.0.expect("it panics");
            let _ = self.1.send(number);
        }
    }

    fn waker(said: &Sender<u32>, number: impl Into<Option<u32>>) -> Waker {
        Waker::from(Arc::new(Says(number.into(), said.clone())))
    }

    fn set(after: Duration, waker: &Waker) -> Alarm {
        Alarm::set(Instant::now() + after, waker).expect("a thread")
    }

    fn hear(said: &Receiver<u32>) -> u32 {
        said.recv_timeout(GUARD).expect("an alarm rings")
    }

    #[test]
    fn x17_alarms_ring_in_order_whatever_a_waker_does() {
        let (say, said) = channel();
        let _late = set(Duration::from_millis(40), &waker(&say, 3));
        let _early = set(Duration::from_millis(20), &waker(&say, 1));
        let _panics = set(Duration::from_millis(30), &waker(&say, None));
        let dropped = set(Duration::from_millis(25), &waker(&say, 9));
        let changed = set(Duration::from_millis(35), &waker(&say, 8));
        drop(dropped);
        assert!(changed.rings(&waker(&say, 2)));
        assert_eq!([hear(&said), hear(&said), hear(&said)], [1, 2, 3]);
        assert!(!changed.rings(&waker(&say, 7)), "it has rung");
    }

    #[test]
    fn x17_a_waker_may_set_and_drop_alarms() {
        struct Again(Sender<u32>);
        impl Wake for Again {
            fn wake(self: Arc<Self>) {
                drop(set(GUARD, &waker(&self.0, 9)));
                std::mem::forget(set(Duration::ZERO, &waker(&self.0, 1)));
            }
        }
        let (say, said) = channel();
        let _alarm = set(Duration::ZERO, &Waker::from(Arc::new(Again(say))));
        assert_eq!(hear(&said), 1);
    }

    #[test]
    fn f2_clocks_move_apart_when_the_machine_sleeps_or_one_is_set() {
        let before = Clocks::now();
        let later = |monotonic, wall| Clocks {
            monotonic: before.monotonic + Duration::from_secs(monotonic),
            wall: before.wall + Duration::from_secs(wall),
        };
        assert!(!later(5, 5).have_moved_apart_since(before));
        assert!(later(0, 60).have_moved_apart_since(before), "it has slept");
        assert!(before.have_moved_apart_since(later(0, 60)), "the wall clock was set back");
    }

    #[test]
    fn f2_alarms_by_all_clocks_are_rung_when_these_move_apart() {
        let (say, said) = channel();
        let mut alarms = Alarms::default();
        for number in 0..2_u32 {
            let key = (Instant::now() + GUARD, number.into());
            alarms.wakers.insert(key, waker(&say, number));
            if number == 1 {
                alarms.by_all_clocks.insert(key);
            }
        }
        alarms.take_by_all_clocks().into_iter().for_each(wake);
        assert_eq!((hear(&said), alarms.wakers.len()), (1, 1));
    }

    #[test]
    fn x17_a_thread_that_cannot_be_started_is_tried_again() {
        let mut alarms = Alarms::default();
        assert!(!alarms.start(|| Err(io::Error::other("no more threads"))));
        assert!(alarms.start(|| Ok(())));
        assert!(alarms.start(|| Err(io::Error::other("there is one"))));
    }
}
