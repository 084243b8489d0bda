//! The factory: the user's function, with the names and attributes it is emitted with.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{VisRestricted, Visibility};

use crate::model::attributes::Attributes;
use crate::model::declaration::{Declaration, FactoryFn};
use crate::model::mode::Mode;
use crate::tokens::spans::generated;

// Input: `#[runtime_cell(factory = build_search)] pub(crate) fn search() -> Result<Index, IndexError> { … }`
//
// Output:
//     /// Builds what `search()` gives out, without its cell.
//     pub(crate) fn build_search() -> Result<Index, IndexError> { … }
pub(crate) fn named_factory(declaration: &Declaration) -> Option<TokenStream> {
    if declaration.factory.nested {
        return None;
    }
    let Declaration { vis, accessor, .. } = declaration;
    let Attributes { must_use, .. } = &declaration.attrs;
    let doc = format!(" Builds what `{accessor}()` gives out, without its cell.");
    let factory = factory_fn(declaration, Some(vis));
    Some(quote!(#[doc = #doc] #(#must_use)* #factory))
}

// Output:
//     fn __factory(store: &Store) -> Result<Index, IndexError> { Index::open(store) }
//
// Its first keyword is ours, so lints do not advise what a factory cannot follow: to be `const`, or to return no
// `Result`.
pub(crate) fn factory_fn(declaration: &Declaration, vis: Option<&Visibility>) -> TokenStream {
    let Attributes { lints, factory: attrs, .. } = &declaration.attrs;
    let FactoryFn { sig, body, .. } = &declaration.factory;
    let mut sig = sig.clone();
    sig.fn_token.span = generated(sig.fn_token.span);
    if let Some(asyncness) = &mut sig.asyncness {
        asyncness.span = generated(asyncness.span);
    }
    let mut vis = vis.cloned();
    if let Some(Visibility::Public(token) | Visibility::Restricted(VisRestricted { pub_token: token, .. })) =
        &mut vis
    {
        token.span = generated(token.span);
    }
    let wraps =
        matches!(declaration.mode, Mode::Fallible(_)).then(|| quote!(#[allow(clippy::unnecessary_wraps)]));
    quote!(#wraps #(#lints)* #(#attrs)* #vis #sig #body)
}
