//! What only the whole, linked program knows of its declarations, and only a run of it of their use.

use crate::declared::any_cell::AnyCell;
use crate::image;
use crate::info::{CellInfo, DependencyKind};
use crate::program::graph::{self, Graph};
use crate::program::schedule::components;
use crate::text::on_one_line;
use std::collections::{BTreeMap, VecDeque};
use std::fmt;

/// Looks at all declared cells, and at what the process has done with them so far, for what is probably a mistake.
///
/// Call it at the end of a test that has used everything, in a test program of its own: other tests of the process would
/// add to what it sees. Inside a sandbox it is about the sandbox's cells.
///
/// ```standalone_crate
/// use cells::runtime_cell;
///
/// #[runtime_cell]
/// fn limit() -> u32 {
///     100
/// }
///
/// #[runtime_cell]
/// fn twice() -> u32 {
///     2 * *limit()
/// }
///
/// // The program, or `cells::warm_up_all()`.
/// assert_eq!(*twice(), 200);
///
/// let report = cells::testing::check();
/// println!("{report}"); // src/main.rs:9: cell `twice`: its factory calls `limit` (src/main.rs:4), which it does not declare
/// report.allow(|finding| finding.cell.name == "twice").assert_clean();
/// ```
#[inline]
pub fn check() -> CheckReport {
    image::note(image::here());
    of(&graph::of_listed())
}

/// What [`check`] has found; `Display` has a finding a line.
///
/// [`check`] has an example.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[must_use = "findings are reported here and nowhere else"]
#[non_exhaustive]
pub struct CheckReport {
    /// The findings, in the order of [`all`](crate::all).
    pub findings: Vec<Finding>,
}

/// Something about a cell that is probably a mistake. `Display` begins with file and line of the declaration.
///
/// [`check`] has an example.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Finding {
    /// What it is.
    pub kind: FindingKind,
    /// The cell.
    #[cfg_attr(feature = "serde", serde(serialize_with = "json::place"))]
    pub cell: &'static CellInfo,
    /// The other cells that take part, as `kind` says.
    #[cfg_attr(feature = "serde", serde(serialize_with = "json::places"))]
    pub others: Vec<&'static CellInfo>,
}

/// What a [`Finding`] is about.
///
/// ```standalone_crate
/// use cells::runtime_cell;
/// use cells::testing::{FindingKind, check};
///
/// #[runtime_cell]
/// fn limit() -> u32 {
///     100
/// }
///
/// let report = check();
/// assert_eq!(report.findings[0].kind, FindingKind::Unused);
/// let report = report.allow(|finding| finding.kind == FindingKind::Unused);
/// assert!(report.is_clean());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum FindingKind {
    /// The first of the others has the same name: errors, logs and metrics do not tell them apart, and
    /// [`find`](crate::find) finds neither by that name.
    SameName,
    /// The cell never had a payload or a flight, and no other cell depends on it.
    Unused,
    /// The factory has called the accessor of the first of the others, which is neither a parameter nor in `after`: a
    /// warm-up and a shutdown know of that dependency only once it was seen.
    Undeclared,
    /// Its dependencies, those that were observed included, lead over the others back to it. If all of these cells are
    /// empty at once, a call gets [`Reentrant`](crate::LifecycleError::Reentrant).
    Circle,
    /// An asynchronous disposer was [`Abandoned`](crate::Abandoned): the payload was built outside of any tokio runtime, or
    /// in one that has ended, and nobody awaited the close.
    AbandonedDisposer,
}

impl CheckReport {
    /// Returns `true` if there is no finding.
    ///
    /// [`FindingKind`] has an example.
    pub fn is_clean(&self) -> bool {
        self.findings.is_empty()
    }

    /// Removes the findings for which `allowed` returns `true`.
    ///
    /// [`check`] has an example.
    pub fn allow(mut self, mut allowed: impl FnMut(&Finding) -> bool) -> Self {
        self.findings.retain(|finding| !allowed(finding));
        self
    }

    /// Fails a test if there is a finding.
    ///
    /// [`check`] has an example.
    ///
    /// # Panics
    /// If the report is not [clean](Self::is_clean), with its findings.
    #[track_caller]
    pub fn assert_clean(&self) {
        assert!(self.is_clean(), "{} findings about cells:\n{self}", self.findings.len());
    }
}

impl fmt::Display for CheckReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_clean() {
            return f.write_str("nothing found");
        }
        for (index, finding) in self.findings.iter().enumerate() {
            let line_break = if index == 0 { "" } else { "\n" };
            write!(f, "{line_break}{finding}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let CellInfo { name, file, line, .. } = self.cell;
        let others = || self.others.iter();
        let places: Vec<_> =
            others().map(|CellInfo { name, file, line, .. }| format!("`{name}` ({file}:{line})")).collect();
        let places = places.join(", ");
        let what = match self.kind {
            FindingKind::SameName => format!("it has the name of {places}"),
            FindingKind::Unused => "it was never used, and no cell depends on it".to_owned(),
            FindingKind::Undeclared => format!("its factory calls {places}, which it does not declare"),
            FindingKind::Circle => {
                let names: Vec<_> = others().map(|cell| cell.name).collect();
                format!(
                    "circle of dependencies: {name} -> {}",
                    [names.as_slice(), &[name]].concat().join(" -> ")
                )
            }
            FindingKind::AbandonedDisposer => {
                "an asynchronous disposer was abandoned, without a runtime to run it; \
                                               build the cell in a runtime, or await its close"
                    .to_owned()
            }
        };
        f.write_str(&on_one_line(format!("{file}:{line}: cell `{name}`: {what}")))
    }
}

