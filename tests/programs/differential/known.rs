//! Faults that are known and not mended. The list only shrinks: a row that does not fail any more is an error too.

/// What is wrong, with the declarations or mutants that show it.
const GROUPS: &[(&str, &[&str])] = &[
    ("a trait in the place of a type, told twice", &["returns.bare_trait", "returns.trait_path"]),
    (
        "wrong generics or a hidden lifetime, told twice",
        &["returns.too_many_generics", "returns.hidden_lifetime"],
    ),
    (
        "a `Result` of the program's own, without the key that says what it is",
        &[
            "returns.own_result_vec",
            "returns.own_result_swapped",
            "returns.own_result_enum",
            "returns.own_result_struct",
        ],
    ),
    ("an undeclared `crate`, told twice", &["key.crate_undeclared"]),
    ("`&self` beside another parameter, told twice", &["params.receiver_borrowed"]),
    ("a second `must_use`, for which there is no `unused_attributes`", &["attr.twice_must_use"]),
    (
        "`Self` in a body inside of a block, told twice",
        &["place.constant+body.self_type", "place.function+body.self_type", "place.closure+body.self_type"],
    ),
    (
        "`refining_impl_trait` of an `async fn` that returns a `for<'a> fn(..)`",
        &["fn.async+returns.fn_pointer_for"],
    ),
    ("a type that the compiler does not know, told twice", &["mutant/permanent/fn.word.7"]),
    ("a missing `async`, told at each of two keys that need it", &["mutant/async/fn.removed.1"]),
    (
        "a type or parameter that cannot be read, of which the compiler has told",
        &[
            "mutant/fallible/fn.removed.15",
            "mutant/fallible/fn.swapped.13",
            "mutant/fallible/fn.swapped.14",
            "mutant/fallible/fn.swapped.15",
            "mutant/named/fn.doubled.8",
            "mutant/named/fn.number.17",
            "mutant/named/fn.number.19",
            "mutant/named/fn.path.15",
            "mutant/named/fn.path.17",
            "mutant/named/fn.removed.15",
            "mutant/named/fn.swapped.10",
            "mutant/parameters/bare.prefix.16",
            "mutant/parameters/fn.doubled.11",
            "mutant/parameters/fn.swapped.12",
            "mutant/parameters/fn.swapped.13",
        ],
    ),
    (
        "a parameter that is no name, and does not fit its type either",
        &[
            "mutant/parameters/fn.number.4",
            "mutant/parameters/fn.number.16",
            "mutant/parameters/fn.removed.6",
        ],
    ),
    (
        "the name of a crate in the place of a parameter's type, told twice",
        &["mutant/parameters/fn.comma.20", "mutant/parameters/fn.removed.21"],
    ),
    (
        "a flag without a comma behind it, which loses its effect",
        &["mutant/alias/keys.swapped.0", "mutant/permanent/keys.swapped.0"],
    ),
];

/// Each known case, with what is wrong.
pub(crate) fn known() -> impl Iterator<Item = (&'static str, &'static str)> {
    GROUPS.iter().flat_map(|(what, ids)| ids.iter().map(move |id| (*id, *what)))
}

/// Whether a case is one of these, or has all the choices of one.
pub(crate) fn is_known(id: &str) -> bool {
    known().any(|(known, _)| known.split('+').all(|choice| id.split('+').any(|part| part == choice)))
}
