//! The wait-for graph: which flight cannot go on before which other one has an outcome, over all threads and tasks.
//!
//! An edge means that the factory of one flight runs the other flight, or waits for it. A wait that would close a
//! circle is refused. The edge of a wait is added under the lock of the cell that is asked, where its flight is known
//! to be under way, and removed when that flight is settled, so no edge describes a wait that is over. One lock guards
//! all edges: of several waits that would close a circle together, the last to be added finds the others.
//!
//! A caller outside any factory cannot close a circle, and adds no edge.

use crate::flight::frames::{self, FlightId, Frame};
use parking_lot::Mutex;
use std::sync::Arc;

/// The flight `from` cannot go on before `to` has an outcome.
struct Edge {
    from: FlightId,
    to: FlightId,
    /// The cell of `to`.
    name: &'static str,
    /// Whether the factory of `from` runs `to` itself; otherwise it waits for another caller's run.
    runs: bool,
}

/// A leaf lock: nothing else is locked while it is held.
static WAITS: Mutex<Vec<Edge>> = Mutex::new(Vec::new());

/// While this guard exists, the current frame's flight cannot go on before another one.
pub(crate) struct Blocked {
    from: FlightId,
    to: FlightId,
    runs: bool,
}

impl Drop for Blocked {
    fn drop(&mut self) {
        let mut waits = WAITS.lock();
        let this = |edge: &Edge| (edge.from, edge.to, edge.runs) == (self.from, self.to, self.runs);
        // The edge may be gone already, if the flight was settled.
        if let Some(index) = waits.iter().position(this) {
            waits.swap_remove(index);
        }
    }
}

/// Records that the current factory (if there is one) is about to wait for a flight that is under way; fails with the
/// circle that this would close. The caller holds the lock of the flight's cell.
pub(crate) fn wait_for(flight: FlightId, name: &'static str) -> Result<Option<Blocked>, Arc<str>> {
    let Some(current) = frames::current() else { return Ok(None) };
    let mut waits = WAITS.lock();
    if let Some(path) = path(&waits, flight, current.flight()) {
        return Err(frames::circle(std::iter::once(name).chain(path)));
    }
    let from = current.flight();
    waits.push(Edge { from, to: flight, name, runs: false });
    Ok(Some(Blocked { from, to: flight, runs: false }))
}

/// Records that the factory from which this frame was asked (if there is one) goes on only after this frame's flight.
pub(crate) fn runs(frame: &Frame) -> Option<Blocked> {
    let from = frame.parent()?.flight();
    WAITS.lock().push(Edge { from, to: frame.flight(), name: frame.name(), runs: true });
    Some(Blocked { from, to: frame.flight(), runs: true })
}

/// Removes all waits for a flight that gets its outcome. The caller holds its cell's lock.
pub(crate) fn settled(flight: FlightId) {
    WAITS.lock().retain(|edge| edge.runs || edge.to != flight);
}

/// The names of the cells on a path from one flight to another, without the first.
fn path(edges: &[Edge], from: FlightId, to: FlightId) -> Option<Vec<&'static str>> {
    let mut seen = vec![from];
    let mut paths = vec![(from, Vec::new())];
    while let Some((at, path)) = paths.pop() {
        if at == to {
            return Some(path);
        }
        for edge in edges.iter().filter(|edge| edge.from == at) {
            if !seen.contains(&edge.to) {
                seen.push(edge.to);
                let mut longer = path.clone();
                longer.push(edge.name);
                paths.push((edge.to, longer));
            }
        }
    }
    None
}
