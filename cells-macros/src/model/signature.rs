//! What a factory's signature must not contain.

use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::ToTokens as _;
use syn::{ConstParam, GenericParam, ReceiverKind, Safety, Signature, TypeParam};

use crate::parse::function::Function;
use crate::tokens::errors::Errors;

/// What can still be emitted for a signature, from the most to the least.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Shape {
    /// A cell that calls the factory.
    Whole,
    /// A cell, with a factory that is compiled but not called.
    Uncallable,
    /// The same, with parameters of which nobody knows the type.
    Generic,
    /// Only the user's function: no static can hold its payload.
    NoCell,
}

/// Reports every mistake, and removes what the compiler would report a second time.
pub(crate) fn check_signature(function: &mut Function, errors: &mut Errors) -> Shape {
    let Function { sig, body, .. } = function;
    let mut shape = Shape::Whole;
    if let Some(constness) = sig.constness.take() {
        errors
            .at(constness, "a factory runs when the cell is first used, not at compile time; remove `const`");
    }
    if let Safety::Unsafe(unsafety) = &sig.safety {
        errors.at(unsafety, "a cell calls its factory from safe code; remove `unsafe`");
        shape = Shape::Uncallable;
    }
    if let Some(abi) = sig.abi.take() {
        errors.at(abi, "a factory is called only from Rust; remove `extern`");
    }
    if let Some(variadic) = sig.variadic.take() {
        errors.at(variadic.dots, "a factory cannot be variadic; remove `...`");
        shape = Shape::Uncallable;
    }
    shape = shape.max(check_generics(sig, errors));
    if let Some(receiver) = sig.receiver() {
        errors.at(
            receiver,
            "a factory is a free function, so it cannot take `self`; move it out of the `impl` or `trait`",
        );
        // A method that consumes its object does something with it, so this is a free function.
        let consumed = !matches!(receiver.kind, ReceiverKind::Reference(..))
            && !mentions(receiver.to_token_stream(), "Self");
        if consumed && !body.as_ref().is_ok_and(|body| mentions(body.clone(), "self")) {
            sig.inputs = core::mem::take(&mut sig.inputs).into_iter().skip(1).collect();
            shape = shape.max(Shape::Uncallable);
        } else {
            shape = Shape::NoCell;
        }
    }
    shape
}

fn check_generics(sig: &Signature, errors: &mut Errors) -> Shape {
    let generics = &sig.generics;
    if generics.params.is_empty() {
        return Shape::Whole;
    }
    if generics.params.iter().all(|param| matches!(param, GenericParam::Lifetime(_))) {
        errors.at(
            generics,
            "a factory cannot have lifetime parameters, because its payload lives in a static; remove them",
        );
        return Shape::Uncallable;
    }
    let message =
        "a factory cannot be generic, because a static has one type; write one factory for each type";
    errors.at(generics, message);
    let returned = |param: &GenericParam| match param {
        GenericParam::Type(TypeParam { ident, .. }) | GenericParam::Const(ConstParam { ident, .. }) => {
            mentions(sig.output.to_token_stream(), &ident.to_string())
        }
        GenericParam::Lifetime(_) => false,
    };
    if generics.params.iter().any(returned) { Shape::NoCell } else { Shape::Generic }
}

/// Reports a place where no static can be, as far as the function gives it away.
pub(crate) fn check_place(function: &Function, errors: &mut Errors) -> Shape {
    let Function { sig, body, .. } = function;
    if sig.receiver().is_some() {
        return Shape::Whole;
    }
    let header = sig.inputs.to_token_stream().into_iter().chain(sig.output.to_token_stream());
    let found = self_type(header.collect()).or_else(|| self_type(body.clone().ok()?));
    let message = "a factory is a free function, where `Self` means nothing; move it out of the `impl` or `trait`, and name the type";
    let Some(found) = found else { return Shape::Whole };
    errors.at(found, message);
    Shape::NoCell
}

fn mentions(tokens: TokenStream, word: &str) -> bool {
    tokens.into_iter().any(|token| match token {
        TokenTree::Ident(ident) => ident == word,
        TokenTree::Group(group) => mentions(group.stream(), word),
        _ => false,
    })
}

/// A `Self` that belongs to an item around these tokens. Items inside and arguments of macros may have their own.
fn self_type(tokens: TokenStream) -> Option<Ident> {
    let mut found = None;
    let mut after_bang = false;
    for token in tokens {
        match token {
            TokenTree::Ident(word) if word == "Self" => found = found.or(Some(word)),
            TokenTree::Ident(word)
                if ["impl", "trait", "struct", "enum", "union"].iter().any(|item| word == item) =>
            {
                return None;
            }
            TokenTree::Group(group) if !after_bang => found = found.or_else(|| self_type(group.stream())),
            TokenTree::Punct(punct) => {
                after_bang = punct.as_char() == '!';
                continue;
            }
            _ => {}
        }
        after_bang = false;
    }
    found
}
