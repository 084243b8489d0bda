//! A cell's state behind its lock, and every transition.
//!
//! # Protocol
//!
//! The state follows from the control block and the published payload; the first row that is true counts:
//!
//! | state | when |
//! |---|---|
//! | `Ready` | a payload is published (also during a refresh, and in a shutdown until the cell's turn comes) |
//! | `Closed` | the process is shutting down or has shut down; this is final |
//! | `Initializing` | a flight is under way |
//! | `Failed` | a failure is on record |
//! | `Empty` | otherwise |
//!
//! | from | to | by |
//! |---|---|---|
//! | no flight | a flight under way, of the next generation | [`decide`](Control::decide) |
//! | a flight | its payload published, and what was published before retired | [`publish`](Control::publish) |
//! | a flight | a failure on record; after a fatal error of a refresh, the payload retired | [`fail`](Control::fail) |
//! | a flight | no flight | [`cancel`](Control::cancel) |
//! | a flight, a payload, a failure | none of them | [`close_if`](Control::close_if) |
//! | a flight | no flight, a payload stays | [`supersede`](Control::supersede) |
//! | a flight, a payload | a failure on record | [`record_failure`](Control::record_failure) |
//! | no flight, no payload | a payload published | [`provide`](Control::provide), also of a seed |
//! | a flight, a payload | another payload published, which settles the flight | [`provide`](Control::provide), as a replacement |
//! | a payload that is stale, no flight | a flight under way | [`begin_refresh`](Control::begin_refresh) |
//! | a payload that has ended | no payload; a flight stays | [`end_if_due`](Control::end_if_due) |
//! | any | no flight, and none begins any more | [`shut_down`](Control::shut_down) |
//!
//! Who waits for a payload and builds none ([`await_payload`](Control::await_payload)) waits for a flight that nobody
//! runs and that is never under way. Whatever publishes the next payload settles it in the same critical section, with a
//! lease on that payload; a shutdown settles it with an error. Flights that fail and closes leave it alone.
//!
//! The lock guards every change of the flight under way, the failure on record and what is published. It is taken in
//! this file alone, and no code of the program runs while it is held: no factory, disposer, observer, adjuster, waker,
//! destructor or log subscriber. Each change decides under the lock and returns what is to be done after unlocking as an
//! [`AfterUnlock`].
//!
//! Invariants:
//! - At most one flight is under way. A new one takes the next generation; no generation is used twice.
//! - A flight leaves the control block in the critical section that settles it. So a flight in the control block is
//!   not settled, and a settled one can change nothing here any more.
//! - In a forked child, a flight that began before the fork does not count as under way. Nobody runs it there, unless the
//!   child goes on with the very thread that does; then it is that factory's own flight, and a superseded one.
//! - A payload is published only by the flight in the control block or by `provide`, so published generations only grow.
//! - No flight begins in a cell without a factory.

use crate::cell::ages::{Ages, Due};
use crate::cell::block::{Block, Built, Failure, Refresher, open, remember};
use crate::cell::config::Config;
use crate::cell::decisions::{
    Accepts, AfterUnlock, Consequences, Decision, Found, Look, Looker, Providing, Usage,
};
use crate::cell::snapshot::{CellSnapshot, State};
use crate::error::{Error, LifecycleError, SharedError, UnavailableError};
use crate::flight::frames::{Caller, CellId};
use crate::flight::single_flight::{Flight, Outcome};
use crate::flight::wait_graph;
use crate::info::CellInfo;
use crate::observe::counts::{Counts, LazyCounts};
use crate::observe::observer::InitStatus;
use crate::observe::observers::Observers;
use crate::payload::disposal::Disposal;
use crate::payload::drain::{Drain, Retired};
use crate::payload::lease::{AnyPayload, Lease, Parting, Published};
use crate::payload::payload_type::PayloadType;
use crate::sync::alarm::Alarm;
use crate::sync::clock;
use crate::sync::executor::Executor;
#[cfg(feature = "tokio")]
use crate::sync::executor::RuntimeWatch;
use crate::sync::moment::Reading;
use crate::sync::primitives::Mutex;
use crate::sync::process;
use std::sync::Arc;
use std::time::{Duration, Instant};

