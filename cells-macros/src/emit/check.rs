//! The check of a payload, as a function that the crate `cells` calls with a lease.

use proc_macro2::{Ident, Span, TokenStream};
use quote::quote_spanned;
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
//         ::cells::__private010::is_async_check(&|payload| {
//             ::cells::__private010::begun_check(::cells::__private010::check_payload::<Pool, _>(payload, Pool::ping))
//         }),
//         |payload| ::std::boxed::Box::pin(async move {
//             let payload = ::cells::__private010::checked_payload::<Pool>(payload);
//             ::cells::__private010::begun_check(::cells::__private010::check_payload::<Pool, _>(&payload, Pool::ping)).await
//         }),
//     )
//
// The lease on a permanent payload is one on a reference to it. The compiler reports what is wrong with the function at both
// places in the same words, and so once.
pub(crate) fn check_setter(check: &Expr, declaration: &Declaration) -> TokenStream {
    let (open, _) = edges(check);
    let krate = declaration.krate.at(open);
    let spelling = if let Expr::Closure(_) = check { "a closure".to_owned() } else { spell(check) };
    // The user's names may be the same.
    let at = Span::mixed_site().located_at(open);
    let payload = Ident::new("payload", at);
    let ty = &declaration.payload;
    let leased = disposer_input(declaration, open);
    let begun = |payload| {
        let answer = quote_spanned!(open=> #krate::__private010::check_payload::<#ty, _>(#payload, #check));
        quote_spanned!(open=> #krate::__private010::begun_check(#answer))
    };
    let (probed, awaited) = (begun(quote_spanned!(open=> #payload)), begun(quote_spanned!(open=> &#payload)));
    quote_spanned! {open=>
        .check(
            #spelling,
            #krate::__private010::is_async_check(&|#payload| #probed),
            |#payload| ::std::boxed::Box::pin(async move {
                let #payload = #krate::__private010::checked_payload::<#leased>(#payload);
                #awaited.await
            })
        )
    }
}
