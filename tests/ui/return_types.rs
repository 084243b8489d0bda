use cells::runtime_cell;

#[runtime_cell]
fn nothing() {}

#[runtime_cell]
async fn y20_nothing() {
    1
}

#[runtime_cell]
fn y20_dependent(nothing: &()) -> Result<u8, cells::BoxError> {
    *nothing;
    Ok(1)
}

#[runtime_cell]
fn never() -> ! {
    loop {}
}

#[runtime_cell]
fn hidden() -> impl Iterator<Item = u8> {
    [1].into_iter()
}

#[runtime_cell]
fn inferred() -> Vec<_> {
    vec![1_u8]
}

#[runtime_cell]
fn borrowed() -> &str {
    "text"
}

#[runtime_cell]
fn borrowing<'a>() -> Result<std::borrow::Cow<'a, str>, cells::BoxError> {
    Ok("text".into())
}

fn main() {
    nothing();
    drop(y20_nothing());
    let _: u8 = *y20_dependent().unwrap();
    never();
    let _: Option<u8> = hidden().next();
    let _: &str = *borrowed();
    let _: &str = &borrowing().unwrap();
    let _: &str = &BORROWING.get().unwrap();
}
