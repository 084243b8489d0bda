//! Who sees the accessor, the static and the factory.

mod visible {
    use cells::runtime_cell;

    /// Is visible outside its module.
    #[runtime_cell]
    pub(super) fn outside() -> u8 {
        1
    }

    pub(in crate::visibility) mod deeper {
        #[cells::runtime_cell(factory = build_far)]
        pub(in crate::visibility) fn far() -> u8 {
            2
        }
    }
}

#[test]
fn m1_accessor_and_static_have_the_factorys_visibility() {
    assert_eq!(*visible::outside(), 1);
    assert_eq!(*visible::OUTSIDE.get(), 1);
    assert_eq!(*visible::deeper::far(), 2);
    assert_eq!(*visible::deeper::FAR.get(), 2);
    assert_eq!(visible::deeper::build_far(), 2);
}
