//! Spans of our tokens: where they are said to stand, and whose they are.

use proc_macro2::{Span, TokenStream};
use quote::ToTokens;

/// Where `span` is, yet known to lints as ours.
pub(crate) fn generated(span: Span) -> Span {
    Span::call_site().located_at(span)
}

/// Where `tokens` begin and end, as spans of ours: what the compiler requires of them it reports at them.
pub(crate) fn edges(tokens: impl ToTokens) -> (Span, Span) {
    let mut spans = tokens.into_token_stream().into_iter().map(|token| generated(token.span()));
    let open = spans.next().unwrap_or_else(Span::call_site);
    (open, spans.last().unwrap_or(open))
}

/// `tokens` as if they stood at `span`, meaning what they mean where they are.
pub(crate) fn in_place(tokens: impl ToTokens, span: Span) -> TokenStream {
    let tokens = tokens.into_token_stream().into_iter();
    tokens
        .map(|mut token| {
            token.set_span(span.resolved_at(token.span()));
            token
        })
        .collect()
}
