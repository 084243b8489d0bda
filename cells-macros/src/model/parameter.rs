//! One parameter of a factory: the cell that fills it, and how the payload is passed.

use proc_macro2::TokenTree;
use syn::parse::{ParseStream, Parser as _};
use syn::{
    Attribute, Error, FnArg, GenericArgument, Ident, Meta, Pat, PatType, Path, PathArguments, Result,
    Signature, Type, TypeReference,
};

use crate::model::names::static_of;
use crate::parse::value::{into_path, read_expr};
use crate::tokens::errors::Errors;
use crate::tokens::groups::bare_type;

pub(crate) struct Injected {
    /// The static, located at the parameter if only the parameter's name says which.
    pub(crate) cell: Path,
    pub(crate) ty: Type,
    pub(crate) passing: Passing,
}

pub(crate) enum Passing {
    /// `&T`
    Borrowed,
    /// `&dyn Trait`, with the type behind the reference.
    Object(Box<Type>),
    /// `&'static T`
    Permanent,
    /// `Ref<'static, T>`
    Leased,
}

impl Injected {
    pub(crate) fn read(parameter: &mut PatType, errors: &mut Errors) -> Option<Self> {
        let from = cell_from(&mut parameter.attrs).map_err(|error| errors.push(error));
        let name = parameter_name(&parameter.pat, errors);
        let passing = Passing::read(&parameter.ty, errors);
        for cfg in take(&mut parameter.attrs, "cfg") {
            errors.at(cfg, "a cell has the same dependencies in every build; write two functions, each with its own `cfg`");
        }
        let (from, name) = (from.ok()?, name?);
        Some(Self {
            cell: from.unwrap_or_else(|| static_of(&name).into()),
            ty: (*parameter.ty).clone(),
            passing: passing?,
        })
    }
}

/// The path in `#[from(…)]`, if there is one.
fn cell_from(attrs: &mut Vec<Attribute>) -> Result<Option<Path>> {
    let expected = "`from` takes the path to a cell's static; write `#[from(STORE)]`";
    let mut given = take(attrs, "from").into_iter();
    let Some(attr) = given.next() else { return Ok(None) };
    if let Some(again) = given.next() {
        return Err(Error::new_spanned(again, "`from` is given twice; keep one"));
    }
    let path = match &attr.meta {
        Meta::List(list) if !list.tokens.is_empty() => {
            let read = |input: ParseStream<'_>| {
                let path = into_path(read_expr(input, expected)?, expected)?;
                match input.parse::<Option<TokenTree>>()? {
                    Some(rest) => Err(Error::new_spanned(rest, expected)),
                    None => Ok(path),
                }
            };
            read.parse2(list.tokens.clone())?
        }
        _ => return Err(Error::new_spanned(&attr, expected)),
    };
    Ok(Some(path))
}

/// Removes the attributes that only we know, from a function that becomes no factory.
pub(crate) fn remove_from(sig: &mut Signature) {
    for parameter in &mut sig.inputs {
        if let FnArg::Typed(parameter) = parameter {
            take(&mut parameter.attrs, "from");
        }
    }
}

fn parameter_name(pat: &Pat, errors: &mut Errors) -> Option<Ident> {
    match pat {
        Pat::Ident(name) if name.by_ref.is_none() && name.subpat.is_none() => {
            if let Some(mutability) = &name.mutability {
                errors.at(mutability, "a parameter names the cell it comes from; remove `mut`");
                return None;
            }
            Some(name.ident.clone())
        }
        other => {
            let message = "a parameter names the cell it comes from; write a plain name, and add `#[from(CELL)]` if the cell has another name";
            errors.at(other, message);
            None
        }
    }
}

impl Passing {
    fn read(ty: &Type, errors: &mut Errors) -> Option<Self> {
        match bare_type(ty) {
            Type::Reference(reference) => {
                is_plain_borrow(reference, errors).then(|| match bare_type(&reference.elem) {
                    _ if reference.lifetime.as_ref().is_some_and(|lifetime| lifetime.ident == "static") => {
                        Self::Permanent
                    }
                    object @ Type::TraitObject(_) => Self::Object(Box::new(object.clone())),
                    _ => Self::Borrowed,
                })
            }
            Type::Path(path) if is_lease(&path.path) => Some(Self::Leased),
            other => {
                let message = "a factory takes nothing but cells: `&T` borrows a payload while the factory runs, and `Ref<'static, T>` keeps a lease on it; get any other value in the body, or make it a cell of its own";
                errors.at(other, message);
                None
            }
        }
    }
}

fn is_plain_borrow(reference: &TypeReference, errors: &mut Errors) -> bool {
    if let Some(mutability) = &reference.mutability {
        errors.at(mutability, "all callers share the payload; remove `mut`");
    } else if let Type::ImplTrait(hidden) = bare_type(&reference.elem) {
        errors.at(
            hidden,
            "a factory cannot be generic, and `impl Trait` makes it so; name the type, or take a `&dyn …`",
        );
    } else {
        return true;
    }
    false
}

/// Whether the path names `Ref<'static, T>`, however it is qualified.
fn is_lease(path: &Path) -> bool {
    let Some(last) = path.segments.last().filter(|last| last.ident == "Ref") else { return false };
    let PathArguments::AngleBracketed(args) = &last.arguments else { return false };
    let mut args = args.args.iter();
    let lifetime =
        matches!(args.next(), Some(GenericArgument::Lifetime(lifetime)) if lifetime.ident == "static");
    lifetime && matches!(args.next(), Some(GenericArgument::Type(_))) && args.next().is_none()
}

/// Removes and returns the attributes of that name.
fn take(attrs: &mut Vec<Attribute>, name: &str) -> Vec<Attribute> {
    let (taken, kept) = core::mem::take(attrs).into_iter().partition(|attr| attr.path().is_ident(name));
    *attrs = kept;
    taken
}
