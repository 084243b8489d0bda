//! Groups of tokens: how to make one, and types and expressions without the groups around them.
//!
//! A fragment of a `macro_rules!` macro arrives wrapped in an invisible group.

use proc_macro2::{Delimiter, Group, Span, TokenStream};
use syn::{Expr, Type};

pub(crate) fn group(delimiter: Delimiter, stream: TokenStream, span: Span) -> Group {
    let mut group = Group::new(delimiter, stream);
    group.set_span(span);
    group
}

/// A type without invisible groups and without parentheses.
pub(crate) fn bare_type(ty: &Type) -> &Type {
    match ty {
        Type::Group(group) => bare_type(&group.elem),
        Type::Paren(paren) => bare_type(&paren.elem),
        other => other,
    }
}

/// An expression without invisible groups and without parentheses.
pub(crate) fn bare_expr(expr: Expr) -> Expr {
    match expr {
        Expr::Group(group) => bare_expr(*group.expr),
        Expr::Paren(paren) => bare_expr(*paren.expr),
        other => other,
    }
}
