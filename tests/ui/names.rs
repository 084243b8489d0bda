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

#[runtime_cell(crate = std)]
async fn y14_of_std() -> u8 {
    1
}

#[runtime_cell(cell = self, factory = super)]
fn y14_keywords() -> u8 {
    1
}

#[runtime_cell]
fn 变量() -> u8 {
    1
}

#[runtime_cell]
fn y20_dependent(变量: &u8, #[from(SHOUTED_CELL)] shouted: &u8) -> u8 {
    *变量 + *shouted
}

fn main() {
    let _: u8 = *SHOUTED();
    let _: u8 = *own_name();
    let _: u8 = *own_factory();
    let _: u8 = *static_factory();
    let _: u8 = *Y14_KEYWORDS.get() + *变量() + *y20_dependent() + *OWN_NAME.get();
    let _ = async { *y14_of_std().await };
}
