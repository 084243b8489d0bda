use cells::runtime_cell;

#[runtime_cell]
fn store() -> u8 {
    1
}

#[runtime_cell(after = STORE)]
fn no_list() -> u8 {
    1
}

#[runtime_cell(after = [])]
fn nothing() -> u8 {
    1
}

#[runtime_cell(after = [store()])]
fn call() -> u8 {
    1
}

#[runtime_cell(after = [STORE, STORE])]
fn twice() -> u8 {
    1
}

#[runtime_cell(after = [STORE])]
fn injected(store: &u8) -> u8 {
    *store
}

#[runtime_cell(after = [AFTER_ITSELF])]
fn after_itself() -> u8 {
    1
}

#[runtime_cell(after = [store])]
fn accessor() -> u8 {
    1
}

#[runtime_cell(eager = true)]
fn eager() -> u8 {
    1
}

fn main() {
    let _: u8 = *no_list() + *nothing() + *call() + *twice() + *injected() + *after_itself();
    let _: u8 = *accessor() + *eager();
}
