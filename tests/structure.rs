//! Which way the source files of the library and of the attribute may import: docs/architecture.md has the order, and
//! this reads it. And what the sources must not say.

use std::fs;
use std::path::Path;

/// The source files of a crate, from the top down, as a section of docs/architecture.md lists them: `cell/control`.
fn order(section: &str) -> Vec<String> {
    let page = fs::read_to_string("../docs/architecture.md").expect("the page");
    let (_, section) = page.split_once(section).expect("a section of that title");
    let rows = section.lines().skip_while(|line| !line.starts_with("|---")).skip(1);
    let mut files = Vec::new();
    for row in rows.take_while(|line| line.starts_with('|')) {
        let columns: Vec<_> = row.split('|').map(str::trim).collect();
        let folder = columns[1].strip_prefix('`').map_or("", |name| name.trim_end_matches('`'));
        let names = columns[3].split(", ").map(|name| name.trim_matches('`'));
        files.extend(names.map(|name| format!("{folder}{name}")));
    }
    files
}

/// The source files there are, but for those of unit tests; a `mod.rs` imports nothing.
fn sources(folder: &Path, prefix: &str, found: &mut Vec<String>) {
    for entry in fs::read_dir(folder).expect("a folder of source files") {
        let path = entry.expect("a readable folder").path();
        let name = path.file_stem().and_then(|name| name.to_str()).expect("a name in UTF-8").to_owned();
        if path.is_dir() && name != "tests" {
            sources(&path, &format!("{prefix}{name}/"), found);
        } else if path.extension().is_some_and(|ending| ending == "rs")
            && !name.ends_with("_tests")
            && name != "mod"
        {
            found.push(format!("{prefix}{name}"));
        }
    }
}

/// The files that `text`, the source of `file`, names by `crate::` and by a `use super::` of its own.
fn imports(file: &str, text: &str, order: &[String]) -> Vec<String> {
    let folder = file.rsplit_once('/').map_or("", |(folder, _)| folder);
    // A module inside the file is indented, and its `super` is the file itself.
    let text = text.replace("\nuse super::", &format!("\nuse crate::{folder}::"));
    let code =
        text.lines().map(|line| line.split("//").next().unwrap_or_default()).collect::<Vec<_>>().join("\n");
    let mut files = Vec::new();
    for path in code.split("crate::").skip(1).filter(|path| !path.starts_with("__")) {
        let segments: Vec<_> = path
            .split("::")
            .map(|segment| segment.split(|c: char| !c.is_alphanumeric() && c != '_').next())
            .collect();
        let name = |index: usize| segments.get(index).copied().flatten().unwrap_or_default();
        let in_folder = format!("{}/{}", name(0), name(1));
        // What is neither a file nor in one is exported by the top; so are lists of files, which hide what is imported.
        let known = [in_folder, name(0).to_owned()].into_iter().find(|name| order.contains(name));
        files.push(known.unwrap_or_else(|| "lib".to_owned()));
    }
    files
}

fn imports_go_down(root: &str, section: &str) {
    let order = order(section);
    let mut found = Vec::new();
    sources(Path::new(root), "", &mut found);
    let (mut listed, mut there) = (order.clone(), found.clone());
    listed.sort();
    there.sort();
    assert_eq!(listed, there, "docs/architecture.md, `{section}`, lists the files of {root}");
    let place = |file: &str| order.iter().position(|listed| listed == file).expect("a file of the list");
    let mut wrong = Vec::new();
    for file in &found {
        let text = fs::read_to_string(format!("{root}/{file}.rs")).expect("a source file");
        for import in imports(file, &text, &order) {
            if file != "lib" && import != *file && place(&import) < place(file) {
                wrong.push(format!("{file} imports {import}"));
            }
        }
    }
    wrong.dedup();
    assert!(wrong.is_empty(), "imports that go up, against docs/architecture.md:\n{}", wrong.join("\n"));
}

#[test]
fn the_library_imports_downwards() {
    imports_go_down("../cells/src", "## The library");
}

#[test]
fn the_attribute_imports_downwards() {
    imports_go_down("../cells-macros/src", "## The attribute");
}

#[test]
fn every_key_has_a_file_of_tests() {
    let keys = fs::read_to_string("../cells-macros/src/parse/keys.rs").expect("the table of keys");
    let names: Vec<_> = keys.split("name: \"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    assert!(names.len() > 10, "the table of keys is read: {names:?}");
    for name in names {
        let file = if name == "crate" { "krate" } else { name };
        assert!(Path::new(&format!("keys/{file}.rs")).exists(), "tests/keys has a file for the key `{name}`");
    }
}

/// The lines of `text` that ask for a flag of the model checkers by a name that a program may set for itself.
fn foreign_flags(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter(|line| {
        let code = line.split("//").next().unwrap_or_default();
        let words = code.split(|c: char| !c.is_alphanumeric() && c != '_');
        code.contains("cfg") && words.into_iter().any(|word| word == "loom" || word == "shuttle")
    })
}

/// `--cfg` reaches every crate of a build, and a program that runs models of itself sets `loom` or `shuttle`.
#[test]
fn x10_the_flags_of_the_model_checkers_have_names_of_our_own() {
    assert_eq!(foreign_flags("#[cfg(not(any(loom, miri)))]\n#[cfg(cells_loom)] // cfg(loom)").count(), 1);
    let mut wrong = Vec::new();
    for manifest in
        ["../Cargo.toml", "../cells/Cargo.toml", "../cells/models/Cargo.toml", "models/Cargo.toml"]
    {
        let text = fs::read_to_string(manifest).expect("a manifest");
        wrong.extend(foreign_flags(&text).map(|line| format!("{manifest}: {line}")));
    }
    for root in ["../cells/src", "../cells-macros/src"] {
        let mut files = Vec::new();
        sources(Path::new(root), "", &mut files);
        for file in files {
            let text = fs::read_to_string(format!("{root}/{file}.rs")).expect("a source file");
            wrong.extend(foreign_flags(&text).map(|line| format!("{file}: {line}")));
        }
    }
    assert!(wrong.is_empty(), "these depend on a flag that is not our own:\n{}", wrong.join("\n"));
}
