//! Payloads that age: the keys `fresh` and `expires`.
//!
//! # Protocol
//!
//! No reader on the fast path looks at a clock. Instead a slot whose payload may be too old is *shut*: then readers take the
//! slow path, and look. It is so from the publication on, and open only while an alarm is set that will shut it in time, or
//! nothing will ever be due. So an alarm that cannot be set, or must not be, costs speed and nothing else:
//!
//! | where | alarms |
//! |---|---|
//! | in the process | one for each payload that ages, for the next thing that becomes due |
//! | in a sandbox, whose clock may be advanced | none |
//! | of a cell that was read in a tokio runtime while its time was paused | none |
//! | in a forked child | for what it publishes itself; what it has from its parent stays off the fast path |
//!
//! What becomes due, and who does it:
//!
//! | when | the timer | a reader that comes then |
//! |---|---|---|
//! | the payload is stale | shuts the slot; with `eager_refresh` it begins the refresh | takes the payload as it is, and begins the refresh |
//! | shortly before its end | shuts the slot | looks at the clocks |
//! | at its end | retires the payload | the same, and goes on without one |
//!
//! Who begins a refresh takes it off the [`Ages`] under the cell's lock, so it is one caller; the
//! slot opens for all others. A refresh is a flight like any other, on a thread of the library's or as a task of the runtime
//! on which the payload was built; without a runtime, the task that begins it runs it ([`RawCell::refresh_to_drive`]).
//! However it ends, [`Refresh`] makes the next one due after a while, unless another generation is published by then.
//! So nothing that goes wrong in between (no thread, a runtime that ends, another flight under way) leaves a payload that
//! nobody will refresh.
//!
//! A payload ends while a refresh is under way: the flight goes on, and callers wait for it.
//!
//! A payload that has ended when it is published is given to the callers of its flight, and to nobody else: what RFC 1035
//! says of records with a lifetime of zero (section 3.2.1).

use crate::cell::ages::{Ages, Due};
use crate::cell::decisions::{Look, Looker};
use crate::cell::initializer::Initializer;
use crate::cell::raw_cell::RawCell;
use crate::cell::wait_budget::Purpose;
use crate::error::Panic;
use crate::flight::frames::Caller;
use crate::observe::span::{Parent, Span};
use crate::observe::user_panic::catch_user_panic;
use crate::payload::drain::WaitFor;
use crate::sync::alarm::Alarm;
use crate::sync::background;
use crate::sync::backoff::Backoff;
use crate::sync::clock;
use crate::sync::executor::Executor;
use crate::sync::fork::{self, InChild};
use crate::sync::moment::Reading;
use crate::sync::world::Scope;
use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Wake, Waker};
use std::time::{Duration, Instant};

/// How long after a failed refresh the next one is due, for a cell without a cooldown.
const REFRESH_COOLDOWN: Backoff = Backoff { first: Duration::from_secs(1), most: Duration::from_secs(60) };

/// After how long the timer looks again at a payload that has ended where there can be no thread for its disposer.
const NO_THREAD: Duration = Duration::from_secs(1);

impl RawCell {
    /// Whether its payloads age.
    #[inline]
    pub(crate) fn is_ageing(&self) -> bool {
        self.config.info.is_some_and(|info| info.fresh.is_some() || info.expires.is_some())
    }

    /// How old a payload may become that is published now. Calls functions of the program.
    pub(crate) fn ages_of(&self, payload: &(dyn Any + Send + Sync)) -> Option<Box<Ages>> {
        Ages::of(self.config.info?, payload)
    }

    /// Retires the payload if it has ended: what the timer does, for those who come before it.
    #[inline]
    pub(crate) fn end_if_due(&self) {
        if self.is_ageing() {
            self.end_now();
        }
    }

    #[cold]
    fn end_now(&self) {
        // The clock is that of the cell's world, whoever looks.
        let _inside = self.config.scope.enter();
        let now = Reading::now();
        if !self.control.has_ended(&now) {
            return;
        }
        let observers = self.observers();
        let Some((generation, after)) = self.control.end_if_due(&now, &observers) else { return };
        let retired = after.finish(self.name());
        observers.expired(generation);
        if let Some(retired) = retired {
            let _ = retired.close(WaitFor::Nobody);
        }
    }

    /// Looks at the age of what is published, for a reader on the slow path that will use it. The refresh that it returns is
    /// the reader's to [begin](Refresh::begin), once it has its lease: so it gets the payload as it is.
    #[inline]
    pub(crate) fn look_at_age(&'static self) -> Option<Refresh> {
        if self.is_ageing() { self.look_as(Looker::Reader) } else { None }
    }

    /// Sees to it that something looks at the age of what was published, and at its use.
    #[inline]
    pub(crate) fn watch_payload(&'static self) {
        self.used();
        if self.is_ageing() {
            let _ = self.look_as(Looker::Passerby);
        }
    }

    /// Does what the timer would, by the clock of a sandbox.
    #[cfg(feature = "testing")]
    pub(crate) fn look_at_age_now(&'static self) {
        if self.is_ageing() {
            self.timer();
        }
    }

    fn timer(&'static self) {
        if let Some(refresh) = self.look_as(Looker::Timer) {
            refresh.begin();
        }
    }

    /// Looks for somebody who does not run the refresh: of an asynchronous cell a runtime has to.
    #[cold]
    fn look_as(&'static self, by: Looker) -> Option<Refresh> {
        self.look_and_act(by, |executor| !self.is_asynchronous() || executor.exists())
    }

