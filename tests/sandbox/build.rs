//! Generates the cells of the storm: a hundred in a random acyclic graph, of all kinds.

use fastrand::Rng;
use std::env;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

const CELLS: usize = 100;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let mut random = Rng::with_seed(14);
    let mut text = String::new();
    let mut kinds = Vec::new();
    for number in 0..CELLS {
        // A synchronous factory cannot depend on an asynchronous cell.
        let kind = ["plain", "plain", "permanent", "async"][random.usize(..4)];
        let wanted = random.usize(..4).min(number);
        let possible: Vec<usize> =
            (0..number).rev().take(20).filter(|&on| kind == "async" || kinds[on] != "async").collect();
        let mut on: Vec<usize> =
            (0..wanted.min(possible.len())).map(|_| possible[random.usize(..possible.len())]).collect();
        on.sort_unstable();
        on.dedup();
        declaration(&mut text, number, kind, &on);
        kinds.push(kind);
    }
    let _ = writeln!(text, "pub(crate) async fn get(number: usize) -> u64 {{\n    match number {{");
    for (number, kind) in kinds.iter().enumerate() {
        let get = if *kind == "async" { format!("c{number}().await") } else { format!("c{number}()") };
        let _ = writeln!(text, "        {number} => {get}.sandbox(),");
    }
    text.push_str("        _ => unreachable!(),\n    }\n}\n");
    let _ = writeln!(text, "pub(crate) fn peek(number: usize) -> Option<u64> {{\n    match number {{");
    for number in 0..CELLS {
        let _ = writeln!(text, "        {number} => C{number}.peek().map(|node| node.sandbox()),");
    }
    text.push_str("        _ => unreachable!(),\n    }\n}\n");
    let closable: Vec<String> = kinds
        .iter()
        .enumerate()
        .filter(|(_, kind)| **kind == "plain")
        .map(|(number, _)| format!("C{number}.any()"))
        .collect();
    let _ = writeln!(
        text,
        "pub(crate) fn closable() -> Vec<cells::AnyCell> {{\n    vec![{}]\n}}",
        closable.join(", ")
    );
    let permanent: Vec<bool> = kinds.iter().map(|kind| *kind == "permanent").collect();
    let _ =
        writeln!(text, "pub(crate) fn is_permanent(number: usize) -> bool {{\n    {permanent:?}[number]\n}}");
    let _ = writeln!(text, "pub(crate) const CELLS: usize = {CELLS};");
    let out = env::var_os("OUT_DIR").expect("cargo sets `OUT_DIR`");
    fs::write(Path::new(&out).join("storm_cells.rs"), text).expect("`OUT_DIR` is writable");
}

fn declaration(text: &mut String, number: usize, kind: &str, on: &[usize]) {
    let (mut parameters, mut uses) = (String::new(), String::new());
    for on in on {
        let _ = write!(parameters, ", c{on}: &Node");
        let _ = write!(uses, ".uses(c{on})");
    }
    let key = match kind {
        "permanent" => "permanent",
        _ => "dispose = Node::dispose",
    };
    let (asynchronous, wait) = match kind {
        "async" => ("async ", "tokio::task::yield_now().await;\n    "),
        _ => ("", ""),
    };
    let _ = writeln!(
        text,
        "#[runtime_cell({key})]\npub(crate) {asynchronous}fn c{number}(tally: &Tally{parameters}) -> Node {{\n    \
         {wait}Node::begin(tally, {number}){uses}\n}}\n"
    );
}
