//! Types and expressions without the groups around them.
//!
//! A fragment of a `macro_rules!` macro arrives wrapped in an invisible group.

use syn::{Expr, Type};

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
