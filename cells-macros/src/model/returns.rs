//! The factory's return type: whether the factory can fail, and what the payload is.

use syn::{
    AngleBracketedGenericArguments, GenericArgument, Lifetime, Path, PathArguments, ReturnType, Type,
    TypeParamBound, TypeReference, parse_quote, parse_quote_spanned,
};

use crate::parse::function::Function;
use crate::parse::keys::Args;
use crate::tokens::errors::Errors;
use crate::tokens::groups::bare_type;
use crate::tokens::spans::edges;

pub(crate) struct Returns {
    /// The type as written, with every borrow changed to `'static`.
    pub(crate) ty: Type,
    /// The user wrote no type, or one that no cell can hold, and `ty` is another.
    pub(crate) replaced: bool,
    /// The type does not say what a static would hold: `impl Trait`, `_`.
    pub(crate) opaque: bool,
}

/// What a factory returns.
pub(crate) enum Outcome<'a> {
    Payload,
    /// A `Result` of this payload.
    Result(&'a Type),
    /// A `Result` whose payload only the compiler knows.
    Alias,
    /// No `Result`, although the user says so; a mistake that has been reported.
    NotFallible,
}

impl Returns {
    pub(crate) fn read(function: &Function, errors: &mut Errors) -> Self {
        let sig = &function.sig;
        let missing = "a factory returns the payload; write `-> T` or `-> Result<T, E>`";
        match &sig.output {
            ReturnType::Default => {
                // The compiler has reported a signature that had to be repaired.
                if !function.repaired {
                    errors.at(&sig.ident, missing);
                }
                Self { ty: parse_quote!(()), replaced: true, opaque: false }
            }
            ReturnType::Type(_, ty) if matches!(**ty, Type::Never(_)) => {
                errors.at(ty, missing);
                Self { ty: parse_quote!(()), replaced: true, opaque: false }
            }
            ReturnType::Type(_, ty) => {
                let mut ty = (**ty).clone();
                let mut check = BorrowCheck { errors, opaque: false };
                check.ty(&mut ty);
                let opaque = check.opaque;
                let replaced = match payload_of_result_mut(&mut ty) {
                    Some(payload) => box_unsized(payload, errors),
                    None => box_unsized(&mut ty, errors),
                };
                Self { ty, replaced, opaque }
            }
        }
    }

    /// Reads from the type and the keys whether the factory can fail.
    pub(crate) fn outcome(&self, args: &Args, errors: &mut Errors) -> Outcome<'_> {
        if let (Some(infallible), Some(_)) = (&args.infallible, &args.fallible) {
            errors.at(&infallible.key, "`infallible` contradicts `fallible`; remove one of them");
        }
        let named = self.last_segment().is_some_and(|last| last.ident == "Result");
        if args.infallible.is_some() {
            return Outcome::Payload;
        }
        if args.fallible.is_none() {
            return match self.payload_of_result() {
                Some(payload) => Outcome::Result(payload),
                None if named => Outcome::Alias,
                None => Outcome::Payload,
            };
        }
        if named || !self.is_no_alias() {
            return Outcome::Alias;
        }
        if !self.replaced {
            let message =
                "a fallible factory returns a `Result`; write `-> Result<T, E>`, or remove `fallible`";
            errors.at(&self.ty, message);
        }
        Outcome::NotFallible
    }

    /// Whether the type is surely no alias of a `Result`, as far as its spelling goes.
    fn is_no_alias(&self) -> bool {
        match bare_type(&self.ty) {
            Type::Path(path) => {
                path.path.get_ident().is_some_and(|name| PRIMITIVE.iter().any(|known| name == known))
            }
            Type::Macro(_) | Type::Verbatim(_) => false,
            _ => true,
        }
    }

    /// `T` of `Result<T>` and `Result<T, E>`. Of any other type only the compiler knows it.
    fn payload_of_result(&self) -> Option<&Type> {
        self.parameter_of_result(0)
    }

    /// `E` of `Result<T, E>`.
    pub(crate) fn error_of_result(&self) -> Option<&Type> {
        self.parameter_of_result(1)
    }

    fn parameter_of_result(&self, index: usize) -> Option<&Type> {
        let last = self.last_segment().filter(|last| last.ident == "Result")?;
        let PathArguments::AngleBracketed(args) = &last.arguments else { return None };
        match args.args.get(index)? {
            GenericArgument::Type(ty) => Some(ty),
            _ => None,
        }
    }

    fn last_segment(&self) -> Option<&syn::PathSegment> {
        match bare_type(&self.ty) {
            Type::Path(path) => path.path.segments.last(),
            _ => None,
        }
    }
}

/// `T` of `Result<T, E>`, to change it.
fn payload_of_result_mut(ty: &mut Type) -> Option<&mut Type> {
    let Type::Path(path) = ty else { return None };
    let last = path.path.segments.last_mut().filter(|last| last.ident == "Result")?;
    let PathArguments::AngleBracketed(args) = &mut last.arguments else { return None };
    match args.args.first_mut()? {
        GenericArgument::Type(payload) => Some(payload),
        _ => None,
    }
}

/// Reports a payload whose size the compiler cannot know, as far as its spelling goes, and boxes it. The compiler would
/// report it wherever it is named.
fn box_unsized(payload: &mut Type, errors: &mut Errors) -> bool {
    let mut bare = bare_type(payload).clone();
    let instead = match &mut bare {
        Type::TraitObject(object) => {
            object.bounds.extend::<[TypeParamBound; 2]>([
                parse_quote!(::core::marker::Send),
                parse_quote!(::core::marker::Sync),
            ]);
            "a `Box` of it"
        }
        Type::Slice(_) => "a `Vec`",
        Type::Path(path) if path.path.is_ident("str") => "a `String`",
        _ => return false,
    };
    let message = format!("a payload has a size that is known when it is compiled; return {instead}");
    errors.at(&*payload, message);
    let (open, _) = edges(&*payload);
    *payload = parse_quote_spanned!(open=> ::std::boxed::Box<#bare>);
    true
}

/// Visits a type, reports the borrows in it and makes them `'static`.
struct BorrowCheck<'a> {
    errors: &'a mut Errors,
    opaque: bool,
}

impl BorrowCheck<'_> {
    fn ty(&mut self, ty: &mut Type) {
        match ty {
            Type::Reference(reference) => self.reference(reference),
            Type::ImplTrait(hidden) => {
                let message = "a static needs a type that has a name, and `impl Trait` has none; name the type, or return a `Box<dyn …>`";
                self.errors.at(hidden, message);
                self.opaque = true;
            }
            // The compiler reports it, and says what to write.
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
            // The lifetimes in `Fn(&T)` belong to the closure.
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

const BORROWED: &str = "a payload lives in a static, so it cannot borrow from anything shorter-lived; return an owned value, or make this `'static`";

const PRIMITIVE: [&str; 17] = [
    "bool", "char", "f32", "f64", "i8", "i16", "i32", "i64", "i128", "isize", "str", "u8", "u16", "u32",
    "u64", "u128", "usize",
];
