//! The front page: one text for the repository, the package and the documentation of the crate.
//!
//! `README.md` at the root is the source. `cells/README.md` is what the package and `cells/src/lib.rs` include: a copy,
//! because a symbolic link does not survive every way of copying a repository.

const SOURCE: &str = include_str!("../README.md");
const COPY: &str = include_str!("../cells/README.md");

/// The title, the smallest program, dependencies, a tokio program: a page with fewer blocks is not the front page.
const FEWEST_BLOCKS: usize = 3;

/// The attributes of a block that rustdoc still compiles, at least. Of its own crate is a block whose cells fail: merged
/// with the other blocks, it would fail their `warm_up_all`. One with tests is run by their harness.
const TESTED: &[&str] = &["no_run", "standalone_crate", "test_harness"];

#[test]
fn the_packaged_page_is_a_copy() {
    assert!(SOURCE == COPY, "`cells/README.md` differs from `README.md`; run `cp README.md cells/README.md`");
}

#[test]
fn both_pages_have_the_title() {
    for page in [SOURCE, COPY] {
        assert_eq!(page.lines().next(), Some("# cells"));
    }
}

#[test]
fn both_pages_have_the_code_that_is_to_be_tested() {
    let source: Vec<_> = rust_blocks(SOURCE).collect();
    assert!(source.len() >= FEWEST_BLOCKS, "only {} blocks of Rust in `README.md`", source.len());
    assert!(source.iter().all(|code| code.contains("runtime_cell")), "{source:?}");
    assert!(rust_blocks(COPY).eq(source), "other blocks of Rust in `cells/README.md`");
}

#[test]
fn no_link_depends_on_where_the_page_is_shown() {
    for target in SOURCE.split("](").skip(1) {
        assert!(target.starts_with("https://"), "`{}`", target.split(')').next().unwrap_or_default());
    }
}

/// The code of each block that rustdoc takes for Rust and tests.
fn rust_blocks(page: &str) -> impl Iterator<Item = &str> {
    page.split("\n```rust").skip(1).map(|block| {
        let (attributes, code) = block.split_once('\n').expect("a fence ends its line");
        let mut attributes = attributes.split(',').skip(1);
        assert!(
            attributes.all(|attribute| TESTED.contains(&attribute)),
            "a block that rustdoc does not test: {code}"
        );
        code.split("\n```").next().expect("a split has a first part")
    })
}
