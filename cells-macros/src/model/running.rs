//! What a cell is to the running program: what its health says of the program's, and how it is shut down.

use syn::Expr;

use crate::model::kind::CellKind;
use crate::model::mode::needs;
use crate::parse::keys::Args;
use crate::parse::value::{DurationArg, Given};
use crate::tokens::errors::Errors;

pub(crate) struct Running {
    /// The program does its work without the cell, if not all of it.
    pub(crate) optional: bool,
    /// What says of a payload whether it works.
    pub(crate) check: Option<Expr>,
    /// How long closes wait for a disposer.
    pub(crate) dispose_timeout: Option<DurationArg>,
    /// It is closed after all other cells.
    pub(crate) closed_last: bool,
}

impl Running {
    pub(crate) fn read(args: &mut Args, kind: &CellKind, errors: &mut Errors) -> Self {
        let (dispose_timeout, closed_last) = (args.dispose_timeout.take(), args.closed_last.take());
        // Nothing else is done with such a payload at the end.
        if kind.is_permanent() {
            needs("dispose", dispose_timeout.as_ref(), args, errors);
            needs("dispose", closed_last.as_ref(), args, errors);
        }
        Self {
            optional: args.optional.is_some(),
            check: args.check.take().map(Given::into_value),
            dispose_timeout: dispose_timeout.map(Given::into_value),
            closed_last: closed_last.is_some(),
        }
    }
}
