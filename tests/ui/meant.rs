use cells::{BoxError, runtime_cell};

fn save(_: &u8) {}

#[runtime_cell(permanent = true, dispose = save)]
fn y8_flag_with_a_value() -> u8 {
    1
}

#[runtime_cell(permanant, dispose = save)]
fn y8_misspelled_flag() -> u8 {
    1
}

#[runtime_cell(permanent = false)]
fn y8_no_flag() -> u8 {
    1
}

#[runtime_cell(blockin, wait_timeout = "5s")]
fn y8_awaited() -> Result<u8, BoxError> {
    Ok(1)
}

type Fallible = Result<u8, BoxError>;

#[runtime_cell(fallible(yes))]
fn y8_alias() -> Fallible {
    Ok(1)
}

#[runtime_cell(detached = 5, runtime = "owned")]
async fn y8_flags_of_a_task() -> u8 {
    1
}

#[runtime_cell(cel = Y8_STATIC, factory = "y8_build")]
fn y8_names() -> u8 {
    1
}

#[runtime_cell(cell = "Y8_TEXT", factroy = y8_other_build)]
fn y8_more_names() -> u8 {
    1
}

#[runtime_cell(crate = "cells")]
fn y8_crate() -> u8 {
    1
}

#[runtime_cell(fallible)]
fn y7_no_result() -> u8 {
    1
}

#[runtime_cell(fallible)]
async fn y7_no_result_awaited(y7_no_result: &u8) -> &'static str {
    drop(y7_no_result);
    "text"
}

#[runtime_cell(fallible, permanent)]
fn y7_no_result_for_good() -> (u8, u8) {
    (1, 2)
}

fn main() {
    let _: [&'static u8; 2] = [y8_flag_with_a_value(), y8_misspelled_flag()];
    Y8_NO_FLAG.close();
    let _: u8 = *y8_alias().unwrap() + *Y8_STATIC.get() + *Y8_TEXT.get() + *y8_crate();
    let _: u8 = y8_build() + y8_other_build();
    let _: u8 = *y7_no_result().unwrap() + y7_no_result_for_good().unwrap().0;
    let _ = async {
        let _: u8 = *y8_awaited().await.unwrap() + *y8_flags_of_a_task().await;
        let _: &str = *y7_no_result_awaited().await.unwrap();
    };
}
