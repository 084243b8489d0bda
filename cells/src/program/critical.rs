//! The critical chain of what was built: the cells that decided how long the whole took.

use std::time::{Duration, Instant};

/// The longest chain of cells each of which was the last that the next one needed, by their numbers from the first one on,
/// and how long it took. `times` says from when until when each was built, and `dependencies` what each depends on.
///
/// Of all that a cell depends on, the one that ended last before its own end comes before it in its chain. From then
/// on, or from its own start if that was later, nothing but the cell itself took time. A cell that was being built before
/// its chain began, because its own factory asked for the others, takes time from its start on. So no two parts of a chain
/// overlap, and none is longer than the whole.
pub(crate) fn chain(
    times: &[Option<(Instant, Instant)>],
    dependencies: &[Vec<usize>],
) -> (Vec<usize>, Duration) {
    let mut built: Vec<_> =
        times.iter().enumerate().filter_map(|(node, times)| Some((node, (*times)?))).collect();
    built.sort_unstable_by_key(|(_, (_, end))| *end);
    // For each node that has ended: when, and the chain that it ends.
    let mut ended: Vec<Option<(Instant, Chain)>> = vec![None; times.len()];
    for &(node, (start, end)) in &built {
        let before = dependencies[node].iter().filter_map(|&on| Some((on, ended[on]?)));
        let before = before.max_by_key(|(_, (end, _))| *end);
        let chain = match before {
            Some((on, (before, chain))) if chain.began < start => {
                let took = chain.took + (end - start.max(before));
                Chain { began: chain.began, took, before: Some(on) }
            }
            _ => Chain { began: start, took: end - start, before: before.map(|(on, _)| on) },
        };
        ended[node] = Some((end, chain));
    }
    let chain = |node: usize| ended[node].map(|(_, chain)| chain);
    let last = built.iter().map(|(node, _)| *node).max_by_key(|&node| chain(node).map(|chain| chain.took));
    let took = last.and_then(chain).map_or(Duration::ZERO, |chain| chain.took);
    let mut path: Vec<_> = std::iter::successors(last, |&node| chain(node)?.before).collect();
    path.reverse();
    (path, took)
}

/// The longest chain up to one of the cells.
#[derive(Clone, Copy)]
struct Chain {
    began: Instant,
    took: Duration,
    before: Option<usize>,
}
