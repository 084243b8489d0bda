//! Faults that are known and not mended. The list only shrinks: a row that does not fail any more is an error too.

/// What is wrong, with the declarations or mutants that show it.
const GROUPS: &[(&str, &[&str])] = &[
    (
        "a payload without a size, told at its type and again at the whole attribute",
        &["returns.str", "returns.slice", "returns.bare_dyn"],
    ),
    (
        "an error that cannot be boxed, told several times",
        &["returns.thread_result", "returns.error_not_send"],
    ),
    (
        "a payload that is not `Send + Sync` and whose type begins with `::`, told again at the whole attribute",
        &["returns.rc", "returns.cell", "returns.guard"],
    ),
    (
        "a type that the compiler does not know, told twice",
        &[
            "returns.undeclared",
            "returns.string_typo",
            "returns.undeclared_argument",
            "returns.undeclared_in_result",
        ],
    ),
    ("a trait in the place of a type, told twice", &["returns.bare_trait", "returns.trait_path"]),
    (
        "wrong generics or a hidden lifetime, told twice",
        &["returns.too_many_generics", "returns.hidden_lifetime"],
    ),
    (
        "a `Result` of the program's own, taken for the standard one",
        &[
            "returns.own_result_vec",
            "returns.own_result_swapped",
            "returns.own_result_enum",
            "returns.own_result_struct",
        ],
    ),
    ("an undeclared `crate`, told twice", &["key.crate_undeclared"]),
    ("`&self` beside another parameter, told twice", &["params.receiver_borrowed"]),
    ("a `Box<dyn Trait>` that is to be injected as `&dyn Trait`", &["params.boxed"]),
    ("a second `must_use`, for which there is no `unused_attributes`", &["attr.twice_must_use"]),
    (
        "`Self` in a body inside of a block, told twice",
        &["place.constant+body.self_type", "place.function+body.self_type", "place.closure+body.self_type"],
    ),
    (
        "a name taken twice by a function without a return type, told at the whole attribute",
        &["name.twice+returns.missing"],
    ),
    (
        "`refining_impl_trait` of an `async fn` that returns a `for<'a> fn(..)`",
        &["fn.async+returns.fn_pointer_for"],
    ),
    ("`dead_code` of the static in a `macro_rules!`", &["place.macro+vis.crate+callers.dropped"]),
];

/// Each known case, with what is wrong.
pub(crate) fn known() -> impl Iterator<Item = (&'static str, &'static str)> {
    GROUPS.iter().flat_map(|(what, ids)| ids.iter().map(move |id| (*id, *what)))
}

/// Whether a case is one of these, or has all the choices of one.
pub(crate) fn is_known(id: &str) -> bool {
    known().any(|(known, _)| known.split('+').all(|choice| id.split('+').any(|part| part == choice)))
}
