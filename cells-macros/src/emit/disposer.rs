//! The disposer: what ends a payload.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens as _, quote_spanned};
use syn::ExprPath;

use crate::model::declaration::Declaration;
use crate::parse::value::Dispose;
use crate::tokens::spans::edges;
use crate::tokens::spell::spell;

// Output:
//     {
//         use ::cells::__private010::ResolveDrop as _;
//         ::cells::__private010::Resolve::<Index>::DISPOSER
//     }
pub(crate) fn disposer(declaration: &Declaration) -> TokenStream {
    let payload = &declaration.payload;
    let (open, _) = edges(payload);
    let krate = declaration.krate.at(open);
    match &declaration.dispose {
        Some(Dispose::Drop(_)) => quote_spanned!(open=> #krate::Disposer::drop()),
        Some(Dispose::With(path)) => calling(path, declaration),
        None if declaration.kind.is_permanent() => {
            quote_spanned!(open=> #krate::Disposer::drop().labelled("nothing"))
        }
        None => quote_spanned! {open=> {
            use #krate::__private010::ResolveDrop as _;
            #krate::__private010::Resolve::<#payload>::DISPOSER
        }},
    }
}

// Input: `dispose = Pool::shutdown`
//
// Output:
//     ::cells::Disposer::with(|payload: Index| {
//         use ::cells::__private010::ReturnedAsIs as _;
//         ::cells::__private010::Disposed::into_disposed(::cells::__private010::Returned(Pool::shutdown(payload)).now().0)
//     })
//     .labelled("Pool::shutdown")
fn calling(path: &ExprPath, declaration: &Declaration) -> TokenStream {
    let (open, _) = edges(path);
    let krate = declaration.krate.at(open);
    let label = spell(path);
    // The variable is hygienic, so that the user's path may be `payload`. A function that does not take the payload
    // is reported at that path.
    let payload = Ident::new("payload", Span::mixed_site().located_at(open));
    let returned = quote_spanned!(open=> #krate::__private010::Returned(#path(#payload)).now());
    let (constructor, disposed) = if declaration.kind.is_async() {
        ("resolving", quote_spanned!(open=> IntoDisposing::into_disposing(#returned.later().0)))
    } else {
        ("with", quote_spanned!(open=> Disposed::into_disposed(#returned.0)))
    };
    let constructor = Ident::new(constructor, open);
    let disposed = quote_spanned!(open=> #krate::__private010::#disposed);
    let input = disposer_input(declaration, open);
    quote_spanned! {open=>
        #krate::Disposer::#constructor(|#payload: #input| {
            use #krate::__private010::ReturnedAsIs as _;
            #disposed
        })
        .labelled(#label)
    }
}

/// What a disposer takes: the payload, or a reference to one that is permanent.
pub(crate) fn disposer_input(declaration: &Declaration, at: Span) -> TokenStream {
    let payload = &declaration.payload;
    if declaration.kind.is_permanent() {
        quote_spanned!(at=> &'static #payload)
    } else {
        payload.to_token_stream()
    }
}
