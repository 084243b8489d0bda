//! The cell, the static by which the program names it, its marker type, and its entry in the list of all cells.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::Token;

use crate::model::attributes::Attributes;
use crate::model::declaration::Declaration;
use crate::tokens::spans::{edges, generated, generated_vis, relocate};

// Output:
//     static __cell_search: ::cells::StaticCell<Index, __cell_search> = ::cells::StaticCell::new();
pub(crate) fn cell(declaration: &Declaration) -> TokenStream {
    let Declaration { krate, hidden, kind, factory, .. } = declaration;
    let lints = &declaration.attrs.lints;
    let (open, close) = edges(&factory.blamed);
    let static_type = kind.static_type(open);
    let new = krate.at(open);
    let (new, call) = (quote_spanned!(open=> #new::#static_type::), quote_spanned!(close=> new()));
    let ty = cell_type(declaration);
    let at_name = hidden.span();
    let (token, semicolon) = (Token![static](at_name), Token![;](at_name));
    quote!(#(#lints)* #token #hidden: #ty = #new #call #semicolon)
}

// Output:
//     /// The cell behind `search()`.
//     pub(crate) static SEARCH: ::cells::CellStatic<::cells::StaticCell<Index, __cell_search>> =
//         ::cells::CellStatic::new(&__cell_search, &search);
//
// It begins and ends at the name, where the compiler reports another item of that name.
pub(crate) fn cell_static(declaration: &Declaration) -> TokenStream {
    let Declaration { krate, vis, accessor, cell, hidden, payload, .. } = declaration;
    let Attributes { doc_options, deprecated, lints, .. } = &declaration.attrs;
    let doc = format!(" The cell behind `{accessor}()`.");
    // A payload that no cell can have is reported for both statics at one place, and so only once.
    let (open, close) = edges(payload);
    let at_payload = krate.at(open);
    let (head, tail) = (quote_spanned!(open=> #at_payload::CellStatic<), quote_spanned!(close=> >));
    let at_name = generated(cell.span());
    let krate = krate.at(at_name);
    let ty = cell_type(declaration);
    // To name a deprecated accessor is a use of it.
    let accessor = if deprecated.is_empty() { relocate(accessor, at_name) } else { quote!(()) };
    let (vis, token) = (generated_vis(vis), Token![static](at_name));
    let rest = quote_spanned!(at_name=> = #krate::CellStatic::new(&#hidden, &#accessor););
    quote! {
        #[doc = #doc] #(#doc_options)* #(#deprecated)* #(#lints)*
        #vis #token #cell: #head #ty #tail #rest
    }
}

// Output:
//     ::cells::StaticCell<Index, __cell_search>
fn cell_type(declaration: &Declaration) -> TokenStream {
    let Declaration { krate, hidden, payload, kind, .. } = declaration;
    let (open, close) = edges(payload);
    let krate = krate.at(open);
    let static_type = kind.static_type(open);
    let head = quote_spanned!(open=> #krate::#static_type<);
    let tail = quote_spanned!(close=> , #hidden>);
    quote!(#head #payload #tail)
}

// Output:
//     #[doc(hidden)]
//     pub(crate) enum __cell_search {}
//
// An `enum` has its name from the types alone, and leaves that of the values to the cell.
pub(crate) fn marker(declaration: &Declaration) -> TokenStream {
    let Declaration { vis, hidden, .. } = declaration;
    let rest = quote_spanned!(hidden.span()=> enum #hidden {});
    quote!(#[doc(hidden)] #vis #rest)
}

// Output:
//     ::cells::__private010::register! { __cell_search }
//
// An eager cell is registered by its static, because a warm-up uses it even if nothing else in the program does.
pub(crate) fn registration(declaration: &Declaration) -> TokenStream {
    let Declaration { krate, hidden, cell, payload, eager, .. } = declaration;
    let Attributes { deprecated, lints, .. } = &declaration.attrs;
    let cell = if *eager && deprecated.is_empty() { cell } else { hidden };
    let (open, _) = edges(payload);
    let krate = krate.at(open);
    quote_spanned!(open=> #krate::__private010::register! { #(#lints)* #cell })
}
