//! How long a payload is fresh, or may be used, as a function that the crate `cells` calls once for each payload.

use proc_macro2::{Delimiter, Ident, Span, TokenStream};
use quote::{ToTokens as _, quote_spanned};

use crate::model::declaration::Declaration;
use crate::parse::value::{DurationArg, LifetimeArg};
use crate::tokens::groups::group;
use crate::tokens::spans::edges;
use crate::tokens::spell::spell;

// Input: `expires = Token::expires_at`
//
// Output:
//     .expires("Token::expires_at", |payload| {
//         ::cells::__private010::lifetime::<Token, _>(payload, const { Token::expires_at })
//     })
//
// Input: `expires = |token| token.expires_at`
//
// Output:
//     .expires("a closure", |payload| ::cells::__private010::lifetime_by::<Token, _>(payload, |token| token.expires_at))
//
// The compiler reports at the value that it says no lifetime. It computes the value, like that of every key. A closure
// goes another way, where the type of its parameter is known.
pub(crate) fn lifetime_setter(
    setter: &str,
    lifetime: &LifetimeArg,
    declaration: &Declaration,
) -> TokenStream {
    let (spelling, function, value) = match lifetime {
        LifetimeArg::Literal(text, duration) => {
            let (open, _) = edges(text);
            let duration = DurationArg::Literal(*duration);
            (text.value(), "lifetime", quote_spanned!(open=> #duration))
        }
        LifetimeArg::Const(value) => {
            let (open, close) = edges(value);
            let block = group(Delimiter::Brace, value.to_token_stream(), close);
            (spell(value), "lifetime", quote_spanned!(open=> const #block))
        }
        LifetimeArg::Closure(closure) => ("a closure".to_owned(), "lifetime_by", closure.to_token_stream()),
    };
    let (open, _) = edges(&value);
    let krate = declaration.krate.at(open);
    let (setter, function) = (Ident::new(setter, open), Ident::new(function, open));
    // The user's names may be the same.
    let payload = Ident::new("payload", Span::mixed_site().located_at(open));
    let ty = &declaration.payload;
    quote_spanned! {open=>
        .#setter(#spelling, |#payload| #krate::__private010::#function::<#ty, _>(#payload, #value))
    }
}