pub(crate) struct Control {
    /// Read without the lock, changed under it.
    published: Published,
    /// Changed without the lock too.
    counts: LazyCounts,
    block: Mutex<Block>,
}

impl Control {
    // What is the same for all cells is in `const` blocks, which the compiler evaluates once and not for every static
    // (target: `cargo check` of 500 cells, docs/performance.md).
    pub(crate) const fn new(payload_type: &'static PayloadType) -> Self {
        Self {
            published: Published::new(payload_type),
            counts: const { LazyCounts::new() },
            block: const { Mutex::new(Block::new()) },
        }
    }

    /// Identifies this cell among all others.
    pub(crate) fn id(&self) -> CellId {
        std::ptr::from_ref(self).addr()
    }

    /// What is published, for reading.
    #[inline]
    pub(crate) const fn published(&self) -> &Published {
        &self.published
    }

    /// To count something.
    pub(crate) fn counts(&self) -> &Arc<Counts> {
        self.counts.get()
    }

    pub(crate) fn state(&self) -> State {
        let block = self.block.lock();
        block.state(&self.published)
    }

    pub(crate) fn is_shut_down(&self) -> bool {
        self.block.lock().shut_down
    }

    /// The failure on record.
    pub(crate) fn failure(&self) -> Option<SharedError> {
        self.block.lock().failure().map(|failure| failure.cause.clone())
    }

    /// The superseded flights whose factories may still run.
    pub(crate) fn superseded(&self) -> Vec<Arc<Flight>> {
        self.block.lock().superseded()
    }

    /// The retired payloads that may still be in use.
    pub(crate) fn drains(&self) -> Vec<Arc<Drain>> {
        let drains = self.block.lock().drains();
        open(drains)
    }

    /// The retired payloads to which a close still refers, those that are disposed included.
    pub(crate) fn known_drains(&self) -> Vec<Arc<Drain>> {
        self.block.lock().drains()
    }

    /// Whether there ever was a payload.
    pub(crate) fn was_ready(&self) -> bool {
        self.block.lock().built.is_some()
    }

    /// When the flight began that runs for longest, a superseded one included, and the same of disposers.
    pub(crate) fn running_since(&self) -> (Option<Instant>, Option<Instant>) {
        let block = self.block.lock();
        let mut flights = block.superseded();
        flights.extend(block.under_way().cloned());
        let drains = block.drains();
        drop(block);
        let running = flights.iter().filter(|flight| !flight.is_over());
        let flight = running.map(|flight| flight.began).min();
        let disposer = drains.iter().filter_map(|drain| drain.disposing_since()).min();
        (flight, disposer)
    }

    pub(crate) fn snapshot(&self, name: &'static str) -> CellSnapshot {
        let block = self.block.lock();
        let generation = self.published.generation();
        let built = block.built.as_ref();
        let failure = block.failure();
        let cause = failure.map(|failure| failure.cause.clone());
        let (superseded, drains) = (block.superseded(), block.drains());
        let reading = Reading::now();
        let ages = block.rare.as_ref().and_then(|rare| rare.ages.as_ref());
        let fresh_left = ages.and_then(|ages| ages.fresh_left(&reading));
        let snapshot = CellSnapshot {
            name,
            state: block.state(&self.published),
            generation,
            age: built
                .filter(|_| generation.is_some())
                .map(|built| clock::now().saturating_duration_since(built.at)),
            fresh_left,
            stale: fresh_left.is_some_and(|left| left.is_zero()),
            expires_left: ages.and_then(|ages| ages.expires_left(&reading)),
            own: built.map(|built| built.own),
            waiting: built.map(|built| built.waiting),
            last_error: None,
            cooldown_left: failure.and_then(Failure::remaining),
            waiters: block.waiters(),
            flights: usize::from(block.under_way().is_some()),
            leases: self.published.leases_out(),
            draining: 0,
            counts: self.counts.read(),
        };
        drop(block);
        // After unlocking: the error's `Display` is code of the program, and so are the destructors that may run here.
        CellSnapshot {
            last_error: cause.map(|cause| format!("{cause:#}")),
            flights: snapshot.flights + superseded.iter().filter(|flight| !flight.is_over()).count(),
            draining: open(drains).len(),
            ..snapshot
        }
    }

