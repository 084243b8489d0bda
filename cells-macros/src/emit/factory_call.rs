//! The call of the factory with leases on the cells it depends on.

use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::Expr;

use crate::emit::cell_ref::cell_ref;
use crate::model::declaration::{Declaration, FactoryFn};
use crate::model::mode::Mode;
use crate::model::parameter::{Injected, Passing};
use crate::tokens::spans::{edges, relocate};

// Output:
//     ::cells::__private010::FactoryOutput::<Index>::into_result(
//         search(&*::cells::__private010::lend(::cells::__private010::cell(&STORE))?),
//         Self::KEEP,
//     )
//
// Or, in an asynchronous factory:
//     search(&*::cells::__private010::lend_async(::cells::__private010::cell(&STORE)).await?).await
pub(crate) fn direct_call(declaration: &Declaration) -> TokenStream {
    let injected = &declaration.dependencies.injected;
    let arguments =
        injected.iter().map(|injected| argument(injected, &lease(injected, declaration), declaration));
    let (_, close) = edges(&declaration.factory.returns);
    let is_future = declaration.kind.is_async() && declaration.factory.body.is_ok();
    let awaited = is_future.then(|| quote_spanned!(close=> .await));
    let call = call(declaration, arguments);
    let objects = use_of_objects(declaration);
    let result = converted(declaration, &judged(declaration, quote!(#call #awaited)));
    quote!(#objects #result)
}

// Output:
//     let factory_leases = (::cells::__private010::lend_async(::cells::__private010::cell(&STORE)).await?,);
//     ::cells::__private010::blocking(move || {
//         ::cells::__private010::FactoryOutput::<Index>::into_result(search(&*factory_leases.0), Self::KEEP)
//     })
//     .await
pub(crate) fn blocking_call(declaration: &Declaration) -> TokenStream {
    let (open, _) = edges(&declaration.factory.returns);
    let krate = declaration.krate.at(open);
    let injected = &declaration.dependencies.injected;
    let variable = Ident::new("factory_leases", Span::mixed_site().located_at(open));
    let leases = injected.iter().map(|injected| lease(injected, declaration));
    let leases = (!injected.is_empty()).then(|| quote!(let #variable = (#(#leases,)*);));
    let arguments = injected.iter().enumerate().map(|(index, injected)| {
        let (_, close) = edges(&injected.ty);
        let index = Literal::usize_unsuffixed(index);
        argument(injected, &quote_spanned!(close=> #variable.#index), declaration)
    });
    let objects = use_of_objects(declaration);
    let result = converted(declaration, &judged(declaration, call(declaration, arguments)));
    quote_spanned!(open=> #leases #objects #krate::__private010::blocking(move || #result).await)
}

// Output: `::cells::__private010::no_factory`
pub(crate) fn no_factory(declaration: &Declaration) -> TokenStream {
    let (open, _) = edges(&declaration.factory.returns);
    let krate = declaration.krate.at(open);
    quote_spanned!(open=> #krate::__private010::no_factory)
}

// Output:
//     search(…)
//     ::cells::__private010::no_factory::<Result<Index, IndexError>>()
fn call(declaration: &Declaration, arguments: impl Iterator<Item = TokenStream>) -> TokenStream {
    let FactoryFn { sig, returns, body, .. } = &declaration.factory;
    let (open, close) = edges(returns);
    if body.is_err() {
        let no_factory = no_factory(declaration);
        return quote_spanned!(open=> #no_factory::<#returns>());
    }
    let name = relocate(&sig.ident, open);
    let arguments = quote_spanned!(close=> (#(#arguments),*));
    quote!(#name #arguments)
}

// Output:
//     ::cells::__private010::fatal_if(search(…), AuthError::is_revoked)
//     ::cells::__private010::transient_if(search(…), LoadError::is_timeout)
//
// The call is located at the function, where the compiler reports one that does not take the error.
fn judged(declaration: &Declaration, returned: TokenStream) -> TokenStream {
    let Mode::Fallible(limits) = &declaration.mode else { return returned };
    let judges = [("fatal_if", &limits.fatal), ("transient_if", &limits.transient)];
    judges.into_iter().fold(returned, |returned, (judge, function)| match function {
        Some(function) => judged_by(judge, function, &returned, declaration),
        None => returned,
    })
}

fn judged_by(judge: &str, function: &Expr, returned: &TokenStream, declaration: &Declaration) -> TokenStream {
    let (open, _) = edges(function);
    let krate = declaration.krate.at(open);
    let judge = Ident::new(judge, open);
    quote_spanned!(open=> #krate::__private010::#judge(#returned, #function))
}

// The conversion is located at the error or the return type, so that a wrong type is reported there, and only once.
fn converted(declaration: &Declaration, returned: &TokenStream) -> TokenStream {
    let Declaration { krate, payload, factory, .. } = declaration;
    let (open, close) = edges(&factory.blamed);
    let krate = krate.at(open);
    let convert = quote_spanned!(open=> #krate::__private010::FactoryOutput::<#payload>::);
    let into_result = quote_spanned!(close=> into_result);
    quote_spanned!(open=> #convert #into_result(#returned, Self::KEEP))
}

// Output:
//     use ::cells::__private010::PayloadItself as _;
fn use_of_objects(declaration: &Declaration) -> TokenStream {
    let mut injected = declaration.dependencies.injected.iter();
    match injected.find(|injected| matches!(injected.passing, Passing::Object(_))) {
        Some(Injected { ty, .. }) => {
            let (open, _) = edges(ty);
            let krate = declaration.krate.at(open);
            quote_spanned!(open=> use #krate::__private010::PayloadItself as _;)
        }
        None => TokenStream::new(),
    }
}

// Output:
//     &*lease
//     ::cells::__private010::AsObject::<_, dyn Clock>::of(&*lease).object()
//     ::cells::__private010::permanent(lent)
//     ::cells::__private010::leased(lease)
//
// The compiler reports at the parameter's type a payload of another type, and a cell that gives no leases.
fn argument(injected: &Injected, lease: &TokenStream, declaration: &Declaration) -> TokenStream {
    let (open, close) = edges(&injected.ty);
    let krate = declaration.krate.at(open);
    match &injected.passing {
        Passing::Borrowed => quote_spanned!(open=> &* #lease),
        Passing::Object(object) => {
            quote_spanned!(open=> #krate::__private010::AsObject::<_, #object>::of(&* #lease).object())
        }
        Passing::Permanent => {
            let lent = quote_spanned!(close=> (#lease));
            quote_spanned!(open=> #krate::__private010::permanent #lent)
        }
        Passing::Leased => {
            let lease = quote_spanned!(close=> (#lease));
            quote_spanned!(open=> #krate::__private010::leased #lease)
        }
    }
}

// Output:
//     ::cells::__private010::lend(::cells::__private010::cell(&STORE))?
//     ::cells::__private010::lend_async(::cells::__private010::cell(&STORE)).await?
//
// The compiler reports a cell that this factory cannot depend on where the user names that cell.
fn lease(injected: &Injected, declaration: &Declaration) -> TokenStream {
    let Injected { cell, ty, .. } = injected;
    let is_async = declaration.kind.is_async();
    let lend = match (&declaration.mode, is_async) {
        (Mode::Fallible(_), false) => "lend",
        (Mode::Fallible(_), true) => "lend_async",
        (Mode::Infallible, false) => "lend_infallible",
        (Mode::Infallible, true) => "lend_async_infallible",
    };
    let (open, close) = edges(cell);
    let krate = declaration.krate.at(open);
    let lend = Ident::new(lend, open);
    let cell = cell_ref(cell, &krate);
    let argument = quote_spanned!(close=> (#cell));
    let awaited = is_async.then(|| quote_spanned!(open=> .await));
    let (_, close) = edges(ty);
    let or_fail = quote_spanned!(close=> ?);
    quote_spanned!(open=> #krate::__private010::#lend #argument #awaited #or_fail)
}
