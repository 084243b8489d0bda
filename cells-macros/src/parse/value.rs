//! The value of one argument, read as its key requires.

use core::fmt::Display;
use core::time::Duration;
use proc_macro2::{Ident, Punct, Spacing, TokenTree};
use quote::ToTokens;
use syn::parse::discouraged::Speculative as _;
use syn::parse::{Parse as _, ParseStream, Parser as _};
use syn::{
    Error, Expr, ExprClosure, ExprLit, ExprPath, ExprRange, Lit, LitBool, LitStr, Path, RangeLimits, Result,
    Token,
};

use crate::parse::duration::{parse_duration, parse_durations};
use crate::tokens::groups::bare_expr;

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

/// A duration, or one that doubles up to another.
pub(crate) struct DurationRange {
    pub(crate) first: DurationArg,
    pub(crate) most: Option<DurationArg>,
}

/// How long a payload lives.
pub(crate) enum LifetimeArg {
    Literal(LitStr, Duration),
    /// A function, by its path, or a const expression of type `Duration`. Only the compiler can tell.
    Const(Box<Expr>),
    Closure(Box<ExprClosure>),
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

/// A value that is not what its key takes.
pub(crate) struct Mistake<T> {
    error: Error,
    /// What it is taken for nevertheless, because code elsewhere relies on the key.
    meant: Option<Box<T>>,
}

impl<T> From<Error> for Mistake<T> {
    fn from(error: Error) -> Self {
        Self { error, meant: None }
    }
}

type Reading<T> = core::result::Result<T, Mistake<T>>;

impl ValueReader<'_> {
    /// Reads the value with `read` and stores it, unless the key was given before.
    pub(crate) fn read_into<T>(
        &self,
        slot: &mut Option<Given<T>>,
        read: fn(&Self) -> Reading<T>,
    ) -> Result<()> {
        let given = |value| Given { key: self.key.clone(), value };
        match read(self) {
            Ok(_) if slot.is_some() => {
                let message = format!("`{}` is given twice; keep one", self.spec.name);
                Err(Error::new_spanned(&self.key, message))
            }
            Ok(value) => {
                *slot = Some(given(value));
                Ok(())
            }
            Err(Mistake { error, meant }) => {
                if slot.is_none() {
                    *slot = meant.map(|value| given(*value));
                }
                Err(error)
            }
        }
    }

    /// No value. A mistaken one leaves the key given, except for `false`.
    pub(crate) fn flag(&self) -> Reading<()> {
        if self.at_end() {
            return Ok(());
        }
        let value = self.input.fork();
        value.parse::<TokenTree>()?;
        match value.parse::<Option<LitBool>>()? {
            Some(no) if !no.value => {
                let name = self.spec.name;
                let message = format!("`{name}` takes no value; leave `{name}` out");
                Err(Error::new_spanned(no, message).into())
            }
            _ => Err(self.meant((), self.input.parse::<TokenTree>()?)),
        }
    }

