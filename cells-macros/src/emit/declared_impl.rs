//! The `impl Declared`: everything the runtime asks of a declaration.

use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::Expr;
use syn::ext::IdentExt as _;

use crate::emit::build_fn::build;
use crate::emit::dependency_list::dependencies;
use crate::model::declaration::{Limits, Mode, Model};
use crate::model::kind::Running;
use crate::parse::value::{Dispose, Length};
use crate::tokens::spans::{edges, in_place};
use crate::tokens::spell::spell;

// Output:
//     impl ::cells::Declared for __search {
//         type Payload = Index;
//         type Mode = ::cells::__private::Fallible;
//         const INFO: &'static ::cells::CellInfo = &…;
//         const DISPOSER: ::cells::Disposer<Self::Payload> = …;
//         type Outcome = Result<Index, IndexError>;
//         fn build() -> Result<Index, IndexError> { … }
//     }
pub(crate) fn declared(model: &Model) -> TokenStream {
    let Model { krate, marker, payload, running, observer, adjuster, .. } = model;
    let lints = &model.attrs.lints;
    // Whatever is wrong with the payload is reported at its type.
    let (open, _) = edges(payload);
    let krate = krate.at(open);
    let mode = match model.mode {
        Mode::Infallible => quote!(Infallible),
        Mode::Fallible(_) => quote!(Fallible),
    };
    let info = info(model);
    let disposer = disposer(model);
    let build = build(model);
    let observer =
        observer.as_ref().map(|made| on_first_use(&quote!(OBSERVER), &quote!(#krate::Observer), made));
    let (declared, adjusting) = match running {
        Running::Thread => (quote!(Declared), quote!(FactoryAdjuster)),
        Running::Permanent => (quote!(DeclaredPermanent), quote!(FactoryAdjuster)),
        Running::Task(_) => (quote!(DeclaredAsync), quote!(AsyncFactoryAdjuster)),
    };
    let adjuster = adjuster
        .as_ref()
        .map(|made| on_first_use(&quote!(ADJUSTER), &quote!(#krate::#adjusting<Self::Payload>), made));
    let detached = running.task().filter(|task| task.detached).map(|_| {
        quote!(
            const DETACHED: ::core::primitive::bool = true;
        )
    });
    let own_runtime = running.task().filter(|task| task.own_runtime).map(|_| {
        quote!(
            const OWN_RUNTIME: ::core::primitive::bool = true;
        )
    });
    let declared = in_place(declared, open);
    let ends = disposed_type(model, open);
    quote_spanned! {open=>
        #(#lints)*
        impl #krate::#declared for #marker {
            type Payload = #payload;
            type Mode = #krate::__private::#mode;
            #info
            const DISPOSER: #krate::Disposer<#ends> = #disposer;
            #detached
            #own_runtime
            #observer
            #adjuster
            #build
        }
    }
}

// Output:
//     const INFO: &'static ::cells::CellInfo =
//         &::cells::CellInfo::new::<Self>("search", "SEARCH", "Index", ::core::module_path!(), …, ::core::cfg!(test))
//             .fallible(true)
//             .cooldown(::core::time::Duration::from_secs(5))
//             .permanent()
//             .dependencies({ … })
//             .disposer(Self::DISPOSER.label);
//
// Every call in a constant costs a `cargo check` time, so what each cell has is told in one.
fn info(model: &Model) -> TokenStream {
    let Model { krate, name, written, payload, .. } = model;
    let cell = model.cell.unraw().to_string();
    let written = spell(written);
    let limits = match &model.mode {
        Mode::Infallible => TokenStream::new(),
        Mode::Fallible(limits) => {
            let Limits { max_waiters, wait_timeout, cooldown } = &**limits;
            let max_waiters = limit(&quote!(max_waiters), max_waiters.as_ref());
            let wait_timeout = limit(&quote!(wait_timeout), wait_timeout.as_ref());
            let cooldown = limit(&quote!(cooldown), cooldown.as_ref());
            quote!(.fallible(true) #max_waiters #wait_timeout #cooldown)
        }
    };
    let permanent = model.running.is_permanent().then(|| quote!(.permanent()));
    let eager = model.eager.then(|| quote!(.eager()));
    let dependencies = dependencies(model);
    let (open, _) = edges(payload);
    let at = krate.at(open);
    let made = quote_spanned! {open=>
        #at::CellInfo::new::<Self>(
            #name, #cell, #written, ::core::module_path!(), ::core::file!(), ::core::line!(), ::core::cfg!(test)
        )
            #limits
            #permanent
            #eager
            #dependencies
            .disposer(Self::DISPOSER.label)
    };
    // A circle among cells is reported at their names, and at the dependencies that form it.
    let (open, _) = edges(&model.accessor);
    let krate = krate.at(open);
    quote_spanned!(open=> const INFO: &'static #krate::CellInfo = &#made;)
}

// Input: `dispose = Pool::shutdown`
//
// Output:
//     ::cells::Disposer::with(|payload: Self::Payload| ::cells::__private::Disposed::into_disposed(…))
//         .labelled("Pool::shutdown")
fn disposer(model: &Model) -> TokenStream {
    let (open, _) = edges(&model.payload);
    let krate = model.krate.at(open);
    match &model.dispose {
        Some(Dispose::Drop(_)) => quote_spanned!(open=> #krate::Disposer::drop()),
        Some(Dispose::With(path)) => {
            let (open, _) = edges(path);
            let krate = model.krate.at(open);
            let label = spell(path);
            // A payload that the function does not take is reported at its path, even if that is `payload`.
            let payload = Ident::new("payload", Span::mixed_site().located_at(open));
            let call = quote_spanned!(open=> #path(#payload));
            let (new, disposed) = match model.running {
                Running::Thread | Running::Permanent => {
                    ("with", quote_spanned!(open=> Disposed::into_disposed(#call)))
                }
                Running::Task(_) => {
                    ("resolving", quote_spanned!(open=> IntoDisposing::into_disposing(#call)))
                }
            };
            let new = Ident::new(new, open);
            let disposed = quote_spanned!(open=> #krate::__private::#disposed);
            let ty = disposed_type(model, open);
            quote_spanned!(open=> #krate::Disposer::#new(|#payload: #ty| #disposed).labelled(#label))
        }
        None if model.running.is_permanent() => {
            quote_spanned!(open=> #krate::Disposer::drop().labelled("nothing"))
        }
        None => quote_spanned! {open=> {
            use #krate::__private::ResolveDrop as _;
            #krate::__private::Resolve::<Self::Payload>::DISPOSER
        }},
    }
}

/// What a disposer takes: a permanent payload stays where it is.
fn disposed_type(model: &Model, at: Span) -> TokenStream {
    if model.running.is_permanent() {
        quote_spanned!(at=> &'static Self::Payload)
    } else {
        quote_spanned!(at=> Self::Payload)
    }
}

// Output:
//     const OBSERVER: ::core::option::Option<fn() -> ::std::sync::Arc<dyn ::cells::Observer>> =
//         ::core::option::Option::Some(|| ::std::sync::Arc::new(TimelineObserver::default()));
fn on_first_use(constant: &TokenStream, what: &TokenStream, made: &Expr) -> TokenStream {
    let (open, _) = edges(made);
    let shared = quote_spanned!(open=> ::std::sync::Arc::new(#made));
    quote! {
        const #constant: ::core::option::Option<fn() -> ::std::sync::Arc<dyn #what>> =
            ::core::option::Option::Some(|| #shared);
    }
}

/// A value of the wrong type is reported at the value.
fn limit(setter: &TokenStream, value: Option<impl ToTokens>) -> Option<TokenStream> {
    let value = value?.into_token_stream();
    let (open, _) = edges(&value);
    let setter = in_place(setter, open);
    Some(quote_spanned!(open=> .#setter(#value)))
}

impl ToTokens for Length {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        match self {
            Self::Const(expr) => expr.to_tokens(tokens),
            Self::Literal(length) if length.subsec_millis() == 0 => {
                let seconds = Literal::u64_unsuffixed(length.as_secs());
                tokens.extend(quote!(::core::time::Duration::from_secs(#seconds)));
            }
            Self::Literal(length) => {
                let millis = Literal::u128_unsuffixed(length.as_millis());
                tokens.extend(quote!(::core::time::Duration::from_millis(#millis)));
            }
        }
    }
}
