//! Orders of made-up graphs, larger than a test can declare.

use super::*;
use std::collections::HashSet;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

/// Random numbers that are the same in every run.
struct Rng(u64);

impl Rng {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).map_or(0, |random| random % bound)
    }
}

/// Declared edges lead to earlier nodes, observed ones anywhere.
fn edges(cells: usize, rng: &mut Rng) -> Vec<GraphEdge> {
    let mut edges = Vec::new();
    for from in 1..cells {
        for _ in 0..3 {
            edges.push(GraphEdge { from, to: rng.below(from), kind: DependencyKind::Injected });
        }
        edges.push(GraphEdge { from, to: rng.below(cells), kind: DependencyKind::Observed });
    }
    edges
}

/// Runs `test`, which may take a minute at most.
fn within_a_minute(test: impl FnOnce() + Send + 'static) {
    let (done, ended) = mpsc::channel();
    thread::spawn(move || {
        test();
        let _ = done.send(());
    });
    ended.recv_timeout(Duration::from_secs(60)).expect("it is near linear, and holds");
}

fn order(schedule: &Schedule, cells: usize) -> Vec<usize> {
    let sequence = schedule.sequence();
    assert_eq!(sequence.iter().collect::<HashSet<_>>().len(), cells, "each node has its turn");
    assert_eq!(sequence.len(), cells, "and only one");
    positions(&sequence, cells)
}

#[test]
fn x1_ten_thousand_cells_of_which_a_third_is_permanent_are_planned_at_once() {
    within_a_minute(|| {
        const CELLS: usize = 10_000;
        let edges = edges(CELLS, &mut Rng(1));
        let build = order(&Schedule::of(CELLS, &edges), CELLS);
        let close = order(&Schedule::of(CELLS, &edges).reversed(|node| node % 3), CELLS);
        for edge in edges.iter().filter(|edge| edge.kind == DependencyKind::Injected) {
            assert!(build[edge.to] < build[edge.from], "{edge:?}");
            assert!(close[edge.from] < close[edge.to], "{edge:?}");
        }
    });
}

#[test]
fn x1_a_chain_of_ten_thousand_in_a_circle_needs_no_deep_stack() {
    within_a_minute(|| {
        const CELLS: usize = 10_000;
        let mut edges: Vec<_> =
            (1..CELLS).map(|from| GraphEdge { from, to: from - 1, kind: DependencyKind::Injected }).collect();
        edges.push(GraphEdge { from: 0, to: CELLS - 1, kind: DependencyKind::Observed });
        assert_eq!(Schedule::of(CELLS, &edges).sequence(), (0..CELLS).collect::<Vec<_>>());
    });
}

#[test]
fn x1_observed_edges_order_whatever_they_close_no_circle_with() {
    for seed in 0..200 {
        let mut rng = Rng(seed);
        let cells = 2 + rng.below(12);
        let edges = edges(cells, &mut rng);
        let successors = |node: usize| edges.iter().filter(move |edge| edge.from == node).map(|edge| edge.to);
        let reaches = |from: usize, to: usize| {
            let (mut seen, mut stack) = (vec![false; cells], vec![from]);
            while let Some(node) = stack.pop() {
                if !std::mem::replace(&mut seen[node], true) {
                    stack.extend(successors(node));
                }
            }
            seen[to]
        };
        let build = order(&Schedule::of(cells, &edges), cells);
        for edge in &edges {
            let in_a_circle = reaches(edge.to, edge.from);
            if edge.kind == DependencyKind::Injected || !in_a_circle {
                assert!(build[edge.to] < build[edge.from], "seed {seed}: {edge:?}");
            }
        }
    }
}

#[test]
fn x1_permanent_cells_close_after_all_that_no_permanent_one_depends_on() {
    for seed in 0..200 {
        let mut rng = Rng(seed);
        let cells = 2 + rng.below(12);
        let edges = edges(cells, &mut rng);
        let permanent: Vec<_> = (0..cells).map(|_| rng.below(3) == 0).collect();
        let build = Schedule::of(cells, &edges);
        let mut needed = permanent.clone();
        for node in build.sequence().into_iter().rev().collect::<Vec<_>>() {
            if needed[node] {
                build.before(node).iter().for_each(|&on| needed[on] = true);
            }
        }
        let close = order(&build.reversed(|node| usize::from(permanent[node])), cells);
        for first in (0..cells).filter(|&node| !needed[node]) {
            for last in (0..cells).filter(|&node| permanent[node]) {
                assert!(close[first] < close[last], "seed {seed}: {first} before {last}");
            }
        }
    }
}

#[test]
fn h6_each_node_has_its_turn_unless_one_of_a_later_turn_depends_on_it() {
    for seed in 0..200 {
        let mut rng = Rng(seed);
        let cells = 1 + rng.below(12);
        let edges = edges(cells, &mut rng);
        let turns: Vec<_> = (0..cells).map(|_| rng.below(3)).collect();
        let build = Schedule::of(cells, &edges);
        // The latest turn of those that need a node, however far away.
        let mut latest = turns.clone();
        for &node in build.sequence().iter().rev() {
            for &on in build.before(node) {
                latest[on] = latest[on].max(latest[node]);
            }
        }
        let before: Vec<_> = (0..cells).map(|node| build.before(node).to_vec()).collect();
        let close = order(&build.reversed(|node| turns[node]), cells);
        for node in 0..cells {
            assert!(before[node].iter().all(|&on| close[node] < close[on]), "seed {seed}: {node}");
            for later in (0..cells).filter(|&later| latest[node] < latest[later]) {
                assert!(close[node] < close[later], "seed {seed}: {node} before {later}");
            }
        }
    }
}

#[test]
fn x32_another_schedule_orders_what_has_not_begun() {
    let edge = |from, to| GraphEdge { from, to, kind: DependencyKind::Observed };
    let mut progress = Progress::new(&Schedule::of(4, &[edge(1, 0)]));
    assert_eq!((progress.next(), progress.next()), (Some(0), Some(2)));
    progress.follow(&Schedule::of(4, &[edge(1, 0), edge(3, 1), edge(0, 2)]));
    assert_eq!(progress.next(), None, "3 waits for 1, which waits for 0; that one has begun");
    progress.done(0);
    assert_eq!(progress.next(), Some(1));
    progress.done(2);
    progress.done(1);
    assert_eq!((progress.next(), progress.next()), (Some(3), None));
}