    pub(crate) fn text(&self) -> Reading<LitStr> {
        match self.expr()? {
            Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) if !text.value().is_empty() => Ok(text),
            other => Err(self.unexpected(other).into()),
        }
    }

    /// The string `"own"`.
    pub(crate) fn own(&self) -> Reading<()> {
        if self.at_end() {
            return Err(self.meant((), &self.key));
        }
        match self.expr()? {
            Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) if text.value() == "own" => Ok(()),
            other => Err(self.meant((), other)),
        }
    }

    pub(crate) fn ident(&self) -> Reading<Ident> {
        let expr = self.expr()?;
        match &expr {
            Expr::Path(path) if path.path.get_ident().is_some_and(is_name) => {
                path.path.get_ident().cloned().ok_or_else(|| self.unexpected(path).into())
            }
            _ => Err(Mistake { meant: name_in(&expr).map(Box::new), error: self.unexpected(expr) }),
        }
    }

    pub(crate) fn path(&self) -> Reading<Path> {
        let expr = self.expr()?;
        into_path(expr.clone(), self.expected())
            .map_err(|error| Mistake { error, meant: path_in(&expr).map(Box::new) })
    }

    /// A list of at least one path.
    pub(crate) fn paths(&self) -> Reading<Vec<Path>> {
        match self.expr()? {
            Expr::Array(list) if !list.elems.is_empty() => {
                let paths = list.elems.into_iter().map(|elem| into_path(elem, self.expected()));
                Ok(paths.collect::<Result<_>>()?)
            }
            other => Err(self.unexpected(other).into()),
        }
    }

    pub(crate) fn dispose(&self) -> Reading<Dispose> {
        match self.expr()? {
            Expr::Path(path) if path.path.is_ident("drop") => Ok(Dispose::Drop(Box::new(path))),
            Expr::Path(path) => Ok(Dispose::With(Box::new(path))),
            other => Err(self.unexpected(other).into()),
        }
    }

    /// The path to a function, or a closure.
    pub(crate) fn function(&self) -> Reading<Expr> {
        match self.expr()? {
            function @ (Expr::Path(_) | Expr::Closure(_)) => Ok(function),
            other => Err(self.unexpected(other).into()),
        }
    }

    /// A const expression, or an integer other than zero, for which the error is `zero`.
    pub(crate) fn count(&self, zero: &str) -> Reading<Expr> {
        match self.expr()? {
            Expr::Lit(ExprLit { lit: Lit::Int(number), .. }) if number.base10_digits() == "0" => {
                Err(Error::new_spanned(number, zero).into())
            }
            Expr::Lit(literal) if !matches!(literal.lit, Lit::Int(_)) => Err(self.unexpected(literal).into()),
            other => Ok(other),
        }
    }

    /// A duration other than `"0s"`, for which the error is `zero`.
    pub(crate) fn duration(&self, zero: &str) -> Reading<DurationArg> {
        Ok(self.duration_arg(self.expr()?, zero)?)
    }

    /// A duration other than `"0s"`, for which the error is `zero`, or a function of the payload.
    pub(crate) fn lifetime(&self, zero: &str) -> Reading<LifetimeArg> {
        match self.expr()? {
            Expr::Closure(closure) => Ok(LifetimeArg::Closure(Box::new(closure))),
            Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => {
                let duration = duration_in(&text, zero)?;
                Ok(LifetimeArg::Literal(text, duration))
            }
            Expr::Lit(literal) => Err(self.unexpected(literal).into()),
            other => Ok(LifetimeArg::Const(Box::new(other))),
        }
    }

    /// A duration, or a range of two that grows: `"1s..1m"`, or one of expressions.
    pub(crate) fn durations(&self, zero: &str) -> Reading<DurationRange> {
        let expr = self.expr()?;
        let guilty = expr.to_token_stream();
        let range = match expr {
            Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => {
                let (first, most) =
                    parse_durations(&text.value()).map_err(|message| Error::new_spanned(text, message))?;
                DurationRange { first: DurationArg::Literal(first), most: most.map(DurationArg::Literal) }
            }
            Expr::Range(ExprRange {
                start: Some(first),
                limits: RangeLimits::HalfOpen(_),
                end: Some(most),
                ..
            }) => DurationRange {
                first: self.duration_arg(bare_expr(*first), zero)?,
                most: Some(self.duration_arg(bare_expr(*most), zero)?),
            },
            Expr::Range(range) => {
                let message = "a range of durations has a first and a longest one; write `FIRST..LONGEST`, or `\"1s..1m\"`";
                return Err(Error::new_spanned(range, message).into());
            }
            other => DurationRange { first: self.duration_arg(other, zero)?, most: None },
        };
        match (&range.first, &range.most) {
            (DurationArg::Literal(Duration::ZERO), None) => Err(Error::new_spanned(guilty, zero).into()),
            (DurationArg::Literal(Duration::ZERO), Some(_)) => {
                let message = "zero does not double; write a longer time first, as in `1s..1m`";
                Err(Error::new_spanned(guilty, message).into())
            }
            (DurationArg::Literal(first), Some(DurationArg::Literal(most))) if first >= most => {
                let message = "this range does not grow; write the shorter time first, as in `1s..1m`, or one time alone, as in `5s`";
                Err(Error::new_spanned(guilty, message).into())
            }
            _ => Ok(range),
        }
    }

    fn duration_arg(&self, expr: Expr, zero: &str) -> Result<DurationArg> {
        match expr {
            Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => {
                duration_in(&text, zero).map(DurationArg::Literal)
            }
            Expr::Lit(literal) => Err(self.unexpected(literal)),
            other => Ok(DurationArg::Const(Box::new(other))),
        }
    }

    pub(crate) fn any(&self) -> Reading<Expr> {
        Ok(self.expr()?)
    }

    fn expr(&self) -> Result<Expr> {
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
        read_expr(self.input, self.expected())
    }

    fn at_end(&self) -> bool {
        at_end(self.input)
    }

    /// The mistake `tokens`, taken for `value`.
    fn meant<T>(&self, value: T, tokens: impl ToTokens) -> Mistake<T> {
        Mistake { error: self.unexpected(tokens), meant: Some(Box::new(value)) }
    }

    fn unexpected(&self, tokens: impl ToTokens) -> Error {
        Error::new_spanned(tokens, self.expected())
    }

    fn expected(&self) -> String {
        let Spec { name, takes, example } = self.spec;
        format!("`{name}` takes {takes}; write `{example}`")
    }
}

