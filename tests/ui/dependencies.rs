use cells::{BoxError, Ref, runtime_cell};

struct Store;

#[runtime_cell]
fn store() -> Store {
    Store
}

#[runtime_cell]
fn fragile() -> Result<Store, BoxError> {
    Ok(Store)
}

#[runtime_cell]
fn y21_no_cell(shop: &Store) -> u8 {
    drop(shop);
    1
}

#[runtime_cell(after = [crate::SHOP])]
fn after_no_cell() -> u8 {
    1
}

#[runtime_cell]
fn wrong_type(store: &String) -> u8 {
    drop(store);
    1
}

#[runtime_cell]
fn wrong_lease(#[from(FRAGILE)] store: Ref<'static, String>) -> Result<u8, BoxError> {
    drop(store);
    Ok(1)
}

#[runtime_cell]
fn may_fail(fragile: &Store) -> u8 {
    drop(fragile);
    1
}

#[runtime_cell]
fn may_fail_too(#[from(self::FRAGILE)] store: Ref<'static, Store>) -> u8 {
    drop(store);
    1
}

#[runtime_cell]
fn kept(store: &'static Store) -> &'static Store {
    store
}

#[runtime_cell]
async fn kept_later(store: &'static Store) -> &'static Store {
    store
}

static NUMBER: u8 = 1;

#[runtime_cell]
fn no_cell_either(number: &u8) -> u8 {
    *number
}

#[runtime_cell]
fn accessor(#[from(store)] number: &u8) -> u8 {
    *number
}

mod module {
    pub static NUMBER: u8 = 1;

    #[cells::runtime_cell]
    pub(crate) fn clock() -> u8 {
        1
    }
}

#[runtime_cell]
fn y13_accessor(#[from(module::clock)] number: &u8) -> u8 {
    *number
}

#[runtime_cell]
async fn y13_accessor_awaited(#[from(crate::module::clock)] number: Ref<'static, u8>) -> u8 {
    *number
}

#[runtime_cell(after = [module::NUMBER, module::clock])]
fn y13_after() -> u8 {
    1
}

#[runtime_cell]
fn y13_constant(#[from(u8::MAX)] number: &u8) -> u8 {
    *number
}

#[runtime_cell]
fn y14_same_name(store: &Store, store: &Store) -> u8 {
    drop(store);
    1
}

#[runtime_cell(blocking)]
fn y22_blocking() -> u8 {
    1
}

#[runtime_cell]
fn y22_plain(y22_blocking: &u8) -> u8 {
    *y22_blocking
}

#[runtime_cell]
fn y23_value(path: std::path::PathBuf) -> u8 {
    drop(path);
    1
}

fn main() {
    let _: u8 = *no_cell() + *after_no_cell() + *wrong_type() + *wrong_lease().unwrap();
    let _: u8 = *may_fail() + *may_fail_too() + *no_cell_either() + *accessor();
}
