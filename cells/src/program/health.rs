//! Whether the program is well: what the states of its cells mean together.

use crate::cell::raw_cell::RawCell;
use crate::cell::snapshot::State;
use crate::cell::wait_budget::Purpose;
use crate::declared::any_cell::AnyCell;
use crate::image;
use crate::info::CellInfo;
use crate::observe::user_panic::catch_user_panic;
use crate::program::all_cells::{self, Names};
use crate::program::caught::{caught, caught_async};
use crate::program::checks::{self, Answer, Probing};
use crate::program::ending;
use crate::program::health_report::{Health, Trouble, Verdict};
use crate::sync::background;
use crate::sync::clock;
use crate::sync::executor::Executor;
use crate::sync::world::{Held, Scope};
use std::future::{Future, poll_fn};
use std::time::{Duration, Instant};

/// How long a check may run, so that a probe is answered within the second that Kubernetes gives it.
const CHECK_LIMIT: Duration = Duration::from_millis(800);

/// How long a factory or a disposer may run.
const ALIVE_LIMIT: Duration = Duration::from_secs(600);

/// Returns whether the program is well: [`HealthProbe::run`] with its defaults.
///
/// ```standalone_crate
/// use cells::runtime_cell;
///
/// #[runtime_cell(eager)]
/// fn model() -> Vec<f32> {
///     vec![0.5; 8]
/// }
///
/// let health = cells::health();
/// assert_eq!(health.startup.to_string(), "no\n  model: it has not been built");
/// assert!(cells::warm_up().is_ok());
/// assert!(cells::health().ready.ok);
/// ```
#[doc(alias("health check", "healthcheck", "readiness", "liveness", "startup probe"))]
#[inline]
pub fn health() -> Health {
    HealthProbe::new().run()
}

/// Returns in a task what [`health`] returns: [`HealthProbe::run_async`] with its defaults.
///
/// ```
/// # pollster::block_on(async {
/// let health = cells::health_async().await; // in the handler of a route
/// assert_eq!((health.alive.status_code(), health.degraded.len()), (200, 0));
/// # });
/// ```
#[inline]
pub async fn health_async() -> Health {
    HealthProbe::new().run_async().await
}

/// A look at the health of the program, and its limits.
///
/// A cell is well unless it has no payload and failed, cools down or has expired, or the `check` of its declaration says of
/// its payload that it does not work. A cell that nobody has asked for yet is well; so is one that serves an old payload
/// because a refresh failed.
///
/// A look runs no factory, unless [`rebuild`](Self::rebuild) says so. It runs checks, all at once, and waits for them. In a
/// sandbox it is about the sandbox's cells.
///
/// ```
/// use cells::HealthProbe;
/// use std::time::Duration;
///
/// let probe = HealthProbe::new()
///     .check_limit(Duration::from_millis(300))
///     .alive_limit(Duration::from_secs(60))
///     .rebuild();
/// let health = probe.run(); // `run_async` in a task
/// assert_eq!(health.alive.status_code(), 200);
/// ```
#[doc(alias("readiness", "liveness", "kubernetes probe"))]
#[derive(Clone, Debug)]
#[must_use = "it does nothing until it runs"]
pub struct HealthProbe {
    check_limit: Duration,
    alive_limit: Duration,
    rebuilds: bool,
}

impl Default for HealthProbe {
    fn default() -> Self {
        Self::new()
    }
}

impl HealthProbe {
    /// Creates a probe with the default limits, which only looks.
    ///
    /// The [type](Self) has an example.
    #[inline]
    pub fn new() -> Self {
        image::note(image::here());
        Self { check_limit: CHECK_LIMIT, alive_limit: ALIVE_LIMIT, rebuilds: false }
    }

    /// Sets how long a check may run, and so how long this waits; otherwise it is 800 ms. After that the cell is not ready,
    /// and *its check has been running for 3.0s*. The check goes on, and no other one begins before its end.
    ///
    /// The [type](Self) has an example.
    pub fn check_limit(mut self, limit: Duration) -> Self {
        self.check_limit = limit;
        self
    }

    /// Sets how long a factory or a disposer may run before the program is not [alive](Health::alive); otherwise it is 10
    /// minutes. What they wait for counts.
    ///
    /// The [type](Self) has an example.
    pub fn alive_limit(mut self, limit: Duration) -> Self {
        self.alive_limit = limit;
        self
    }