    /// Whether there is nothing to close.
    pub(crate) fn is_untouched(&self) -> bool {
        let block = self.block.lock();
        let idle = self.published.generation().is_none() && block.under_way().is_none();
        let (superseded, drains) = (block.superseded(), block.drains());
        drop(block);
        idle && superseded.iter().all(|flight| flight.is_over()) && open(drains).is_empty()
    }

    /// Whether there was ever a flight, or a payload without one.
    pub(crate) fn was_ever_used(&self) -> bool {
        self.block.lock().generation > 0
    }

    /// How many flights have failed since a payload was published.
    pub(crate) fn failures(&self) -> u32 {
        self.block.lock().rare.as_ref().map_or(0, |rare| rare.failures)
    }

    /// What a call that comes now accepts, if it wants a payload that is newer than the call.
    pub(crate) fn newer(&self) -> Accepts {
        Accepts::After(self.block.lock().generation)
    }

    /// Decides what a caller is to do, in the order of clause C5 of the contract. A caller that accepts any payload has
    /// already looked for it, before these checks; one may have been published since. `new_flight` creates the flight if
    /// this begins one.
    pub(crate) fn decide(
        &self,
        config: &Config,
        accepts: Accepts,
        caller: Caller,
        new_flight: fn(u64) -> Flight,
    ) -> Result<Decision, Error> {
        let cell = config.name;
        let mut block = self.block.lock();
        if block.shut_down {
            return Err(Error::Unavailable(UnavailableError::ShutDown { cell }));
        }
        if let Some(failure) = block.failure() {
            if let Some(retry_after) = failure.remaining() {
                let source = failure.cause.clone();
                self.counts().refused_cooling.up();
                return Err(Error::Lifecycle(LifecycleError::Cooldown { cell, source, retry_after }));
            }
        }
        if accepts.generation(self.published.generation().unwrap_or(0)) {
            if let Some(lease) = self.published.lease_slow() {
                return Ok(Decision::Take(lease));
            }
        }
        let reentrant = |chain| Error::Lifecycle(LifecycleError::Reentrant { cell, chain });
        if let Some(flight) = &block.flight {
            let blocked = wait_graph::wait_for(caller, flight.id(), cell).map_err(reentrant)?;
            if !flight.is_foreign() {
                return Ok(Decision::Wait(Arc::clone(flight), blocked));
            }
            drop(blocked);
        } else if block.has_superseded() {
            if let Some(chain) = caller.circle_to(self.id()) {
                return Err(reentrant(chain));
            }
        }
        // A refresh that began after this call and has failed already is this call's answer.
        if let Accepts::After(_) = accepts {
            match block.failure() {
                Some(Failure { flight: Some((generation, error)), .. })
                    if accepts.generation(*generation) =>
                {
                    return Err(error.clone());
                }
                _ => {}
            }
        }
        if let Some(CellInfo { ident, .. }) = config.info.filter(|_| !config.has_factory()) {
            return Err(Error::Unavailable(UnavailableError::NotProvided { cell, ident }));
        }
        block.forget_foreign();
        let flight = Arc::new(new_flight(block.next_generation()));
        block.flight = Some(Arc::clone(&flight));
        Ok(Decision::Initialize(flight))
    }

    /// Takes the payload for a caller that builds nothing, or gives it a flight to wait for that nobody runs: whoever
    /// publishes the next payload settles it.
    pub(crate) fn await_payload(&self, cell: &'static str, caller: Caller) -> Result<Found, Error> {
        let mut block = self.block.lock();
        if let Some(lease) = self.published.lease_slow() {
            return Ok(Found::Payload(lease));
        }
        if block.shut_down {
            return Err(Error::Unavailable(UnavailableError::ShutDown { cell }));
        }
        if let Some(chain) = caller.circle_to(self.id()) {
            return Err(Error::Lifecycle(LifecycleError::Reentrant { cell, chain }));
        }
        let awaited = &mut block.rare().awaited;
        let foreign = awaited.take_if(|flight| flight.is_foreign());
        let flight = Arc::clone(awaited.get_or_insert_with(|| Arc::new(Flight::new(0))));
        drop(block);
        drop(foreign);
        Ok(Found::Awaited(flight))
    }

