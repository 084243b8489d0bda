//! The logic on token streams. The package `cells-tests` tests what the compiler makes of the emitted code.

#![allow(
    clippy::needless_raw_string_hashes,
    clippy::needless_raw_strings,
    reason = "the snapshots are written by `expect-test`"
)]

mod duration;
mod expansion;
mod keys;
mod mistakes;
mod names;

use crate::expand::expand;
use crate::tokens::errors::Errors;
use proc_macro2::TokenStream;
use std::fmt::Write as _;

/// One line for each mistake: the tokens it is reported at, and the message.
fn mistakes(args: &str, item: &str) -> String {
    let mut errors = Errors::default();
    expand(tokens(args), tokens(item), &mut errors);
    let mut lines = String::new();
    for error in errors.iter() {
        let guilty = error.span().source_text().unwrap_or_default();
        writeln!(lines, "{guilty}  <-  {error}").expect("writing to a string cannot fail");
    }
    lines
}

/// The emitted code, formatted.
fn expansion(args: &str, item: &str) -> String {
    let mut errors = Errors::default();
    let emitted = expand(tokens(args), tokens(item), &mut errors);
    prettyplease::unparse(&syn::parse2(emitted).expect("the expansion is a sequence of items"))
}

fn tokens(source: &str) -> TokenStream {
    source.parse().expect("the test's source can be tokenized")
}
