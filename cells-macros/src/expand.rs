//! What we emit. Everything that can live in the runtime crate lives there.

use proc_macro2::TokenStream;
use quote::{format_ident, quote, quote_spanned};
use syn::ext::IdentExt as _;
use syn::{Token, VisRestricted, Visibility};

use crate::emit::declared_impl::declared;
use crate::model::attributes::Attributes;
use crate::model::declaration::{BuildFn, Mode, Model};
use crate::parse::args;
use crate::parse::function::Factory;
use crate::tokens::errors::Errors;
use crate::tokens::spans::{edges, generated};

/// The attribute: `args` and `item` as the compiler hands them over.
pub(crate) fn runtime_cell(args: TokenStream, item: TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let emitted = expand(args, item, &mut errors);
    quote!(#errors #emitted)
}

/// What there is to emit, errors or not: callers shall see nothing but the errors themselves.
pub(crate) fn expand(args: TokenStream, item: TokenStream, errors: &mut Errors) -> TokenStream {
    let args = args::parse(args, errors);
    let model = match syn::parse2::<Factory>(item.clone()) {
        Ok(factory) => Model::new(args, factory, errors),
        Err(error) => {
            errors.push(error);
            None
        }
    };
    model.map_or(item, |model| declaration(&model))
}

fn declaration(model: &Model) -> TokenStream {
    let cfg = &model.attrs.cfg;
    let plain = (!model.factory.nested).then(|| plain_factory(model));
    let cell = [static_cell(model), marker(model), declared(model), registration(model)];
    [Some(accessor(model)), plain]
        .into_iter()
        .flatten()
        .chain(cell)
        .map(|item| quote!(#(#cfg)* #item))
        .collect()
}

// Input:
//     /// The search index.
//     #[runtime_cell]
//     pub(crate) fn search() -> Result<Index, IndexError> { Index::open("./index") }
// Output:
//     /// The search index.
//     #[inline]
//     pub(crate) fn search() -> ::core::result::Result<::cells::Ref<'static, Index>, ::cells::Error> {
//         ::cells::StaticCell::get(&SEARCH)
//     }
fn accessor(model: &Model) -> TokenStream {
    let Model { krate, vis, accessor, cell, payload, mode, running, .. } = model;
    let Attributes { docs, shown, deprecated, must_use, lints, .. } = &model.attrs;
    // The static is as deprecated as its accessor.
    let deprecated = deprecated.iter().map(|deprecated| quote!(#deprecated #[allow(deprecated)]));
    let fn_token = &model.factory.sig.fn_token;
    let (open, close) = edges(payload);
    let at = krate.at(open);
    let given = if running.is_permanent() {
        [quote_spanned!(open=> &'static), quote!(#payload), TokenStream::new()]
    } else {
        [quote_spanned!(open=> #at::Ref<'static,), quote!(#payload), quote_spanned!(close=> >)]
    };
    let output = match mode {
        Mode::Infallible => quote!(#(#given)*),
        Mode::Fallible(_) => {
            let error = krate.at(close);
            let head = quote_spanned!(open=> ::core::result::Result<);
            let tail = quote_spanned!(close=> , #error::Error>);
            quote!(#head #(#given)* #tail)
        }
    };
    let ty = running.cell(open);
    let task = running.task().is_some();
    let asyncness = task.then(|| Token![async](generated(fn_token.span)));
    let awaited = task.then(|| quote_spanned!(open=> .await));
    let body = quote_spanned!(open=> #at::#ty::get(&#cell) #awaited);
    let blame = matches!((mode, task), (Mode::Infallible, false)).then(|| quote!(#[track_caller]));
    quote! {
        #(#docs)* #(#shown)* #(#deprecated)* #(#must_use)* #(#lints)*
        #[inline]
        #blame
        #vis #asyncness #fn_token #accessor() -> #output { #body }
    }
}

// Input: `#[runtime_cell(factory = build_search)] pub(crate) fn search() -> Result<Index, IndexError> { … }`
//
// Output:
//     /// Builds what `search()` gives out, without its cell.
//     pub(crate) fn build_search() -> Result<Index, IndexError> { … }
fn plain_factory(model: &Model) -> TokenStream {
    let Model { vis, accessor, .. } = model;
    let Attributes { must_use, .. } = &model.attrs;
    let doc = format!(" Builds what `{accessor}()` gives out, without its cell.");
    let factory = factory(model, Some(vis));
    quote!(#[doc = #doc] #(#must_use)* #factory)
}

/// The user's function, which by its first keyword is known to lints as ours.
pub(crate) fn factory(model: &Model, vis: Option<&Visibility>) -> TokenStream {
    let Attributes { lints, factory, .. } = &model.attrs;
    let BuildFn { sig, body, .. } = &model.factory;
    // A function that could be `const`, or could do without its `Result`, is still a factory.
    let mut sig = sig.clone();
    sig.fn_token.span = generated(sig.fn_token.span);
    if let Some(asyncness) = &mut sig.asyncness {
        asyncness.span = generated(asyncness.span);
    }
    let mut vis = vis.cloned();
    if let Some(Visibility::Public(token) | Visibility::Restricted(VisRestricted { pub_token: token, .. })) =
        &mut vis
    {
        token.span = generated(token.span);
    }
    let wraps = matches!(model.mode, Mode::Fallible(_)).then(|| quote!(#[allow(clippy::unnecessary_wraps)]));
    quote!(#wraps #(#lints)* #(#factory)* #vis #sig #body)
}

// Output:
//     /// The cell behind `search()`.
//     pub(crate) static SEARCH: ::cells::StaticCell<Index, __search> = ::cells::StaticCell::new();
fn static_cell(model: &Model) -> TokenStream {
    let Model { krate, vis, accessor, cell, marker, payload, .. } = model;
    let Attributes { shown, deprecated, lints, .. } = &model.attrs;
    let doc = format!(" The cell behind `{accessor}()`.");
    let (open, close) = edges(payload);
    let at = krate.at(open);
    let ty = model.running.cell(open);
    let head = quote_spanned!(open=> #at::#ty<);
    let tail = quote_spanned!(close=> , #marker>);
    let made = quote_spanned!(open=> #at::#ty::new());
    quote! {
        #[doc = #doc] #(#shown)* #(#deprecated)* #(#lints)*
        #vis static #cell: #head #payload #tail = #made;
    }
}

// Output:
//     #[doc(hidden)]
//     pub(crate) struct __search;
fn marker(model: &Model) -> TokenStream {
    let Model { vis, marker, .. } = model;
    quote!(#[doc(hidden)] #vis struct #marker;)
}

// Output:
//     ::cells::__private::register! { static __SEARCH = SEARCH; }
fn registration(model: &Model) -> TokenStream {
    let Model { krate, cell, payload, .. } = model;
    let Attributes { deprecated, lints, .. } = &model.attrs;
    let (open, _) = edges(payload);
    let krate = krate.at(open);
    // A registration is no use of a cell that is deprecated.
    let deprecated = (!deprecated.is_empty()).then(|| quote!(#[allow(deprecated)]));
    let entry = format_ident!("__{}", cell.unraw(), span = generated(cell.span()));
    quote_spanned!(open=> #krate::__private::register! { #deprecated #(#lints)* static #entry = #cell; })
}
