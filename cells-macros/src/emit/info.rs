//! What is known about a cell at compile time: its names, its place, its limits and its dependencies.

use proc_macro2::{Ident, Literal, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::ext::IdentExt as _;

use crate::emit::check::check_setter;
use crate::emit::dependency_list::dependency_list;
use crate::emit::lifetime::lifetime_setter;
use crate::model::age::Age;
use crate::model::declaration::Declaration;
use crate::model::mode::{Limits, Mode};
use crate::model::running::Running;
use crate::parse::value::{DurationArg, DurationRange};
use crate::tokens::spans::{edges, relocate};
use crate::tokens::spell::spell;

// Output:
//     const INFO: &'static ::cells::CellInfo =
//         &::cells::CellInfo::new::<Self>("search", "SEARCH", "Index", ::core::module_path!(), …, ::core::cfg!(test))
//             .fallible(true)
//             .cooldown(::core::time::Duration::from_secs(5))
//             .permanent()
//             .dependencies({ … })
//             .disposer(Self::DISPOSER.label);
//
// Each call in a constant costs compile time, so one call takes everything that every cell has.
pub(crate) fn info(declaration: &Declaration) -> TokenStream {
    let Declaration { krate, name, written, payload, .. } = declaration;
    let cell = declaration.cell.unraw().to_string();
    let written = spell(written);
    let limits = limit_setters(&declaration.mode);
    let permanent = declaration.kind.is_permanent().then(|| quote!(.permanent()));
    let eager = declaration.eager.then(|| quote!(.eager()));
    let Age { fresh, expires, eager_refresh, linger } = &declaration.age;
    let fresh = fresh.as_ref().map(|fresh| lifetime_setter("fresh", fresh, declaration));
    let expires = expires.as_ref().map(|expires| lifetime_setter("expires", expires, declaration));
    let eager_refresh = eager_refresh.then(|| quote!(.eager_refresh()));
    let linger = limit_setter(&quote!(linger), linger.as_ref());
    let has_factory = declaration.factory.body.is_ok();
    let provided = declaration.provided.then(|| quote!(.provided(#has_factory)));
    let Running { optional, check, dispose_timeout, closed_last } = &declaration.running;
    let optional = optional.then(|| quote!(.optional()));
    let check = check.as_ref().map(|check| check_setter(check, declaration));
    let dispose_timeout = limit_setter(&quote!(dispose_timeout), dispose_timeout.as_ref());
    let closed_last = closed_last.then(|| quote!(.closed_last()));
    let dependencies = dependency_list(declaration);
    let (open, _) = edges(payload);
    let at_payload = krate.at(open);
    let info = quote_spanned! {open=>
        #at_payload::CellInfo::new::<Self>(
            #name, #cell, #written, ::core::module_path!(), ::core::file!(), ::core::line!(), ::core::cfg!(test)
        )
            #limits
            #permanent
            #eager
            #fresh
            #expires
            #eager_refresh
            #linger
            #provided
            #optional
            #check
            #dispose_timeout
            #closed_last
            #dependencies
            .disposer(Self::DISPOSER.label)
    };
    // The compiler reports a circle of cells at their names, and at the dependencies that form it.
    let (open, _) = edges(&declaration.accessor);
    let krate = krate.at(open);
    quote_spanned!(open=> const INFO: &'static #krate::CellInfo = &#info;)
}

// Output: `.fallible(true).max_waiters(64).retries(3)`
fn limit_setters(mode: &Mode) -> Option<TokenStream> {
    let Mode::Fallible(limits) = mode else { return None };
    let Limits { max_waiters, wait_timeout, cooldown, retry, backoff, transient: _, fatal: _ } = &**limits;
    let max_waiters = limit_setter(&quote!(max_waiters), max_waiters.as_ref());
    let wait_timeout = limit_setter(&quote!(wait_timeout), wait_timeout.as_ref());
    let cooldown = cooldown.as_ref().map(cooldown_setters);
    let retries = limit_setter(&quote!(retries), retry.as_ref());
    let backoff = backoff.as_ref().map(backoff_setter);
    Some(quote!(.fallible(true) #max_waiters #wait_timeout #cooldown #retries #backoff))
}

// Output: `.cooldown(…)`, or `.cooldown(…).max_cooldown(…)`
fn cooldown_setters(DurationRange { first, most }: &DurationRange) -> TokenStream {
    let first = limit_setter(&quote!(cooldown), Some(first));
    let most = limit_setter(&quote!(max_cooldown), most.as_ref());
    quote!(#first #most)
}

// Output: `.backoff(…, …)`, where one duration is both the first and the longest
fn backoff_setter(DurationRange { first, most }: &DurationRange) -> TokenStream {
    let most = most.as_ref().unwrap_or(first);
    let (open, _) = edges(first);
    let setter = Ident::new("backoff", open);
    quote_spanned!(open=> .#setter(#first, #most))
}

// The compiler reports a value of the wrong type at the value.
fn limit_setter(setter: &TokenStream, value: Option<impl ToTokens>) -> Option<TokenStream> {
    let value = value?.into_token_stream();
    let (open, _) = edges(&value);
    let setter = relocate(setter, open);
    Some(quote_spanned!(open=> .#setter(#value)))
}

// Output: `::core::time::Duration::from_secs(5)`, or the user's expression
impl ToTokens for DurationArg {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        match self {
            Self::Const(expr) => expr.to_tokens(tokens),
            Self::Literal(duration) if duration.subsec_millis() == 0 => {
                let seconds = Literal::u64_unsuffixed(duration.as_secs());
                tokens.extend(quote!(::core::time::Duration::from_secs(#seconds)));
            }
            Self::Literal(duration) => {
                let millis = Literal::u128_unsuffixed(duration.as_millis());
                tokens.extend(quote!(::core::time::Duration::from_millis(#millis)));
            }
        }
    }
}
