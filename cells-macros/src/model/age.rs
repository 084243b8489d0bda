//! How a payload ages, and how it ends if nobody closes it.

use crate::model::kind::CellKind;
use crate::model::mode::needs;
use crate::parse::keys::Args;
use crate::parse::value::{DurationArg, Given, LifetimeArg};
use crate::tokens::errors::Errors;

pub(crate) struct Age {
    /// Until when a payload is fresh, and until when it may be used.
    pub(crate) fresh: Option<LifetimeArg>,
    pub(crate) expires: Option<LifetimeArg>,
    /// A payload that is no longer fresh is replaced although nobody asks for it.
    pub(crate) eager_refresh: bool,
    /// How long a payload stays that nobody uses.
    pub(crate) linger: Option<DurationArg>,
}

impl Age {
    /// Takes out of `args` whatever a permanent cell cannot have.
    pub(crate) fn read(args: &mut Args, kind: &CellKind, errors: &mut Errors) -> Self {
        args.fatal = unless_permanent(kind, args.fatal.take(), errors);
        let fresh = unless_permanent(kind, args.fresh.take(), errors);
        let expires = unless_permanent(kind, args.expires.take(), errors);
        let eager_refresh = unless_permanent(kind, args.eager_refresh.take(), errors);
        let linger = unless_permanent(kind, args.linger.take(), errors);
        needs("fresh", eager_refresh.as_ref(), args, errors);
        if let (Some(Given { key, .. }), Some(_)) = (&eager_refresh, &linger) {
            let message =
                "`eager_refresh` keeps a payload that nobody uses, and `linger` ends it; remove one of them";
            errors.at(key, message);
        }
        let age = Self {
            fresh: fresh.map(Given::into_value),
            expires: expires.map(Given::into_value),
            eager_refresh: eager_refresh.is_some(),
            linger: linger.map(Given::into_value),
        };
        age.check_order(errors);
        age
    }

    fn check_order(&self, errors: &mut Errors) {
        let (Some(LifetimeArg::Literal(text, fresh)), Some(LifetimeArg::Literal(_, expires))) =
            (&self.fresh, &self.expires)
        else {
            return;
        };
        if fresh >= expires {
            let message =
                "a payload would end before it is stale; write a shorter `fresh`, or a longer `expires`";
            errors.at(text, message);
        }
    }
}

fn unless_permanent<T>(kind: &CellKind, given: Option<Given<T>>, errors: &mut Errors) -> Option<Given<T>> {
    let given = given?;
    if !kind.is_permanent() {
        return Some(given);
    }
    let key = &given.key;
    let message = format!(
        "a permanent payload never ends, because callers hold `&'static` references to it; remove `{key}`, or remove `permanent`"
    );
    errors.at(key, message);
    None
}
