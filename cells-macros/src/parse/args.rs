//! What the user asked for: the arguments of the attribute.

use proc_macro2::{Ident, TokenStream, TokenTree};
use syn::ext::IdentExt as _;
use syn::parse::{ParseStream, Parser as _};
use syn::{Error, Expr, LitStr, Path, Result, Token};

use crate::parse::keys::{KEYS, known_keys};
use crate::parse::value::{Dispose, Length, Value};
use crate::tokens::errors::Errors;

#[derive(Default)]
pub(crate) struct Args {
    pub(crate) name: Option<Given<LitStr>>,
    pub(crate) cell: Option<Given<Ident>>,
    pub(crate) factory: Option<Given<Ident>>,
    pub(crate) fallible: Option<Given<()>>,
    pub(crate) permanent: Option<Given<()>>,
    pub(crate) eager: Option<Given<()>>,
    pub(crate) after: Option<Given<Vec<Path>>>,
    pub(crate) blocking: Option<Given<()>>,
    pub(crate) detached: Option<Given<()>>,
    pub(crate) runtime: Option<Given<()>>,
    pub(crate) max_waiters: Option<Given<Expr>>,
    pub(crate) wait_timeout: Option<Given<Length>>,
    pub(crate) cooldown: Option<Given<Length>>,
    pub(crate) dispose: Option<Given<Dispose>>,
    pub(crate) observer: Option<Given<Expr>>,
    pub(crate) adjuster: Option<Given<Expr>>,
    pub(crate) krate: Option<Given<Path>>,
}

/// A value and the key it was given under.
pub(crate) struct Given<T> {
    pub(crate) key: Ident,
    pub(crate) value: T,
}

/// Reads every argument on its own, so that one mistake hides no other.
pub(crate) fn parse(tokens: TokenStream, errors: &mut Errors) -> Args {
    let mut args = Args::default();
    let every = |input: ParseStream<'_>| {
        while !input.is_empty() {
            if let Err(error) = argument(&mut args, input) {
                errors.push(error);
            }
            while !input.is_empty() && !input.peek(Token![,]) {
                input.parse::<TokenTree>()?;
            }
            input.parse::<Option<Token![,]>>()?;
        }
        Ok(())
    };
    if let Err(error) = every.parse2(tokens) {
        errors.push(error);
    }
    args
}

fn argument(args: &mut Args, input: ParseStream<'_>) -> Result<()> {
    if !input.peek(Ident::peek_any) {
        return Err(Error::new_spanned(
            input.parse::<TokenTree>()?,
            format!("expected a key; {}", known_keys()),
        ));
    }
    let key = input.call(Ident::parse_any)?;
    let Some(known) = KEYS.iter().find(|known| key == known.name) else {
        // Its value may hold commas that separate no arguments.
        if input.parse::<Option<Token![=]>>()?.is_some() && !input.peek(Token![,]) {
            input.parse::<Expr>().ok();
        }
        return Err(Error::new_spanned(&key, format!("unknown key `{key}`; {}", known_keys())));
    };
    (known.set)(args, &Value { key: key.clone(), known, input })?;
    if known.needs_tokio && !cfg!(feature = "tokio") {
        return Err(Error::new_spanned(&key, format!("`{key}` needs the feature `tokio` of `cells`")));
    }
    if input.is_empty() || input.peek(Token![,]) {
        return Ok(());
    }
    Err(Error::new_spanned(input.parse::<TokenTree>()?, "expected `,` between two arguments"))
}
