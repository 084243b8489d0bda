//! The `impl Declared`: everything that the crate `cells` asks of a declaration.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::Expr;

use crate::emit::build::{build_async, factory_impl};
use crate::emit::disposer::{disposer, disposer_input};
use crate::emit::info::info;
use crate::model::declaration::Declaration;
use crate::model::kind::CellKind;
use crate::model::mode::Mode;
use crate::tokens::spans::{edges, relocate};

// Output:
//     impl ::cells::Declared<Index> for __cell_search {
//         type Mode = ::cells::__private010::Fallible;
//         const INFO: &'static ::cells::CellInfo = &…;
//         const DISPOSER: ::cells::Disposer<Index> = …;
//     }
//     impl ::cells::__private010::Factory<Result<Index, IndexError>> for __cell_search { … }
pub(crate) fn declared_impl(declaration: &Declaration) -> TokenStream {
    let Declaration { krate, hidden, payload, kind, observer, adjuster, .. } = declaration;
    let lints = &declaration.attrs.lints;
    // The compiler reports at the payload's type whatever is wrong with the payload.
    let (open, _) = edges(payload);
    let krate = krate.at(open);
    let mode = match declaration.mode {
        Mode::Infallible => quote!(Infallible),
        Mode::Fallible(_) => quote!(Fallible),
    };
    let (declared, adjuster_trait) = match kind {
        CellKind::Sync => (quote!(Declared), quote!(FactoryAdjuster)),
        CellKind::Permanent => (quote!(DeclaredPermanent), quote!(FactoryAdjuster)),
        CellKind::Async(_) => (quote!(DeclaredAsync), quote!(AsyncFactoryAdjuster)),
    };
    let declared = relocate(declared, open);
    let info = info(declaration);
    let input = disposer_input(declaration, open);
    let disposer = disposer(declaration);
    let options = kind.async_options();
    let detached = options.filter(|options| options.detached).map(|_| {
        quote!(
            const DETACHED: ::core::primitive::bool = true;
        )
    });
    let own_runtime = options.filter(|options| options.own_runtime).map(|_| {
        quote!(
            const OWN_RUNTIME: ::core::primitive::bool = true;
        )
    });
    let observer = observer.as_ref().map(|expr| hook(&quote!(OBSERVER), &quote!(#krate::Observer), expr));
    let adjuster = adjuster
        .as_ref()
        .map(|expr| hook(&quote!(ADJUSTER), &quote!(#krate::#adjuster_trait<#payload>), expr));
    let (build, factory) = if kind.is_async() {
        (Some(build_async(declaration)), None)
    } else {
        (None, Some(factory_impl(declaration)))
    };
    let provided = declaration
        .provided
        .then(|| quote_spanned!(open=> #[diagnostic::do_not_recommend] impl #krate::__private010::Provided for #hidden {}));
    quote_spanned! {open=>
        #provided
        #(#lints)*
        impl #krate::#declared<#payload> for #hidden {
            type Mode = #krate::__private010::#mode;
            #info
            const DISPOSER: #krate::Disposer<#input> = #disposer;
            #detached
            #own_runtime
            #observer
            #adjuster
            #build
        }
        #factory
    }
}

// Input: `observer = TimelineObserver::default()`
//
// Output:
//     const OBSERVER: ::core::option::Option<fn() -> ::std::sync::Arc<dyn ::cells::Observer>> =
//         ::core::option::Option::Some(|| ::std::sync::Arc::new(TimelineObserver::default()));
//
// The constant is a function, because the expression is evaluated on first use.
fn hook(constant: &TokenStream, object: &TokenStream, expr: &Expr) -> TokenStream {
    let (open, _) = edges(expr);
    let shared = quote_spanned!(open=> ::std::sync::Arc::new(#expr));
    quote! {
        const #constant: ::core::option::Option<fn() -> ::std::sync::Arc<dyn #object>> =
            ::core::option::Option::Some(|| #shared);
    }
}
