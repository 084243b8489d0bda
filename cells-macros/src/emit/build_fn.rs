//! `build`: the function by which the crate `cells` runs the factory.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};

use crate::emit::factory_call::{FactoryCall, blocking_call, direct_call};
use crate::emit::factory_fn::factory_fn;
use crate::model::declaration::{Declaration, FactoryFn};
use crate::model::mode::Mode;
use crate::tokens::spans::{edges, generated, relocate};

pub(crate) fn build_fn(declaration: &Declaration) -> TokenStream {
    let FactoryFn { aliased, callable, .. } = declaration.factory;
    let needs_nothing = !declaration.kind.is_async() && declaration.dependencies.injected.is_empty();
    if callable && needs_nothing && !aliased {
        factory_as_build(declaration)
    } else {
        build_around_factory(declaration)
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
//     fn build() -> Result<Index, IndexError> { Index::open("./index") }
//
// This saves the compiler a function. A factory with attributes is still a function of its own, because an attribute
// may turn it into several items, some of which cannot be in an `impl`.
fn factory_as_build(declaration: &Declaration) -> TokenStream {
    let FactoryFn { sig, returns, body, nested, .. } = &declaration.factory;
    let (open, close) = edges(returns);
    let (name, output) = (relocate(&sig.ident, open), &sig.output);
    let arguments = quote_spanned!(close=> ());
    let body = if !nested {
        quote!({ #name #arguments })
    } else if declaration.attrs.factory.is_empty() {
        body.clone()
    } else {
        let factory = factory_fn(declaration, None);
        quote!({ #factory #name #arguments })
    };
    let fn_token = quote_spanned!(generated(sig.fn_token.span)=> fn);
    let build = quote_spanned!(open=> build);
    quote! {
        type Output = #returns;
        #fn_token #build() #output #body
    }
}

// Input: `fn search(store: &Store) -> Result<Index, IndexError> { Index::open(store) }`
//
// Output:
//     type Output = ::core::result::Result<Self::Payload, ::cells::BoxError>;
//     fn build() -> ::core::result::Result<Self::Payload, ::cells::BoxError> {
//         fn __factory(store: &Store) -> Result<Index, IndexError> { Index::open(store) }
//         ::cells::__private010::FactoryOutput::into_result(__factory(&*::cells::__private010::lend(::cells::__private010::cell(&STORE))?), Self::KEEP)
//     }
fn build_around_factory(declaration: &Declaration) -> TokenStream {
    let FactoryFn { returns, nested, callable, .. } = &declaration.factory;
    let options = declaration.kind.async_options();
    let (open, _) = edges(returns);
    let krate = declaration.krate.at(open);
    let nested = nested.then(|| factory_fn(declaration, None));
    let FactoryCall { before, call } = match options {
        _ if !callable => FactoryCall::default(),
        Some(options) if options.blocking => blocking_call(declaration),
        _ => direct_call(declaration),
    };
    // The conversion is located at the return type, so that a wrong type is reported there, and only once.
    let result = if *callable {
        quote_spanned!(open=> #krate::__private010::FactoryOutput::into_result(#call, Self::KEEP))
    } else {
        quote!(::core::panic!())
    };
    let asyncness = options.map(|_| quote_spanned!(open=> async));
    let output = quote_spanned!(open=> ::core::result::Result<Self::Payload, #krate::BoxError>);
    let output_type = options.is_none().then(|| quote_spanned!(open=> type Output = #output;));
    quote_spanned! {open=>
        #output_type
        #asyncness fn build() -> #output {
            #nested
            #before
            #result
        }
    }
}
