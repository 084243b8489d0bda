//! What a factory's signature must not contain.

use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::ToTokens as _;
use syn::{GenericParam, Safety, Signature};

use crate::parse::function::Function;
use crate::tokens::errors::Errors;

/// What can still be emitted for a signature.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// A cell that calls the factory.
    Whole,
    /// A cell, with a factory that is compiled but not called.
    Uncallable,
    /// Only the user's function: no static can hold its payload.
    NoCell,
}

/// Reports every mistake, and removes what the compiler would report a second time.
pub(crate) fn check_signature(sig: &mut Signature, errors: &mut Errors) -> Shape {
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
    shape = check_generics(sig, errors).unwrap_or(shape);
    if let Some(receiver) = sig.receiver() {
        errors.at(
            receiver,
            "a factory is a free function, so it cannot take `self`; move it out of the `impl` or `trait`",
        );
        shape = Shape::NoCell;
    }
    shape
}

fn check_generics(sig: &Signature, errors: &mut Errors) -> Option<Shape> {
    let generics = &sig.generics;
    if generics.params.is_empty() {
        return None;
    }
    if generics.params.iter().all(|param| matches!(param, GenericParam::Lifetime(_))) {
        errors.at(
            generics,
            "a factory cannot have lifetime parameters, because its payload lives in a static; remove them",
        );
        return Some(Shape::Uncallable);
    }
    let message =
        "a factory cannot be generic, because a static has one type; write one factory for each type";
    errors.at(generics, message);
    Some(Shape::NoCell)
}

/// Reports a place where no static can be, as far as the function gives it away.
pub(crate) fn check_place(function: &Function, errors: &mut Errors) -> Option<Shape> {
    let Function { sig, body, .. } = function;
    if sig.receiver().is_some() {
        return None;
    }
    let header = sig.inputs.to_token_stream().into_iter().chain(sig.output.to_token_stream());
    let found = self_type(header.collect()).or_else(|| self_type(body.clone().ok()?));
    let message = "a factory is a free function, where `Self` means nothing; move it out of the `impl` or `trait`, and name the type";
    errors.at(found?, message);
    Some(Shape::NoCell)
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
