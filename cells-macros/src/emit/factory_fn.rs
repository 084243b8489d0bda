//! The factory: the user's function, with the names and attributes it is emitted with.

use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::{ToTokens as _, quote};
use syn::{FnArg, Visibility};

use crate::emit::accessor;
use crate::model::attributes::Attributes;
use crate::model::declaration::{Declaration, FactoryFn};
use crate::model::mode::Mode;
use crate::tokens::groups::group;
use crate::tokens::spans::{generated, generated_vis};

// Input: `#[runtime_cell(factory = build_search)] pub(crate) fn search() -> Result<Index, IndexError> { … }`
//
// Output:
//     /// Builds what `search()` gives out, without its cell.
//     pub(crate) fn build_search() -> Result<Index, IndexError> { … }
pub(crate) fn named_factory(declaration: &Declaration) -> Option<TokenStream> {
    let Ok(body) = &declaration.factory.body else { return None };
    if declaration.factory.nested {
        return None;
    }
    let Declaration { vis, accessor, .. } = declaration;
    let Attributes { must_use, .. } = &declaration.attrs;
    let doc = format!(" Builds what `{accessor}()` gives out, without its cell.");
    let factory = factory_fn(declaration, body, Some(vis), None);
    Some(quote!(#[doc = #doc] #(#must_use)* #factory))
}

// Input: `pub(crate) fn search() -> Result<Index, IndexError> { … }`
//
// Output:
//     fn search() -> Result<Index, IndexError> { … }
//
// Attributes, backtraces and `type_name` show its name, so it keeps the user's. Inside its body that name still means the
// accessor.
pub(crate) fn hidden_factory(declaration: &Declaration) -> Option<TokenStream> {
    let FactoryFn { sig, body, nested, .. } = &declaration.factory;
    let Ok(body) = body else { return None };
    nested.then(|| {
        let keywords = generated(sig.fn_token.span);
        // Unless a parameter has the name: an item in the body would hide that.
        let is_parameter = |input: &FnArg| match input {
            FnArg::Typed(parameter) => names(&parameter.pat.to_token_stream(), &sig.ident),
            FnArg::Receiver(_) => false,
        };
        let is_accessor = names(body, &sig.ident) && !sig.inputs.iter().any(is_parameter);
        let accessor = is_accessor.then(|| accessor::function(declaration, keywords));
        let factory = factory_fn(declaration, body, None, accessor.as_ref());
        // A cell may return a `Result` for its limits alone. Only clippy reads this, so that no other tool finds an `allow`
        // of what the crate forbids.
        let wraps = matches!(declaration.mode, Mode::Fallible(_))
            .then(|| quote!(#[cfg_attr(clippy, allow(clippy::unnecessary_wraps))]));
        quote!(#wraps #factory)
    })
}

fn names(tokens: &TokenStream, name: &Ident) -> bool {
    tokens.clone().into_iter().any(|token| match token {
        TokenTree::Ident(ident) => ident == *name,
        TokenTree::Group(group) => names(&group.stream(), name),
        _ => false,
    })
}

// Input: `{ retry(search) }`
//
// Output: `{ fn search() -> … { … } retry(search) }`
fn body_with(body: &TokenStream, accessor: Option<&TokenStream>) -> TokenStream {
    let with_accessor = |token| match token {
        TokenTree::Group(block) => {
            let (attributes, statements) = inner_attributes(block.stream());
            let statements = quote!(#attributes #accessor #statements);
            TokenTree::Group(group(block.delimiter(), statements, block.span()))
        }
        other => other,
    };
    body.clone().into_iter().map(with_accessor).collect()
}

/// The attributes `#![…]` at the beginning of a block, and the rest of it.
fn inner_attributes(block: TokenStream) -> (TokenStream, TokenStream) {
    let tokens: Vec<_> = block.into_iter().collect();
    let is =
        |token: Option<&TokenTree>, c| matches!(token, Some(TokenTree::Punct(punct)) if punct.as_char() == c);
    let attributes =
        tokens.chunks(3).take_while(|chunk| is(chunk.first(), '#') && is(chunk.get(1), '!')).count();
    let (attributes, statements) = tokens.split_at((attributes * 3).min(tokens.len()));
    (attributes.iter().cloned().collect(), statements.iter().cloned().collect())
}

// Its first keyword is ours, so lints do not advise what a factory cannot follow, such as to be `const`.
fn factory_fn(
    declaration: &Declaration,
    body: &TokenStream,
    vis: Option<&Visibility>,
    accessor: Option<&TokenStream>,
) -> TokenStream {
    let Attributes { lints, factory: attrs, .. } = &declaration.attrs;
    let mut sig = declaration.factory.sig.clone();
    sig.fn_token.span = generated(sig.fn_token.span);
    if let Some(asyncness) = &mut sig.asyncness {
        asyncness.span = generated(asyncness.span);
    }
    let vis = vis.map(generated_vis);
    let body = body_with(body, accessor);
    quote!(#(#lints)* #(#attrs)* #vis #sig #body)
}
