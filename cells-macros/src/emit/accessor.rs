//! The accessor: the function that users call.

use proc_macro2::{Delimiter, Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::Token;

use crate::model::attributes::Attributes;
use crate::model::declaration::Declaration;
use crate::model::mode::Mode;
use crate::tokens::groups::group;
use crate::tokens::spans::{edges, last};

// Input:
//     /// The search index.
//     #[runtime_cell]
//     pub(crate) fn search() -> Result<Index, IndexError> { Index::open("./index") }
// Output:
//     /// The search index.
//     #[inline]
//     pub(crate) fn search() -> ::core::result::Result<::cells::Ref<'static, Index>, ::cells::Error> {
//         ::cells::StaticCell::get(&__cell_search)
//     }
//
// Its keywords, parentheses and braces are those of the user, so the compiler's lints take it for the function that the
// user wrote: that it is not used or not documented, that a type in it is private.
pub(crate) fn accessor(declaration: &Declaration) -> TokenStream {
    let Declaration { vis, mode, kind, .. } = declaration;
    let Attributes { docs, doc_options, deprecated, must_use, lints, .. } = &declaration.attrs;
    // A lease has the lint of its own.
    let must_use = must_use.iter().filter(|_| kind.is_permanent() || matches!(mode, Mode::Fallible(_)));
    let track_caller =
        matches!((mode, kind.is_async()), (Mode::Infallible, false)).then(|| quote!(#[track_caller]));
    let sig = &declaration.factory.sig;
    let keywords = sig.asyncness.map_or(sig.fn_token.span, |asyncness| asyncness.span);
    let function = function(declaration, keywords);
    quote! {
        #(#docs)* #(#doc_options)* #(#deprecated)* #(#must_use)* #(#lints)*
        #[inline]
        #track_caller
        #vis #function
    }
}

// Output:
//     fn table() -> ::cells::Ref<'static, Table> { ::cells::StaticCell::get(&__cell_table) }
pub(crate) fn function(declaration: &Declaration, keywords: Span) -> TokenStream {
    let Declaration { krate, accessor, hidden, payload, kind, factory, .. } = declaration;
    let fn_token = Token![fn](keywords);
    let asyncness = kind.is_async().then(|| Token![async](keywords));
    let parameters = group(Delimiter::Parenthesis, TokenStream::new(), factory.sig.paren_token.span.join());
    let output = output(declaration);

    let (open, _) = edges(payload);
    let krate = krate.at(open);
    let static_type = kind.static_type(open);
    let awaited = kind.is_async().then(|| quote_spanned!(open=> .await));
    let body = quote_spanned!(open=> #krate::#static_type::get(&#hidden) #awaited);
    let end = factory.body.as_ref().map_or_else(last, last);
    let body = group(Delimiter::Brace, body, end);
    // Without these the compiler would offer a type parameter for a type that it does not know.
    let no_parameters = quote!(<>);
    quote!(#asyncness #fn_token #accessor #no_parameters #parameters -> #output #body)
}

// Output:
//     ::cells::Ref<'static, Index>
//     &'static Index
//     ::core::result::Result<::cells::Ref<'static, Index>, ::cells::Error>
fn output(declaration: &Declaration) -> TokenStream {
    let Declaration { krate, payload, mode, kind, .. } = declaration;
    let (open, close) = edges(payload);
    let end = last(payload);
    let reference = if kind.is_permanent() {
        let head = quote_spanned!(open=> &'static);
        quote!(#head #payload)
    } else {
        let krate = krate.at(open);
        let head = quote_spanned!(open=> #krate::Ref<'static,);
        let tail = quote_spanned!(end=> >);
        quote!(#head #payload #tail)
    };
    match mode {
        Mode::Infallible => reference,
        Mode::Fallible(_) => {
            let krate = krate.at(close);
            let head = quote_spanned!(open=> ::core::result::Result<);
            let tail = quote_spanned!(close=> , #krate::Error);
            let end = quote_spanned!(end=> >);
            quote!(#head #reference #tail #end)
        }
    }
}
