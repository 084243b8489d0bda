//! How the crate `cells` runs the factory.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};

use crate::emit::factory_call::{blocking_call, direct_call, no_factory};
use crate::model::declaration::{Declaration, FactoryFn};
use crate::model::mode::Mode;
use crate::tokens::spans::{edges, relocate};

/// The factory of a cell that is not asynchronous.
pub(crate) fn factory_impl(declaration: &Declaration) -> TokenStream {
    let FactoryFn { aliased, callable, .. } = declaration.factory;
    let as_is = declaration.dependencies.injected.is_empty() && !declaration.mode.judges_errors();
    if callable && !aliased && as_is { factory_itself(declaration) } else { call_of_factory(declaration) }
}

// Input: `fn search() -> anyhow::Result<Index> { … }`
//
// Output:
//     const KEEP: ::cells::__private010::Keep = {
//         use ::cells::__private010::ResolveKeep as _;
//         ::cells::__private010::Resolve::<anyhow::Result<Index>>::KEEP
//     };
fn keep(declaration: &Declaration) -> Option<TokenStream> {
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
//     impl ::cells::__private010::Factory<Result<Index, IndexError>> for __cell_search {
//         const KEEP: ::cells::__private010::Keep = …;
//         const BUILD: fn() -> Result<Index, IndexError> = search;
//     }
//
// This saves the compiler a function.
//
// Or, without a body:
//         const BUILD: fn() -> Result<Index, IndexError> = ::cells::__private010::no_factory;
fn factory_itself(declaration: &Declaration) -> TokenStream {
    let FactoryFn { sig, returns, body, .. } = &declaration.factory;
    let (open, _) = edges(returns);
    let factory = if body.is_ok() { relocate(&sig.ident, open) } else { no_factory(declaration) };
    implementation(declaration, &quote!(#returns), &factory)
}

// Input: `fn search(store: &Store) -> Result<Index, IndexError> { Index::open(store) }`
//
// Output:
//     impl ::cells::__private010::Factory<::core::result::Result<Index, ::cells::BoxError>> for __cell_search {
//         const KEEP: ::cells::__private010::Keep = …;
//         const BUILD: fn() -> ::core::result::Result<Index, ::cells::BoxError> = || {
//             ::cells::__private010::FactoryOutput::<Index>::into_result(
//                 search(&*::cells::__private010::lend(::cells::__private010::cell(&STORE))?),
//                 Self::KEEP,
//             )
//         };
//     }
fn call_of_factory(declaration: &Declaration) -> TokenStream {
    let (open, _) = edges(&declaration.factory.returns);
    let body = if declaration.factory.callable { direct_call(declaration) } else { quote!(::core::panic!()) };
    implementation(declaration, &converted_type(declaration), &quote_spanned!(open=> || { #body }))
}

fn implementation(declaration: &Declaration, returns: &TokenStream, factory: &TokenStream) -> TokenStream {
    let hidden = &declaration.hidden;
    let lints = &declaration.attrs.lints;
    let keep = keep(declaration);
    let (open, _) = edges(&declaration.factory.returns);
    let krate = declaration.krate.at(open);
    quote_spanned! {open=>
        #(#lints)*
        impl #krate::__private010::Factory<#returns> for #hidden {
            #keep
            const BUILD: fn() -> #returns = #factory;
        }
    }
}

// Input: `async fn search(store: &Store) -> Result<Index, IndexError> { Index::open(store).await }`
//
// Output:
//     const KEEP: ::cells::__private010::Keep = …;
//     async fn build() -> ::core::result::Result<Index, ::cells::BoxError> {
//         ::cells::__private010::FactoryOutput::<Index>::into_result(search(…).await, Self::KEEP)
//     }
pub(crate) fn build_async(declaration: &Declaration) -> TokenStream {
    let FactoryFn { returns, callable, .. } = &declaration.factory;
    let (open, _) = edges(returns);
    let keep = keep(declaration);
    let output = converted_type(declaration);
    let body = match declaration.kind.async_options() {
        _ if !callable => quote!(::core::panic!()),
        Some(options) if options.blocking => blocking_call(declaration),
        _ => direct_call(declaration),
    };
    quote_spanned! {open=>
        #keep
        async fn build() -> #output { #body }
    }
}

fn converted_type(declaration: &Declaration) -> TokenStream {
    let Declaration { krate, payload, factory, .. } = declaration;
    let (open, _) = edges(&factory.returns);
    let krate = krate.at(open);
    quote_spanned!(open=> ::core::result::Result<#payload, #krate::BoxError>)
}
