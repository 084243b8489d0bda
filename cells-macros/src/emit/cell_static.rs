//! The static of a cell, its marker type, and its entry in the list of all cells.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::Token;

use crate::model::attributes::Attributes;
use crate::model::declaration::Declaration;
use crate::tokens::spans::{edges, generated};

// Output:
//     /// The cell behind `search()`.
//     pub(crate) static SEARCH: ::cells::StaticCell<Index, __cell_search> = ::cells::StaticCell::new();
//
// It begins and ends at the name, where the compiler reports another item of that name.
pub(crate) fn cell_static(declaration: &Declaration) -> TokenStream {
    let Declaration { krate, vis, accessor, cell, marker, payload, kind, .. } = declaration;
    let Attributes { doc_options, deprecated, lints, .. } = &declaration.attrs;
    let doc = format!(" The cell behind `{accessor}()`.");
    let (open, close) = edges(payload);
    let krate = krate.at(open);
    let static_type = kind.static_type(open);
    let head = quote_spanned!(open=> #krate::#static_type<);
    let tail = quote_spanned!(close=> , #marker>);
    let new = quote_spanned!(open=> #krate::#static_type::new());
    let at_name = generated(cell.span());
    let (token, semicolon) = (Token![static](at_name), Token![;](at_name));
    quote! {
        #[doc = #doc] #(#doc_options)* #(#deprecated)* #(#lints)*
        #vis #token #cell: #head #payload #tail = #new #semicolon
    }
}

// Output:
//     enum __cell_search {}
//
// It is private, because what a public type says of itself must be public, and the payload may be private. An `enum`
// takes no name from the values.
pub(crate) fn marker(declaration: &Declaration) -> TokenStream {
    let marker = &declaration.marker;
    let at_name = marker.span();
    quote_spanned!(at_name=> enum #marker {})
}

// Output:
//     ::cells::__private010::register! { SEARCH }
pub(crate) fn registration(declaration: &Declaration) -> TokenStream {
    let Declaration { krate, cell, payload, .. } = declaration;
    let Attributes { deprecated, lints, .. } = &declaration.attrs;
    let (open, _) = edges(payload);
    let krate = krate.at(open);
    // The registration of a deprecated cell is not a use that deserves the warning.
    let deprecated = (!deprecated.is_empty()).then(|| quote!(#[allow(deprecated)]));
    quote_spanned!(open=> #krate::__private010::register! { #deprecated #(#lints)* #cell })
}
