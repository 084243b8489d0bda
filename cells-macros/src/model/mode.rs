//! Whether a cell can fail, and what only such a cell has: limits, and what it does about a failure.

use syn::Expr;

use crate::parse::keys::Args;
use crate::parse::value::{DurationArg, DurationRange, Given};
use crate::tokens::errors::Errors;

pub(crate) enum Mode {
    Infallible,
    Fallible(Box<Limits>),
}

/// What callers of a fallible cell put up with. An infallible cell has no error to return at a limit.
pub(crate) struct Limits {
    pub(crate) max_waiters: Option<Expr>,
    pub(crate) wait_timeout: Option<DurationArg>,
    pub(crate) cooldown: Option<DurationRange>,
    /// How often a flight repeats the factory, how long it waits before, and for which errors.
    pub(crate) retry: Option<Expr>,
    pub(crate) backoff: Option<DurationRange>,
    pub(crate) transient: Option<Expr>,
    /// For which errors a failed refresh ends the old payload.
    pub(crate) fatal: Option<Expr>,
}

impl Mode {
    /// `known` is false if the user wrote no return type that says whether the factory can fail.
    pub(crate) fn read(fallible: bool, known: bool, args: &mut Args, errors: &mut Errors) -> Self {
        let allowed = fallible || !known;
        let (backoff, transient, fatal) = (args.backoff.take(), args.transient.take(), args.fatal.take());
        if allowed {
            needs("retry", backoff.as_ref(), args, errors);
            needs("retry", transient.as_ref(), args, errors);
            needs("fresh", fatal.as_ref(), args, errors);
        }
        let limits = Limits {
            max_waiters: unless_infallible(allowed, args.max_waiters.take(), errors),
            wait_timeout: unless_infallible(allowed, args.wait_timeout.take(), errors),
            cooldown: unless_infallible(allowed, args.cooldown.take(), errors),
            retry: unless_infallible(allowed, args.retry.take(), errors),
            backoff: unless_infallible(allowed, backoff, errors),
            transient: unless_infallible(allowed, transient, errors),
            fatal: unless_infallible(allowed, fatal, errors),
        };
        if fallible { Self::Fallible(Box::new(limits)) } else { Self::Infallible }
    }

    /// Whether what the factory returns is asked about its error, so that the cell cannot take the factory as it is.
    pub(crate) fn judges_errors(&self) -> bool {
        matches!(self, Self::Fallible(limits) if limits.transient.is_some() || limits.fatal.is_some())
    }
}

/// Reports an argument that has no effect without the key `needed`.
pub(crate) fn needs<T>(needed: &str, given: Option<&Given<T>>, args: &Args, errors: &mut Errors) {
    if let Some(Given { key, .. }) = given.filter(|_| !args.mentions(needed)) {
        let message = format!("`{key}` has no effect without `{needed}`; add `{needed}`, or remove `{key}`");
        errors.at(key, message);
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
