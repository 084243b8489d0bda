//! A sample of the declarations and of the broken ones, small enough for every run of the tests.

use std::fs;

#[test]
fn m9_a_factory_may_be_what_a_plain_function_may_be() {
    let outcome = differential::sample(1, 120);
    assert!(outcome.is_as_expected, "{}", outcome.report);
}

/// The chapter of the contract has the rows of the tables that cases are judged by.
#[test]
fn m9_the_contract_has_every_exception() {
    let contract = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../docs/contract.md"));
    let contract = contract.expect("the contract");
    let (_, chapter) = contract.split_once("\n### Exceptions\n").expect("its chapter on exceptions");
    let rows = chapter.lines().skip_while(|line| !line.starts_with("|---")).skip(1);
    let rows: Vec<_> = rows.take_while(|line| line.starts_with('|')).collect();
    assert_eq!(rows, differential::exceptions());
}
