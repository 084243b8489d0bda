//! Whether a cell can fail, and the limits that only such a cell has.

use syn::Expr;

use crate::parse::keys::Args;
use crate::parse::value::{DurationArg, Given};
use crate::tokens::errors::Errors;

pub(crate) enum Mode {
    Infallible,
    Fallible(Box<Limits>),
}

/// What callers of a fallible cell put up with. An infallible cell has no error to return at a limit.
pub(crate) struct Limits {
    pub(crate) max_waiters: Option<Expr>,
    pub(crate) wait_timeout: Option<DurationArg>,
    pub(crate) cooldown: Option<DurationArg>,
}

impl Mode {
    /// `known` is false if the user wrote no return type that says whether the factory can fail.
    pub(crate) fn read(fallible: bool, known: bool, args: &mut Args, errors: &mut Errors) -> Self {
        let allowed = fallible || !known;
        let limits = Limits {
            max_waiters: unless_infallible(allowed, args.max_waiters.take(), errors),
            wait_timeout: unless_infallible(allowed, args.wait_timeout.take(), errors),
            cooldown: unless_infallible(allowed, args.cooldown.take(), errors),
        };
        if fallible { Self::Fallible(Box::new(limits)) } else { Self::Infallible }
    }
}

fn unless_infallible<T>(allowed: bool, given: Option<Given<T>>, errors: &mut Errors) -> Option<T> {
    let Given { key, value } = given?;
    if !allowed {
        let message = format!(
            "`{key}` needs a cell that can fail; return a `Result`, or add `fallible` if the return type is an alias for one"
        );
        errors.at(key, message);
    }
    Some(value)
}