    fn look_and_act(
        &'static self,
        by: Looker,
        can_refresh: impl FnOnce(&Executor) -> bool,
    ) -> Option<Refresh> {
        let _inside = self.config.scope.enter();
        let Look { due, generation, again } = self.control.look_at_age(by, &Reading::now(), can_refresh)?;
        match due {
            Due::Nothing | Due::Refresh => {}
            // A disposer is code of the program, which the thread of the alarms does not wait for.
            Due::End if by == Looker::Timer && self.config.scope == Scope::PROCESS => {
                if !background::run(|| self.end_now()) {
                    self.set_alarm(generation, NO_THREAD);
                }
            }
            Due::End => self.end_now(),
        }
        if let Some(after) = again {
            self.set_alarm(generation, after);
        }
        (due == Due::Refresh).then(|| Refresh { cell: self, generation, by })
    }

    fn set_alarm(&'static self, generation: u64, after: Duration) {
        if self.config.scope != Scope::PROCESS || cfg!(cells_shuttle) {
            return;
        }
        if !clock::now_and_is_real().1 {
            return self.control.never_time();
        }
        if self.control.is_new_to_children() {
            fork::in_children(self);
        }
        // What the clock cannot represent never comes.
        let Some(rings) = Instant::now().checked_add(after) else { return };
        let timer = Arc::new(Timer { cell: self, has_rung: AtomicBool::new(false) });
        if let Some(alarm) = Alarm::set_by_all_clocks(rings, &Waker::from(Arc::clone(&timer))) {
            self.control.keep_alarm(generation, rings, alarm, || timer.has_rung(), &Reading::now());
        }
    }

    /// Builds the next payload of a plain cell in the place of this generation.
    fn refresh_now(&'static self, generation: u64, parent: &Parent) {
        let _inside = self.config.scope.enter();
        let Some(flight) = self.control.begin_refresh(generation) else { return };
        let mut initializer = Initializer::begin(self, flight, Caller::Thread, Purpose::Refresh, parent);
        let returned = initializer.run(&mut || self.adjusted(&mut || self.build_declared()));
        // Its failure, or its panic, was reported to whom it may concern.
        match catch_unwind(AssertUnwindSafe(|| initializer.finish(returned))) {
            Ok(outcome) => catch_user_panic(self.name(), || drop(outcome)),
            Err(panic) => drop(Panic::caught(panic)),
        }
        self.watch_payload();
    }

    /// How long after a refresh that has failed the next one is due. It delays no caller.
    fn refresh_cooldown(&self) -> Duration {
        let limits = &self.config.limits;
        let (first, most) = (limits.cooldown.get(), limits.max_cooldown.get());
        let cooldown = if first.is_zero() { REFRESH_COOLDOWN } else { Backoff { first, most } };
        // A flight that ended in another way than by a failure counts as the first.
        cooldown.delay(self.control.failures().max(1))
    }

    /// The refresh of an asynchronous cell that a task has to run which is about to read, because no runtime can.
    pub(crate) fn refresh_to_drive(&'static self) -> Option<Refresh> {
        if !self.is_ageing() {
            return None;
        }
        self.look_and_act(Looker::Reader, |executor| !executor.exists())
    }
}

/// The alarms of a process do not ring in its children: their readers have to look.
impl InChild for RawCell {
    fn in_child(&self) {
        self.control.published().hide_in_child();
    }
}

/// A refresh that has begun. When this is dropped, the next one is due after a while, unless it has replaced the payload.
pub(crate) struct Refresh {
    cell: &'static RawCell,
    pub(crate) generation: u64,
    by: Looker,
}

impl Refresh {
    /// Runs it on a thread of the library's, or on the runtime on which the payload was built.
    pub(crate) fn begin(self) {
        let (cell, generation) = (self.cell, self.generation);
        // A log subscriber is code of the program: not on the thread of the alarms.
        let cause = match self.by {
            Looker::Reader => Span::current(cell.name()),
            Looker::Timer | Looker::Passerby => Span::none(),
        };
        let parent = Parent::Nobody { cause };
        let (executor, refresher) = cell.control.refresher();
        if !cell.is_asynchronous() {
            background::run(move || {
                // The factory may rely on it, and goes by its clock.
                let _entered = executor.enter();
                self.report();
                cell.refresh_now(generation, &parent);
                drop(self);
            });
        } else if let Some(refresher) = refresher {
            let refresh = refresher(generation, parent);
            let _ = executor.spawn(async move {
                self.report();
                refresh.await;
                drop(self);
            });
        }
    }

    /// Reports that it begins, where it runs.
    pub(crate) fn report(&self) {
        self.cell.observers().stale(self.generation);
    }
}

impl Drop for Refresh {
    fn drop(&mut self) {
        let Self { cell, generation, .. } = *self;
        let _inside = cell.config.scope.enter();
        cell.control.refresh_again(generation, cell.refresh_cooldown(), &Reading::now());
        cell.watch_payload();
    }
}

/// Looks at the age of a cell's payload when an alarm rings.
struct Timer {
    cell: &'static RawCell,
    /// Set before it looks: an alarm may ring before whoever has set it can keep it, and must not take the place of one that
    /// will ring.
    has_rung: AtomicBool,
}

impl Timer {
    fn has_rung(&self) -> bool {
        // Relaxed: asked under the cell's lock, which the look takes too.
        self.has_rung.load(Ordering::Relaxed)
    }
}

impl Wake for Timer {
    fn wake(self: Arc<Self>) {
        self.has_rung.store(true, Ordering::Relaxed);
        self.cell.timer();
    }
}
