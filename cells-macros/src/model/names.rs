//! The names of statics.

use proc_macro2::Ident;
use quote::format_ident;
use syn::ext::IdentExt as _;

use crate::parse::args::Given;
use crate::tokens::errors::Errors;
use crate::tokens::spans::generated;

/// The static of the cell whose accessor, or parameter, is `name`.
pub(crate) fn static_of(name: &Ident) -> Ident {
    Ident::new(&screaming(&name.unraw().to_string()), generated(name.span()))
}

/// The static beside `accessor`.
pub(crate) fn cell_name(given: Option<Given<Ident>>, accessor: &Ident, errors: &mut Errors) -> Ident {
    let chosen = given.map(|given| given.value);
    let name = chosen.clone().unwrap_or_else(|| static_of(accessor));
    if name != *accessor {
        return name;
    }
    let message =
        format!("`{name}` would name both the function and its static; name the static with `cell = …`");
    errors.at(chosen.as_ref().unwrap_or(accessor), message);
    format_ident!("__{name}_CELL", span = generated(accessor.span()))
}

/// `SCREAMING_SNAKE_CASE`, also of a `camelCase`.
fn screaming(name: &str) -> String {
    let mut screaming = String::new();
    let mut after_lower = false;
    for c in name.chars() {
        if after_lower && c.is_uppercase() {
            screaming.push('_');
        }
        after_lower = c.is_lowercase() || c.is_numeric();
        screaming.extend(c.to_uppercase());
    }
    screaming
}
