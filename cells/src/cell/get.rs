//! Getting a payload in a thread: take it, wait for it, or build it.
//!
//! The loop asks [`Control::decide`](crate::cell::control::Control::decide), acts without the cell's lock, and starts
//! over only if the flight was superseded.

use crate::cell::control::Decision;
use crate::cell::initializer::Initializer;
use crate::cell::raw_cell::RawCell;
use crate::cell::wait_budget::WaitBudget;
use crate::error::{BoxError, Error};
use crate::flight::adjuster::BuildFn;
use crate::flight::frames::{self, Waiting};
use crate::flight::observed_calls;
use crate::flight::single_flight::Flight;
use crate::payload::lease::{AnyPayload, Lease};

impl RawCell {
    /// Gets the payload, or builds it with `build`.
    pub(crate) fn get(&self, build: BuildFn<'_>) -> Result<Lease, Error> {
        match self.lease() {
            Some(lease) => Ok(lease),
            None => self.get_slow(false, build),
        }
    }

    /// Slow path of the accessor of a plain cell: the cell is not ready, or this thread cannot use the fast path. If a
    /// factory is asking, the dependency is recorded. Not generic (target: code for each cell, docs/performance.md).
    pub(crate) fn get_observed(&'static self) -> Result<Lease, Error> {
        observed_calls::record(self.info());
        match self.lease_slow() {
            Some(lease) => Ok(lease),
            None => self.get_slow(false, &mut || self.build_declared()),
        }
    }

    /// Waits for a payload or builds it, since none was published a moment ago; with `refresh`, gets a new one even if
    /// one is published.
    #[cold]
    pub(crate) fn get_slow(&self, refresh: bool, build: BuildFn<'_>) -> Result<Lease, Error> {
        frames::note(self.wait_or_build(refresh, build))
    }

    fn wait_or_build(&self, refresh: bool, build: BuildFn<'_>) -> Result<Lease, Error> {
        let _waiting = Waiting::start();
        let limits = &self.config.limits;
        let mut budget = WaitBudget::new(limits.wait_timeout);
        loop {
            let outcome = match self.control.decide(&self.config, refresh, Flight::new)? {
                Decision::Take(lease) => return Ok(lease),
                Decision::Wait(flight, _blocked) => {
                    let outcome = flight.wait(budget.deadline(), limits.max_waiters);
                    outcome.map_err(|why| self.reject(&why, &budget))?
                }
                Decision::Initialize(flight) => {
                    let initializer = Initializer::begin(self, flight);
                    let returned = initializer.run(|| self.adjusted(build));
                    initializer.finish(returned)?
                }
            };
            if let Some(lease) = outcome.into_lease()? {
                return Ok(lease);
            }
        }
    }

    /// Runs a factory through the cell's adjuster, if there is one.
    pub(crate) fn adjusted(&self, build: BuildFn<'_>) -> Result<AnyPayload, BoxError> {
        match self.config.adjuster.get(self.name()) {
            Some(adjuster) => adjuster.adjust(self.name(), build),
            None => build(),
        }
    }
}
