use cells::{Ref, runtime_cell};

#[runtime_cell]
fn store() -> Vec<u8> {
    vec![1]
}

#[runtime_cell]
fn by_value(store: Vec<u8>) -> usize {
    store.len()
}

#[runtime_cell]
fn exclusive(store: &mut Vec<u8>) -> usize {
    store.len()
}

#[runtime_cell]
fn hidden(store: &impl AsRef<[u8]>) -> usize {
    store.as_ref().len()
}

#[runtime_cell]
fn borrowed_lease(store: Ref<'_, Vec<u8>>) -> usize {
    store.len()
}

#[runtime_cell]
fn changed(mut store: Ref<'static, Vec<u8>>) -> usize {
    store = Ref::clone(&store);
    store.len()
}

#[runtime_cell]
fn pattern((one, two): &(u8, u8)) -> u8 {
    one + two
}

#[runtime_cell]
fn ignored(#[from(STORE)] _: &Vec<u8>) -> u8 {
    1
}

#[runtime_cell]
fn from_nothing(#[from] store: &Vec<u8>) -> usize {
    store.len()
}

#[runtime_cell]
fn from_a_call(#[from(store())] store: &Vec<u8>) -> usize {
    store.len()
}

#[runtime_cell]
fn from_two(#[from(STORE)] #[from(STORE)] store: &Vec<u8>) -> usize {
    store.len()
}

#[runtime_cell]
fn sometimes(#[cfg(all())] store: &Vec<u8>) -> usize {
    store.len()
}

#[runtime_cell]
fn twice(store: &Vec<u8>, #[from(STORE)] again: &Vec<u8>) -> usize {
    store.len() + again.len()
}

#[runtime_cell]
fn itself(itself: &u8) -> u8 {
    *itself
}

fn main() {
    let _: usize = *by_value() + *exclusive() + for_ever().len() + *hidden() + *borrowed_lease() + *changed();
    let _: u8 = *pattern() + *ignored() + *itself();
    let _: usize = *from_nothing() + *from_a_call() + *from_two() + *sometimes() + *twice();
}
