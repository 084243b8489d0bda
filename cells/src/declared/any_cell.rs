//! A declared cell of any type and kind, for who goes through them all.

use crate::cell::snapshot::CellSnapshot;
use crate::declared::erased::Erased;
use crate::flight::observed_calls;
use crate::info::CellInfo;
use crate::observe::observer::CloseResult;
use crate::sync::clock::deadline;
use std::fmt;
use std::time::Duration;

/// A declared cell, without the type of its payload.
#[derive(Clone, Copy)]
pub struct AnyCell(Erased);

impl AnyCell {
    pub(crate) const fn new(cell: Erased) -> Self {
        Self(cell)
    }

    pub(crate) fn erased(self) -> Erased {
        self.0
    }

    /// Returns what is known of the declaration.
    pub fn info(&self) -> &'static CellInfo {
        self.0.info()
    }

    /// Returns what the cell is doing, as of now.
    pub fn snapshot(&self) -> CellSnapshot {
        self.0.snapshot()
    }

    /// Returns the cells whose accessors this one's factory was seen to call.
    pub fn observed(&self) -> Vec<&'static CellInfo> {
        observed_calls::by(self.info())
    }

    /// Closes the cell: [`RuntimeCell::close`](crate::RuntimeCell::close).
    pub fn close(&self) -> CloseResult {
        self.0.close()
    }

    /// Closes the cell and waits up to `limit` until nobody uses its payload any more:
    /// [`RuntimeCell::close_and_drain`](crate::RuntimeCell::close_and_drain).
    pub fn close_and_drain(&self, limit: Duration) -> CloseResult {
        self.0.drain_until(deadline(limit))
    }
}

impl fmt::Debug for AnyCell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let snapshot = self.snapshot();
        f.debug_struct("AnyCell")
            .field("name", &snapshot.name)
            .field("state", &snapshot.state)
            .finish_non_exhaustive()
    }
}
