//! The check of a payload, as a function that the crate `cells` calls with a lease.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens as _, quote_spanned};
use syn::Expr;

use crate::emit::disposer::disposer_input;
use crate::model::declaration::Declaration;
use crate::tokens::spans::edges;
use crate::tokens::spell::spell;

// Input: `check = Pool::ping`
//
// Output:
//     .check(
//         "Pool::ping",
//         ::cells::__private010::is_async_check::<Pool, _, _, _>(&Pool::ping),
//         |payload| ::std::boxed::Box::pin(async move {
//             let payload = ::cells::__private010::checked_payload::<Pool>(payload);
//             let answer = ::cells::__private010::check_payload::<Pool, _>(&payload, Pool::ping);
//             ::cells::__private010::IntoCheck::into_check(answer).await
//         }),
//     )
//
// The lease on a permanent payload is one on a reference to it.
pub(crate) fn check_setter(check: &Expr, declaration: &Declaration) -> TokenStream {
    let (open, _) = edges(check);
    let krate = declaration.krate.at(open);
    let spelling = if let Expr::Closure(_) = check { "a closure".to_owned() } else { spell(check) };
    // The user's names may be the same.
    let at = Span::mixed_site().located_at(open);
    let (payload, answer) = (Ident::new("payload", at), Ident::new("answer", at));
    let ty = &declaration.payload;
    let leased = disposer_input(declaration, open);
    let check = check.to_token_stream();
    quote_spanned! {open=>
        .check(
            #spelling,
            #krate::__private010::is_async_check::<#ty, _, _, _>(&#check),
            |#payload| ::std::boxed::Box::pin(async move {
                let #payload = #krate::__private010::checked_payload::<#leased>(#payload);
                let #answer = #krate::__private010::check_payload::<#ty, _>(&#payload, #check);
                #krate::__private010::IntoCheck::into_check(#answer).await
            })
        )
    }
}
