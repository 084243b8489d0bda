//! The function below the attribute.
//!
//! The compiler has parsed the item before it passes it on, has reported what it could not read, and has guessed the
//! rest. Here the same is done without a report: what is left is a function that callers can call.

use proc_macro2::{Spacing, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::ext::IdentExt as _;
use syn::parse::discouraged::Speculative as _;
use syn::parse::{Parse, ParseStream, Parser as _};
use syn::punctuated::Punctuated;
use syn::token::{Brace, Paren};
use syn::{
    Attribute, Error, FnArg, Generics, Ident, LitStr, ReturnType, Safety, Signature, Token, Variadic,
    Visibility, parenthesized,
};

pub(crate) struct Function {
    pub(crate) attrs: Vec<Attribute>,
    pub(crate) vis: Visibility,
    pub(crate) sig: Signature,
    /// The body, left as tokens so that a half-typed one breaks nothing else, or the semicolon in its place.
    pub(crate) body: Result<TokenStream, Token![;]>,
    /// The compiler has reported mistakes in the signature, and some of the parameters may be missing here.
    pub(crate) repaired: bool,
}

impl ToTokens for Function {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        let Self { attrs, vis, sig, body, .. } = self;
        let body = body.as_ref().map_or_else(ToTokens::to_token_stream, Clone::clone);
        tokens.extend(quote!(#(#attrs)* #vis #sig #body));
    }
}

impl Parse for Function {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let attrs = input.call(Attribute::parse_outer)?;
        let vis = visibility(input)?;
        if !starts_function(input) {
            let message = "`#[runtime_cell]` belongs on a function; write one that returns the payload";
            return Err(match input.parse::<TokenTree>() {
                Ok(token) => Error::new_spanned(token, message),
                Err(_) => input.error(message),
            });
        }
        let (sig, repaired) = signature(input)?;
        let body = if input.peek(Token![;]) { Err(input.parse()?) } else { Ok(input.parse()?) };
        Ok(Self { attrs, vis, sig, body, repaired })
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

/// The visibility. Of one that is restricted to no module, the compiler has kept the `pub`.
fn visibility(input: ParseStream<'_>) -> syn::Result<Visibility> {
    let vis = input.parse()?;
    if matches!(vis, Visibility::Public(_)) && input.peek(Paren) {
        input.parse::<TokenTree>()?;
    }
    Ok(vis)
}

/// The signature, and whether it had to be repaired.
fn signature(input: ParseStream<'_>) -> syn::Result<(Signature, bool)> {
    let ahead = input.fork();
    match ahead.parse() {
        Ok(sig) if ahead.peek(Brace) || ahead.peek(Token![;]) => {
            input.advance_to(&ahead);
            Ok((sig, false))
        }
        _ => Ok((repaired_signature(input)?, true)),
    }
}

/// A signature with mistakes that the compiler has reported, in what the compiler has made of it.
fn repaired_signature(input: ParseStream<'_>) -> syn::Result<Signature> {
    let (mut constness, mut asyncness, mut safety, mut abi) = (None, None, Safety::Default, None);
    while !input.peek(Token![fn]) {
        if input.peek(Token![const]) {
            constness = input.parse()?;
        } else if input.peek(Token![async]) {
            asyncness = input.parse()?;
        } else if input.peek(Token![extern]) {
            abi = input.parse()?;
        } else {
            safety = Safety::Unsafe(input.parse()?);
        }
    }
    let (fn_token, ident) = (input.parse()?, input.call(name)?);
    let mut generics: Generics = input.parse()?;
    let mut inputs = Punctuated::new();
    let mut variadic = None;
    let mut paren_token = Paren::default();
    if input.peek(Paren) {
        let parameters;
        paren_token = parenthesized!(parameters in input);
        for tokens in split_at_commas(parameters.parse()?) {
            match syn::parse2(tokens.clone()) {
                Ok(parameter @ FnArg::Typed(_)) => inputs.push(parameter),
                Ok(receiver @ FnArg::Receiver(_)) if inputs.is_empty() => inputs.push(receiver),
                _ => variadic = variadic.or(dots.parse2(tokens).ok()),
            }
        }
    }
    let arrow = Token![->](input.span());
    let output = if input.peek(Token![=>]) {
        input.parse::<Token![=>]>()?;
        ReturnType::Type(arrow, input.parse()?)
    } else if input.peek(Token![:]) {
        input.parse::<Token![:]>()?;
        ReturnType::Type(arrow, input.parse()?)
    } else {
        input.parse()?
    };
    generics.where_clause = input.parse()?;
    Ok(Signature {
        constness,
        asyncness,
        safety,
        abi,
        fn_token,
        ident,
        generics,
        paren_token,
        inputs,
        variadic: variadic.map(|dots| Variadic { attrs: Vec::new(), pat: None, dots, comma: None }),
        output,
    })
}

/// The name. A keyword can be one only as a raw identifier.
fn name(input: ParseStream<'_>) -> syn::Result<Ident> {
    if input.peek(Ident) {
        return input.parse();
    }
    let keyword = Ident::parse_any(input)?;
    let mut raw: Ident =
        syn::parse_str(&format!("r#{keyword}")).map_err(|_| input.error("expected a name"))?;
    raw.set_span(keyword.span());
    Ok(raw)
}

/// The dots of a variadic parameter, which the compiler lets pass wherever they are.
fn dots(input: ParseStream<'_>) -> syn::Result<Token![...]> {
    while !input.is_empty() && !input.peek(Token![...]) {
        input.parse::<TokenTree>()?;
    }
    input.parse()
}

/// The parts between the commas that are not inside `<…>`.
fn split_at_commas(tokens: TokenStream) -> Vec<TokenStream> {
    let mut parts = vec![TokenStream::new()];
    let mut depth = 0_usize;
    let mut arrow = false;
    for token in tokens {
        let mut ends = false;
        if let TokenTree::Punct(punct) = &token {
            match punct.as_char() {
                '<' => depth += 1,
                '>' if !arrow => depth = depth.saturating_sub(1),
                ',' => ends = depth == 0,
                _ => {}
            }
            arrow = matches!(punct.as_char(), '-' | '=') && punct.spacing() == Spacing::Joint;
        }
        if ends {
            parts.push(TokenStream::new());
        } else if let Some(part) = parts.last_mut() {
            part.extend([token]);
        }
    }
    parts.retain(|part| !part.is_empty());
    parts
}