    /// Publishes what a flight built. If the flight is already settled, returns the payload and the flight's outcome.
    pub(crate) fn publish(
        &self,
        flight: &Arc<Flight>,
        payload: AnyPayload,
        built: Built,
        ages: Option<Box<Ages>>,
        config: &Config,
        observers: &Observers,
    ) -> Result<(Lease, AfterUnlock), (AnyPayload, Outcome)> {
        let mut block = self.block.lock();
        if let Some(outcome) = flight.outcome() {
            return Err((payload, outcome));
        }
        block.flight = None;
        let (lease, parting) =
            self.published.replace(payload, flight.generation, config.is_declared(), ages.is_some());
        let retired = parting.map(|parting| self.start_drain(&mut block, parting, observers));
        self.counts().flight(InitStatus::Ok, built.own, built.waiting);
        self.counts().refreshes.up_if(retired.is_some());
        let before = block.built.replace(Box::new(built));
        let cleared = block.clear_failures();
        let settled = Some(flight.settle(Outcome::Ready(lease.clone())));
        let after = AfterUnlock {
            settled,
            awaited: block.settle_awaited(|| Outcome::Ready(lease.clone())),
            cleared,
            before,
            aged: block.replace_ages(ages),
            #[cfg(feature = "tokio")]
            watch: block.watch.take(),
            retired,
        };
        Ok((lease, after))
    }

    /// Records that a flight failed; its waiters get `error`. If the flight is already settled, changes nothing and
    /// returns its outcome.
    pub(crate) fn fail(
        &self,
        flight: &Arc<Flight>,
        built: &Built,
        cause: SharedError,
        consequences: Consequences,
        error: Error,
        observers: &Observers,
    ) -> Result<AfterUnlock, Outcome> {
        let mut block = self.block.lock();
        if let Some(outcome) = flight.outcome() {
            return Err(outcome);
        }
        block.flight = None;
        self.counts().flight(consequences.status, built.own, built.waiting);
        self.counts().failed_refreshes.up_if(self.published.generation().is_some());
        let after =
            if consequences.retires { self.retire(&mut block, observers) } else { AfterUnlock::default() };
        let cooldown =
            consequences.cooldown.map_or(Duration::ZERO, |cooldown| cooldown.delay(block.count_failure()));
        // After a failed refresh there is still a payload, so nothing is gained by delaying the next attempt.
        let cooldown = if self.published.generation().is_some() { Duration::ZERO } else { cooldown };
        let failed = Some((flight.generation, error.clone()));
        let cleared = block.rare().failure.replace(Failure::new(cause, failed, cooldown));
        let settled = Some(flight.settle(Outcome::Failed(error)));
        Ok(AfterUnlock { settled, cleared, ..after })
    }

    /// Settles a flight whose factory was dropped: its waiters start over, and one of them begins the next flight.
    /// Returns `None` if the flight is already settled.
    pub(crate) fn cancel(&self, flight: &Arc<Flight>, built: &Built) -> Option<AfterUnlock> {
        let mut block = self.block.lock();
        if flight.outcome().is_some() {
            return None;
        }
        block.flight = None;
        self.counts().flight(InitStatus::Cancelled, built.own, built.waiting);
        let settled = Some(flight.settle(Outcome::Superseded));
        Some(AfterUnlock { settled, ..AfterUnlock::default() })
    }

