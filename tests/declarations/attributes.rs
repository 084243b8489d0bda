//! Other attributes on the function: what they apply to.

use cells::runtime_cell;

#[test]
fn m7_attributes_are_forwarded() {
    #[must_use]
    #[deprecated]
    #[allow(unused_variables, reason = "the variable is the factory's")]
    #[runtime_cell]
    /// Has its docs after the attribute.
    fn old() -> u8 {
        let unused = 1;
        2
    }

    #[cfg(not(test))]
    #[runtime_cell]
    fn absent() -> NoSuchType {
        no_such_function()
    }

    #[runtime_cell]
    #[cfg(test)]
    fn absent() -> u8 {
        3
    }

    #[expect(deprecated, reason = "the accessor is deprecated")]
    let payload = *old();
    assert_eq!(payload, 2);
    assert_eq!(*absent(), 3);
}
