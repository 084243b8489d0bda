//! The attribute from end to end: the order of the steps.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote, quote_spanned};

use crate::emit::accessor::accessor;
use crate::emit::cell_static::{cell, cell_static, marker, registration};
use crate::emit::declared_impl::declared_impl;
use crate::emit::factory_fn::{hidden_factory, named_factory};
use crate::model::declaration::Declaration;
use crate::parse::args::parse_args;
use crate::parse::function::Function;
use crate::tokens::errors::Errors;
use crate::tokens::spans::generated;

/// Expands the attribute; `args` and `item` are what the compiler passes to it.
pub(crate) fn runtime_cell(args: TokenStream, item: TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let emitted = expand(args, item, &mut errors);
    quote!(#errors #emitted)
}

/// Everything but the errors. As much as possible is emitted despite mistakes, so that none causes further errors
/// elsewhere in the user's crate.
pub(crate) fn expand(args: TokenStream, item: TokenStream, errors: &mut Errors) -> TokenStream {
    let args = parse_args(args, errors);
    match syn::parse2::<Function>(item.clone()) {
        Ok(function) => Declaration::new(args, function, errors)
            .map_or_else(ToTokens::into_token_stream, |declaration| items(&declaration)),
        Err(error) => {
            errors.push(error);
            item
        }
    }
}

fn items(declaration: &Declaration) -> TokenStream {
    let cfg = &declaration.attrs.cfg;
    let hidden =
        [hidden_factory(declaration), Some(declared_impl(declaration)), Some(registration(declaration))];
    let hidden = hidden.into_iter().flatten();
    // In an `impl` or a `trait` the compiler refuses these items at the function's name.
    let at_name = generated(declaration.accessor.span());
    let items = [
        Some(accessor(declaration)),
        named_factory(declaration),
        Some(cell_static(declaration)),
        Some(marker(declaration)),
        Some(cell(declaration)),
        // A scope of its own: what is in it takes no name from the user.
        Some(quote_spanned!(at_name=> const _: () = { #(#hidden)* };)),
    ];
    items.into_iter().flatten().map(|item| quote!(#(#cfg)* #item)).collect()
}