    /// Begins to build, in the background, what is missing: the cells declared `eager` that have no payload, and those that
    /// have failed and do not cool down. The answer does not wait for that.
    ///
    /// An orchestrator sends no requests to a program that is not ready. So if only requests ask for a cell, nobody asks for
    /// the one that failed. With this, the probes themselves bring it back.
    ///
    /// The [type](Self) has an example.
    pub fn rebuild(mut self) -> Self {
        self.rebuilds = true;
        self
    }

    /// Looks, and waits for checks.
    ///
    /// An asynchronous check runs on the tokio runtime on which the payload was built, and any other on a thread of the
    /// library's. On the only thread of that runtime this cannot wait for it: the cell is not ready, and the reason says to
    /// await [`run_async`](Self::run_async).
    ///
    /// The [type](Self) has an example.
    pub fn run(self) -> Health {
        let looks: Vec<_> = self.looks().into_iter().map(|look| look.answered(Probing::wait)).collect();
        self.judge(&looks)
    }

    /// Looks in a task, and waits for checks without blocking its thread. Each runs where it would run for
    /// [`run`](Self::run), and goes on if this future is dropped.
    ///
    /// The [type](Self) has an example.
    pub async fn run_async(self) -> Health {
        let mut answered = Vec::new();
        for look in self.looks() {
            answered.push(look.answered_async().await);
        }
        self.judge(&answered)
    }

    /// Looks at all cells, and has all checks begin.
    fn looks(&self) -> Vec<Look> {
        let cells = all_cells::own().into_iter();
        cells.flat_map(|cell| Look::at(cell, self.check_limit)).collect()
    }

    fn judge(&self, looks: &[Look]) -> Health {
        let names = Names::of_all();
        let (mut startup, mut ready, mut alive, mut degraded) = <(Vec<_>, Vec<_>, Vec<_>, Vec<_>)>::default();
        let is_ending = ending::has_begun();
        if is_ending {
            ready.push(Trouble::of_program("a shutdown has begun"));
        }
        for look in looks {
            let trouble = |why| Trouble::of(look.cell.info(), &names, why);
            alive.extend(look.stuck(self.alive_limit).map(trouble));
            let missing = look.missing();
            let wrong = missing.clone().or_else(|| look.wrong());
            if look.cell.info().optional {
                degraded.extend(wrong.map(trouble));
            } else {
                startup.extend(missing.map(trouble));
                ready.extend(wrong.map(trouble));
            }
        }
        if self.rebuilds && !is_ending {
            looks.iter().filter(|look| look.is_to_be_built()).for_each(|look| build(look.cell));
        }
        let [startup, ready, alive] = [startup, ready, alive].map(Verdict::of);
        Health { startup, ready, alive, degraded }
    }
}

/// What was found of a cell; of one that has a payload for each runtime, of one of these.
struct Look {
    cell: AnyCell,
    /// Whether it is the one that the caller would get.
    is_here: bool,
    state: State,
    /// Whether it ever had a payload.
    was_ready: bool,
    /// Why there is no payload, and the rest of the cooldown.
    failure: Option<(String, Option<Duration>)>,
    factory_since: Option<Instant>,
    disposer_since: Option<Instant>,
    check: Check,
}

enum Check {
    Begun(Probing),
    Ended(Answer),
    /// There is none, or nothing to check.
    None,
}

impl Look {
    fn at(cell: AnyCell, check_limit: Duration) -> Vec<Self> {
        let known = cell.everywhere();
        if known.is_empty() {
            return vec![Self::untouched(cell)];
        }
        // A payload in one of the runtimes is enough for the start.
        let was_ready = known.iter().any(|raw| raw.control.was_ready());
        known.into_iter().map(|raw| Self::of(cell, raw, was_ready, check_limit)).collect()
    }

    /// A cell that a sandbox would make if somebody asked for it.
    fn untouched(cell: AnyCell) -> Self {
        Self {
            cell,
            is_here: true,
            state: State::Empty,
            was_ready: false,
            failure: None,
            factory_since: None,
            disposer_since: None,
            check: Check::None,
        }
    }

