//! The dependencies of a cell, as data.

use proc_macro2::{Ident, Literal, TokenStream};
use quote::quote_spanned;
use syn::Path;

use crate::model::declaration::{Krate, Model};
use crate::model::dependencies::{Dependencies, Injected};
use crate::tokens::spans::edges;

// Input: `#[runtime_cell(after = [CONFIG])] fn search(store: &Store) -> Index { … }`
//
// Output:
//     .dependencies({
//         static __DEPENDENCIES: [::cells::__private::Dependency; 2] = […];
//         &__DEPENDENCIES
//     })
//
// A circle is told in the fewest words where a static stands in it, and no reference to a temporary.
pub(crate) fn dependencies(model: &Model) -> Option<TokenStream> {
    let Dependencies { injected, after, .. } = &model.dependencies;
    let injected = injected.iter().map(|Injected { cell, .. }| ("injected", cell));
    let after = after.iter().map(|cell| ("after", cell));
    let every: Vec<_> =
        injected.chain(after).map(|(kind, cell)| dependency(kind, cell, &model.krate)).collect();
    let number = Some(every.len()).filter(|&number| number > 0).map(Literal::usize_unsuffixed)?;
    let (open, _) = edges(&model.accessor);
    let krate = model.krate.at(open);
    Some(quote_spanned! {open=>
        .dependencies({
            static __DEPENDENCIES: [#krate::__private::Dependency; #number] = [#(#every),*];
            &__DEPENDENCIES
        })
    })
}

// Output:
//     ::cells::__private::Dependency::injected({
//         const fn __info_of<C: ::cells::__private::Cell>(_: &'static C) -> &'static ::cells::CellInfo { C::INFO }
//         __info_of(::cells::__private::cell(&STORE))
//     })
//
// The compiler reports a circle where it reads `C::INFO`, which therefore stands where the cell is named.
fn dependency(kind: &str, cell: &Path, krate: &Krate) -> TokenStream {
    let (open, close) = edges(cell);
    let krate = krate.at(open);
    let kind = Ident::new(kind, open);
    let info = quote_spanned!(close=> INFO);
    let info = quote_spanned!(open=> C::#info);
    let cell = checked(cell, &krate);
    let argument = quote_spanned!(close=> (#cell));
    quote_spanned! {open=>
        #krate::__private::Dependency::#kind({
            const fn __info_of<C: #krate::__private::Cell>(_: &'static C) -> &'static #krate::CellInfo { #info }
            __info_of #argument
        })
    }
}

// Output:
//     ::cells::__private::cell(&STORE)
pub(crate) fn checked(cell: &Path, krate: &TokenStream) -> TokenStream {
    let (open, close) = edges(cell);
    let cell = quote_spanned!(open=> &#cell);
    let argument = quote_spanned!(close=> (#cell));
    quote_spanned!(open=> #krate::__private::cell #argument)
}
