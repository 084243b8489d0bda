//! The value of one argument, read as its key wants it.

use core::fmt::Display;
use core::time::Duration;
use proc_macro2::{Ident, TokenTree};
use quote::ToTokens;
use syn::parse::ParseStream;
use syn::{Error, Expr, ExprLit, ExprPath, Lit, LitStr, Path, Result, Token};

use crate::parse::args::Given;
use crate::parse::duration;
use crate::parse::keys::Key;

/// The place behind a key, where its value is read.
pub(crate) struct Value<'a> {
    pub(crate) key: Ident,
    pub(crate) known: &'static Key,
    pub(crate) input: ParseStream<'a>,
}

/// A length of time: read at compile time, or left to the compiler.
pub(crate) enum Length {
    Literal(Duration),
    Const(Box<Expr>),
}

/// What becomes of a payload.
pub(crate) enum Dispose {
    /// As `drop` is written.
    Drop(Box<ExprPath>),
    With(Box<ExprPath>),
}

impl Value<'_> {
    /// Stores what `parse` reads, once a key.
    pub(crate) fn set<T>(&self, slot: &mut Option<Given<T>>, parse: fn(&Self) -> Result<T>) -> Result<()> {
        let value = parse(self)?;
        if slot.is_some() {
            return Err(Error::new_spanned(
                &self.key,
                format!("`{}` is given twice; keep one", self.known.name),
            ));
        }
        *slot = Some(Given { key: self.key.clone(), value });
        Ok(())
    }

    pub(crate) fn flag(&self) -> Result<()> {
        if self.at_end() { Ok(()) } else { Err(self.wrong(self.input.parse::<TokenTree>()?)) }
    }

    pub(crate) fn text(&self) -> Result<LitStr> {
        match self.expr()? {
            Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) if !text.value().is_empty() => Ok(text),
            other => Err(self.wrong(other)),
        }
    }

    pub(crate) fn own(&self) -> Result<()> {
        let text = self.text()?;
        if text.value() == "own" { Ok(()) } else { Err(self.wrong(text)) }
    }

    pub(crate) fn ident(&self) -> Result<Ident> {
        match self.expr()? {
            Expr::Path(path) => path.path.get_ident().cloned().ok_or_else(|| self.wrong(path)),
            other => Err(self.wrong(other)),
        }
    }

    pub(crate) fn path(&self) -> Result<Path> {
        path_of(self.expr()?, self.expected())
    }

    /// A list of paths that is not empty.
    pub(crate) fn paths(&self) -> Result<Vec<Path>> {
        match self.expr()? {
            Expr::Array(list) if !list.elems.is_empty() => {
                list.elems.into_iter().map(|elem| path_of(elem, self.expected())).collect()
            }
            other => Err(self.wrong(other)),
        }
    }

    pub(crate) fn dispose(&self) -> Result<Dispose> {
        match self.expr()? {
            Expr::Path(path) if path.path.is_ident("drop") => Ok(Dispose::Drop(Box::new(path))),
            Expr::Path(path) => Ok(Dispose::With(Box::new(path))),
            other => Err(self.wrong(other)),
        }
    }

    /// A count: an integer literal above zero, or a const expression.
    pub(crate) fn count(&self) -> Result<Expr> {
        match self.expr()? {
            Expr::Lit(ExprLit { lit: Lit::Int(number), .. }) if number.base10_digits() == "0" => {
                let name = self.known.name;
                Err(Error::new_spanned(
                    number,
                    format!("a `{name}` of zero sets no limit; leave `{name}` out"),
                ))
            }
            Expr::Lit(literal) if !matches!(literal.lit, Lit::Int(_)) => Err(self.wrong(literal)),
            other => Ok(other),
        }
    }

    /// A length of time, but not `"0s"`: `zero` says what that would mean, and what to write instead.
    pub(crate) fn length(&self, zero: &str) -> Result<Length> {
        match self.expr()? {
            Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => match duration::parse(&text.value()) {
                Ok(Duration::ZERO) => Err(Error::new_spanned(text, zero)),
                Ok(length) => Ok(Length::Literal(length)),
                Err(message) => Err(Error::new_spanned(text, message)),
            },
            Expr::Lit(literal) => Err(self.wrong(literal)),
            other => Ok(Length::Const(Box::new(other))),
        }
    }

    pub(crate) fn expr(&self) -> Result<Expr> {
        if self.at_end() {
            return Err(self.wrong(&self.key));
        }
        if !self.input.peek(Token![=]) {
            return Err(self.wrong(self.input.parse::<TokenTree>()?));
        }
        let equals: Token![=] = self.input.parse()?;
        if self.at_end() {
            return Err(self.wrong(equals));
        }
        let expr = self.input.parse().map_err(|error| Error::new(error.span(), self.expected()))?;
        Ok(ungroup(expr))
    }

    fn at_end(&self) -> bool {
        self.input.is_empty() || self.input.peek(Token![,])
    }

    fn wrong(&self, tokens: impl ToTokens) -> Error {
        Error::new_spanned(tokens, self.expected())
    }

    fn expected(&self) -> String {
        let Key { name, takes, example, .. } = self.known;
        format!("`{name}` takes {takes}; write `{example}`")
    }
}

/// The path that an expression is; `expected` is said of any other.
pub(crate) fn path_of(expr: Expr, expected: impl Display) -> Result<Path> {
    match ungroup(expr) {
        Expr::Path(ExprPath { qself: None, path, .. }) => Ok(path),
        other => Err(Error::new_spanned(other, expected)),
    }
}

/// A fragment of a `macro_rules!` comes in an invisible group.
fn ungroup(mut expr: Expr) -> Expr {
    while let Expr::Group(group) = expr {
        expr = *group.expr;
    }
    expr
}
