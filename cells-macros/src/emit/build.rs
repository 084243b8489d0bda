//! How the crate `cells` runs the factory.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};

use crate::emit::factory_call::{FactoryCall, blocking_call, direct_call};
use crate::model::declaration::{Declaration, FactoryFn};
use crate::model::mode::Mode;
use crate::tokens::spans::{edges, relocate};

pub(crate) fn build(declaration: &Declaration) -> TokenStream {
    let FactoryFn { aliased, callable, .. } = declaration.factory;
    if declaration.kind.is_async() {
        build_async(declaration)
    } else if callable && !aliased && declaration.dependencies.injected.is_empty() {
        factory_itself(declaration)
    } else {
        call_of_factory(declaration)
    }
}

// Input: `fn search() -> anyhow::Result<Index> { … }`
//
// Output:
//     const KEEP: ::cells::__private010::Keep = {
//         use ::cells::__private010::ResolveKeep as _;
//         ::cells::__private010::Resolve::<anyhow::Result<Index>>::KEEP
//     };
pub(crate) fn keep(declaration: &Declaration) -> Option<TokenStream> {
    let FactoryFn { returns, callable, .. } = &declaration.factory;
    let (open, _) = edges(returns);
    let krate = declaration.krate.at(open);
    (*callable && matches!(declaration.mode, Mode::Fallible(_))).then(|| {
        quote_spanned! {open=>
            const KEEP: #krate::__private010::Keep = {
                use #krate::__private010::ResolveKeep as _;
                #krate::__private010::Resolve::<#returns>::KEEP
            };
        }
    })
}

// Input: `fn search() -> Result<Index, IndexError> { Index::open("./index") }`
//
// Output:
//     type Output = Result<Index, IndexError>;
//     const BUILD: fn() -> Self::Output = search;
//
// This saves the compiler a function.
fn factory_itself(declaration: &Declaration) -> TokenStream {
    let FactoryFn { sig, returns, .. } = &declaration.factory;
    let (open, _) = edges(returns);
    let name = relocate(&sig.ident, open);
    quote_spanned! {open=>
        type Output = #returns;
        const BUILD: fn() -> Self::Output = #name;
    }
}

// Input: `fn search(store: &Store) -> Result<Index, IndexError> { Index::open(store) }`
//
// Output:
//     type Output = ::core::result::Result<Self::Payload, ::cells::BoxError>;
//     const BUILD: fn() -> Self::Output = || -> Self::Output {
//         ::cells::__private010::FactoryOutput::into_result(search(&*::cells::__private010::lend(::cells::__private010::cell(&STORE))?), Self::KEEP)
//     };
fn call_of_factory(declaration: &Declaration) -> TokenStream {
    let (open, _) = edges(&declaration.factory.returns);
    let krate = declaration.krate.at(open);
    let body = if declaration.factory.callable {
        converted(declaration, direct_call(declaration))
    } else {
        quote!(::core::panic!())
    };
    quote_spanned! {open=>
        type Output = ::core::result::Result<Self::Payload, #krate::BoxError>;
        const BUILD: fn() -> Self::Output = || -> Self::Output { #body };
    }
}

// Input: `async fn search(store: &Store) -> Result<Index, IndexError> { Index::open(store).await }`
//
// Output:
//     async fn build() -> ::core::result::Result<Self::Payload, ::cells::BoxError> {
//         ::cells::__private010::FactoryOutput::into_result(search(…).await, Self::KEEP)
//     }
fn build_async(declaration: &Declaration) -> TokenStream {
    let FactoryFn { returns, callable, .. } = &declaration.factory;
    let (open, _) = edges(returns);
    let krate = declaration.krate.at(open);
    let body = match declaration.kind.async_options() {
        _ if !callable => quote!(::core::panic!()),
        Some(options) if options.blocking => converted(declaration, blocking_call(declaration)),
        _ => converted(declaration, direct_call(declaration)),
    };
    quote_spanned! {open=>
        async fn build() -> ::core::result::Result<Self::Payload, #krate::BoxError> { #body }
    }
}

// The conversion is located at the return type, so that a wrong type is reported there, and only once.
fn converted(declaration: &Declaration, FactoryCall { before, call }: FactoryCall) -> TokenStream {
    let (open, _) = edges(&declaration.factory.returns);
    let krate = declaration.krate.at(open);
    quote_spanned!(open=> #before #krate::__private010::FactoryOutput::into_result(#call, Self::KEEP))
}
