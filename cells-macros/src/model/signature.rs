//! What a factory's signature must not say.

use syn::{GenericParam, Safety, Signature};

use crate::tokens::errors::Errors;

/// What can still be emitted for a signature.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// A cell that calls the factory.
    Whole,
    /// A cell, and a factory that is checked but not called.
    Uncallable,
    /// The user's function alone: no static can stand for it.
    NoCell,
}

/// Reports every misuse, and takes away what would be reported again by the compiler.
pub(crate) fn check(sig: &mut Signature, errors: &mut Errors) -> Shape {
    let mut shape = Shape::Whole;
    if let Some(constness) = sig.constness.take() {
        errors.at(constness, "a factory runs when the cell is first asked; remove `const`");
    }
    if let Safety::Unsafe(unsafety) = &sig.safety {
        errors.at(unsafety, "a cell calls its factory from safe code; remove `unsafe`");
        shape = Shape::Uncallable;
    }
    if let Some(abi) = sig.abi.take() {
        errors.at(abi, "a factory is called from Rust alone; remove `extern`");
    }
    if let Some(variadic) = sig.variadic.take() {
        errors.at(variadic.dots, "a factory takes no variadic arguments; remove `...`");
        shape = Shape::Uncallable;
    }
    shape = generics(sig, errors).unwrap_or(shape);
    if let Some(receiver) = sig.receiver() {
        errors.at(receiver, "a factory takes no `self`; write a function outside of any `impl`");
        shape = Shape::NoCell;
    }
    shape
}

fn generics(sig: &Signature, errors: &mut Errors) -> Option<Shape> {
    let generics = &sig.generics;
    let only_lifetimes = generics.params.iter().all(|param| matches!(param, GenericParam::Lifetime(_)));
    match &generics.where_clause {
        _ if !generics.params.is_empty() && only_lifetimes => {
            errors
                .at(generics, "a factory takes no lifetimes, for its payload lives in a static; remove them");
            Some(Shape::Uncallable)
        }
        _ if !generics.params.is_empty() => {
            errors.at(
                generics,
                "a factory takes no generics, for a static has one type; write a factory for each type",
            );
            Some(Shape::NoCell)
        }
        Some(clause) => {
            errors.at(clause, "a factory takes no `where` clause, for it has no generics; remove it");
            Some(Shape::Uncallable)
        }
        None => None,
    }
}
