//! The cells that a declaration depends on: those its parameters name, and those of `after`.

use syn::{
    Attribute, Error, FnArg, GenericArgument, Ident, Pat, PatType, Path, PathArguments, Result, Signature,
    Type,
};

use crate::model::attributes;
use crate::model::names::static_of;
use crate::model::returns::bare;
use crate::parse::args::Given;
use crate::parse::value::path_of;
use crate::tokens::errors::Errors;
use crate::tokens::spell::spell;

#[derive(Default)]
pub(crate) struct Dependencies {
    pub(crate) injected: Vec<Injected>,
    pub(crate) after: Vec<Path>,
    /// Some parameters name no cell, and the factory cannot be called.
    pub(crate) incomplete: bool,
}

/// A parameter that a cell fills.
pub(crate) struct Injected {
    /// The static it comes from, which is said to stand at the parameter where only that names it.
    pub(crate) cell: Path,
    pub(crate) ty: Type,
    pub(crate) passing: Passing,
}

#[derive(Clone, Copy)]
pub(crate) enum Passing {
    /// `&T`
    Lent,
    /// `Ref<'static, T>`
    Handed,
}

impl Dependencies {
    /// Reads what `own` depends on, and takes off the parameters what only we understand.
    pub(crate) fn read(
        sig: &mut Signature,
        after: Option<Given<Vec<Path>>>,
        own: &Ident,
        errors: &mut Errors,
    ) -> Self {
        let mut read = Self::default();
        for input in &mut sig.inputs {
            let FnArg::Typed(parameter) = input else { continue };
            match injected(parameter, errors).filter(|injected| read.is_new(injected, own, errors)) {
                Some(injected) => read.injected.push(injected),
                None => read.incomplete = true,
            }
        }
        for path in after.map(|given| given.value).unwrap_or_default() {
            if read.comes_new(&path, own, errors) {
                read.after.push(path);
            }
        }
        read
    }

    fn is_new(&self, injected: &Injected, own: &Ident, errors: &mut Errors) -> bool {
        let cell = &injected.cell;
        if cell.is_ident(own) {
            errors.at(cell, "a cell cannot depend on itself; name another cell with `#[from(OTHER)]`");
        } else if self.injects(cell) {
            errors.at(cell, format!("`{}` is injected twice; keep one parameter", spell(cell)));
        } else {
            return true;
        }
        false
    }

    fn comes_new(&self, path: &Path, own: &Ident, errors: &mut Errors) -> bool {
        let cell = spell(path);
        if path.is_ident(own) {
            errors.at(path, "a cell cannot come after itself; name another one");
        } else if self.injects(path) {
            errors
                .at(path, format!("`{cell}` is injected, and so comes first anyway; remove it from `after`"));
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

fn injected(parameter: &mut PatType, errors: &mut Errors) -> Option<Injected> {
    let from = from(&mut parameter.attrs).map_err(|error| errors.push(error));
    let name = name(&parameter.pat, errors);
    let passing = passing(&parameter.ty, errors);
    for cfg in attributes::take(&mut parameter.attrs, "cfg") {
        errors.at(cfg, "a cell has the same dependencies in every build; put `cfg` on two functions");
    }
    let (from, name) = (from.ok()?, name?);
    Some(Injected {
        cell: from.unwrap_or_else(|| static_of(&name).into()),
        ty: (*parameter.ty).clone(),
        passing: passing?,
    })
}

/// What `#[from(…)]` names, if it is there.
fn from(attrs: &mut Vec<Attribute>) -> Result<Option<Path>> {
    let expected = "`from` takes the path of a cell's static; write `#[from(STORE)]`";
    let mut given = attributes::take(attrs, "from").into_iter();
    let Some(attr) = given.next() else { return Ok(None) };
    if let Some(again) = given.next() {
        return Err(Error::new_spanned(again, "`from` is given twice; keep one"));
    }
    let expr = attr.parse_args().map_err(|_| Error::new_spanned(&attr, expected))?;
    path_of(expr, expected).map(Some)
}

fn name(pat: &Pat, errors: &mut Errors) -> Option<Ident> {
    match pat {
        Pat::Ident(name) if name.by_ref.is_none() && name.subpat.is_none() => {
            if let Some(mutability) = &name.mutability {
                errors.at(mutability, "a parameter names the cell it comes from; remove `mut`");
                return None;
            }
            Some(name.ident.clone())
        }
        other => {
            let message = "a parameter names the cell it comes from; write a name, and `#[from(CELL)]` where the cell has another";
            errors.at(other, message);
            None
        }
    }
}

fn passing(ty: &Type, errors: &mut Errors) -> Option<Passing> {
    match bare(ty) {
        Type::Reference(reference) => {
            if let Some(mutability) = &reference.mutability {
                errors.at(mutability, "everybody shares the payload; remove `mut`");
            } else if let Some(lifetime) = reference.lifetime.as_ref().filter(|life| life.ident == "static") {
                let message =
                    "the payload is lent while the factory runs; write `&T`, or `Ref<'static, T>` to keep it";
                errors.at(lifetime, message);
            } else if let Type::ImplTrait(hidden) = bare(&reference.elem) {
                errors.at(hidden, "a cell calls its factory with one type; name the type or take a `&dyn …`");
            } else {
                return Some(Passing::Lent);
            }
            None
        }
        Type::Path(path) if is_lease(&path.path) => Some(Passing::Handed),
        other => {
            let message = "a factory cannot take this from a cell; write `&T` to borrow the payload while the factory runs, or `Ref<'static, T>` to keep a lease on it";
            errors.at(other, message);
            None
        }
    }
}

/// Whether it is `Ref<'static, T>`, by whatever path.
fn is_lease(path: &Path) -> bool {
    let Some(last) = path.segments.last().filter(|last| last.ident == "Ref") else { return false };
    let PathArguments::AngleBracketed(args) = &last.arguments else { return false };
    let mut args = args.args.iter();
    let lifetime =
        matches!(args.next(), Some(GenericArgument::Lifetime(lifetime)) if lifetime.ident == "static");
    lifetime && matches!(args.next(), Some(GenericArgument::Type(_))) && args.next().is_none()
}