/// The duration that is written in `text`, unless it is none, or zero.
fn duration_in(text: &LitStr, zero: &str) -> Result<Duration> {
    match parse_duration(&text.value()) {
        Ok(Duration::ZERO) => Err(Error::new_spanned(text, zero)),
        Ok(duration) => Ok(duration),
        Err(message) => Err(Error::new_spanned(text, message)),
    }
}

/// Whether an item can have that name. These keywords are paths, as names are.
fn is_name(ident: &Ident) -> bool {
    !["self", "Self", "super", "crate"].iter().any(|keyword| ident == keyword)
}

/// The name that is meant by a string, a longer path or a call.
fn name_in(expr: &Expr) -> Option<Ident> {
    let path = match expr {
        Expr::Call(call) => path_in(&call.func),
        other => path_in(other),
    };
    path?.segments.last().map(|last| last.ident.clone()).filter(is_name)
}

/// The path that is meant by a string.
fn path_in(expr: &Expr) -> Option<Path> {
    match expr {
        Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => text.parse().ok(),
        Expr::Path(path) => Some(path.path.clone()),
        _ => None,
    }
}

/// Reads the next expression, without parentheses. The error `expected` points at the token that does not belong there.
/// If the expression ends early it points at the last token, because the user wrote nothing after that.
pub(crate) fn read_expr(input: ParseStream<'_>, expected: impl Display) -> Result<Expr> {
    let ahead = input.fork();
    if let Ok(expr) = ahead.parse() {
        input.advance_to(&ahead);
        return Ok(bare_expr(expr));
    }
    let mut tokens = Vec::new();
    while !at_end(input) {
        tokens.push(input.parse::<TokenTree>()?);
    }
    let end = tokens.last().map_or_else(|| input.span(), TokenTree::span);
    let mut semicolon = Punct::new(';', Spacing::Alone);
    semicolon.set_span(end);
    tokens.push(semicolon.into());
    let error = Expr::parse.parse2(tokens.into_iter().collect());
    let guilty = error.err().map_or(end, |error| error.span());
    Err(Error::new(guilty, expected))
}

fn at_end(input: ParseStream<'_>) -> bool {
    input.is_empty() || input.peek(Token![,])
}

/// The path in `expr`, or the error `expected` if it is not a plain path.
pub(crate) fn into_path(expr: Expr, expected: impl Display) -> Result<Path> {
    match bare_expr(expr) {
        Expr::Path(ExprPath { qself: None, path, .. }) => Ok(path),
        other => Err(Error::new_spanned(other, expected)),
    }
}
