//! What the compiler says about the misuse of a sandbox.

#[test]
fn t2_misuse_is_reported_where_it_is() {
    trybuild::TestCases::new().compile_fail("ui/*.rs");
}
