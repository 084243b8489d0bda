//! A Rust `dylib` that has `cells` in it, and no cell.

pub use cells;
