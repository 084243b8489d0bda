//! The names that a declaration emits beside its accessor.

use proc_macro2::Ident;
use syn::ext::IdentExt as _;

use crate::parse::value::Given;
use crate::tokens::errors::Errors;
use crate::tokens::spans::generated;

/// The default name of the static for the accessor, or the parameter, `name`. A name that capitals do not change gets a
/// suffix, so that a parameter means the same static as the function that was refused for its name.
pub(crate) fn static_of(name: &Ident) -> Ident {
    let written = name.unraw().to_string();
    let mut screaming = screaming_snake_case(&written);
    if screaming == written {
        screaming += "_CELL";
    }
    Ident::new(&screaming, generated(name.span()))
}

/// The name of the static beside `accessor`.
pub(crate) fn static_name(given: Option<Given<Ident>>, accessor: &Ident, errors: &mut Errors) -> Ident {
    let default = static_of(accessor);
    let chosen = given.map(Given::into_value);
    let clashes = match &chosen {
        Some(name) => name == accessor,
        None => accessor.unraw() == screaming_snake_case(&accessor.unraw().to_string()),
    };
    if !clashes {
        return chosen.unwrap_or(default);
    }
    let message =
        format!("`{accessor}` would name both the function and its static; name the static with `cell = …`");
    errors.at(chosen.as_ref().unwrap_or(accessor), message);
    default
}

/// The name under which the user can call the factory, if it is a free one.
pub(crate) fn factory_name(
    given: Option<Given<Ident>>,
    accessor: &Ident,
    cell: &Ident,
    errors: &mut Errors,
) -> Option<Ident> {
    let name = given?.value;
    if name == *accessor || name == *cell {
        let message = format!(
            "`{name}` is the name of the accessor or of its static; choose another name for the factory"
        );
        errors.at(name, message);
        return None;
    }
    Some(name)
}

/// `SCREAMING_SNAKE_CASE`, also for a `camelCase` name.
fn screaming_snake_case(name: &str) -> String {
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
