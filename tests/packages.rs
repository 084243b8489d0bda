//! What the published packages contain that is also elsewhere in the repository, and what they depend on.

use std::fs;

const PACKAGES: &[&str] = &["cells", "cells-macros"];

fn read(file: &str) -> String {
    fs::read_to_string(format!("../{file}")).unwrap_or_else(|error| panic!("{file}: {error}"))
}

/// Copies and not links, which do not survive every way of copying a repository.
#[test]
fn every_package_has_the_licenses() {
    for license in ["LICENSE-MIT", "LICENSE-APACHE"] {
        for package in PACKAGES {
            let copy = format!("{package}/{license}");
            assert!(read(&copy) == read(license), "`{copy}` differs; run `cp {license} {copy}`");
            let link = fs::symlink_metadata(format!("../{copy}")).expect("it was read").is_symlink();
            assert!(!link, "`{copy}` is a link");
        }
    }
}

/// The dependencies in a manifest, of all targets, without those of tests.
fn dependencies(manifest: &str) -> Vec<&str> {
    let sections = manifest.split("\n[").skip(1).filter_map(|section| section.split_once("]\n"));
    let ours = sections.filter(|(title, _)| *title == "dependencies" || title.ends_with(".dependencies"));
    let lines = ours.flat_map(|(_, lines)| lines.lines().filter(|line| !line.starts_with('#')));
    lines.filter_map(|line| line.split(['.', ' ']).next().filter(|name| !name.is_empty())).collect()
}

#[test]
fn z3_every_dependency_has_its_reason() {
    let page = read("docs/architecture.md");
    let (_, section) = page.split_once("\n## Dependencies\n").expect("a section of that title");
    let rows = section.lines().skip_while(|line| !line.starts_with("|---")).skip(1);
    let rows = rows.take_while(|line| line.starts_with('|')).map(|row| {
        let columns: Vec<_> =
            row.split('|').map(|column| column.trim().trim_matches('`').to_owned()).collect();
        assert!(columns.len() == 5 && !columns[3].is_empty(), "{row}");
        (columns[1].clone(), columns[2].clone())
    });
    let mut explained: Vec<_> = rows.collect();
    let mut there = Vec::new();
    for package in PACKAGES {
        let manifest = read(&format!("{package}/Cargo.toml"));
        let names = dependencies(&manifest);
        assert!(names.len() > 2, "the manifest of {package} is read: {names:?}");
        there.extend(names.into_iter().map(|name| ((*package).to_owned(), name.to_owned())));
    }
    explained.sort();
    there.sort();
    assert_eq!(explained, there, "docs/architecture.md, `Dependencies`, has a row for each dependency");
}

/// What a program gets without asking: no package that changes what types other crates infer, as `serde_json` does.
#[test]
fn z3_only_log_events_are_on_by_default() {
    assert!(read("cells/Cargo.toml").contains("\ndefault = [\"tracing\"]\n"));
}

/// So that an attribute and a library, or two libraries in one program, are not mixed by accident.
#[test]
fn names_that_must_not_meet_contain_the_version() {
    let manifest = read("Cargo.toml");
    let version =
        manifest.split("\nversion = \"").nth(1).and_then(|rest| rest.split('"').next()).expect("a version");
    let numbers: Vec<_> = version.split('.').collect();
    let module = format!("__private{}", numbers.concat());
    let section = format!("cells_{}_{}", numbers[0], numbers[1]);
    assert!(read("cells/src/lib.rs").contains(&format!("pub mod {module};")), "{module}");
    assert!(read("cells-macros/src/emit/cell_static.rs").contains(&format!("::{module}::")), "{module}");
    for file in ["cells/src/image.rs", "cells/src/program/section.rs"] {
        assert!(read(file).contains(&section), "{file}: {section}");
    }
}
