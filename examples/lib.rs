//! What the examples have in common.

pub mod code;

#[cfg(test)]
mod tests {
    /// The README's first program is an example that CI runs.
    #[test]
    fn the_quickstart_is_that_of_the_readme() {
        let program = include_str!("quickstart.rs");
        let (_docs, code) = program.split_once("\n\n").expect("docs, an empty line, the code");
        assert!(include_str!("../README.md").contains(&format!("```rust\n{code}```\n")));
    }
}
