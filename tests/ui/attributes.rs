use cells::runtime_cell;

#[runtime_cell]
#[allow = "lint"]
pub fn lint() -> u8 {
    1
}

#[runtime_cell(factory = build)]
#[deprecated(why = "old")]
pub async fn deprecated() -> u8 {
    1
}

#[runtime_cell(permanent)]
#[expect(5)]
pub fn expected() -> u8 {
    1
}

fn main() {
    let _: u8 = *lint() + *expected();
    let _ = async { deprecated().await };
}
