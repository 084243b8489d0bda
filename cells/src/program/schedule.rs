//! The order in which work on many cells may go.
//!
//! Everything here takes time in proportion to cells and dependencies, since a shutdown plans within its own limit.

use crate::info::DependencyKind;
use crate::program::graph::{Graph, GraphEdge};
use std::collections::VecDeque;

/// For each node, those before it; without a circle. There may be more nodes than cells: barriers, at which nothing is done.
pub(crate) struct Schedule {
    before: Vec<Vec<usize>>,
    cells: usize,
}

impl Schedule {
    /// Dependencies before their dependents.
    ///
    /// Declared dependencies have no circle, as the compiler has checked. Observed ones may, if two factories used each
    /// other's payloads at different times. Within such a circle only those count that agree with one order of all
    /// declared ones.
    pub(crate) fn to_build(graph: &Graph) -> Self {
        Self::of(graph.nodes.len(), &graph.edges)
    }

    /// Dependents before their dependencies. Permanent cells come after all that no permanent cell depends on, because a
    /// ready read of one is not observed; and after those, in the same way, the cells that are to be closed last.
    pub(crate) fn to_close(graph: &Graph) -> Self {
        Self::to_build(graph).reversed(|node| {
            let info = graph.nodes[node].cell.info();
            if info.closed_last { 2 } else { usize::from(info.permanent) }
        })
    }

    pub(super) fn of(cells: usize, edges: &[GraphEdge]) -> Self {
        let mut declared = vec![Vec::new(); cells];
        let mut all = vec![Vec::new(); cells];
        for edge in edges {
            all[edge.from].push(edge.to);
            if edge.kind != DependencyKind::Observed {
                declared[edge.from].push(edge.to);
            }
        }
        let circle = components(&all);
        let rank = positions(&Self { before: declared, cells }.sequence(), cells);
        for (node, before) in all.iter_mut().enumerate() {
            before.retain(|&first| circle[first] != circle[node] || rank[first] < rank[node]);
        }
        Self { before: all, cells }
    }

    /// Each node in its turn; those of a later turn after all of an earlier one. What a node depends on has no earlier turn
    /// than the node itself.
    pub(super) fn reversed(self, turn: impl Fn(usize) -> usize) -> Self {
        let cells = self.cells;
        let mut turns: Vec<_> = (0..cells).map(turn).collect();
        let latest = turns.iter().copied().max().unwrap_or(0);
        for turn in (1..=latest).rev() {
            let mut stack: Vec<_> = (0..cells).filter(|&node| turns[node] == turn).collect();
            while let Some(node) = stack.pop() {
                for &on in &self.before[node] {
                    if turns[on] < turn {
                        turns[on] = turn;
                        stack.push(on);
                    }
                }
            }
        }
        let mut before = vec![Vec::new(); cells];
        // Before each turn but the first there is a barrier, which comes after the turn before it.
        for turn in 1..=latest {
            let barrier = before.len();
            before.push((0..cells).filter(|&node| turns[node] == turn - 1).collect());
            if turn > 1 {
                before[barrier].push(barrier - 1);
            }
            for node in (0..cells).filter(|&node| turns[node] == turn) {
                before[node].push(barrier);
            }
        }
        for (dependent, dependencies) in self.before.into_iter().enumerate() {
            for dependency in dependencies {
                before[dependency].push(dependent);
            }
        }
        Self { before, cells }
    }

    pub(crate) fn before(&self, node: usize) -> &[usize] {
        &self.before[node]
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

/// The place of each node in a sequence; that of a node which is not in it is behind all others.
fn positions(sequence: &[usize], nodes: usize) -> Vec<usize> {
    let mut positions = vec![sequence.len(); nodes];
    for (position, &node) in sequence.iter().enumerate() {
        positions[node] = position;
    }
    positions
}

/// For each node the number of its strongly connected component: two nodes have the same number if each can be reached
/// from the other. (Tarjan, "Depth-first search and linear graph algorithms", with a stack in place of the recursion.)
pub(crate) fn components(edges: &[Vec<usize>]) -> Vec<usize> {
    const NONE: usize = usize::MAX;
    let nodes = edges.len();
    let (mut component, mut index, mut low) = (vec![NONE; nodes], vec![NONE; nodes], vec![NONE; nodes]);
    let (mut found, mut components) = (0, 0);
    let mut open = Vec::new();
    // The path from the root to the current node, and how many edges of each node are done.
    let mut path: Vec<(usize, usize)> = Vec::new();
    for root in 0..nodes {
        if index[root] == NONE {
            path.push((root, 0));
        }
        while let Some((node, next)) = path.pop() {
            if next == 0 {
                (index[node], low[node]) = (found, found);
                found += 1;
                open.push(node);
            }
            if let Some(&to) = edges[node].get(next) {
                path.push((node, next + 1));
                if index[to] == NONE {
                    path.push((to, 0));
                } else if component[to] == NONE {
                    low[node] = low[node].min(index[to]);
                }
                continue;
            }
            if low[node] == index[node] {
                while let Some(member) = open.pop() {
                    component[member] = components;
                    if member == node {
                        break;
                    }
                }
                components += 1;
            }
            if let Some(&(parent, _)) = path.last() {
                low[parent] = low[parent].min(low[node]);
            }
        }
    }
    component
}

/// How far work in a [`Schedule`] has come.
pub(crate) struct Progress {
    /// For each node, how many that come before it are not done.
    blockers: Vec<usize>,
    unblocks: Vec<Vec<usize>>,
    ready: VecDeque<usize>,
    stages: Vec<Stage>,
    cells: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Waiting,
    Begun,
    Done,
}

impl Progress {
    pub(crate) fn new(schedule: &Schedule) -> Self {
        let mut progress = Self {
            blockers: Vec::new(),
            unblocks: Vec::new(),
            ready: VecDeque::new(),
            stages: Vec::new(),
            cells: schedule.cells,
        };
        progress.follow(schedule);
        progress
    }

    /// Follows another schedule of the same cells from now on. What has begun or is done stays so.
    pub(crate) fn follow(&mut self, schedule: &Schedule) {
        let nodes = schedule.before.len();
        // The barriers have another meaning now.
        self.stages.truncate(self.cells);
        self.stages.resize(nodes, Stage::Waiting);
        self.unblocks = vec![Vec::new(); nodes];
        self.blockers = vec![0; nodes];
        for (node, before) in schedule.before.iter().enumerate() {
            for &first in before {
                if self.stages[first] != Stage::Done {
                    self.unblocks[first].push(node);
                    self.blockers[node] += 1;
                }
            }
        }
        self.ready = (0..nodes)
            .filter(|&node| self.blockers[node] == 0 && self.stages[node] == Stage::Waiting)
            .collect();
    }

    /// Takes a cell that nothing blocks.
    pub(crate) fn next(&mut self) -> Option<usize> {
        loop {
            let node = self.ready.pop_front()?;
            self.stages[node] = Stage::Begun;
            if node < self.cells {
                return Some(node);
            }
            self.done(node);
        }
    }

    /// Records, once, that a node is done.
    pub(crate) fn done(&mut self, node: usize) {
        self.stages[node] = Stage::Done;
        for &next in &self.unblocks[node] {
            self.blockers[next] -= 1;
            if self.blockers[next] == 0 && self.stages[next] == Stage::Waiting {
                self.ready.push_back(next);
            }
        }
    }
}

#[cfg(test)]
#[path = "schedule_tests.rs"]
mod tests;
