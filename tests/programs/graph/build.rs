//! Generates the program: cells in a random acyclic graph, and a table that describes them.
//!
//! `CELLS_GRAPH_SEED` and `CELLS_GRAPH_CELLS` select another program.

use fastrand::Rng;
use std::env;
use std::fmt::{Display, Write as _};
use std::fs;
use std::path::Path;

/// How many cells one module contains.
const MODULE: usize = 30;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let cells = number("CELLS_GRAPH_CELLS", 300);
    let seed: u64 = number("CELLS_GRAPH_SEED", 1);
    let program = program(&plan(cells, &mut Rng::with_seed(seed)), seed);
    let out = env::var_os("OUT_DIR").expect("cargo sets `OUT_DIR`");
    fs::write(Path::new(&out).join("program.rs"), program).expect("`OUT_DIR` is writable");
}

fn number<N: std::str::FromStr>(variable: &str, default: N) -> N {
    println!("cargo::rerun-if-env-changed={variable}");
    env::var(variable).ok().and_then(|value| value.parse().ok()).unwrap_or(default)
}

fn percent(random: &mut Rng, chance: usize) -> bool {
    random.usize(..100) < chance
}

/// The plan of a cell; cells are identified by numbers.
#[derive(Default)]
struct Cell {
    lent: Vec<usize>,
    kept: Vec<usize>,
    after: Vec<usize>,
    called: Vec<usize>,
    fallible: bool,
    eager: bool,
}

fn plan(cells: usize, random: &mut Rng) -> Vec<Cell> {
    // A cell depends on cells before it in a random order, which is not the order of the source.
    let mut order: Vec<_> = (0..cells).collect();
    random.shuffle(&mut order);
    let mut plan: Vec<_> = (0..cells).map(|_| Cell::default()).collect();
    for (rank, &number) in order.iter().enumerate() {
        let mut cell = Cell { fallible: percent(random, 50), eager: percent(random, 10), ..Cell::default() };
        let mut taken = Vec::new();
        for _ in 0..random.usize(..5).min(rank) {
            // Near dependencies make the graph deep, far ones make it wide.
            let reach = if percent(random, 50) { rank.min(12) } else { rank };
            let dependency = order[rank - 1 - random.usize(..reach)];
            if taken.contains(&dependency) {
                continue;
            }
            taken.push(dependency);
            match random.usize(..10) {
                0..4 => cell.lent.push(dependency),
                4..6 => cell.kept.push(dependency),
                6..8 => cell.called.push(dependency),
                _ => cell.after.push(dependency),
            }
        }
        // A factory that a fallible cell is injected into, or that calls accessors, is fallible itself.
        let injected = || cell.lent.iter().chain(&cell.kept);
        cell.fallible |= !cell.called.is_empty() || injected().any(|&on| plan[on].fallible);
        plan[number] = cell;
    }
    plan
}

fn program(plan: &[Cell], seed: u64) -> String {
    let mut text = format!("pub const SEED: u64 = {seed};\n");
    for (module, cells) in plan.chunks(MODULE).enumerate() {
        let _ = writeln!(text, "pub mod m{module} {{\n    use crate::{{Node, begin, try_begin}};");
        for (index, cell) in cells.iter().enumerate() {
            declaration(&mut text, plan, module * MODULE + index, cell);
        }
        text.push_str("}\n");
    }
    let _ = writeln!(text, "pub static PLAN: [Planned; {}] = [", plan.len());
    for (number, cell) in plan.iter().enumerate() {
        let Cell { lent, kept, after, called, fallible, eager } = cell;
        let path = path(number);
        let _ = writeln!(
            text,
            "    Planned {{ lent: &{lent:?}, kept: &{kept:?}, after: &{after:?}, called: &{called:?}, \
             fallible: {fallible}, eager: {eager}, info: || {path}.info(), try_get: || {path}.try_get(), \
             peek: || {path}.peek(), state: || {path}.state(), close: || {path}.close(), \
             invalidate_with_dependents: || {path}.invalidate_with_dependents(), \
             refresh_with_dependents: || {path}.refresh_with_dependents() }},"
        );
    }
    text.push_str("];\n");
    text
}

fn declaration(text: &mut String, plan: &[Cell], number: usize, cell: &Cell) {
    let Cell { lent, kept, after, called, fallible, eager } = cell;
    let mut keys = vec!["dispose = Node::dispose".to_owned()];
    if *fallible {
        keys.push("wait_timeout = core::time::Duration::ZERO".to_owned());
    }
    if *eager {
        keys.push("eager".to_owned());
    }
    if !after.is_empty() {
        keys.push(format!("after = [{}]", list(after.iter().map(|&on| path(on)))));
    }
    let parameter = |on: usize, ty: &str| {
        // If the static is in scope, the parameter's name identifies it.
        let from =
            if on / MODULE == number / MODULE { String::new() } else { format!("#[from({})] ", path(on)) };
        format!("{from}c{on}: {ty}")
    };
    let lends = lent.iter().map(|&on| parameter(on, "&Node"));
    let keeps = kept.iter().map(|&on| parameter(on, "cells::Ref<'static, Node>"));
    let parameters = list(lends.chain(keeps));
    let output = if *fallible { "Result<Node, cells::BoxError>" } else { "Node" };
    let _ = writeln!(text, "    /// Cell {number}.\n    #[cells::runtime_cell({})]", keys.join(", "));
    let _ = writeln!(text, "    pub fn c{number}({parameters}) -> {output} {{");
    let mut body = if *fallible { format!("try_begin({number})?") } else { format!("begin({number})") };
    for on in lent {
        let _ = write!(body, ".uses(c{on})");
    }
    for on in kept {
        let _ = write!(body, ".keeps(c{on})");
    }
    for &on in called {
        // After a shutdown the accessor of an infallible cell would panic.
        let _ = if plan[on].fallible {
            write!(body, ".uses(&*crate::m{}::c{on}()?)", on / MODULE)
        } else {
            write!(body, ".uses(&*{}.try_get()?)", path(on))
        };
    }
    body.push_str(".end()");
    let body = if *fallible { format!("Ok({body})") } else { body };
    let _ = writeln!(text, "        {body}\n    }}");
}

fn path(number: usize) -> String {
    format!("crate::m{}::C{number}", number / MODULE)
}

fn list(items: impl Iterator<Item: Display>) -> String {
    items.map(|item| item.to_string()).collect::<Vec<_>>().join(", ")
}
