use cells::runtime_cell;

#[runtime_cell]
fn generic<T: Default>() -> T {
    T::default()
}

#[runtime_cell]
fn lifetime<'a>() -> u8 {
    1
}

#[runtime_cell]
fn generic_with_a_known_payload<T: Default>(one: T, #[from(LIFETIME)] two: &T) -> u8 {
    drop((one, two));
    1
}

#[runtime_cell]
fn generic_payload<const N: usize>(#[from(LIFETIME)] two: &u8) -> [u8; N] {
    [*two; N]
}

#[runtime_cell]
unsafe fn not_safe() -> u8 {
    1
}

#[runtime_cell]
const fn constant() -> u8 {
    1
}

#[runtime_cell]
extern "C" fn foreign() -> u8 {
    1
}

#[runtime_cell]
unsafe extern "C" fn variadic(...) -> u8 {
    1
}

#[runtime_cell]
fn bodyless() -> u8;

struct Service;

impl Service {
    #[runtime_cell]
    fn method(&self) -> u8 {
        1
    }
}

fn main() {
    let _: u8 = generic::<u8>();
    let _: u8 = *lifetime();
    let _: u8 = *generic_with_a_known_payload() + *GENERIC_WITH_A_KNOWN_PAYLOAD.get();
    let _: [u8; 1] = generic_payload(&1);
    let _: u8 = *not_safe();
    let _: u8 = *constant();
    let _: u8 = *foreign();
    let _: u8 = *variadic();
    let _: u8 = *BODYLESS.get();
    let _: u8 = Service.method();
}
