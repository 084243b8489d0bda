use cells::runtime_cell;
use std::cell::Cell;
use std::rc::Rc;

#[runtime_cell]
fn not_send() -> Rc<u8> {
    Rc::new(1)
}

#[runtime_cell(dispose = drop)]
fn not_sync() -> Result<Cell<u8>, cells::BoxError> {
    Ok(Cell::new(1))
}

#[runtime_cell]
fn trait_object() -> Box<dyn Fn() -> u8> {
    Box::new(|| 1)
}

fn main() {
    let _: u8 = **not_send();
    let _: u8 = not_sync().unwrap().get();
    let _: u8 = trait_object()();
}
