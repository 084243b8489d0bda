//! The dependencies of a cell as constants in its info: what the graph, warm-up and shutdown read.

use proc_macro2::{Ident, Literal, TokenStream};
use quote::quote_spanned;
use syn::Path;

use crate::emit::cell_ref::cell_ref;
use crate::model::declaration::Declaration;
use crate::model::dependencies::Dependencies;
use crate::model::parameter::Injected;
use crate::tokens::crate_path::CratePath;
use crate::tokens::spans::edges;

// Input: `#[runtime_cell(after = [CONFIG])] fn search(store: &Store) -> Index { … }`
//
// Output:
//     .dependencies({
//         static __DEPENDENCIES: [::cells::__private010::Dependency; 2] = […];
//         &__DEPENDENCIES
//     })
//
// The list is a static and not a reference to a temporary, because the compiler then reports a circle in fewer words.
pub(crate) fn dependency_list(declaration: &Declaration) -> Option<TokenStream> {
    let Dependencies { injected, after, .. } = &declaration.dependencies;
    let injected = injected.iter().map(|Injected { cell, .. }| ("injected", cell));
    let after = after.iter().map(|cell| ("after", cell));
    let entries: Vec<_> =
        injected.chain(after).map(|(kind, cell)| entry(kind, cell, &declaration.krate)).collect();
    if entries.is_empty() {
        return None;
    }
    let length = Literal::usize_unsuffixed(entries.len());
    let (open, _) = edges(&declaration.accessor);
    let krate = declaration.krate.at(open);
    Some(quote_spanned! {open=>
        .dependencies({
            static __DEPENDENCIES: [#krate::__private010::Dependency; #length] = [#(#entries),*];
            &__DEPENDENCIES
        })
    })
}

// Output:
//     ::cells::__private010::Dependency::injected({
//         const fn __info_of<C: ::cells::__private010::Cell>(_: &'static C) -> &'static ::cells::CellInfo { C::INFO }
//         __info_of(::cells::__private010::cell(&STORE))
//     })
//
// The compiler reports a circle where it reads `C::INFO`, so that is located where the user names the cell.
fn entry(kind: &str, cell: &Path, krate: &CratePath) -> TokenStream {
    let (open, close) = edges(cell);
    let krate = krate.at(open);
    let kind = Ident::new(kind, open);
    let info = quote_spanned!(close=> INFO);
    let info = quote_spanned!(open=> C::#info);
    let cell = cell_ref(cell, &krate);
    let argument = quote_spanned!(close=> (#cell));
    quote_spanned! {open=>
        #krate::__private010::Dependency::#kind({
            const fn __info_of<C: #krate::__private010::Cell>(_: &'static C) -> &'static #krate::CellInfo { #info }
            __info_of #argument
        })
    }
}
