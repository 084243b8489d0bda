use cells::runtime_cell;

#[runtime_cell(colour = "red", cooldown = "soon", dispose = "drop")]
unsafe fn everything<'a>(number: u8) -> Result<&'a str, cells::BoxError> {
    Ok("text")
}

fn main() {
    let _: &str = *everything().unwrap();
}
