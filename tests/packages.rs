//! What the published packages contain that is also elsewhere in the repository.

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
