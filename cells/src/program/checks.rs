//! Checks of payloads: who runs them, and who gets their answers.
//!
//! # Protocol
//!
//! There is a [`Board`] for each cell that was ever checked, in its world. A probe looks at it under its lock and does the
//! first of these that is possible, for the generation that is published:
//!
//! | on the board | the probe |
//! |---|---|
//! | a check that runs | waits for its end, until the check has run for the limit |
//! | an answer that is younger than [`SHARED_FOR`] | takes it |
//! | neither | notes a check, unlocks, and starts it; then it waits like the others |
//!
//! So one check runs at a time, and however many probes there are, they share it. One on a payload that is no longer
//! published is not waited for, and its answer changes nothing: the number of the check says whether it still is the one on
//! the board.
//!
//! A check belongs to no probe: it goes on if all of them give up. It is a task of the runtime on which the payload was built
//! if it is asynchronous and there is one, and otherwise runs on a thread of the library's, inside that runtime. It has a
//! lease, which does not count as a use of the payload. Whatever becomes of it, [`Run`] writes an answer when it is dropped.
//! No code of the program runs under the lock.

use crate::cell::raw_cell::RawCell;
use crate::check::Checking;
use crate::error::{BoxError, Panic, SharedError};
use crate::observe::log;
use crate::observe::user_panic::catch_user_panic;
use crate::sync::background;
use crate::sync::block_on::{block_on, block_until};
use crate::sync::clock;
use crate::sync::executor::RuntimeBlocked;
use crate::sync::process::PerProcess;
use crate::sync::timer::until;
use crate::sync::waker_queue::{Ticket, WakerQueue};
use crate::sync::world::{self, Held};
use parking_lot::Mutex;
use std::any::Any;
use std::collections::BTreeMap;
use std::fmt;
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::task::{Poll, Waker};
use std::thread;
use std::time::{Duration, Instant};

/// How long probes share an answer.
const SHARED_FOR: Duration = Duration::from_secs(1);

/// The boards of a world, by the addresses of its cells. A forked child has its own: nobody there runs what its parent has
/// begun.
struct Boards(PerProcess<Mutex<BTreeMap<usize, Arc<Board>>>>);

static BOARDS: Boards = Boards::new();

impl Boards {
    const fn new() -> Self {
        Self(PerProcess::new())
    }
}

impl Default for Boards {
    fn default() -> Self {
        Self::new()
    }
}

#[derive(Default)]
struct Board {
    state: Mutex<State>,
}

struct State {
    /// The number of the last check that was begun.
    last: u64,
    running: Option<Running>,
    latest: Option<Latest>,
    waiting: WakerQueue,
}

impl Default for State {
    fn default() -> Self {
        Self { last: 0, running: None, latest: None, waiting: WakerQueue::new() }
    }
}

#[derive(Clone, Copy)]
struct Running {
    generation: u64,
    since: Instant,
}

struct Latest {
    generation: u64,
    at: Instant,
    failure: Option<SharedError>,
}

/// What a probe learns of a payload.
pub(crate) enum Answer {
    Works,
    Fails(SharedError),
    /// The check has been running for so long, and the probe waits no longer.
    Runs(Duration),
    /// The check cannot go on while the probe blocks its thread.
    Blocked,
}

impl Answer {
    /// Why the payload does not count as one that works.
    pub(crate) fn trouble(&self) -> Option<String> {
        match self {
            Self::Works => None,
            Self::Fails(error) => Some(format!("its check failed: {error:#}")),
            Self::Runs(time) => Some(format!("its check has been running for {time:.1?}")),
            Self::Blocked => {
                let blocked = RuntimeBlocked { instead: "`health_async` or `HealthProbe::run_async`" };
                Some(format!("its check was not waited for: {blocked}"))
            }
        }
    }
}

/// A probe that has an answer or waits for one.
pub(crate) struct Probing {
    board: Arc<Board>,
    generation: u64,
    /// How long a check may run.
    limit: Duration,
    /// Whether the check is a task of a runtime that cannot go on while this thread blocks.
    blocks: bool,
    ticket: Option<Ticket>,
}

/// Has the payload of a cell checked, if it has a check and a payload.
pub(crate) fn probe(cell: &'static RawCell, limit: Duration) -> Option<Probing> {
    let check = cell.info().check_by?;
    cell.end_if_due();
    let lease = cell.control.published().lease_slow()?;
    let generation = lease.generation();
    let (executor, _) = cell.control.refresher();
    let is_task = check.is_async && executor.exists();
    let board = {
        let address = std::ptr::from_ref(cell).addr();
        Arc::clone(world::own(&BOARDS).0.get().lock().entry(address).or_default())
    };
    let probing = Probing {
        board: Arc::clone(&board),
        generation,
        limit,
        blocks: is_task && executor.is_blocked(),
        ticket: None,
    };
    let Some(number) = board.begin(generation) else { return Some(probing) };
    let run = Run { cell, board, number, world: Held::new(cell.config.scope) };
    let lease: Box<dyn Any + Send> = Box::new(lease);
    let checked = async move {
        let outcome = run.outcome(check.begin, lease).await;
        run.ends(outcome);
    };
    if is_task {
        let _ = executor.spawn(checked);
    } else {
        background::run(move || {
            let _entered = executor.enter();
            block_on(checked);
        });
    }
    Some(probing)
}

