//! The wait-for graph: which flight cannot go on before which other one has an outcome, over all threads and tasks.
//!
//! An edge means that the factory of one flight runs the other flight, or waits for it. A wait that would close a
//! circle is refused. The edge of a wait is added under the lock of the cell that is asked, where its flight is known
//! to be under way, and removed when that flight is settled, so no edge describes a wait that is over. One lock guards
//! all edges: of several waits that would close a circle together, the last to be added finds the others.
//!
//! A caller outside any factory cannot close a circle, and adds no edge.

use crate::flight::frames::{self, Caller, FlightId, Frame};
use parking_lot::Mutex;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A leaf lock: nothing else is locked while it is held.
static WAITS: Mutex<Waits> = Mutex::new(Waits { edges: BTreeMap::new(), waited_for: BTreeSet::new() });

struct Waits {
    /// By the flight that cannot go on, and the one that has to get its outcome first.
    edges: BTreeMap<(FlightId, FlightId), Edge>,
    /// The ends of all edges that are waits, the other way round.
    waited_for: BTreeSet<(FlightId, FlightId)>,
}

struct Edge {
    /// The cell of the flight that has to get its outcome.
    name: &'static str,
    /// How many callers inside the first factory wait for the flight.
    waits: usize,
    /// Whether the first factory runs the flight itself.
    runs: bool,
}

/// While this guard exists, one flight cannot go on before another one.
pub(crate) struct Blocked {
    from: FlightId,
    to: FlightId,
    runs: bool,
}

impl Blocked {
    fn new(waits: &mut Waits, from: FlightId, to: FlightId, name: &'static str, runs: bool) -> Self {
        let edge = waits.edges.entry((from, to)).or_insert(Edge { name, waits: 0, runs: false });
        if runs {
            edge.runs = true;
        } else {
            edge.waits += 1;
            waits.waited_for.insert((to, from));
        }
        Self { from, to, runs }
    }
}

impl Drop for Blocked {
    fn drop(&mut self) {
        let mut waits = WAITS.lock();
        // The edge may be gone already, if the flight was settled.
        let Some(edge) = waits.edges.get_mut(&(self.from, self.to)) else { return };
        if self.runs {
            edge.runs = false;
        } else {
            edge.waits = edge.waits.saturating_sub(1);
        }
        waits.tidy(self.from, self.to);
    }
}

/// Records that the factory of a caller (if there is one) is about to wait for a flight that is under way; fails with
/// the circle that this would close. The caller holds the lock of the flight's cell.
pub(crate) fn wait_for(
    caller: Caller,
    flight: FlightId,
    name: &'static str,
) -> Result<Option<Blocked>, Arc<str>> {
    let Some(factory) = caller.factory() else { return Ok(None) };
    let from = factory.flight();
    let mut waits = WAITS.lock();
    if let Some(path) = waits.path(flight, from) {
        return Err(frames::circle(std::iter::once(name).chain(path).collect()));
    }
    Ok(Some(Blocked::new(&mut waits, from, flight, name, false)))
}

/// Records that the factory of a caller (if there is one) goes on only after the flight of `frame`, which it runs.
pub(crate) fn runs(caller: Caller, frame: &Frame) -> Option<Blocked> {
    let from = caller.factory()?.flight();
    Some(Blocked::new(&mut WAITS.lock(), from, frame.flight(), frame.name(), true))
}

/// Removes all waits for a flight that gets its outcome. The caller holds its cell's lock.
pub(crate) fn settled(flight: FlightId) {
    let mut waits = WAITS.lock();
    let all = (flight, FlightId::LEAST)..=(flight, FlightId::GREATEST);
    while let Some(&(to, from)) = waits.waited_for.range(all.clone()).next() {
        if let Some(edge) = waits.edges.get_mut(&(from, to)) {
            edge.waits = 0;
        }
        waits.tidy(from, to);
    }
}

impl Waits {
    /// Removes what no longer describes anything.
    fn tidy(&mut self, from: FlightId, to: FlightId) {
        let Some(edge) = self.edges.get(&(from, to)) else { return };
        if edge.waits == 0 {
            self.waited_for.remove(&(to, from));
            if !edge.runs {
                self.edges.remove(&(from, to));
            }
        }
    }

    /// The names of the cells on a path from one flight to another, without the first.
    fn path(&self, from: FlightId, to: FlightId) -> Option<Vec<&'static str>> {
        // How each flight was reached: from which one, and the name of its cell.
        let mut reached: BTreeMap<FlightId, (FlightId, &'static str)> = BTreeMap::new();
        let mut next = vec![from];
        while let Some(at) = next.pop() {
            if at == to {
                let back = std::iter::successors(Some(to), |at| reached.get(at).map(|(before, _)| *before));
                let mut names: Vec<_> =
                    back.map_while(|at| reached.get(&at).map(|(_, name)| *name)).collect();
                names.reverse();
                return Some(names);
            }
            let all = (at, FlightId::LEAST)..=(at, FlightId::GREATEST);
            for (&(_, to), edge) in self.edges.range(all) {
                if to != from && !reached.contains_key(&to) {
                    reached.insert(to, (at, edge.name));
                    next.push(to);
                }
            }
        }
        None
    }
}
