//! A Rust `dylib`: `cells` is part of it, so the program that uses it has the library from here.

/// A cell of the `dylib`.
#[cells::runtime_cell(eager)]
pub fn inside() -> u8 {
    1
}
