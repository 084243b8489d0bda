//! A declaration without a body: no factory builds its payload, the program provides it.

use syn::{Attribute, Signature};

use crate::parse::keys::Args;
use crate::tokens::errors::Errors;

/// Reports whatever is for a factory, which such a declaration does not have, and removes the parameters.
pub(crate) fn check_without_factory(
    sig: &mut Signature,
    attrs: &[Attribute],
    args: &Args,
    errors: &mut Errors,
) {
    let Args { factory, blocking, detached, max_waiters, wait_timeout, cooldown, adjuster, .. } = args;
    let keys = [
        factory.as_ref().map(|given| &given.key),
        blocking.as_ref().map(|given| &given.key),
        detached.as_ref().map(|given| &given.key),
        max_waiters.as_ref().map(|given| &given.key),
        wait_timeout.as_ref().map(|given| &given.key),
        cooldown.as_ref().map(|given| &given.key),
        adjuster.as_ref().map(|given| &given.key),
    ];
    for key in keys.into_iter().flatten() {
        let message = format!(
            "`{key}` is for a factory, and without a body there is none; write a body, or remove `{key}`"
        );
        errors.at(key, message);
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
