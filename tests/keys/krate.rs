//! `crate`: where the library is found. A program that renames it is in `programs/renamed`.

macro_rules! with_observer {
    ($name:ident, $payload:ty, $make:expr, $observer:expr) => {
        #[cells::runtime_cell(observer = $observer, crate = $crate::krate::reexported::runtime)]
        fn $name() -> $payload {
            $make
        }
    };
}

mod reexported {
    pub(crate) use ::cells as runtime;
}

#[test]
fn m7_a_macro_names_the_crate_through_itself() {
    with_observer!(observed, Option<u8>, Some(1).map(|one: u8| one + 1), cells::NullObserver);
    assert_eq!(*observed(), Some(2));
}
