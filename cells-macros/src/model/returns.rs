//! What the factory's return type says: whether it can fail, and what the payload is.

use syn::{
    AngleBracketedGenericArguments, GenericArgument, Lifetime, Path, PathArguments, ReturnType, Signature,
    Type, TypeParamBound, TypeReference, parse_quote,
};

use crate::tokens::errors::Errors;

pub(crate) struct Returns {
    /// As written, with every borrow made `'static`.
    pub(crate) ty: Type,
    /// No type of a static can be read off: `impl Trait`, `_`.
    pub(crate) opaque: bool,
}

impl Returns {
    pub(crate) fn read(sig: &Signature, errors: &mut Errors) -> Self {
        let missing = "a factory returns the payload; write `-> T` or `-> Result<T, E>`";
        match &sig.output {
            ReturnType::Default => {
                errors.at(&sig.ident, missing);
                Self { ty: parse_quote!(()), opaque: false }
            }
            ReturnType::Type(_, ty) if matches!(**ty, Type::Never(_)) => {
                errors.at(ty, missing);
                Self { ty: parse_quote!(()), opaque: false }
            }
            ReturnType::Type(_, ty) => {
                let mut ty = (**ty).clone();
                let mut walk = Walk { errors, opaque: false };
                walk.ty(&mut ty);
                Self { opaque: walk.opaque, ty }
            }
        }
    }

    pub(crate) fn is_result(&self) -> bool {
        self.last_segment().is_some_and(|last| last.ident == "Result")
    }

    /// `T` of `Result<T>` and `Result<T, E>`; only the compiler knows it for any other type.
    pub(crate) fn payload_of_result(&self) -> Option<&Type> {
        let last = self.last_segment().filter(|last| last.ident == "Result")?;
        let PathArguments::AngleBracketed(args) = &last.arguments else { return None };
        match args.args.first()? {
            GenericArgument::Type(payload) => Some(payload),
            _ => None,
        }
    }

    fn last_segment(&self) -> Option<&syn::PathSegment> {
        match bare(&self.ty) {
            Type::Path(path) => path.path.segments.last(),
            _ => None,
        }
    }
}

/// A type without parentheses, and without the invisible group of a `macro_rules!` fragment.
pub(crate) fn bare(ty: &Type) -> &Type {
    match ty {
        Type::Group(group) => bare(&group.elem),
        Type::Paren(paren) => bare(&paren.elem),
        other => other,
    }
}

struct Walk<'a> {
    errors: &'a mut Errors,
    opaque: bool,
}

impl Walk<'_> {
    fn ty(&mut self, ty: &mut Type) {
        match ty {
            Type::Reference(reference) => self.reference(reference),
            Type::ImplTrait(hidden) => {
                let message = "`impl Trait` names no type, and a static has one; name the type or return a `Box<dyn …>`";
                self.errors.at(hidden, message);
                self.opaque = true;
            }
            // The compiler tells what to write.
            Type::Infer(_) => self.opaque = true,
            Type::Path(path) => {
                if let Some(qself) = &mut path.qself {
                    self.ty(&mut qself.ty);
                }
                self.path(&mut path.path);
            }
            Type::TraitObject(object) => object.bounds.iter_mut().for_each(|bound| match bound {
                TypeParamBound::Lifetime(lifetime) => self.lifetime(lifetime),
                TypeParamBound::Trait(bound) if bound.lifetimes.is_none() => self.path(&mut bound.path),
                _ => {}
            }),
            Type::Array(array) => self.ty(&mut array.elem),
            Type::Slice(slice) => self.ty(&mut slice.elem),
            Type::Group(group) => self.ty(&mut group.elem),
            Type::Paren(paren) => self.ty(&mut paren.elem),
            Type::Ptr(ptr) => self.ty(&mut ptr.elem),
            Type::Tuple(tuple) => tuple.elems.iter_mut().for_each(|elem| self.ty(elem)),
            _ => {}
        }
    }

    fn path(&mut self, path: &mut Path) {
        for segment in &mut path.segments {
            // Lifetimes in `Fn(&T)` are the closure's own.
            let PathArguments::AngleBracketed(AngleBracketedGenericArguments { args, .. }) =
                &mut segment.arguments
            else {
                continue;
            };
            for arg in args {
                match arg {
                    GenericArgument::Lifetime(lifetime) => self.lifetime(lifetime),
                    GenericArgument::Type(ty) => self.ty(ty),
                    GenericArgument::AssocType(assoc) => self.ty(&mut assoc.ty),
                    _ => {}
                }
            }
        }
    }

    fn reference(&mut self, reference: &mut TypeReference) {
        match &mut reference.lifetime {
            Some(lifetime) => self.lifetime(lifetime),
            elided => {
                self.errors.at(reference.and_token, BORROWED);
                *elided = Some(parse_quote!('static));
            }
        }
        self.ty(&mut reference.elem);
    }

    fn lifetime(&mut self, lifetime: &mut Lifetime) {
        if lifetime.ident != "static" {
            self.errors.at(&*lifetime, BORROWED);
            *lifetime = Lifetime::new("'static", lifetime.span());
        }
    }
}

const BORROWED: &str = "a payload lives in a static and borrows from nothing shorter; return an owned value or make this `'static`";