    /// Publishes what `value` returns as the next generation. `value` runs under the lock.
    ///
    /// If there is a payload or a flight, or the cell is shut down, returns the state instead; only a shutdown prevents a
    /// [replacement](Providing::Replacement).
    pub(crate) fn provide(
        &self,
        config: &Config,
        providing: Providing<'_>,
        ages: Option<Box<Ages>>,
        value: &mut dyn FnMut() -> AnyPayload,
    ) -> Result<(Lease, AfterUnlock), State> {
        let replacing = match providing {
            Providing::Replacement(observers) => Some(observers),
            Providing::Value | Providing::Seed => None,
        };
        let mut block = self.block.lock();
        match (block.state(&self.published), replacing) {
            (State::Empty | State::Failed, _) => {}
            (State::Ready | State::Initializing, Some(_)) if !block.shut_down => {}
            (_, Some(_)) => return Err(State::Closed),
            (state, None) => return Err(state),
        }
        if block.under_way().is_none() {
            block.forget_foreign();
        }
        let generation = block.next_generation();
        let (lease, parting) =
            self.published.replace(value(), generation, config.is_declared(), ages.is_some());
        debug_assert!(parting.is_none() || replacing.is_some(), "only a replacement finds a payload");
        let replaced = parting.zip(replacing);
        let retired = replaced.map(|(parting, observers)| self.start_drain(&mut block, parting, observers));
        match providing {
            Providing::Seed => self.counts().seeded.up(),
            Providing::Value | Providing::Replacement(_) => self.counts().provided.up(),
        }
        self.counts().replaced.up_if(retired.is_some());
        let before = block.built.replace(Box::new(Built::now(Duration::ZERO, Duration::ZERO)));
        let after = AfterUnlock {
            settled: block.supersede(|| Outcome::Ready(lease.clone())),
            awaited: block.settle_awaited(|| Outcome::Ready(lease.clone())),
            cleared: block.clear_failures(),
            before,
            aged: block.replace_ages(ages),
            #[cfg(feature = "tokio")]
            watch: block.watch.take(),
            retired,
        };
        Ok((lease, after))
    }

    /// The published generation, if it is to be looked at from now on; `None` if there is none, or it is looked at already.
    pub(crate) fn begin_to_look(&self) -> Option<u64> {
        let mut block = self.block.lock();
        let generation = self.published.generation()?;
        let rare = block.rare();
        // A forked child does not have the thread of the alarms that its parent had set.
        let looked_at = Some((generation, process::id()));
        if rare.looked_at == looked_at {
            return None;
        }
        (rare.looked_at, rare.rests_since) = (looked_at, None);
        Some(generation)
    }

    /// Nobody looks at this generation any more.
    pub(crate) fn stop_looking(&self, generation: u64) {
        let mut block = self.block.lock();
        let rare = block.rare();
        rare.looked_at.take_if(|(looked_at, _)| *looked_at == generation);
    }

    /// Looks whether this generation is in use.
    pub(crate) fn look(&self, generation: u64, linger: Duration, now: Instant) -> Usage {
        let mut block = self.block.lock();
        if self.published.generation() != Some(generation) {
            return Usage::Another;
        }
        let rare = block.rare();
        if let Some(since) = rare.rests_since.filter(|_| self.published.rests()) {
            let left = linger.saturating_sub(now.saturating_duration_since(since));
            return if left.is_zero() { Usage::Over } else { Usage::Rests { left } };
        }
        rare.rests_since = self.published.rest().then_some(now);
        if rare.rests_since.is_some() { Usage::Rests { left: linger } } else { Usage::InUse }
    }

    /// Looks at the age of what is published, and says what is to be done about it: a refresh by this caller, who is the
    /// only one, or an end by [`end_if_due`](Self::end_if_due). `None` if nothing that ages is published. `can_refresh`
    /// says whether one could run, given the executor that the payload was built on.
    pub(crate) fn look_at_age(
        &self,
        by: Looker,
        now: &Reading,
        can_refresh: impl FnOnce(&Executor) -> bool,
    ) -> Option<Look> {
        let mut block = self.block.lock();
        let generation = self.published.generation()?;
        let executor = block.executor();
        let ages = block.ages()?;
        let begins = match by {
            Looker::Reader => true,
            Looker::Timer => ages.is_eager(),
            Looker::Passerby => false,
        };
        let due = match ages.due(now) {
            Due::Refresh if begins && can_refresh(&executor) => {
                ages.refresh_begins();
                Due::Refresh
            }
            Due::Refresh | Due::Nothing => Due::Nothing,
            Due::End => Due::End,
        };
        let rung = if by == Looker::Timer { ages.take_alarm() } else { None };
        self.published.shut_for_age(ages.is_for_lookers(now));
        let again = if ages.is_timed() { None } else { ages.next_look(now) };
        let again = again.filter(|_| !block.rare().untimed);
        drop(block);
        drop((rung, executor));
        Some(Look { due, generation, again })
    }

