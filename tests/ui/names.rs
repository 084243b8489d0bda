#![allow(non_snake_case)]

use cells::runtime_cell;

#[runtime_cell]
fn SHOUTED() -> u8 {
    1
}

#[runtime_cell(cell = own_name)]
fn own_name() -> u8 {
    1
}

#[runtime_cell(factory = own_factory)]
fn own_factory() -> u8 {
    1
}

#[runtime_cell(factory = STATIC_FACTORY)]
fn static_factory() -> u8 {
    1
}

#[runtime_cell(crate = ::nowhere)]
fn of_another_crate() -> u8 {
    1
}

fn main() {
    let _: u8 = *SHOUTED();
    let _: u8 = *own_name();
    let _: u8 = *own_factory();
    let _: u8 = *static_factory();
}
