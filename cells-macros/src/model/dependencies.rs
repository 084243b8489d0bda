//! The cells that a declaration depends on: those that its parameters name, and those in `after`.

use syn::{FnArg, Ident, Pat, Path, Signature};

use crate::model::parameter::Injected;
use crate::parse::value::Given;
use crate::tokens::errors::Errors;
use crate::tokens::spell::spell;

#[derive(Default)]
pub(crate) struct Dependencies {
    pub(crate) injected: Vec<Injected>,
    pub(crate) after: Vec<Path>,
    /// Some parameters have no cell, so the factory cannot be called.
    pub(crate) incomplete: bool,
}

impl Dependencies {
    /// Reads the dependencies of the cell `own`, and removes from the parameters the attributes that only we know.
    pub(crate) fn read(
        sig: &mut Signature,
        after: Option<Given<Vec<Path>>>,
        own: &Ident,
        errors: &mut Errors,
    ) -> Self {
        let mut read = Self::default();
        let mut names = Vec::new();
        for input in &mut sig.inputs {
            let FnArg::Typed(parameter) = input else { continue };
            let injected = Injected::read(parameter, errors);
            if let Pat::Ident(name) = &*parameter.pat {
                if names.contains(&name.ident) {
                    // The compiler reports two parameters of the same name.
                    read.incomplete = true;
                    continue;
                }
                names.push(name.ident.clone());
            }
            match injected.filter(|injected| read.may_inject(&injected.cell, own, errors)) {
                Some(injected) => read.injected.push(injected),
                None => read.incomplete = true,
            }
        }
        for path in after.map(Given::into_value).unwrap_or_default() {
            if read.may_follow(&path, own, errors) {
                read.after.push(path);
            }
        }
        read
    }

    fn may_inject(&self, cell: &Path, own: &Ident, errors: &mut Errors) -> bool {
        if cell.is_ident(own) {
            errors.at(cell, "a cell cannot depend on itself; name another cell with `#[from(OTHER)]`");
        } else if self.injects(cell) {
            errors.at(cell, format!("`{}` is injected twice; keep one parameter", spell(cell)));
        } else {
            return true;
        }
        false
    }

    fn may_follow(&self, path: &Path, own: &Ident, errors: &mut Errors) -> bool {
        let cell = spell(path);
        if path.is_ident(own) {
            errors.at(path, "a cell cannot come after itself; name another cell");
        } else if self.injects(path) {
            errors
                .at(path, format!("`{cell}` is injected, so it comes first anyway; remove it from `after`"));
        } else if self.after.iter().any(|other| spell(other) == cell) {
            errors.at(path, format!("`{cell}` is named twice in `after`; keep one"));
        } else {
            return true;
        }
        false
    }

    fn injects(&self, cell: &Path) -> bool {
        self.injected.iter().any(|injected| spell(&injected.cell) == spell(cell))
    }
}
