//! The order in which work on many cells may go.

use crate::info::DependencyKind;
use crate::program::graph::{Graph, GraphEdge};
use std::collections::VecDeque;

/// For each node, those before it; without a circle.
pub(crate) struct Schedule {
    before: Vec<Vec<usize>>,
}

impl Schedule {
    /// Dependencies before their dependents.
    ///
    /// Declared dependencies have no circle, as the compiler has checked. Observed ones may, if two factories used each
    /// other's payloads at different times; the one that would close the circle orders nothing.
    pub(crate) fn to_build(graph: &Graph) -> Self {
        let mut schedule = Self { before: vec![Vec::new(); graph.nodes.len()] };
        let observed = |edge: &&GraphEdge| edge.kind == DependencyKind::Observed;
        let declared = graph.edges.iter().filter(|edge| !observed(edge));
        for edge in declared.chain(graph.edges.iter().filter(observed)) {
            if !schedule.comes_before(edge.from, edge.to) {
                schedule.before[edge.from].push(edge.to);
            }
        }
        schedule
    }

    /// Dependents before their dependencies, and permanent cells after all that they do not depend on, because a ready
    /// read of one is not observed.
    pub(crate) fn to_close(graph: &Graph) -> Self {
        let mut build = Self::to_build(graph);
        let is_permanent = |node: usize| graph.nodes[node].cell.info().permanent;
        let nodes = 0..graph.nodes.len();
        for permanent in nodes.clone().filter(|&node| is_permanent(node)) {
            for node in nodes.clone().filter(|&node| !is_permanent(node)) {
                if !build.comes_before(node, permanent) {
                    build.before[node].push(permanent);
                }
            }
        }
        let mut before = vec![Vec::new(); graph.nodes.len()];
        for (dependent, dependencies) in build.before.iter().enumerate() {
            for &dependency in dependencies {
                before[dependency].push(dependent);
            }
        }
        Self { before }
    }

    pub(crate) fn before(&self, node: usize) -> &[usize] {
        &self.before[node]
    }

    /// Whether `first` comes before `node`, or is it.
    fn comes_before(&self, first: usize, node: usize) -> bool {
        let mut seen = vec![false; self.before.len()];
        let mut stack = vec![node];
        while let Some(at) = stack.pop() {
            if at == first {
                return true;
            }
            if !std::mem::replace(&mut seen[at], true) {
                stack.extend(&self.before[at]);
            }
        }
        false
    }

    /// The nodes in one possible order.
    pub(crate) fn sequence(&self) -> Vec<usize> {
        let mut progress = Progress::new(self);
        let mut sequence = Vec::new();
        while let Some(node) = progress.next() {
            sequence.push(node);
            progress.done(node);
        }
        sequence
    }
}

/// How far work in a [`Schedule`] has come.
pub(crate) struct Progress {
    /// For each node, how many that come before it are not done.
    blockers: Vec<usize>,
    unblocks: Vec<Vec<usize>>,
    ready: VecDeque<usize>,
}

impl Progress {
    pub(crate) fn new(schedule: &Schedule) -> Self {
        let mut unblocks = vec![Vec::new(); schedule.before.len()];
        for (node, before) in schedule.before.iter().enumerate() {
            for &first in before {
                unblocks[first].push(node);
            }
        }
        let blockers: Vec<_> = schedule.before.iter().map(Vec::len).collect();
        let ready = (0..blockers.len()).filter(|&node| blockers[node] == 0).collect();
        Self { blockers, unblocks, ready }
    }

    /// Takes a node that nothing blocks.
    pub(crate) fn next(&mut self) -> Option<usize> {
        self.ready.pop_front()
    }

    /// Records, once, that a node is done.
    pub(crate) fn done(&mut self, node: usize) {
        for &next in &self.unblocks[node] {
            self.blockers[next] -= 1;
            if self.blockers[next] == 0 {
                self.ready.push_back(next);
            }
        }
    }
}
