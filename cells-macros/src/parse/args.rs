//! The arguments of the attribute, read by the table of keys.

use proc_macro2::{Ident, TokenStream, TokenTree};
use syn::ext::IdentExt as _;
use syn::parse::discouraged::Speculative as _;
use syn::parse::{ParseStream, Parser as _};
use syn::{Error, Expr, Result, Token};

use crate::parse::keys::{Args, KEYS, known_keys, nearest_key};
use crate::parse::value::ValueReader;
use crate::tokens::errors::Errors;

/// Parses each argument by itself, so that one mistake does not hide another.
pub(crate) fn parse_args(tokens: TokenStream, errors: &mut Errors) -> Args {
    let mut args = Args::default();
    let parse_all = |input: ParseStream<'_>| {
        while !input.is_empty() {
            if let Err(error) = parse_arg(&mut args, input) {
                errors.push(error);
            }
            while !input.is_empty() && !input.peek(Token![,]) {
                input.parse::<TokenTree>()?;
            }
            input.parse::<Option<Token![,]>>()?;
        }
        Ok(())
    };
    if let Err(error) = parse_all.parse2(tokens) {
        errors.push(error);
    }
    args
}

fn parse_arg(args: &mut Args, input: ParseStream<'_>) -> Result<()> {
    if !input.peek(Ident::peek_any) {
        return Err(Error::new_spanned(
            input.parse::<TokenTree>()?,
            format!("expected a key; {}", known_keys()),
        ));
    }
    let name = input.call(Ident::parse_any)?;
    let Some(key) = KEYS.iter().find(|key| name == key.spec.name) else {
        return Err(unknown_key(args, name, input));
    };
    args.written.push(key.spec.name);
    (key.read)(args, &ValueReader { key: name.clone(), spec: &key.spec, input })?;
    if key.needs_tokio && !cfg!(feature = "tokio") {
        return Err(Error::new_spanned(
            &name,
            format!("`{name}` needs the feature `tokio` of `runtime-cells`; enable it in `Cargo.toml`"),
        ));
    }
    if input.is_empty() || input.peek(Token![,]) {
        return Ok(());
    }
    Err(Error::new_spanned(input.parse::<TokenTree>()?, "expected `,` between two arguments"))
}

/// Reads the argument as that of the key that was meant, because other code relies on what it does.
fn unknown_key(args: &mut Args, name: Ident, input: ParseStream<'_>) -> Error {
    let nearest = nearest_key(&name.to_string());
    let rest = nearest.map_or_else(known_keys, |key| format!("did you mean `{}`?", key.spec.name));
    let error = Error::new_spanned(&name, format!("unknown key `{name}`; {rest}"));
    if let Some(key) = nearest {
        let ahead = input.fork();
        args.written.push(key.spec.name);
        (key.read)(args, &ValueReader { key: name, spec: &key.spec, input: &ahead }).ok();
    }
    // The value is skipped as an expression, because its commas may not separate arguments.
    let ahead = input.fork();
    if ahead.parse::<Token![=]>().is_ok() && !ahead.peek(Token![,]) && ahead.parse::<Expr>().is_ok() {
        input.advance_to(&ahead);
    }
    error
}
