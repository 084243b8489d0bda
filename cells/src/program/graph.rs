//! The cells and what they depend on, as data and as pictures.

use crate::cell::snapshot::State;
use crate::declared::any_cell::AnyCell;
use crate::flight::observed_calls;
use crate::image;
use crate::info::{CellInfo, DependencyKind};
use crate::program::all_cells::{self, Names};
use std::any::TypeId;
use std::collections::{HashMap, HashSet};
use std::fmt::Write;

/// All declared cells, and every dependency among them that is declared or was observed so far.
///
/// ```
/// use cells::{DependencyKind, runtime_cell};
///
/// #[runtime_cell]
/// fn limit() -> u32 {
///     100
/// }
///
/// #[runtime_cell]
/// fn twice(limit: &u32) -> u32 {
///     2 * limit
/// }
///
/// let graph = cells::graph();
/// let mut edges = graph.edges.iter().map(|edge| (graph.nodes[edge.from].name, graph.nodes[edge.to].name, edge.kind));
/// assert!(edges.any(|edge| edge == ("twice", "limit", DependencyKind::Injected)));
/// ```
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Graph {
    /// The cells, in the order of [`all`](crate::all).
    pub nodes: Vec<GraphNode>,
    /// The dependencies.
    pub edges: Vec<GraphEdge>,
}

/// A cell in a [`Graph`], which has an example.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct GraphNode {
    /// The cell's name.
    pub name: &'static str,
    /// The module of the declaration, which tells cells of one name apart.
    pub module_path: &'static str,
    /// What the cell was doing.
    pub state: State,
    /// Whether the program may provide its payload.
    pub provided: bool,
    #[cfg_attr(feature = "serde", serde(skip))]
    pub(crate) cell: AnyCell,
}

/// A dependency in a [`Graph`], which has an example.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct GraphEdge {
    /// The index of the node that depends.
    pub from: usize,
    /// The index of the node it depends on.
    pub to: usize,
    /// How.
    pub kind: DependencyKind,
}

/// Returns the cells of the program and their dependencies, as of now.
///
/// [`Graph`] has an example.
#[doc(alias("graphviz", "mermaid", "dependency graph"))]
#[inline]
pub fn graph() -> Graph {
    image::note(image::here());
    of_listed()
}

pub(crate) fn of_listed() -> Graph {
    of(all_cells::listed())
}

/// That of the cells which the caller's world does not share with the process.
pub(crate) fn of_own() -> Graph {
    of(all_cells::own())
}

fn of(cells: Vec<AnyCell>) -> Graph {
    let node = |cell: AnyCell| {
        let CellInfo { name, module_path, provided, .. } = *cell.info();
        GraphNode { name, module_path, state: cell.known_state(), provided, cell }
    };
    let nodes: Vec<_> = cells.into_iter().map(node).collect();
    Graph { edges: edges(&nodes), nodes }
}

/// The dependencies among these cells, as of now.
pub(crate) fn edges(nodes: &[GraphNode]) -> Vec<GraphEdge> {
    let index: HashMap<TypeId, usize> =
        nodes.iter().enumerate().map(|(index, node)| (node.cell.info().id(), index)).collect();
    let mut edges = Vec::new();
    let mut declared = HashSet::new();
    for (from, node) in nodes.iter().enumerate() {
        for dependency in node.cell.info().dependencies {
            if let Some(&to) = index.get(&dependency.cell.id()) {
                edges.push(GraphEdge { from, to, kind: dependency.kind });
                declared.insert((from, to));
            }
        }
    }
    for (caller, called) in observed_calls::all() {
        if let (Some(&from), Some(&to)) = (index.get(&caller.id()), index.get(&called.id())) {
            if !declared.contains(&(from, to)) {
                edges.push(GraphEdge { from, to, kind: DependencyKind::Observed });
            }
        }
    }
    edges
}

/// The fill colour of a state, readable under black text.
fn colour(state: State) -> &'static str {
    match state {
        State::Empty => "#eeeeee",
        State::Initializing => "#ffe08a",
        State::Ready => "#a6e3a1",
        State::Failed => "#f4a3a3",
        State::Closed => "#b8b8c8",
    }
}

impl Graph {
    /// Returns the graph in Graphviz's language, for `dot -Tsvg`.
    ///
    /// Solid arrows are injected dependencies, dashed ones observed, dotted ones `after`; the colour of a cell is
    /// its state. A cell that takes a value from outside has a double border.
    ///
    /// ```
    /// # #[cells::runtime_cell]
    /// # fn limit() -> u32 { 100 }
    /// let dot = cells::graph().to_dot();
    /// assert!(dot.starts_with("digraph") && dot.contains("limit"));
    /// ```
    pub fn to_dot(&self) -> String {
        let mut dot = String::from("digraph cells {\n    node [shape=box, style=\"rounded,filled\"];\n");
        let names = self.names();
        for (index, node) in self.nodes.iter().enumerate() {
            // Graphviz reads HTML's character references too.
            let label = names.apart(node.cell.info(), "\n").replace('&', "&amp;").replace('\\', "\\\\");
            let label = label.replace('"', "\\\"").replace('\n', "\\n");
            let border = if node.provided { ", peripheries=2" } else { "" };
            let fill = colour(node.state);
            let _ = writeln!(dot, "    c{index} [label=\"{label}\", fillcolor=\"{fill}\"{border}];");
        }
        for edge in &self.edges {
            let style = match edge.kind {
                DependencyKind::Injected => "solid",
                DependencyKind::Observed => "dashed",
                DependencyKind::After => "dotted",
            };
            let _ = writeln!(dot, "    c{} -> c{} [style={style}];", edge.from, edge.to);
        }
        dot.push_str("}\n");
        dot
    }

    /// Returns the graph in Mermaid's language, for Markdown.
    ///
    /// Plain arrows are injected dependencies, dotted ones observed, those with a label `after`; the colour of a
    /// cell is its state. A cell that takes a value from outside has double sides.
    ///
    /// ```
    /// # #[cells::runtime_cell]
    /// # fn limit() -> u32 { 100 }
    /// let mermaid = cells::graph().to_mermaid();
    /// assert!(mermaid.starts_with("flowchart") && mermaid.contains("limit"));
    /// ```
    pub fn to_mermaid(&self) -> String {
        let mut mermaid = String::from("flowchart TD\n");
        let names = self.names();
        for (index, node) in self.nodes.iter().enumerate() {
            // Mermaid's escape for characters that mean something to it: `#` and a decimal code.
            let mut label = String::new();
            for c in names.apart(node.cell.info(), "\n").chars() {
                match c {
                    '\n' => label.push_str("<br/>"),
                    '"' | '#' | '<' | '>' | '&' | '`' | ';' | '\\' | '%' | ':' | '\0'..' ' => {
                        let _ = write!(label, "#{};", u32::from(c));
                    }
                    _ => label.push(c),
                }
            }
            let (open, close) = if node.provided { ("[[", "]]") } else { ("[", "]") };
            let _ = writeln!(mermaid, "    c{index}{open}\"{label}\"{close}");
            let _ = writeln!(mermaid, "    style c{index} fill:{},color:#000", colour(node.state));
        }
        for edge in &self.edges {
            let arrow = match edge.kind {
                DependencyKind::Injected => "-->",
                DependencyKind::Observed => "-.->",
                DependencyKind::After => "-->|after|",
            };
            let _ = writeln!(mermaid, "    c{} {arrow} c{}", edge.from, edge.to);
        }
        mermaid
    }

    pub(crate) fn names(&self) -> Names {
        Names::of(self.nodes.iter().map(|node| node.name))
    }
}
