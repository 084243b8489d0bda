//! The function below the attribute.

use proc_macro2::{TokenStream, TokenTree};
use syn::parse::{Parse, ParseStream};
use syn::{Attribute, Error, LitStr, Signature, Token, Visibility};

pub(crate) struct Function {
    pub(crate) attrs: Vec<Attribute>,
    pub(crate) vis: Visibility,
    pub(crate) sig: Signature,
    /// The body, left as tokens so that a half-typed one breaks nothing else, or the semicolon in its place.
    pub(crate) body: Result<TokenStream, Token![;]>,
}

impl Parse for Function {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let attrs = input.call(Attribute::parse_outer)?;
        let vis = input.parse()?;
        if !starts_function(input) {
            let message = "`#[runtime_cell]` belongs on a function; write one that returns the payload";
            return Err(match input.parse::<TokenTree>() {
                Ok(token) => Error::new_spanned(token, message),
                Err(_) => input.error(message),
            });
        }
        let sig = input.parse()?;
        let body = if input.peek(Token![;]) { Err(input.parse()?) } else { Ok(input.parse()?) };
        Ok(Self { attrs, vis, sig, body })
    }
}

fn starts_function(input: ParseStream<'_>) -> bool {
    let ahead = input.fork();
    while ahead.peek(Token![const])
        || ahead.peek(Token![async])
        || ahead.peek(Token![unsafe])
        || ahead.peek(Token![extern])
        || ahead.peek(LitStr)
    {
        if ahead.parse::<TokenTree>().is_err() {
            return false;
        }
    }
    ahead.peek(Token![fn])
}
