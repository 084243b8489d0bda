//! The cells and their dependencies, as data and as pictures. `programs/graph/pictures.sh` feeds the pictures to graphviz
//! and mermaid.

use cells::{CellInfo, DependencyKind, Graph, GraphNode, State, runtime_cell};
use cells_test_support::LONG;
use std::env;
use std::fs;
use std::path::Path;

#[runtime_cell]
fn base() -> u32 {
    1
}

#[runtime_cell]
fn called() -> u32 {
    1
}

#[runtime_cell]
fn user(base: &u32) -> u32 {
    base + *called()
}

#[runtime_cell(after = [BASE])]
fn later() -> u32 {
    1
}

mod twin {
    #[cells::runtime_cell(name = "twin of the graph")]
    pub(super) fn one() -> u32 {
        1
    }

    #[cells::runtime_cell(name = "twin of the graph", cell = TWO)]
    pub(super) fn two(#[from(ONE)] one: &u32) -> u32 {
        *one
    }
}

/// Cells whose names mean something to one of the two languages. Each depends on the one before.
macro_rules! awkward {
    ($($name:literal $function:ident $cell:ident($($on:ident $before:ident)?);)*) => {
        mod awkward {
            pub(super) const NAMES: &[&str] = &[$($name),*];
            $(
                #[cells::runtime_cell(name = $name, cell = $cell)]
                #[allow(dead_code, reason = "nobody asks for it")]
                fn $function($(#[from($on)] $before: &u32)?) -> u32 {
                    0 $(+ $before)?
                }
            )*
        }
    };
}

awkward! {
    "end" n1 N1();
    "graph" n2 N2(N1 before);
    "a \"quoted\" name" n3 N3(N2 before);
    "<b>bold</b> & <i>" n4 N4(N3 before);
    "日本語 — ünïcödé 🦀" n5 N5(N4 before);
    "two\nlines" n6 N6(N5 before);
    "semi;colon, #35; and #quot;" n7 N7(N6 before);
    "back\\slash\\" n8 N8(N7 before);
    "%%{init: {\"theme\": \"dark\"}}%%" n9 N9(N8 before);
    "%% no comment" n10 N10(N9 before);
    "[square] (round) {curly} |bar| --> arrow" n11 N11(N10 before);
    "`code` and **stars** and $$x$$" n12 N12(N11 before);
    "\\N \\G \\l" n13 N13(N12 before);
    "subgraph" n14 N14(N13 before);
    "\ttab\r\nand return" n15 N15(N14 before);
    "'single' style c0 fill:#fff" n16 N16(N15 before);
    "&amp; &#60;" n17 N17(N16 before);
    " " n18 N18(N17 before);
}

fn index(graph: &Graph, info: &'static CellInfo) -> usize {
    let all = cells::all();
    assert_eq!(all.len(), graph.nodes.len());
    all.iter().position(|cell| std::ptr::eq(cell.info(), info)).expect("it is listed")
}

#[test]
fn p10_nodes_and_edges_as_data() {
    drop((user(), later()));
    let graph = cells::graph();
    let all = cells::all();
    for (GraphNode { name, module_path, .. }, cell) in graph.nodes.iter().zip(&all) {
        assert_eq!((*name, *module_path), (cell.info().name, cell.info().module_path));
    }
    let [base, called, user, later] =
        [BASE.info(), CALLED.info(), USER.info(), LATER.info()].map(|info| index(&graph, info));
    let mut from_here: Vec<_> =
        graph.edges.iter().filter(|edge| [user, later].contains(&edge.from)).collect();
    from_here.sort_unstable_by_key(|edge| (edge.from != user, edge.kind != DependencyKind::Injected));
    let kinds: Vec<_> = from_here.iter().map(|edge| (edge.from, edge.to, edge.kind)).collect();
    assert_eq!(
        kinds,
        [
            (user, base, DependencyKind::Injected),
            (user, called, DependencyKind::Observed),
            (later, base, DependencyKind::After),
        ]
    );
    assert_eq!(graph.nodes[user].state, State::Ready);

    let json = serde_json::to_value(&graph).expect("it serializes to JSON");
    assert_eq!(
        (&json["nodes"][user]["name"], &json["nodes"][user]["state"]),
        (&"user".into(), &"ready".into())
    );
    let edges = json["edges"].as_array().expect("a list");
    assert!(edges.iter().any(|edge| edge["from"] == later && edge["to"] == base && edge["kind"] == "after"));
}

#[test]
fn p10_the_three_kinds_of_edges_are_drawn_apart() {
    drop((user(), later()));
    let graph = cells::graph();
    let [base, called, user, later] =
        [BASE.info(), CALLED.info(), USER.info(), LATER.info()].map(|info| index(&graph, info));
    let (dot, mermaid) = (graph.to_dot(), graph.to_mermaid());
    for line in [
        format!("    c{user} -> c{base} [style=solid];"),
        format!("    c{user} -> c{called} [style=dashed];"),
        format!("    c{later} -> c{base} [style=dotted];"),
    ] {
        assert!(dot.lines().any(|drawn| drawn == line), "{line}\n{dot}");
    }
    for line in [
        format!("    c{user} --> c{base}"),
        format!("    c{user} -.-> c{called}"),
        format!("    c{later} -->|after| c{base}"),
    ] {
        assert!(mermaid.lines().any(|drawn| drawn == line), "{line}\n{mermaid}");
    }
}

#[test]
fn p10_states_are_colours() {
    #[runtime_cell(name = "chameleon")]
    fn cell() -> Result<u32, std::io::Error> {
        Ok(1)
    }

    let colours = || {
        let graph = cells::graph();
        let node = index(&graph, CELL.info());
        let (dot, mermaid) = (graph.to_dot(), graph.to_mermaid());
        let in_dot = dot.lines().find(|line| line.starts_with(&format!("    c{node} [label=\"chameleon\"")));
        let in_mermaid = mermaid.lines().find(|line| line.starts_with(&format!("    style c{node} fill:")));
        let colour = |line: Option<&str>| {
            line.and_then(|line| line.get(line.find('#')?..)?.get(..7)).map(str::to_owned)
        };
        let (in_dot, in_mermaid) = (colour(in_dot).expect("a colour"), colour(in_mermaid).expect("a colour"));
        assert_eq!(in_dot, in_mermaid);
        in_dot
    };
    let empty = colours();
    drop(cell());
    let ready = colours();
    CELL.record_failure(std::io::Error::other("broken"), LONG);
    let failed = colours();
    let _ = CELL.close();
    assert_eq!(colours(), empty);
    assert!(empty != ready && ready != failed && failed != empty, "{empty} {ready} {failed}");
}

#[test]
fn p10_cells_of_one_name_are_told_apart() {
    let graph = cells::graph();
    let (dot, mermaid) = (graph.to_dot(), graph.to_mermaid());
    let module = concat!(module_path!(), "::twin");
    assert_eq!(dot.matches(&format!("[label=\"twin of the graph\\n{module}\"")).count(), 2, "{dot}");
    let module = module.replace(':', "#58;");
    assert_eq!(mermaid.matches(&format!("[\"twin of the graph<br/>{module}\"]")).count(), 2, "{mermaid}");
    let _ = (twin::one(), twin::two());
}

#[test]
fn p10_names_mean_nothing_in_a_picture() {
    let graph = cells::graph();
    let (dot, mermaid) = (graph.to_dot(), graph.to_mermaid());
    // One line for each node and each edge, whatever the names.
    assert_eq!(dot.lines().count(), graph.nodes.len() + graph.edges.len() + 3, "{dot}");
    assert_eq!(mermaid.lines().count(), 2 * graph.nodes.len() + graph.edges.len() + 1, "{mermaid}");
    for name in awkward::NAMES {
        assert!(graph.nodes.iter().any(|node| node.name == *name), "{name}");
    }
    for label in [
        r#"[label="a \"quoted\" name","#,
        r#"[label="back\\slash\\","#,
        r#"[label="two\nlines","#,
        r#"[label="&amp;amp; &amp;#60;","#,
    ] {
        assert!(dot.contains(label), "{label}\n{dot}");
    }
    // Mermaid removes these from a text, wherever they are, before it parses the diagram.
    for label in [
        r#"["a #34;quoted#34; name"]"#,
        r#"["two<br/>lines"]"#,
        r##"["#37;#37;{init#58; {#34;theme#34;#58; #34;dark#34;}}#37;#37;"]"##,
        r#"["'single' style c0 fill#58;#35;fff"]"#,
        r##"["#38;amp#59; #38;#35;60#59;"]"##,
    ] {
        assert!(mermaid.contains(label), "{label}\n{mermaid}");
    }
}

/// Writes the pictures and what should be read from them to the directory in the environment variable.
#[test]
#[ignore = "run by `programs/graph/pictures.sh`"]
fn p10_pictures() {
    drop((user(), later()));
    let graph = cells::graph();
    let to = env::var("CELLS_TEST_PICTURES").expect("a directory");
    let to = Path::new(&to);
    let labels: Vec<_> = graph
        .nodes
        .iter()
        .map(|node| {
            let twins = graph.nodes.iter().filter(|other| other.name == node.name).count() > 1;
            if twins { format!("{}\n{}", node.name, node.module_path) } else { node.name.to_owned() }
        })
        .collect();
    let edges: Vec<_> = graph.edges.iter().map(|edge| (edge.from, edge.to)).collect();
    let expected = serde_json::json!({ "labels": labels, "edges": edges });
    fs::write(to.join("cells.dot"), graph.to_dot()).expect("the directory is writable");
    fs::write(to.join("cells.mmd"), graph.to_mermaid()).expect("the directory is writable");
    fs::write(to.join("cells.json"), expected.to_string()).expect("the directory is writable");
}
