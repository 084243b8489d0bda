//! A sample of the declarations and of the broken ones, small enough for every run of the tests.

use std::fs;

#[test]
fn m9_a_factory_may_be_what_a_plain_function_may_be() {
    let outcome = differential::sample(1, 120);
    assert!(outcome.is_as_expected, "{}", outcome.report);
}

#[track_caller]
fn check(ids: &[&str]) {
    let outcome = differential::these(ids);
    assert!(outcome.is_as_expected, "{}", outcome.report);
}

#[test]
fn y1_a_private_type_in_a_public_signature_has_the_lint_of_a_plain_function() {
    check(&[
        "returns.private",
        "returns.private_in_vec",
        "returns.private_in_dyn",
        "returns.box_private_trait",
        "returns.result_private",
        "returns.result_private_payload",
        "fn.async+returns.private",
        "returns.private+key.permanent",
    ]);
}

#[test]
fn y2_a_name_that_is_taken_is_reported_once() {
    check(&["name.constant_beside", "name.marker_beside", "name.type_beside", "name.twice", "name.hidden"]);
}

#[test]
fn y3_no_allow_meets_a_forbid() {
    check(&[
        "lints.deprecated+attr.deprecated",
        "lints.clippy+key.factory",
        "lints.unused",
        "lints.unsafe_code",
        "attr.forbid_deprecated",
        "attr.forbid_unused",
        "attr.forbid_clippy",
    ]);
}

#[test]
fn y11_a_type_that_no_cell_can_hold_is_reported_once() {
    check(&[
        "returns.undeclared",
        "returns.undeclared_argument",
        "returns.undeclared_in_result",
        "returns.string_typo",
        "returns.str",
        "returns.slice",
        "returns.bare_dyn",
    ]);
}

#[test]
fn y12_an_error_that_cannot_be_shared_is_reported_once() {
    check(&[
        "returns.error_not_send",
        "returns.thread_result",
        "fn.async+returns.error_not_send",
        "returns.error_not_send+key.permanent",
        "returns.error_not_send+key.blocking",
    ]);
}

#[test]
fn y15_missing_docs_points_at_the_function() {
    check(&["lints.missing_docs", "lints.missing_docs+fn.async", "lints.missing_docs+key.factory"]);
}

#[test]
fn y17_an_unused_cell_is_warned_of() {
    check(&["vis.private+callers.none", "vis.private+fn.async+callers.none"]);
}

#[test]
fn y18_a_call_that_drops_its_lease_is_one_warning() {
    check(&["attr.must_use+callers.dropped", "attr.must_use_why+callers.dropped"]);
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
