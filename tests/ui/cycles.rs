use cells::{BoxError, Ref, runtime_cell};

#[runtime_cell]
fn y24_itself(#[from(self::Y24_ITSELF)] one: &u8) -> u8 {
    *one
}

#[runtime_cell]
fn hen(egg: &u8) -> u8 {
    *egg
}

#[runtime_cell]
fn egg(hen: &u8) -> u8 {
    *hen
}

mod rock {
    use crate::scissors::SCISSORS;

    #[cells::runtime_cell]
    pub(crate) async fn rock(scissors: &u8) -> Result<u8, crate::BoxError> {
        Ok(*scissors)
    }
}

mod scissors {
    #[cells::runtime_cell]
    pub(crate) fn scissors(#[from(crate::paper::PAPER)] sheet: crate::Ref<'static, u8>) -> u8 {
        *sheet
    }
}

mod paper {
    #[cells::runtime_cell(after = [crate::rock::ROCK])]
    pub(crate) fn paper() -> u8 {
        1
    }
}

fn main() {
    let _: u8 = *y24_itself();
    let _: u8 = *hen();
}
