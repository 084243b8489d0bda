use cells::runtime_cell;

#[runtime_cell]
#[allow = "lint"]
pub fn x12_lint() -> u8 {
    1
}

#[runtime_cell(factory = build)]
#[deprecated(why = "old")]
pub async fn x12_deprecated() -> u8 {
    1
}

#[runtime_cell(permanent)]
#[expect(5)]
pub fn x12_expected() -> u8 {
    1
}

fn main() {
    let _: u8 = *x12_lint() + *x12_expected();
    let _ = async { x12_deprecated().await };
}
