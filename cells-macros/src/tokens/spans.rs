//! Spans of generated tokens. The location decides where the compiler reports an error, the context who is blamed:
//! lints treat tokens with the context of the call site as ours.

use proc_macro2::{Span, TokenStream};
use quote::ToTokens;
use syn::{VisRestricted, Visibility};

/// The location of `span`, in the context of the call site.
pub(crate) fn generated(span: Span) -> Span {
    Span::call_site().located_at(span)
}

/// Generated spans at the first and at the last of `tokens`. An error about code between two such spans is reported
/// at `tokens` as a whole.
pub(crate) fn edges(tokens: impl ToTokens) -> (Span, Span) {
    let mut spans = tokens.into_token_stream().into_iter().map(|token| generated(token.span()));
    let open = spans.next().unwrap_or_else(Span::call_site);
    (open, spans.last().unwrap_or(open))
}

/// A visibility whose first word is ours, and so the item that it begins.
pub(crate) fn generated_vis(vis: &Visibility) -> Visibility {
    let mut vis = vis.clone();
    if let Visibility::Public(token) | Visibility::Restricted(VisRestricted { pub_token: token, .. }) =
        &mut vis
    {
        token.span = generated(token.span);
    }
    vis
}

/// The span of the last of `tokens`, in its own context.
pub(crate) fn last(tokens: impl ToTokens) -> Span {
    tokens.into_token_stream().into_iter().last().map_or_else(Span::call_site, |token| token.span())
}

/// Moves `tokens` to the location of `span`. They keep their own context, so names resolve as before.
pub(crate) fn relocate(tokens: impl ToTokens, span: Span) -> TokenStream {
    let tokens = tokens.into_token_stream().into_iter();
    tokens
        .map(|mut token| {
            token.set_span(span.resolved_at(token.span()));
            token
        })
        .collect()
}
