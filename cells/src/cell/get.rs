//! Getting a payload in a thread: take it, wait for it, or build it.
//!
//! The loop asks [`RawCell::decide`], acts without the cell's lock, and starts
//! over only if the flight was superseded, or if a refresh has waited for a flight that began before it.

use crate::cell::decisions::Decision;
use crate::cell::initializer::Initializer;
use crate::cell::raw_cell::RawCell;
use crate::cell::wait_budget::{Purpose, WaitBudget};
use crate::error::{BoxError, Error};
use crate::flight::adjuster::BuildFn;
use crate::flight::frames::{self, Caller, Waiting};
use crate::flight::observed_calls;
use crate::flight::single_flight::Flight;
use crate::observe::span::Parent;
use crate::payload::lease::{AnyPayload, Lease};
use crate::sync::world::is_any_open;

impl RawCell {
    /// Gets the payload, or builds it with `build`.
    pub(crate) fn get(&self, purpose: Purpose, build: BuildFn<'_>) -> Result<Lease, Error> {
        match self.lease() {
            Some(lease) => Ok(lease),
            None => self.get_slow(purpose, build),
        }
    }

    /// Gets the payload of a declared cell that is ready, for its accessor.
    #[inline]
    pub(crate) fn lease_fast_or_observed(&'static self) -> Option<Lease> {
        match self.lease_fast() {
            Some(lease) => Some(lease),
            None => self.lease_observed(),
        }
    }

    /// Slow path of the accessor of a declared cell, if it is ready: this thread found no seat, or has no fast path. If a
    /// factory is asking, the dependency is recorded, whether or not the cell is ready. What it returns fits into
    /// registers (target: slow reads, docs/performance.md).
    #[cold]
    #[inline(never)]
    pub(crate) fn lease_observed(&'static self) -> Option<Lease> {
        let here = self.here();
        let again = if !std::ptr::eq(here, self) {
            // The fast path of a twin is not tried yet.
            here.lease_fast().or_else(|| here.lease_again())
        } else if is_any_open() && self.config.is_declared() {
            // Its fast path is shut.
            None
        } else {
            self.lease_again()
        };
        let lease = again.or_else(|| {
            observed_calls::record(self.info());
            let refresh = here.look_at_age();
            let lease = here.lease_slow()?;
            if let Some(refresh) = refresh {
                refresh.begin();
            }
            Some(lease)
        })?;
        here.used();
        Some(lease)
    }

    /// The rest of that path. Not generic (target: code for each cell, docs/performance.md).
    #[cold]
    pub(crate) fn get_declared(&'static self) -> Result<Lease, Error> {
        let here = self.here();
        let lease = here.get_slow(Purpose::Get, &mut || here.build_declared());
        here.watch_payload();
        lease
    }

    /// The whole slow path for a cell that cannot fail.
    ///
    /// # Panics
    /// If there is an error.
    #[cold]
    #[inline(never)]
    #[track_caller]
    pub(crate) fn get_infallible(&'static self) -> Lease {
        if let Some(lease) = self.lease_observed() {
            return lease;
        }
        match self.get_declared() {
            Ok(lease) => lease,
            Err(error) => refuse(&error),
        }
    }

    /// Waits for a payload or builds it: none was published a moment ago, or `purpose` wants a new one.
    #[cold]
    pub(crate) fn get_slow(&self, purpose: Purpose, build: BuildFn<'_>) -> Result<Lease, Error> {
        frames::note(self.wait_or_build(purpose, build))
    }

    fn wait_or_build(&self, purpose: Purpose, build: BuildFn<'_>) -> Result<Lease, Error> {
        let _waiting = Waiting::start();
        let accepts = purpose.accepts(self);
        let mut budget = WaitBudget::new(self, purpose);
        loop {
            self.end_if_due();
            match self.decide(accepts, Caller::Thread, Flight::new)? {
                Decision::Take(lease) => return Ok(lease),
                Decision::Wait(flight, _blocked) => {
                    let outcome = flight.wait(budget.deadline(), purpose.role(self));
                    let outcome = outcome.map_err(|why| self.reject(&why, &budget))?;
                    if accepts.answers(&flight) {
                        if let Some(lease) = outcome.into_lease()? {
                            return Ok(lease);
                        }
                    }
                }
                Decision::Initialize(flight) => {
                    let mut initializer =
                        Initializer::begin(self, flight, Caller::Thread, purpose, &Parent::Current);
                    let returned = initializer.run(&mut || self.adjusted(build));
                    if let Some(lease) = initializer.finish(returned)?.into_lease()? {
                        return Ok(lease);
                    }
                    budget.start_over(self, purpose)?;
                }
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

/// Panics with an error that the caller cannot be given, because it asked for what cannot fail.
#[cold]
#[track_caller]
pub(crate) fn refuse(error: &Error) -> ! {
    panic!("{error:#}")
}
