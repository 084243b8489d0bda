use cells::runtime_cell;

struct NoError;

#[runtime_cell(fallible)]
fn no_result() -> u8 {
    1
}

#[runtime_cell]
fn no_error() -> Result<u8, NoError> {
    Ok(1)
}

#[runtime_cell]
fn wrong_body() -> Result<u8, std::io::Error> {
    "one"
}

fn main() {
    let _: u8 = *no_error().unwrap();
    let _: u8 = *wrong_body().unwrap();
}
