//! What a factory's signature must not contain.

use syn::{GenericParam, Safety, Signature};

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
        errors.at(receiver, "a factory cannot take `self`; move the function out of the `impl`");
        shape = Shape::NoCell;
    }
    shape
}

fn check_generics(sig: &Signature, errors: &mut Errors) -> Option<Shape> {
    let generics = &sig.generics;
    if generics.params.is_empty() {
        let clause = generics.where_clause.as_ref()?;
        errors.at(clause, "a factory cannot have a `where` clause, because it has no generics; remove it");
        return Some(Shape::Uncallable);
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
