#![deny(unused_must_use)]

use cells::{Ref, runtime_cell};

#[runtime_cell]
fn names() -> Vec<String> {
    Vec::new()
}

fn main() {
    names();
    Ref::map(names(), |names| names.as_slice());
    let _ = names();
}
