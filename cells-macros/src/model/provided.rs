//! A declaration without a body: no factory builds its payload, the program provides it.

use proc_macro2::Ident;
use syn::{Attribute, Signature};

use crate::parse::keys::{Args, KEYS};
use crate::parse::value::Given;
use crate::tokens::errors::Errors;

/// Reports whatever is for a factory, which such a declaration does not have, and removes it: nothing else is to be said
/// of it. Only `blocking` stays, because callers await such a cell.
pub(crate) fn check_without_factory(
    sig: &mut Signature,
    attrs: &[Attribute],
    args: &mut Args,
    errors: &mut Errors,
) {
    let Args {
        factory,
        blocking,
        detached,
        max_waiters,
        wait_timeout,
        cooldown,
        retry,
        backoff,
        transient,
        fresh,
        eager_refresh,
        fatal,
        linger,
        adjuster,
        ..
    } = args;
    let keys = [
        blocking.as_ref().map(|given| given.key.clone()),
        key_of(factory),
        key_of(detached),
        key_of(max_waiters),
        key_of(wait_timeout),
        key_of(cooldown),
        key_of(retry),
        key_of(backoff),
        key_of(transient),
        key_of(fresh),
        key_of(eager_refresh),
        key_of(fatal),
        key_of(linger),
        key_of(adjuster),
    ];
    // A misspelled one has been reported.
    let is_known = |key: &Ident| KEYS.iter().any(|known| key == known.spec.name);
    for key in keys.into_iter().flatten().filter(is_known) {
        let message = format!(
            "`{key}` is for a factory, and without a body there is none; write a body, or remove `{key}`"
        );
        errors.at(&key, message);
    }
    if !sig.inputs.is_empty() {
        errors.at(
            &sig.inputs,
            "parameters are for a factory, and without a body there is none; write a body, or remove them",
        );
        sig.inputs.clear();
    }
    for attr in attrs {
        errors.at(attr, "this attribute is for a factory, and without a body there is none; remove it");
    }
}

/// Takes an argument out.
fn key_of<T>(given: &mut Option<Given<T>>) -> Option<Ident> {
    given.take().map(|given| given.key)
}