    /// Keeps the alarm that looks at this generation next, unless it has rung: then it looks, or has looked, without being
    /// kept.
    pub(crate) fn keep_alarm(
        &self,
        generation: u64,
        rings: Instant,
        alarm: Alarm,
        has_rung: impl FnOnce() -> bool,
        now: &Reading,
    ) {
        let mut block = self.block.lock();
        let published = self.published.generation() == Some(generation);
        let timed = published && !block.rare().untimed && !has_rung();
        let left = match block.ages().filter(|_| timed) {
            Some(ages) => {
                let left = ages.keep_alarm(rings, alarm);
                self.published.shut_for_age(ages.is_for_lookers(now));
                left
            }
            None => Some(alarm),
        };
        drop(block);
        drop(left);
    }

    /// Begins a flight that is to replace this generation, unless that is no longer published, a flight is under way or
    /// the cell is shut down.
    pub(crate) fn begin_refresh(&self, generation: u64) -> Option<Arc<Flight>> {
        let mut block = self.block.lock();
        if block.shut_down || self.published.generation() != Some(generation) || block.under_way().is_some() {
            return None;
        }
        block.forget_foreign();
        let flight = Arc::new(Flight::new(block.next_generation()));
        block.flight = Some(Arc::clone(&flight));
        Some(flight)
    }

    /// Says that the refresh of this generation has ended. If it is still published, the next one is due after `delay`.
    pub(crate) fn refresh_again(&self, generation: u64, delay: Duration, now: &Reading) {
        let mut block = self.block.lock();
        if self.published.generation() == Some(generation) {
            if let Some(ages) = block.ages() {
                ages.refresh_again(delay, now);
                let before = ages.take_alarm();
                self.published.shut_for_age(ages.is_for_lookers(now));
                drop(block);
                drop(before);
            }
        }
    }

    /// Whether the payload has ended.
    pub(crate) fn has_ended(&self, now: &Reading) -> bool {
        self.block.lock().ages().is_some_and(|ages| ages.due(now) == Due::End)
    }

    /// Unpublishes the payload if it has ended. A flight under way goes on: it is to build the next one.
    pub(crate) fn end_if_due(&self, now: &Reading, observers: &Observers) -> Option<(u64, AfterUnlock)> {
        let mut block = self.block.lock();
        let generation = self.published.generation()?;
        if block.ages()?.due(now) != Due::End {
            return None;
        }
        self.counts().expired.up();
        Some((generation, self.retire(&mut block, observers)))
    }

    /// Whether forked children are yet to learn that payloads of this cell age. `true` once.
    pub(crate) fn is_new_to_children(&self) -> bool {
        !std::mem::replace(&mut self.block.lock().rare().known_in_children, true)
    }

    /// Sets no alarm any more: the time of a tokio runtime in which the cell is read was paused.
    pub(crate) fn never_time(&self) {
        let mut block = self.block.lock();
        block.rare().untimed = true;
        let alarm = block.ages().and_then(Ages::take_alarm);
        self.published.shut_for_age(block.ages().is_some());
        drop(block);
        drop(alarm);
    }

    /// Where the payload was built, and what refreshes it in a task.
    pub(crate) fn refresher(&self) -> (Executor, Option<Refresher>) {
        let block = self.block.lock();
        (block.executor(), block.rare.as_ref().and_then(|rare| rare.refresher.clone()))
    }