    fn of(cell: AnyCell, raw: &'static RawCell, was_ready: bool, check_limit: Duration) -> Self {
        raw.end_if_due();
        let mut failure = None;
        // It runs the `Display` of the program's errors.
        catch_user_panic(raw.name(), || {
            let snapshot = raw.snapshot();
            if snapshot.generation.is_none() {
                failure = snapshot.last_error.map(|error| (error, snapshot.cooldown_left));
            }
        });
        let (factory_since, disposer_since) = raw.control.running_since();
        let check = checks::probe(raw, check_limit).map_or(Check::None, Check::Begun);
        let is_here = std::ptr::eq(raw, cell.here());
        Self { cell, is_here, state: raw.state(), was_ready, failure, factory_since, disposer_since, check }
    }

    fn answered(mut self, wait: impl FnOnce(Probing) -> Answer) -> Self {
        if let Check::Begun(probing) = self.check {
            self.check = Check::Ended(wait(probing));
        }
        self
    }

    async fn answered_async(mut self) -> Self {
        if let Check::Begun(probing) = self.check {
            self.check = Check::Ended(probing.wait_async().await);
        }
        self
    }

    /// Why the program has not started.
    fn missing(&self) -> Option<String> {
        let missing = self.cell.info().eager && !self.was_ready;
        missing.then(|| self.failed().unwrap_or_else(|| self.not_built("built")))
    }

    /// Why the cell is not well.
    fn wrong(&self) -> Option<String> {
        let expired = || self.has_expired().then(|| self.not_built("built again since its payload expired"));
        self.failed().or_else(expired).or_else(|| match &self.check {
            Check::Ended(answer) => answer.trouble(),
            Check::Begun(_) | Check::None => None,
        })
    }

    fn failed(&self) -> Option<String> {
        let (error, cooldown_left) = self.failure.as_ref()?;
        Some(match cooldown_left {
            Some(left) => format!("it cools down for {left:.1?}: {error}"),
            None if self.state == State::Initializing => format!("it is being built again: {error}"),
            None => format!("it failed: {error}"),
        })
    }

    fn not_built(&self, what: &str) -> String {
        if self.state == State::Initializing {
            "it is being built".into()
        } else {
            format!("it has not been {what}")
        }
    }

    /// Whether it has lost a payload that ages, and that is to be there.
    fn has_expired(&self) -> bool {
        let CellInfo { eager, expires, .. } = self.cell.info();
        *eager
            && expires.is_some()
            && self.was_ready
            && matches!(self.state, State::Empty | State::Initializing)
    }

    /// What has been running for longer than it may.
    fn stuck(&self, limit: Duration) -> Option<String> {
        let now = clock::now();
        [("factory", self.factory_since), ("disposer", self.disposer_since)].into_iter().find_map(
            |(what, since)| {
                let running = now.saturating_duration_since(since?);
                (running > limit).then(|| format!("its {what} has been running for {running:.1?}"))
            },
        )
    }

    fn is_to_be_built(&self) -> bool {
        let info = self.cell.info();
        let cools = self.failure.as_ref().is_some_and(|(_, left)| left.is_some());
        let missing = match self.state {
            State::Failed => !cools,
            State::Empty => info.eager,
            State::Initializing | State::Ready | State::Closed => false,
        };
        missing && self.is_here && info.has_factory
    }
}

/// Builds a cell that nobody waits for. What becomes of it is in the cell, the log and the observers.
fn build(cell: AnyCell) {
    let (executor, world) = (Executor::current(), Held::new(Scope::current()));
    if cell.declared().is_asynchronous() && executor.exists() {
        let mut build = Box::pin(caught_async(cell, cell.get_async(Purpose::WarmUp)));
        let _ = executor.spawn(async move {
            let outcome = poll_fn(|cx| {
                let _inside = world.scope().enter();
                build.as_mut().poll(cx)
            });
            let outcome = outcome.await;
            catch_user_panic(cell.info().name, || drop(outcome));
        });
    } else {
        background::run(move || {
            let (_inside, _entered) = (world.scope().enter(), executor.enter());
            let outcome = caught(cell, || cell.get(Purpose::WarmUp));
            catch_user_panic(cell.info().name, || drop(outcome));
        });
    }
}
