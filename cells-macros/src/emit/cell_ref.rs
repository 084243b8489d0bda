//! A reference to the static of another cell.

use proc_macro2::TokenStream;
use quote::quote_spanned;
use syn::Path;

use crate::tokens::spans::{edges, relocate};

// Output:
//     ::cells::__private010::cell(&STORE)
//
// The call does nothing at run time. By it the compiler reports at the path a static that is not a cell. All of the call
// is at one place, because the compiler reports a mistake once for each place.
pub(crate) fn cell_ref(cell: &Path, krate: &TokenStream) -> TokenStream {
    let (_, name) = edges(cell);
    let krate = relocate(krate, name);
    quote_spanned!(name=> #krate::__private010::cell(&#cell))
}