impl Board {
    /// Notes a check that the caller is to run; `None` if another one answers.
    fn begin(&self, generation: u64) -> Option<u64> {
        let now = clock::now();
        let mut state = self.state.lock();
        let is_recent = |latest: &Latest| {
            latest.generation == generation && now.saturating_duration_since(latest.at) < SHARED_FOR
        };
        if state.running.is_some_and(|running| running.generation == generation)
            || state.latest.as_ref().is_some_and(is_recent)
        {
            return None;
        }
        state.last += 1;
        state.running = Some(Running { generation, since: now });
        Some(state.last)
    }

    fn end(&self, cell: &'static str, number: u64, failure: Option<SharedError>) {
        let mut state = self.state.lock();
        if state.last != number {
            drop(state);
            return catch_user_panic(cell, || drop(failure));
        }
        let Some(Running { generation, .. }) = state.running.take() else { return };
        let before = state.latest.replace(Latest { generation, at: clock::now(), failure });
        let wakers = state.waiting.take();
        drop(state);
        wakers.wake();
        catch_user_panic(cell, || drop(before));
    }
}

impl Probing {
    pub(crate) fn wait(mut self) -> Answer {
        let until = self.until();
        let blocks = self.blocks;
        block_until(until, |waker| self.poll(blocks, waker)).unwrap_or_else(|| self.runs())
    }

    pub(crate) async fn wait_async(mut self) -> Answer {
        let deadline = self.until();
        let answer = until(deadline, poll_fn(|cx| self.poll(false, cx.waker()))).await;
        answer.unwrap_or_else(|| self.runs())
    }

    fn until(&self) -> Option<Instant> {
        let running = self.board.state.lock().running;
        running.map_or_else(clock::now, |running| running.since).checked_add(self.limit)
    }

    fn poll(&mut self, blocks: bool, waker: &Waker) -> Poll<Answer> {
        let waker = waker.clone();
        let mut state = self.board.state.lock();
        let answer = match (state.running, &state.latest) {
            (Some(running), _) if running.generation == self.generation => blocks.then_some(Answer::Blocked),
            (_, Some(latest)) if latest.generation == self.generation => {
                Some(latest.failure.clone().map_or(Answer::Works, Answer::Fails))
            }
            // Another payload has been checked meanwhile.
            _ => Some(Answer::Works),
        };
        if let Some(answer) = answer {
            drop(state);
            drop(waker);
            return Poll::Ready(answer);
        }
        let before = state.waiting.insert(&mut self.ticket, waker);
        drop(state);
        drop(before);
        Poll::Pending
    }

    /// The answer of a probe that waits no longer.
    fn runs(&self) -> Answer {
        let running = self.board.state.lock().running;
        let since = running.map_or_else(clock::now, |running| running.since);
        Answer::Runs(clock::now().saturating_duration_since(since).max(self.limit))
    }
}

impl Drop for Probing {
    fn drop(&mut self) {
        let waker = self.board.state.lock().waiting.remove(self.ticket);
        drop(waker);
    }
}

/// A check that runs.
struct Run {
    cell: &'static RawCell,
    board: Arc<Board>,
    number: u64,
    /// The check means the cells of the world that its own cell belongs to.
    world: Held,
}

impl Run {
    /// Runs the check to its end.
    async fn outcome(
        &self,
        begin: fn(Box<dyn Any + Send>) -> Checking,
        lease: Box<dyn Any + Send>,
    ) -> thread::Result<Result<(), BoxError>> {
        let inside = || self.world.scope().enter();
        let mut checking = begin(lease);
        let outcome = poll_fn(|cx| {
            let _inside = inside();
            match catch_unwind(AssertUnwindSafe(|| checking.as_mut().poll(cx))) {
                Ok(Poll::Pending) => Poll::Pending,
                Ok(Poll::Ready(outcome)) => Poll::Ready(Ok(outcome)),
                Err(panic) => Poll::Ready(Err(panic)),
            }
        })
        .await;
        let _inside = inside();
        // It ends the lease, which may be the last.
        catch_user_panic(self.cell.name(), || drop(checking));
        outcome
    }

    fn ends(self, outcome: thread::Result<Result<(), BoxError>>) {
        let _inside = self.world.scope().enter();
        let failure = match outcome {
            Ok(Ok(())) => None,
            Ok(Err(error)) => Some(SharedError::new(error)),
            Err(panic) => Some(SharedError::new(Panic::caught(panic))),
        };
        let name = self.cell.name();
        if let Some(error) = &failure {
            catch_user_panic(name, || log::check_failed(name, error));
        }
        self.board.end(name, self.number, failure);
    }
}

/// After its end this changes nothing.
impl Drop for Run {
    fn drop(&mut self) {
        let is_running = {
            let state = self.board.state.lock();
            state.last == self.number && state.running.is_some()
        };
        if is_running {
            let _inside = self.world.scope().enter();
            self.board.end(self.cell.name(), self.number, Some(SharedError::new(CutOff)));
        }
    }
}

/// Why a check has no answer of its own.
#[derive(Debug)]
struct CutOff;

impl fmt::Display for CutOff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the check was cut off: its runtime has ended, or no thread could be started for it")
    }
}

impl std::error::Error for CutOff {}
