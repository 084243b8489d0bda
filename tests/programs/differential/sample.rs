//! A sample of the differential and the mutation test, small enough for every run of the tests.

#[test]
fn a_sample_of_declarations_is_as_their_plain_functions() {
    let report = differential::sample(1, 100);
    println!("{report}");
}
