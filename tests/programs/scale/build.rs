//! Generates `CELLS_SCALE_CELLS` declared cells in a random acyclic graph, a third of them permanent and a third async.

use std::env;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

/// How many cells one module contains.
const MODULE: usize = 100;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=CELLS_SCALE_CELLS");
    let cells = env::var("CELLS_SCALE_CELLS").ok().and_then(|cells| cells.parse().ok()).unwrap_or(100);
    let out = env::var_os("OUT_DIR").expect("cargo sets `OUT_DIR`");
    fs::write(Path::new(&out).join("program.rs"), program(cells)).expect("`OUT_DIR` is writable");
}

/// Small, and the same everywhere.
struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap_or(0) % n.max(1)
    }
}

fn program(cells: usize) -> String {
    let mut random = Random(1);
    let mut text = format!("pub(crate) const CELLS: usize = {cells};\n");
    for first in (0..cells).step_by(MODULE) {
        let _ = writeln!(text, "pub(crate) mod m{} {{", first / MODULE);
        for cell in first..cells.min(first + MODULE) {
            declaration(&mut text, cell, &mut random);
        }
        text.push_str("}\n");
    }
    text
}

/// A cell: one dependency is injected into each third one, one is observed, one comes after.
fn declaration(text: &mut String, cell: usize, random: &mut Random) {
    // A cell needs such of its own kind and of the plain ones, so that every kind compiles.
    let mut earlier = |kind: usize| {
        let at = random.below(cell / 3);
        (cell > 3).then(|| path(3 * at + kind))
    };
    let kind = cell % 3;
    let mut keys: Vec<_> = (kind == 0).then(|| "permanent".to_owned()).into_iter().collect();
    let (injected, observed) = (earlier(usize::from(kind != 0)), earlier(1));
    keys.extend(
        earlier(kind)
            .filter(|after| injected.as_ref() != Some(after))
            .map(|after| format!("after = [{after}]")),
    );
    let parameter = injected.as_ref().map_or(String::new(), |on| format!("#[from({on})] on: &u64"));
    let mut terms = vec!["1".to_owned()];
    terms.extend(injected.map(|_| "*on".to_owned()));
    terms.extend(observed.map(|on| format!("*{on}.get()")));
    let (keys, sum) = (keys.join(", "), terms.join(", "));
    let word = if kind == 2 { "async fn" } else { "fn" };
    let _ = writeln!(text, "    #[cells::runtime_cell({keys})]");
    let _ = writeln!(
        text,
        "    pub(crate) {word} c{cell}({parameter}) -> u64 {{ [{sum}].iter().sum::<u64>() % 7 }}"
    );
}

fn path(cell: usize) -> String {
    format!("crate::program::m{}::C{cell}", cell / MODULE)
}
