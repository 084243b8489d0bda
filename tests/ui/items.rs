use cells::runtime_cell;

#[runtime_cell]
struct Structure;

#[runtime_cell]
pub const CONSTANT: u8 = 1;

#[runtime_cell]
impl Structure {
    const NUMBER: u8 = CONSTANT;
}

fn main() {
    let _ = Structure;
    let _ = Structure::NUMBER;
}
