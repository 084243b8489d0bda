//! A reference to the static of another cell.

use proc_macro2::TokenStream;
use quote::quote_spanned;
use syn::Path;

use crate::tokens::spans::edges;

// Output:
//     ::cells::__private010::cell(&STORE)
//
// The call does nothing at run time. By it the compiler reports at the path a static that is not a cell.
pub(crate) fn cell_ref(cell: &Path, krate: &TokenStream) -> TokenStream {
    let (open, close) = edges(cell);
    let cell = quote_spanned!(open=> &#cell);
    let argument = quote_spanned!(close=> (#cell));
    quote_spanned!(open=> #krate::__private010::cell #argument)
}
