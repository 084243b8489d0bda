//! Payloads that end when nobody uses them any more: the key `linger`.
//!
//! # Protocol
//!
//! Readers leave no trace of the time, and look at no clock. So the cell is looked at every `linger`, on the thread of the
//! alarms, as long as the same generation is published:
//!
//! | found | done |
//! |---|---|
//! | a lease is out | nothing |
//! | no lease is out | the payload comes to rest: the fast path is shut ([`Slot::rest`](crate::payload::counters::Slot::rest)) |
//! | it has rested, for `linger`, and nobody has read | it is closed, as by anybody else |
//!
//! A reader that takes the slow path wakes the payload ([`RawCell::wake`]) before it has its lease. So a payload is closed
//! between one `linger` and two after its last lease has ended.
//!
//! Who begins to look: whoever publishes a payload or takes a lease by the slow path in a call that knows the cell as a
//! static ([`RawCell::used`]), once for each generation. The first look is an alarm; if there can be none, the next such
//! call tries again. What ends a payload is code of the program, so it runs on a thread of its own.

use crate::cell::decisions::Usage;
use crate::cell::raw_cell::RawCell;
use crate::sync::alarm::Alarm;
use crate::sync::clock;
use std::sync::Arc;
use std::task::{Wake, Waker};
use std::thread;
use std::time::{Duration, Instant};

impl RawCell {
    /// How long a payload stays that nobody uses; `None` if that does not end it.
    #[inline]
    fn linger(&self) -> Option<Duration> {
        self.config.info.and_then(|info| info.linger)
    }

    /// Says that somebody uses what is published, before a lease that was taken by the slow path is given out.
    #[inline]
    pub(crate) fn wake(&self) {
        if self.linger().is_some() {
            self.control.published().wake();
        }
    }

    /// Does the same, and sees to it that the payload is looked at.
    #[inline]
    pub(crate) fn used(&'static self) {
        if let Some(linger) = self.linger() {
            self.watch(linger);
        }
    }

    #[cold]
    fn watch(&'static self, linger: Duration) {
        self.control.published().wake();
        let Some(generation) = self.control.begin_to_look() else { return };
        if !(Look { cell: self, generation, linger }).after(linger) {
            self.control.stop_looking(generation);
        }
    }

    /// Looks whether the payload is in use. Returns after what time to look again; `None` if there is nothing to look at
    /// any more, or if it is to be closed, which `close` does.
    fn look(&'static self, generation: u64, linger: Duration, close: impl FnOnce()) -> Option<Duration> {
        let _inside = self.config.scope.enter();
        match self.control.look(generation, linger, clock::now()) {
            Usage::Another => None,
            Usage::InUse => Some(linger),
            Usage::Rests { left } => Some(left),
            Usage::Over => {
                close();
                None
            }
        }
    }

    /// Closes a generation that nobody uses, unless somebody has come meanwhile.
    fn close_unused(&'static self, generation: u64, linger: Duration) {
        let published = self.control.published();
        let unused = |now| now == Some(generation) && published.rests() && published.rest();
        let mut unused_now = false;
        let closing = self.close_if(|now| {
            unused_now = unused(now);
            unused_now
        });
        if unused_now {
            let _ = closing.settle();
        } else {
            self.control.stop_looking(generation);
            self.watch(linger);
        }
    }

    /// Does at once what is due by the clock of a sandbox.
    #[cfg(feature = "testing")]
    pub(crate) fn look_now(&'static self) {
        self.look_at_age_now();
        let (Some(linger), Some(generation)) = (self.linger(), self.generation()) else { return };
        let _ = self.look(generation, linger, || self.close_unused(generation, linger));
    }
}

/// The next look at a cell, as the waker of an alarm.
#[derive(Clone)]
struct Look {
    cell: &'static RawCell,
    generation: u64,
    linger: Duration,
}

impl Look {
    /// Sets the alarm; returns `false` if there can be none.
    fn after(&self, time: Duration) -> bool {
        // A time that the clock cannot represent never comes.
        let Some(time) = Instant::now().checked_add(time) else { return true };
        Alarm::set(time, &Waker::from(Arc::new(self.clone()))).map(Alarm::leave).is_some()
    }
}

impl Wake for Look {
    fn wake(self: Arc<Self>) {
        let Self { cell, generation, linger } = *self;
        let close = || {
            let close = move || cell.close_unused(generation, linger);
            let _ = thread::Builder::new().name("cells-linger".to_owned()).spawn(close).map_err(|_| {
                // Without a thread it is closed by the next look after it was used again.
                cell.control.stop_looking(generation);
            });
        };
        if let Some(time) = cell.look(generation, linger, close) {
            if !self.after(time) {
                cell.control.stop_looking(generation);
            }
        }
    }
}
