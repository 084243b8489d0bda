//! What it means: a declaration in which nothing illegal can be said.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::ext::IdentExt as _;
use syn::{Expr, LitStr, Path, ReturnType, Signature, Type, Visibility, parse_quote_spanned};

use crate::model::attributes::Attributes;
use crate::model::dependencies::Dependencies;
use crate::model::kind::{Running, Wishes};
use crate::model::names::cell_name;
use crate::model::returns::Returns;
use crate::model::signature::{self, Shape};
use crate::parse::args::{Args, Given};
use crate::parse::function::Factory;
use crate::parse::value::{Dispose, Length};
use crate::tokens::errors::Errors;
use crate::tokens::spans::{edges, generated};

pub(crate) struct Model {
    pub(crate) krate: Krate,
    pub(crate) attrs: Attributes,
    pub(crate) vis: Visibility,
    pub(crate) accessor: Ident,
    pub(crate) cell: Ident,
    pub(crate) marker: Ident,
    pub(crate) name: LitStr,
    pub(crate) payload: Type,
    /// The payload as the user wrote it, or the alias that hides it.
    pub(crate) written: Type,
    pub(crate) mode: Mode,
    pub(crate) running: Running,
    pub(crate) eager: bool,
    pub(crate) dependencies: Dependencies,
    pub(crate) dispose: Option<Dispose>,
    pub(crate) observer: Option<Expr>,
    pub(crate) adjuster: Option<Expr>,
    pub(crate) factory: BuildFn,
}

pub(crate) enum Mode {
    Infallible,
    Fallible(Box<Limits>),
}

/// What only a cell that can fail has.
pub(crate) struct Limits {
    pub(crate) max_waiters: Option<Expr>,
    pub(crate) wait_timeout: Option<Length>,
    pub(crate) cooldown: Option<Length>,
}

/// Where the runtime crate is.
pub(crate) struct Krate(Option<Path>);

impl Krate {
    /// Its path, said to stand at `span` unless the user wrote it.
    pub(crate) fn at(&self, span: Span) -> TokenStream {
        self.0.as_ref().map_or_else(|| quote_spanned!(span=> ::cells), ToTokens::to_token_stream)
    }
}

/// The user's function under the name it is emitted with.
pub(crate) struct BuildFn {
    pub(crate) sig: Signature,
    pub(crate) returns: Type,
    /// A `Result` by another name, whose payload the compiler alone knows.
    pub(crate) aliased: bool,
    pub(crate) body: TokenStream,
    /// Where nobody else reaches it, rather than beside the accessor.
    pub(crate) nested: bool,
    /// False after an error: the function is there to be checked alone.
    pub(crate) callable: bool,
}

impl Model {
    /// Nothing where no static can stand for the function.
    pub(crate) fn new(args: Args, factory: Factory, errors: &mut Errors) -> Option<Self> {
        let Factory { attrs, vis, mut sig, body } = factory;
        let accessor = sig.ident.clone();
        let shape = signature::check(&mut sig, errors);
        let returns = Returns::read(&sig, errors);
        if shape == Shape::NoCell || returns.opaque {
            return None;
        }

        let unraw = accessor.unraw();
        let name =
            args.name.map_or_else(|| LitStr::new(&unraw.to_string(), generated(accessor.span())), value);
        let cell = cell_name(args.cell, &accessor, errors);
        let Args { permanent, blocking, detached, runtime, .. } = args;
        let wants_permanent = permanent.is_some();
        let running = Running::read(&sig, Wishes { permanent, blocking, detached, runtime }, errors);
        let dispose = if wants_permanent {
            permanent_dispose(args.dispose, &running, errors)
        } else {
            args.dispose.map(value)
        };
        let dependencies = Dependencies::read(&mut sig, args.after, &cell, errors);
        let plain = args.factory.map(value).filter(|plain| {
            let taken = *plain == accessor || *plain == cell;
            if taken {
                errors.at(
                    plain,
                    format!("`{plain}` is taken by the accessor or its static; name the factory otherwise"),
                );
            }
            !taken
        });
        let krate = Krate(args.krate.map(value));

        let fallible = returns.is_result() || args.fallible.is_some();
        let limits = Limits {
            max_waiters: only_if(fallible, args.max_waiters, errors),
            wait_timeout: only_if(fallible, args.wait_timeout, errors),
            cooldown: only_if(fallible, args.cooldown, errors),
        };
        let written = returns.payload_of_result().unwrap_or(&returns.ty).clone();
        let aliased = fallible && returns.payload_of_result().is_none();
        let payload = if aliased {
            let (open, _) = edges(&written);
            let krate = krate.at(open);
            parse_quote_spanned!(open=> <#written as #krate::__private::Alias>::Payload)
        } else {
            written.clone()
        };

        let nested = plain.is_none();
        sig.ident = plain.unwrap_or_else(|| format_ident!("__factory", span = generated(accessor.span())));
        if let ReturnType::Type(_, ty) = &mut sig.output {
            **ty = returns.ty.clone();
        }
        let body = body.unwrap_or_else(|semicolon| {
            errors.at(semicolon, "a factory has a body; write what builds the payload");
            quote!({ ::core::panic!() })
        });

        Some(Self {
            marker: format_ident!("__{unraw}", span = generated(accessor.span())),
            mode: if fallible { Mode::Fallible(Box::new(limits)) } else { Mode::Infallible },
            attrs: Attributes::sort(attrs),
            factory: BuildFn {
                sig,
                returns: returns.ty,
                aliased,
                body,
                nested,
                callable: shape == Shape::Whole && !dependencies.incomplete && running.is_supported(),
            },
            running,
            eager: args.eager.is_some(),
            dependencies,
            dispose,
            observer: args.observer.map(value),
            adjuster: args.adjuster.map(value),
            krate,
            vis,
            accessor,
            cell,
            name,
            payload,
            written,
        })
    }
}

fn value<T>(given: Given<T>) -> T {
    given.value
}

/// What a permanent cell does with its payload at shutdown.
fn permanent_dispose(
    given: Option<Given<Dispose>>,
    running: &Running,
    errors: &mut Errors,
) -> Option<Dispose> {
    let dispose = given?.value;
    if let Dispose::Drop(drop) = dispose {
        let message = "a permanent payload is never dropped, for everybody has `&'static` references to it; name a function that takes `&T`, or leave `dispose` out";
        errors.at(drop, message);
        return None;
    }
    // Where the cell cannot be permanent, its disposer cannot take a reference.
    Some(dispose).filter(|_| running.is_permanent())
}

fn only_if<T>(fallible: bool, given: Option<Given<T>>, errors: &mut Errors) -> Option<T> {
    let Given { key, value } = given?;
    if !fallible {
        let message =
            format!("`{key}` needs a cell that can fail; return a `Result`, or add the flag `fallible`");
        errors.at(key, message);
    }
    Some(value)
}
