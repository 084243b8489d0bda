//! The function that runs the factory, with what it depends on.

use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::{quote, quote_spanned};

use crate::dependencies::{Injected, Passing};
use crate::expand::factory;
use crate::graph::checked;
use crate::model::{BuildFn, Mode, Model};
use crate::spans::{edges, in_place};

// Input: `fn search(store: &Store) -> Result<Index, IndexError> { Index::open(store) }`
//
// Output:
//     fn build() -> ::core::result::Result<Self::Payload, ::cells::BoxError> {
//         fn __factory(store: &Store) -> Result<Index, IndexError> { Index::open(store) }
//         match __factory(&*::cells::__private::lend(::cells::__private::cell(&STORE))?) {
//             ::core::result::Result::Ok(payload) => ::core::result::Result::Ok(payload),
//             ::core::result::Result::Err(error) => ::core::result::Result::Err(::core::convert::Into::into(error)),
//         }
//     }
pub(crate) fn build(model: &Model) -> TokenStream {
    let BuildFn { returns, aliased, nested, callable, .. } = &model.factory;
    let (open, _) = edges(returns);
    let krate = model.krate.at(open);
    let task = model.running.task();
    let asyncness = task.map(|_| quote_spanned!(open=> async));
    let nested = nested.then(|| factory(model, None));
    let Call { before, built } = match task {
        _ if !callable => Call::default(),
        Some(task) if task.blocking => blocking_call(model),
        _ => call(model),
    };
    let outcome = match model.mode {
        _ if !callable => quote!(::core::panic!()),
        Mode::Infallible => quote!(::core::result::Result::Ok(#built)),
        // A return type that is no `Result`, or whose error is none, is reported at that type, and once.
        Mode::Fallible(_) if *aliased => {
            quote_spanned!(open=> #krate::__private::Outcome::into_outcome(#built))
        }
        // A match, for `map_err` would be compiled for every cell.
        Mode::Fallible(_) => {
            let [payload, error] =
                ["payload", "error"].map(|name| Ident::new(name, Span::mixed_site().located_at(open)));
            let into = quote_spanned!(open=> ::core::convert::Into::into(#error));
            quote! {
                match #built {
                    ::core::result::Result::Ok(#payload) => ::core::result::Result::Ok(#payload),
                    ::core::result::Result::Err(#error) => ::core::result::Result::Err(#into),
                }
            }
        }
    };
    quote_spanned! {open=>
        #asyncness fn build() -> ::core::result::Result<Self::Payload, #krate::BoxError> {
            #nested
            #before
            #outcome
        }
    }
}

/// The call of the factory, and what goes before it.
#[derive(Default)]
struct Call {
    before: TokenStream,
    built: TokenStream,
}

// Output:
//     __factory(&*::cells::__private::lend(::cells::__private::cell(&STORE))?)
//     __factory(&*::cells::__private::lend_async(::cells::__private::cell(&STORE)).await?).await
fn call(model: &Model) -> Call {
    let BuildFn { sig, returns, .. } = &model.factory;
    let (open, close) = edges(returns);
    let name = in_place(&sig.ident, open);
    let injected = &model.dependencies.injected;
    let arguments = injected.iter().map(|injected| argument(injected, &lease(injected, model), model));
    let called = quote_spanned!(close=> (#(#arguments),*));
    let awaited = model.running.task().map(|_| quote_spanned!(close=> .await));
    Call { before: TokenStream::new(), built: quote!(#name #called #awaited) }
}

// Output:
//     let factory_leases = (::cells::__private::lend_async(::cells::__private::cell(&STORE)).await?,);
//     ::cells::__private::blocking(move || __factory(&*factory_leases.0)).await
fn blocking_call(model: &Model) -> Call {
    let BuildFn { sig, returns, .. } = &model.factory;
    let (open, close) = edges(returns);
    let krate = model.krate.at(open);
    let name = in_place(&sig.ident, open);
    let injected = &model.dependencies.injected;
    let leases = injected.iter().map(|injected| lease(injected, model));
    let variable = Ident::new("factory_leases", Span::mixed_site().located_at(open));
    let arguments = injected.iter().enumerate().map(|(index, injected)| {
        let (_, close) = edges(&injected.ty);
        let index = Literal::usize_unsuffixed(index);
        argument(injected, &quote_spanned!(close=> #variable.#index), model)
    });
    let called = quote_spanned!(close=> (#(#arguments),*));
    Call {
        before: if injected.is_empty() {
            TokenStream::new()
        } else {
            quote!(let #variable = (#(#leases,)*);)
        },
        built: quote_spanned!(open=> #krate::__private::blocking(move || #name #called).await),
    }
}

// Output:
//     &*lease
//     ::cells::__private::leased(lease)
//
// A payload of the wrong type is reported at the parameter, and so is what has no leases.
fn argument(injected: &Injected, lease: &TokenStream, model: &Model) -> TokenStream {
    let (open, close) = edges(&injected.ty);
    match injected.passing {
        Passing::Lent => quote_spanned!(open=> &* #lease),
        Passing::Handed => {
            let krate = model.krate.at(open);
            let lease = quote_spanned!(close=> (#lease));
            quote_spanned!(open=> #krate::__private::leased #lease)
        }
    }
}

// Output:
//     ::cells::__private::lend(::cells::__private::cell(&STORE))?
//     ::cells::__private::lend_async(::cells::__private::cell(&STORE)).await?
//
// A cell that cannot be lent to this factory is reported where it is named.
fn lease(injected: &Injected, model: &Model) -> TokenStream {
    let Injected { cell, ty, .. } = injected;
    let task = model.running.task().is_some();
    let lend = match (&model.mode, task) {
        (Mode::Fallible(_), false) => "lend",
        (Mode::Fallible(_), true) => "lend_async",
        (Mode::Infallible, false) => "lend_infallible",
        (Mode::Infallible, true) => "lend_async_infallible",
    };
    let (open, close) = edges(cell);
    let krate = model.krate.at(open);
    let lend = Ident::new(lend, open);
    let cell = checked(cell, &krate);
    let argument = quote_spanned!(close=> (#cell));
    let awaited = task.then(|| quote_spanned!(open=> .await));
    let (_, close) = edges(ty);
    let or_fail = quote_spanned!(close=> ?);
    quote_spanned!(open=> #krate::__private::#lend #argument #awaited #or_fail)
}
