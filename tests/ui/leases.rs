use cells::{MappedRef, runtime_cell};
use std::cell::Cell;

struct NoClone;

#[runtime_cell]
fn no_clone() -> NoClone {
    NoClone
}

#[runtime_cell]
fn limit() -> u32 {
    4
}

fn anywhere<R: Send + Sync>() {}

fn main() {
    let _: bool = 4 == limit();
    let _: NoClone = no_clone().clone();
    anywhere::<MappedRef<'static, Cell<u8>>>();
}
