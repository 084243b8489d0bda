//! The static of a cell, its marker type, and its entry in the list of all cells.
//!
//! What the compiler says of these items in an `impl` or a `trait`, where none of them can be, it says at the
//! function's name.

use proc_macro2::TokenStream;
use quote::{format_ident, quote, quote_spanned};
use syn::ext::IdentExt as _;

use crate::model::attributes::Attributes;
use crate::model::declaration::Declaration;
use crate::tokens::spans::{edges, generated};

// Output:
//     /// The cell behind `search()`.
//     pub(crate) static SEARCH: ::cells::StaticCell<Index, __search> = ::cells::StaticCell::new();
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
    quote_spanned! {generated(accessor.span())=>
        #[doc = #doc] #(#doc_options)* #(#deprecated)* #(#lints)*
        #vis static #cell: #head #payload #tail = #new;
    }
}

// Output:
//     #[doc(hidden)]
//     pub(crate) struct __search;
pub(crate) fn marker(declaration: &Declaration) -> TokenStream {
    let Declaration { vis, accessor, marker, .. } = declaration;
    quote_spanned!(generated(accessor.span())=> #[doc(hidden)] #vis struct #marker;)
}

// Output:
//     ::cells::__private010::register! { static __SEARCH = SEARCH; }
pub(crate) fn registration(declaration: &Declaration) -> TokenStream {
    let Declaration { krate, accessor, cell, .. } = declaration;
    let Attributes { deprecated, lints, .. } = &declaration.attrs;
    let (open, _) = edges(accessor);
    let krate = krate.at(open);
    // The registration of a deprecated cell is not a use that deserves the warning.
    let deprecated = (!deprecated.is_empty()).then(|| quote!(#[allow(deprecated)]));
    let entry = format_ident!("__{}", cell.unraw(), span = generated(cell.span()));
    quote_spanned!(open=> #krate::__private010::register! { #deprecated #(#lints)* static #entry = #cell; })
}
