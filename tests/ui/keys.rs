use cells::runtime_cell;

#[runtime_cell(colour = "red", 5)]
fn unknown() -> u8 {
    1
}

#[runtime_cell(name = "a", name = "b", fallible, fallible)]
fn repeated() -> Result<u8, cells::BoxError> {
    Ok(1)
}

#[runtime_cell(name = 5, cell = "CELL", factory = build(), fallible = true, max_waiters = "4", wait_timeout = 5)]
fn wrong_value() -> Result<u8, cells::BoxError> {
    Ok(1)
}

#[runtime_cell(cooldown = 1.5, dispose = |payload| (), crate = "cells", observer =, adjuster)]
fn more_wrong_values() -> Result<u8, cells::BoxError> {
    Ok(1)
}

#[runtime_cell(name "no equals sign", cell = static, cooldown = "5s" wait_timeout = "5s")]
fn wrong_syntax() -> Result<u8, cells::BoxError> {
    Ok(1)
}

fn main() {
    let _: u8 = *unknown();
    let _: u8 = *UNKNOWN.try_get().unwrap();
    let _: u8 = *repeated().unwrap();
    let _: u8 = *wrong_value().unwrap();
    let _: u8 = *more_wrong_values().unwrap();
    let _: u8 = *WRONG_SYNTAX.try_get().unwrap();
}
