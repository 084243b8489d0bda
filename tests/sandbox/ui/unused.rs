#![deny(unused_must_use)]

use cells::runtime_cell;
use cells::testing::Sandbox;

#[runtime_cell]
fn limit() -> u32 {
    1
}

fn left_at_once() {
    Sandbox::new().enter();
}

fn never_entered() {
    Sandbox::new().put(&LIMIT, 1);
}

fn main() {
    let _cells = Sandbox::new().enter();
}