fn of(graph: &Graph) -> CheckReport {
    let cells: Vec<AnyCell> = graph.nodes.iter().map(|node| node.cell).collect();
    // A sandbox knows nothing of what was done with the cells that it shares.
    let is_own: Vec<bool> = cells.iter().map(|cell| cell.declared().is_own_here()).collect();
    let mut found: Vec<Vec<(FindingKind, Vec<usize>)>> = vec![Vec::new(); cells.len()];
    let mut first_of_name = BTreeMap::new();
    let mut is_needed = vec![false; cells.len()];
    for (node, cell) in cells.iter().enumerate() {
        let first = *first_of_name.entry(cell.info().name).or_insert(node);
        if first != node {
            found[node].push((FindingKind::SameName, vec![first]));
        }
    }
    for edge in graph.edges.iter().filter(|edge| edge.from != edge.to) {
        is_needed[edge.to] = true;
        if edge.kind == DependencyKind::Observed {
            found[edge.from].push((FindingKind::Undeclared, vec![edge.to]));
        }
    }
    for (first, rest) in circles(graph) {
        found[first].push((FindingKind::Circle, rest));
    }
    for (node, cell) in cells.iter().enumerate() {
        if !is_needed[node] && !cell.ever_here().any(|cell| cell.control.was_ever_used()) {
            found[node].push((FindingKind::Unused, Vec::new()));
        }
        if cell.ever_here().any(|cell| cell.snapshot().counts.abandoned > 0) {
            found[node].push((FindingKind::AbandonedDisposer, Vec::new()));
        }
    }
    let own = found.into_iter().enumerate().filter(|(node, _)| is_own[*node]);
    let finding = |node: usize, (kind, others): (FindingKind, Vec<usize>)| Finding {
        kind,
        cell: cells[node].info(),
        others: others.into_iter().map(|node| cells[node].info()).collect(),
    };
    let findings = own.flat_map(|(node, found)| found.into_iter().map(move |found| (node, found)));
    CheckReport { findings: findings.map(|(node, found)| finding(node, found)).collect() }
}

/// The circles of dependencies: of cells each of which depends on all others, the first, and a shortest way back to it.
fn circles(graph: &Graph) -> Vec<(usize, Vec<usize>)> {
    let mut on = vec![Vec::new(); graph.nodes.len()];
    for edge in &graph.edges {
        on[edge.from].push(edge.to);
    }
    let component = components(&on);
    let mut seen = vec![false; graph.nodes.len()];
    let first = (0..on.len()).filter(|&node| !std::mem::replace(&mut seen[component[node]], true));
    first.filter_map(|first| Some((first, way_back(first, &on, &component)?))).collect()
}

/// The nodes of a shortest way from `first` back to it, without `first` itself. No way back leaves its component.
fn way_back(first: usize, on: &[Vec<usize>], component: &[usize]) -> Option<Vec<usize>> {
    let mut came_from: BTreeMap<usize, usize> = BTreeMap::new();
    let mut queue = VecDeque::from([first]);
    while let Some(node) = queue.pop_front() {
        for &next in on[node].iter().filter(|&&next| component[next] == component[first]) {
            if next == first {
                let before = |node: &usize| came_from.get(node).copied();
                let mut way: Vec<_> = std::iter::successors(Some(node), before).collect();
                way.pop();
                way.reverse();
                return Some(way);
            }
            came_from.entry(next).or_insert_with(|| {
                queue.push_back(next);
                node
            });
        }
    }
    None
}

/// A cell in a finding, as JSON.
#[cfg(feature = "serde")]
mod json {
    use crate::info::CellInfo;
    use serde::{Serialize, Serializer};

    #[derive(Serialize)]
    struct Place {
        name: &'static str,
        module_path: &'static str,
        file: &'static str,
        line: u32,
    }

    impl Place {
        fn of(cell: &CellInfo) -> Self {
            let CellInfo { name, module_path, file, line, .. } = *cell;
            Self { name, module_path, file, line }
        }
    }

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference to the field")]
    pub(super) fn place<S: Serializer>(cell: &&'static CellInfo, serializer: S) -> Result<S::Ok, S::Error> {
        Place::of(cell).serialize(serializer)
    }

    pub(super) fn places<S: Serializer>(
        cells: &[&'static CellInfo],
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(cells.iter().map(|cell| Place::of(cell)))
    }
}
