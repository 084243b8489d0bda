//! The declaration as a whole, checked. A value of this type cannot express an illegal one.

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};
use syn::ext::IdentExt as _;
use syn::{Expr, LitStr, ReturnType, Signature, Type, Visibility, parse_quote_spanned};

use crate::model::attributes::Attributes;
use crate::model::dependencies::Dependencies;
use crate::model::kind::CellKind;
use crate::model::mode::Mode;
use crate::model::names::{factory_name, static_name};
use crate::model::returns::Returns;
use crate::model::signature::{Shape, check_signature};
use crate::parse::function::Function;
use crate::parse::keys::Args;
use crate::parse::value::{Dispose, Given};
use crate::tokens::crate_path::CratePath;
use crate::tokens::errors::Errors;
use crate::tokens::spans::{edges, generated};

pub(crate) struct Declaration {
    pub(crate) krate: CratePath,
    pub(crate) attrs: Attributes,
    pub(crate) vis: Visibility,
    /// The function that users call.
    pub(crate) accessor: Ident,
    /// The static.
    pub(crate) cell: Ident,
    /// The type that implements the traits of a declared cell.
    pub(crate) marker: Ident,
    /// What messages call the cell.
    pub(crate) name: LitStr,
    pub(crate) payload: Type,
    /// The payload as the user wrote it, or the alias that hides it.
    pub(crate) written: Type,
    pub(crate) mode: Mode,
    pub(crate) kind: CellKind,
    pub(crate) eager: bool,
    pub(crate) dependencies: Dependencies,
    pub(crate) dispose: Option<Dispose>,
    pub(crate) observer: Option<Expr>,
    pub(crate) adjuster: Option<Expr>,
    pub(crate) factory: FactoryFn,
}

/// The user's function, under the name it is emitted with.
pub(crate) struct FactoryFn {
    pub(crate) sig: Signature,
    pub(crate) returns: Type,
    /// The return type is a `Result` under another name, so only the compiler knows the payload.
    pub(crate) aliased: bool,
    pub(crate) body: TokenStream,
    /// The function is emitted where only its cell reaches it, and not beside the accessor.
    pub(crate) nested: bool,
    /// False after a mistake: the function is emitted only so that the compiler checks it.
    pub(crate) callable: bool,
}

impl Declaration {
    /// `None` if no static can hold what the function returns.
    pub(crate) fn new(mut args: Args, function: Function, errors: &mut Errors) -> Option<Self> {
        let Function { attrs, vis, mut sig, body } = function;
        let accessor = sig.ident.clone();
        let shape = check_signature(&mut sig, errors);
        let returns = Returns::read(&sig, errors);
        if shape == Shape::NoCell || returns.opaque {
            return None;
        }

        let unraw = accessor.unraw();
        let generated_name = || LitStr::new(&unraw.to_string(), generated(accessor.span()));
        let name = args.name.take().map_or_else(generated_name, Given::into_value);
        let cell = static_name(args.cell.take(), &accessor, errors);
        let kind = CellKind::read(&sig, &args, errors);
        let dispose = dispose(&mut args, &kind, errors);
        let dependencies = Dependencies::read(&mut sig, args.after.take(), &cell, errors);
        let callable_as = factory_name(args.factory.take(), &accessor, &cell, errors);
        let fallible = returns.is_result() || args.fallible.is_some();
        let mode = Mode::read(fallible, &mut args, errors);
        let krate = CratePath(args.krate.map(Given::into_value));

        let written = returns.payload_of_result().unwrap_or(&returns.ty).clone();
        let aliased = fallible && returns.payload_of_result().is_none();
        let payload = if aliased { payload_of_alias(&written, &krate) } else { written.clone() };

        let nested = callable_as.is_none();
        sig.ident = callable_as.unwrap_or_else(|| {
            let mut hidden = accessor.clone();
            hidden.set_span(generated(accessor.span()));
            hidden
        });
        if let ReturnType::Type(_, ty) = &mut sig.output {
            **ty = returns.ty.clone();
        }
        let body = body.unwrap_or_else(|semicolon| {
            errors.at(semicolon, "a factory needs a body; write the code that builds the payload");
            quote!({ ::core::panic!() })
        });
        let callable = shape == Shape::Whole && !dependencies.incomplete && kind.is_supported();

        Some(Self {
            marker: format_ident!("__cell_{unraw}", span = generated(accessor.span())),
            attrs: Attributes::sort(attrs),
            factory: FactoryFn { sig, returns: returns.ty, aliased, body, nested, callable },
            eager: args.eager.is_some(),
            observer: args.observer.map(Given::into_value),
            adjuster: args.adjuster.map(Given::into_value),
            krate,
            vis,
            accessor,
            cell,
            name,
            payload,
            written,
            mode,
            kind,
            dependencies,
            dispose,
        })
    }
}

fn dispose(args: &mut Args, kind: &CellKind, errors: &mut Errors) -> Option<Dispose> {
    let dispose = args.dispose.take()?.value;
    if args.permanent.is_none() {
        return Some(dispose);
    }
    if let Dispose::Drop(drop) = dispose {
        let message = "a permanent payload is never dropped, because callers hold `&'static` references to it; name a function that takes `&T`, or leave `dispose` out";
        errors.at(drop, message);
        return None;
    }
    // A permanent disposer takes a reference, which does not fit the kind emitted after a mistake.
    Some(dispose).filter(|_| kind.is_permanent())
}

fn payload_of_alias(alias: &Type, krate: &CratePath) -> Type {
    let (open, _) = edges(alias);
    let krate = krate.at(open);
    parse_quote_spanned!(open=> <#alias as #krate::__private010::Alias>::Payload)
}
