//! Lint levels and the edition of the whole crate.

use crate::grammar::Choice;

pub(super) const CHOICES: &[Choice] = &[
    ("default", |_| {}),
    ("deny_warnings", |draft| draft.crate_lints = "#![deny(warnings)]"),
    ("forbid_warnings", |draft| draft.crate_lints = "#![forbid(warnings)]"),
    ("missing_docs", |draft| draft.crate_lints = "#![warn(missing_docs)]"),
    ("unreachable_pub", |draft| draft.crate_lints = "#![warn(unreachable_pub)]"),
    ("unused", |draft| draft.crate_lints = "#![forbid(unused)]"),
    ("idioms", |draft| draft.crate_lints = "#![forbid(rust_2018_idioms)]"),
    ("nonstandard", |draft| draft.crate_lints = "#![forbid(nonstandard_style)]"),
    ("deprecated", |draft| draft.crate_lints = "#![forbid(deprecated)]"),
    ("unsafe_code", |draft| draft.crate_lints = "#![forbid(unsafe_code)]"),
    ("clippy", |draft| draft.crate_lints = "#![forbid(clippy::all, clippy::pedantic)]"),
    ("no_std", |draft| draft.crate_lints = "#![no_std] extern crate std;"),
    ("edition_2021", |draft| draft.crate_kind.edition = "2021"),
    ("edition_2018", |draft| draft.crate_kind.edition = "2018"),
    ("rare", |draft| {
        draft.crate_lints = "#![warn(let_underscore_drop, missing_copy_implementations, missing_debug_implementations, \
                             single_use_lifetimes, trivial_casts, unused_qualifications, \
                             unused_lifetimes, unused_results, variant_size_differences, elided_lifetimes_in_paths, \
                             explicit_outlives_requirements, redundant_lifetimes, unnameable_types, \
                             absolute_paths_not_starting_with_crate, impl_trait_overcaptures)]";
    }),
    ("editions", |draft| {
        draft.crate_lints = "#![warn(future_incompatible, rust_2021_compatibility, rust_2024_compatibility, \
                             keyword_idents, let_underscore)]";
    }),
];
