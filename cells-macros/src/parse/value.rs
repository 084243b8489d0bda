//! The value of one argument, read as its key requires.

use core::fmt::Display;
use core::time::Duration;
use proc_macro2::{Ident, TokenTree};
use quote::ToTokens;
use syn::parse::ParseStream;
use syn::{Error, Expr, ExprLit, ExprPath, Lit, LitStr, Path, Result, Token};

use crate::parse::duration::parse_duration;
use crate::tokens::groups::ungrouped;

/// What messages say about a key.
pub(crate) struct Spec {
    pub(crate) name: &'static str,
    pub(crate) takes: &'static str,
    pub(crate) example: &'static str,
}

/// A value, with the key it was given under.
pub(crate) struct Given<T> {
    pub(crate) key: Ident,
    pub(crate) value: T,
}

impl<T> Given<T> {
    pub(crate) fn into_value(self) -> T {
        self.value
    }
}

/// A duration, parsed by us or left to the compiler.
pub(crate) enum DurationArg {
    Literal(Duration),
    Const(Box<Expr>),
}

/// How a payload ends.
pub(crate) enum Dispose {
    /// The word `drop`, as the user wrote it.
    Drop(Box<ExprPath>),
    With(Box<ExprPath>),
}

/// Reads what follows a key.
pub(crate) struct ValueReader<'a> {
    pub(crate) key: Ident,
    pub(crate) spec: &'static Spec,
    pub(crate) input: ParseStream<'a>,
}

impl ValueReader<'_> {
    /// Reads the value with `read` and stores it, unless the key was given before.
    pub(crate) fn read_into<T>(
        &self,
        slot: &mut Option<Given<T>>,
        read: fn(&Self) -> Result<T>,
    ) -> Result<()> {
        let value = read(self)?;
        if slot.is_some() {
            let message = format!("`{}` is given twice; keep one", self.spec.name);
            return Err(Error::new_spanned(&self.key, message));
        }
        *slot = Some(Given { key: self.key.clone(), value });
        Ok(())
    }

    pub(crate) fn flag(&self) -> Result<()> {
        if self.at_end() { Ok(()) } else { Err(self.unexpected(self.input.parse::<TokenTree>()?)) }
    }

    pub(crate) fn text(&self) -> Result<LitStr> {
        match self.expr()? {
            Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) if !text.value().is_empty() => Ok(text),
            other => Err(self.unexpected(other)),
        }
    }

    /// The string `"own"`.
    pub(crate) fn own(&self) -> Result<()> {
        let text = self.text()?;
        if text.value() == "own" { Ok(()) } else { Err(self.unexpected(text)) }
    }

    pub(crate) fn ident(&self) -> Result<Ident> {
        match self.expr()? {
            Expr::Path(path) => path.path.get_ident().cloned().ok_or_else(|| self.unexpected(path)),
            other => Err(self.unexpected(other)),
        }
    }

    pub(crate) fn path(&self) -> Result<Path> {
        into_path(self.expr()?, self.expected())
    }

    /// A list of at least one path.
    pub(crate) fn paths(&self) -> Result<Vec<Path>> {
        match self.expr()? {
            Expr::Array(list) if !list.elems.is_empty() => {
                list.elems.into_iter().map(|elem| into_path(elem, self.expected())).collect()
            }
            other => Err(self.unexpected(other)),
        }
    }

    pub(crate) fn dispose(&self) -> Result<Dispose> {
        match self.expr()? {
            Expr::Path(path) if path.path.is_ident("drop") => Ok(Dispose::Drop(Box::new(path))),
            Expr::Path(path) => Ok(Dispose::With(Box::new(path))),
            other => Err(self.unexpected(other)),
        }
    }

    /// A positive integer, or a const expression.
    pub(crate) fn count(&self) -> Result<Expr> {
        match self.expr()? {
            Expr::Lit(ExprLit { lit: Lit::Int(number), .. }) if number.base10_digits() == "0" => {
                let name = self.spec.name;
                let message = format!("a `{name}` of zero means no limit; leave `{name}` out");
                Err(Error::new_spanned(number, message))
            }
            Expr::Lit(literal) if !matches!(literal.lit, Lit::Int(_)) => Err(self.unexpected(literal)),
            other => Ok(other),
        }
    }

    /// A duration other than `"0s"`, for which the error is `zero`.
    pub(crate) fn duration(&self, zero: &str) -> Result<DurationArg> {
        match self.expr()? {
            Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => match parse_duration(&text.value()) {
                Ok(Duration::ZERO) => Err(Error::new_spanned(text, zero)),
                Ok(duration) => Ok(DurationArg::Literal(duration)),
                Err(message) => Err(Error::new_spanned(text, message)),
            },
            Expr::Lit(literal) => Err(self.unexpected(literal)),
            other => Ok(DurationArg::Const(Box::new(other))),
        }
    }

    pub(crate) fn expr(&self) -> Result<Expr> {
        if self.at_end() {
            return Err(self.unexpected(&self.key));
        }
        if !self.input.peek(Token![=]) {
            return Err(self.unexpected(self.input.parse::<TokenTree>()?));
        }
        let equals: Token![=] = self.input.parse()?;
        if self.at_end() {
            return Err(self.unexpected(equals));
        }
        let expr = self.input.parse().map_err(|error| Error::new(error.span(), self.expected()))?;
        Ok(ungrouped(expr))
    }

    fn at_end(&self) -> bool {
        self.input.is_empty() || self.input.peek(Token![,])
    }

    fn unexpected(&self, tokens: impl ToTokens) -> Error {
        Error::new_spanned(tokens, self.expected())
    }

    fn expected(&self) -> String {
        let Spec { name, takes, example } = self.spec;
        format!("`{name}` takes {takes}; write `{example}`")
    }
}

/// The path in `expr`, or the error `expected` if it is not a plain path.
pub(crate) fn into_path(expr: Expr, expected: impl Display) -> Result<Path> {
    match ungrouped(expr) {
        Expr::Path(ExprPath { qself: None, path, .. }) => Ok(path),
        other => Err(Error::new_spanned(other, expected)),
    }
}
