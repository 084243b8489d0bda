//! The accessor: the function that users call.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::Token;

use crate::model::attributes::Attributes;
use crate::model::declaration::Declaration;
use crate::model::mode::Mode;
use crate::tokens::spans::{edges, generated};

// Input:
//     /// The search index.
//     #[runtime_cell]
//     pub(crate) fn search() -> Result<Index, IndexError> { Index::open("./index") }
// Output:
//     /// The search index.
//     #[inline]
//     pub(crate) fn search() -> ::core::result::Result<::cells::Ref<'static, Index>, ::cells::Error> {
//         ::cells::StaticCell::get(&SEARCH)
//     }
pub(crate) fn accessor(declaration: &Declaration) -> TokenStream {
    let Declaration { krate, vis, accessor, cell, payload, mode, kind, .. } = declaration;
    let Attributes { docs, doc_options, deprecated, must_use, lints, .. } = &declaration.attrs;
    // A deprecated accessor uses its static, which is deprecated too.
    let deprecated = deprecated.iter().map(|deprecated| quote!(#deprecated #[allow(deprecated)]));
    let fn_token = &declaration.factory.sig.fn_token;
    let asyncness = kind.is_async().then(|| Token![async](generated(fn_token.span)));
    let track_caller =
        matches!((mode, kind.is_async()), (Mode::Infallible, false)).then(|| quote!(#[track_caller]));
    let output = output(declaration);

    let (open, _) = edges(payload);
    let krate = krate.at(open);
    let static_type = kind.static_type(open);
    let awaited = kind.is_async().then(|| quote_spanned!(open=> .await));
    let body = quote_spanned!(open=> #krate::#static_type::get(&#cell) #awaited);
    quote! {
        #(#docs)* #(#doc_options)* #(#deprecated)* #(#must_use)* #(#lints)*
        #[inline]
        #track_caller
        #vis #asyncness #fn_token #accessor() -> #output { #body }
    }
}

// Output:
//     ::cells::Ref<'static, Index>
//     &'static Index
//     ::core::result::Result<::cells::Ref<'static, Index>, ::cells::Error>
fn output(declaration: &Declaration) -> TokenStream {
    let Declaration { krate, payload, mode, kind, .. } = declaration;
    let (open, close) = edges(payload);
    let reference = if kind.is_permanent() {
        let head = quote_spanned!(open=> &'static);
        quote!(#head #payload)
    } else {
        let krate = krate.at(open);
        let head = quote_spanned!(open=> #krate::Ref<'static,);
        let tail = quote_spanned!(close=> >);
        quote!(#head #payload #tail)
    };
    match mode {
        Mode::Infallible => reference,
        Mode::Fallible(_) => {
            let krate = krate.at(close);
            let head = quote_spanned!(open=> ::core::result::Result<);
            let tail = quote_spanned!(close=> , #krate::Error>);
            quote!(#head #reference #tail)
        }
    }
}
