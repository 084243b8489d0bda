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

#[test]
fn y16_type_names_show_the_function_and_not_what_is_emitted_for_it() {
    fn name_of<T>(_: &T) -> &'static str {
        std::any::type_name::<T>()
    }
    #[runtime_cell]
    fn plain_pool() -> &'static str {
        name_of(&|| ())
    }
    #[runtime_cell]
    async fn pool_of(#[from(PLAIN_POOL)] _other: &&'static str) -> &'static str {
        std::future::ready(()).await;
        name_of(&|| ())
    }

    for (name, function) in [(*plain_pool(), "::plain_pool"), (*pollster::block_on(pool_of()), "::pool_of")] {
        assert!(name.contains(function) && !name.contains("__cell"), "{name}");
    }
}
