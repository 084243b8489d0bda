use cells::{BoxError, runtime_cell};

fn save(_: &u8) {}

#[runtime_cell(permanent = true, dispose = save)]
fn x12_y8_flag_with_a_value() -> u8 {
    1
}

#[runtime_cell(permanant, dispose = save)]
fn x12_y8_misspelled_flag() -> u8 {
    1
}

#[runtime_cell(permanent = false)]
fn x12_y8_no_flag() -> u8 {
    1
}

#[runtime_cell(blockin, wait_timeout = "5s")]
fn x12_y8_awaited() -> Result<u8, BoxError> {
    Ok(1)
}

type Fallible = Result<u8, BoxError>;

#[runtime_cell(fallible(yes))]
fn x12_y8_alias() -> Fallible {
    Ok(1)
}

#[runtime_cell(detached = 5, runtime = "owned")]
async fn x12_y8_flags_of_a_task() -> u8 {
    1
}

#[runtime_cell(cel = X12_Y8_STATIC, factory = "x12_y8_build")]
fn x12_y8_names() -> u8 {
    1
}

#[runtime_cell(cell = "X12_Y8_TEXT", factroy = x12_y8_other_build)]
fn x12_y8_more_names() -> u8 {
    1
}

#[runtime_cell(crate = "cells")]
fn x12_y8_crate() -> u8 {
    1
}

#[runtime_cell(fallible)]
fn x12_y7_no_result() -> u8 {
    1
}

#[runtime_cell(fallible)]
async fn x12_y7_no_result_awaited(x12_y7_no_result: &u8) -> &'static str {
    drop(x12_y7_no_result);
    "text"
}

#[runtime_cell(fallible, permanent)]
fn x12_y7_no_result_for_good() -> (u8, u8) {
    (1, 2)
}

fn main() {
    let _: [&'static u8; 2] = [x12_y8_flag_with_a_value(), x12_y8_misspelled_flag()];
    X12_Y8_NO_FLAG.close();
    let _: u8 = *x12_y8_alias().unwrap() + *X12_Y8_STATIC.get() + *X12_Y8_TEXT.get() + *x12_y8_crate();
    let _: u8 = x12_y8_build() + x12_y8_other_build();
    let _: u8 = *x12_y7_no_result().unwrap() + x12_y7_no_result_for_good().unwrap().0;
    let _ = async {
        let _: u8 = *x12_y8_awaited().await.unwrap() + *x12_y8_flags_of_a_task().await;
        let _: &str = *x12_y7_no_result_awaited().await.unwrap();
    };
}
