//! The function that runs the factory, with what it depends on.

use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::{quote, quote_spanned};

use crate::emit::dependency_list::checked;
use crate::expand::factory;
use crate::model::declaration::{BuildFn, Mode, Model};
use crate::model::dependencies::{Injected, Passing};
use crate::tokens::spans::{edges, generated, in_place};

pub(crate) fn build(model: &Model) -> TokenStream {
    let BuildFn { aliased, callable, .. } = model.factory;
    let alone = model.running.task().is_none() && model.dependencies.injected.is_empty();
    if callable && alone && !aliased { build_alone(model) } else { build_with(model) }
}

// Input: `fn search() -> Result<Index, IndexError> { Index::open("./index") }`
//
// Output:
//     type Outcome = Result<Index, IndexError>;
//     fn build() -> Result<Index, IndexError> { Index::open("./index") }
//
// It is the factory itself: a function less for the compiler to check. What has attributes stays a function of its own,
// for an attribute may make several items of it, and a static among them cannot stand in an `impl`.
fn build_alone(model: &Model) -> TokenStream {
    let BuildFn { sig, returns, body, nested, .. } = &model.factory;
    let (open, close) = edges(returns);
    let (name, output) = (in_place(&sig.ident, open), &sig.output);
    let called = quote_spanned!(close=> ());
    let body = if !nested {
        quote!({ #name #called })
    } else if model.attrs.factory.is_empty() {
        body.clone()
    } else {
        let factory = factory(model, None);
        quote!({ #factory #name #called })
    };
    let fn_token = quote_spanned!(generated(sig.fn_token.span)=> fn);
    let build = quote_spanned!(open=> build);
    quote! {
        type Outcome = #returns;
        #fn_token #build() #output #body
    }
}

// Input: `fn search(store: &Store) -> Result<Index, IndexError> { Index::open(store) }`
//
// Output:
//     type Outcome = ::core::result::Result<Self::Payload, ::cells::BoxError>;
//     fn build() -> ::core::result::Result<Self::Payload, ::cells::BoxError> {
//         fn __factory(store: &Store) -> Result<Index, IndexError> { Index::open(store) }
//         ::cells::__private::Outcome::into_result(__factory(&*::cells::__private::lend(::cells::__private::cell(&STORE))?))
//     }
fn build_with(model: &Model) -> TokenStream {
    let BuildFn { returns, nested, callable, .. } = &model.factory;
    let (open, _) = edges(returns);
    let krate = model.krate.at(open);
    let task = model.running.task();
    let nested = nested.then(|| factory(model, None));
    let Call { before, built } = match task {
        _ if !callable => Call::default(),
        Some(task) if task.blocking => blocking_call(model),
        _ => call(model),
    };
    // A return type that is no `Result`, or whose error is none, is reported at that type, and once.
    let result = if *callable {
        quote_spanned!(open=> #krate::__private::Outcome::into_result(#built))
    } else {
        quote!(::core::panic!())
    };
    let asyncness = task.map(|_| quote_spanned!(open=> async));
    let returned = quote_spanned!(open=> ::core::result::Result<Self::Payload, #krate::BoxError>);
    let outcome = task.is_none().then(|| quote_spanned!(open=> type Outcome = #returned;));
    quote_spanned! {open=>
        #outcome
        #asyncness fn build() -> #returned {
            #nested
            #before
            #result
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
