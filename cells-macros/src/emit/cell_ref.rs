//! A reference to the static of another cell.

use proc_macro2::TokenStream;
use quote::quote_spanned;
use syn::Path;

use crate::tokens::spans::{edges, relocate};

// Output:
//     ::cells::__private010::cell(&STORE)
//
// The call does nothing at run time. By it the compiler reports at the path a static that is not a cell. What it calls
// and the call as a whole both reach over the path, because the compiler tells mistakes apart by their places.
pub(crate) fn cell_ref(cell: &Path, krate: &TokenStream) -> TokenStream {
    let (open, close) = edges(cell);
    let cell = quote_spanned!(open=> &#cell);
    let krate = relocate(krate, open);
    let call = quote_spanned!(close=> cell(#cell));
    quote_spanned!(open=> #krate::__private010::#call)
}
