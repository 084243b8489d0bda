//! The path of the crate `cells`, as the expansion names it.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote_spanned};
use syn::Path;

/// The path that the user gave, or `::cells`.
pub(crate) struct CratePath(pub(crate) Option<Path>);

impl CratePath {
    /// The path, located at `span` unless the user wrote it.
    pub(crate) fn at(&self, span: Span) -> TokenStream {
        self.0.as_ref().map_or_else(|| quote_spanned!(span=> ::cells), ToTokens::to_token_stream)
    }
}
