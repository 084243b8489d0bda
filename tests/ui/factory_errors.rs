use cells::runtime_cell;
use std::error::Error;

#[runtime_cell]
fn plain() -> Result<u8, Box<dyn Error>> {
    Ok(1)
}

#[runtime_cell]
fn injected(#[from(PLAIN)] plain: &u8) -> Result<u8, Box<dyn Error>> {
    Ok(*plain)
}

#[runtime_cell]
async fn awaited() -> Result<u8, Box<dyn Error>> {
    Ok(1)
}

#[runtime_cell(permanent)]
fn permanent() -> Result<u8, Box<dyn Error>> {
    Ok(1)
}

#[runtime_cell(blocking)]
fn blocking() -> Result<u8, Box<dyn Error>> {
    Ok(1)
}

type Aliased<T> = Result<T, Box<dyn Error>>;

#[runtime_cell(fallible)]
fn aliased() -> Aliased<u8> {
    Ok(1)
}

mod own {
    type Result<T> = std::result::Result<Vec<T>, String>;

    #[cells::runtime_cell]
    fn list() -> Result<u8> {
        Ok(vec![1])
    }
}

fn main() {}
