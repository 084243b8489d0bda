use cells::{BoxError, runtime_cell};

#[runtime_cell]
fn y6_no_type(num: ) -> u8 {
    *num
}

#[runtime_cell]
async fn y6_half_a_type(store: &mut) -> Result<u8, BoxError> {
    Ok(store.len())
}

#[runtime_cell(blocking)]
fn y6_no_colon(num) -> u8 {
    num
}

#[runtime_cell(permanent)]
fn y6_two_names(first second: &u8) -> u8 {
    *second
}

#[runtime_cell]
fn y6_late_self(#[from(Y6_NO_TYPE)] num: &u8, self) -> u8 {
    *num
}

#[runtime_cell]
fn y6_wrong_arrow() => u8 {
    1
}

#[runtime_cell]
fn y6_no_parameters -> u8 {
    1
}

#[runtime_cell]
fn type() -> u8 {
    1
}

#[runtime_cell]
fn y6_free_self(self) -> u8 {
    1
}

#[runtime_cell(observer = cells::)]
fn y9_path() -> u8 {
    1
}

#[runtime_cell(observer = cells::, eager)]
fn y9_path_before_another_key() -> u8 {
    1
}

#[runtime_cell(cooldown = "5s" +)]
fn y9_sum() -> Result<u8, BoxError> {
    Ok(1)
}

#[runtime_cell(observer = observers.get(a, b.))]
fn y9_inside() -> u8 {
    1
}

#[runtime_cell(after = [crate::])]
fn y9_list() -> u8 {
    1
}

#[runtime_cell(after = [A B])]
fn y9_no_comma() -> u8 {
    1
}

#[runtime_cell(name =)]
fn y9_no_value() -> u8 {
    1
}

#[runtime_cell(= 5)]
fn y9_no_key() -> u8 {
    1
}

#[runtime_cell]
fn y9_from(#[from(crate::)] one: &u8) -> u8 {
    *one
}

fn main() {
    let _: u8 = *y6_no_type() + *Y6_NO_TYPE.get() + *y6_late_self() + *y6_wrong_arrow();
    let _: &'static u8 = y6_two_names();
    let _: u8 = *y6_no_parameters() + *TYPE.get() + *y6_free_self() + *Y6_FREE_SELF.get();
    let _ = async {
        let _: u8 = *y6_half_a_type().await.unwrap() + *y6_no_colon().await;
    };
    let _: u8 = *y9_path() + *y9_path_before_another_key() + *y9_sum().unwrap() + *y9_inside();
    let _: u8 = *y9_list() + *y9_no_value() + *y9_no_key() + *y9_from();
}