    /// Keeps what refreshes the payload, for those who do not know the factory.
    pub(crate) fn refresh_by(&self, refresher: impl FnOnce() -> Refresher) {
        let mut block = self.block.lock();
        block.rare().refresher.get_or_insert_with(refresher);
    }

    /// If the published generation is `wanted`: unpublishes the payload, supersedes the flight under way, which is
    /// returned, and clears the failure on record.
    pub(crate) fn close_if(
        &self,
        wanted: impl FnOnce(Option<u64>) -> bool,
        observers: &Observers,
    ) -> (Option<Arc<Flight>>, AfterUnlock) {
        let mut block = self.block.lock();
        if !wanted(self.published.generation()) {
            return (None, AfterUnlock::default());
        }
        let superseded = block.under_way().cloned();
        let settled = block.supersede(|| Outcome::Superseded);
        let cleared = block.take_failure();
        let after = AfterUnlock { settled, cleared, ..self.retire(&mut block, observers) };
        if after.retired.is_some() {
            self.counts().closes.up();
        }
        (superseded, after)
    }

    /// Settles the flight under way; its callers start over. A published payload stays.
    pub(crate) fn supersede(&self) -> AfterUnlock {
        let settled = self.block.lock().supersede(|| Outcome::Superseded);
        AfterUnlock { settled, ..AfterUnlock::default() }
    }

    /// Supersedes the flight under way and prevents any later one. A published payload stays available until the cell is
    /// closed. The flight is returned, because the control block remembers a superseded one only weakly.
    pub(crate) fn shut_down(&self, cell: &'static str) -> (Option<Arc<Flight>>, AfterUnlock) {
        let mut block = self.block.lock();
        block.shut_down = true;
        let flight = block.under_way().cloned();
        let settled = block.supersede(|| Outcome::Superseded);
        let refused = || Outcome::Failed(Error::Unavailable(UnavailableError::ShutDown { cell }));
        let awaited = block.settle_awaited(refused);
        (flight, AfterUnlock { settled, awaited, ..AfterUnlock::default() })
    }

    /// Retires the payload and puts a failure from outside on record; the callers of the flight under way get `error`.
    /// Returns `None`, and changes nothing, if the cell is shut down.
    pub(crate) fn record_failure(
        &self,
        cause: SharedError,
        cooldown: Duration,
        error: Error,
        observers: &Observers,
    ) -> Option<AfterUnlock> {
        let failure = Failure::new(cause, None, cooldown);
        let mut block = self.block.lock();
        if block.shut_down {
            drop(block);
            drop((failure, error)); // after unlocking, although the caller still holds the cause
            return None;
        }
        let settled = block.supersede(|| Outcome::Failed(error));
        let cleared = block.rare().failure.replace(failure);
        self.counts().recorded_failures.up();
        Some(AfterUnlock { settled, cleared, ..self.retire(&mut block, observers) })
    }

    /// Keeps the watch that closes this generation when its runtime ends; the previous one is dropped.
    #[cfg(feature = "tokio")]
    pub(crate) fn watch(&self, generation: u64, watch: RuntimeWatch) {
        let mut block = self.block.lock();
        if self.published.generation() == Some(generation) {
            let before = block.watch.replace(watch);
            drop(block);
            drop(before);
        }
    }

    fn retire(&self, block: &mut Block, observers: &Observers) -> AfterUnlock {
        AfterUnlock {
            retired: self.published.retire().map(|parting| self.start_drain(block, parting, observers)),
            aged: block.replace_ages(None),
            #[cfg(feature = "tokio")]
            watch: block.watch.take(),
            ..AfterUnlock::default()
        }
    }

    /// Creates the drain of a payload that was just unpublished; the block remembers the drain.
    fn start_drain(&self, block: &mut Block, parting: Parting, observers: &Observers) -> Retired {
        let executor = block.executor();
        let payload_type = self.published.payload_type();
        let disposal =
            Disposal::new(observers, payload_type, parting.generation(), parting.calls(), executor);
        let drain = Arc::new(Drain::new(disposal));
        remember(&mut block.rare().drains, &drain);
        Retired::published(parting, drain)
    }
}
