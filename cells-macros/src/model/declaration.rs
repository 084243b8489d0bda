//! The declaration as a whole, checked. A value of this type cannot express an illegal one.

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::ext::IdentExt as _;
use syn::{
    Expr, Generics, LitStr, Path, ReturnType, Signature, Token, Type, Visibility, parse_quote_spanned,
};

use crate::model::age::Age;
use crate::model::attributes::Attributes;
use crate::model::dependencies::Dependencies;
use crate::model::kind::CellKind;
use crate::model::mode::Mode;
use crate::model::names::{factory_name, static_name};
use crate::model::parameter::remove_from;
use crate::model::provided::check_without_factory;
use crate::model::returns::{Outcome, Returns};
use crate::model::running::Running;
use crate::model::signature::{Shape, check_place, check_signature};
use crate::parse::function::Function;
use crate::parse::keys::Args;
use crate::parse::value::{Dispose, Given};
use crate::tokens::crate_path::CratePath;
use crate::tokens::errors::Errors;
use crate::tokens::spans::{edges, generated, last};
use crate::tokens::spell::spell;

pub(crate) struct Declaration {
    pub(crate) krate: CratePath,
    pub(crate) attrs: Attributes,
    pub(crate) vis: Visibility,
    /// The function that users call.
    pub(crate) accessor: Ident,
    /// The static.
    pub(crate) cell: Ident,
    /// The cell itself, and the type that implements the traits of a declared cell.
    pub(crate) hidden: Ident,
    /// What messages call the cell.
    pub(crate) name: LitStr,
    pub(crate) payload: Type,
    /// The payload as the user wrote it, or the alias that hides it.
    pub(crate) written: Type,
    pub(crate) mode: Mode,
    pub(crate) kind: CellKind,
    pub(crate) eager: bool,
    pub(crate) age: Age,
    /// The program may provide the payload.
    pub(crate) provided: bool,
    pub(crate) dependencies: Dependencies,
    pub(crate) dispose: Option<Dispose>,
    pub(crate) running: Running,
    pub(crate) observer: Option<Expr>,
    pub(crate) adjuster: Option<Expr>,
    pub(crate) factory: FactoryFn,
}

/// The user's function, under the name it is emitted with.
pub(crate) struct FactoryFn {
    pub(crate) sig: Signature,
    pub(crate) returns: Type,
    /// What the compiler is to blame for an error that no cell can have: the error's type if that is written, or what
    /// the function returns.
    pub(crate) blamed: Type,
    /// The return type is a `Result` under another name, so only the compiler knows the payload.
    pub(crate) aliased: bool,
    /// The semicolon in its place, if there is no factory: only the program provides the payload.
    pub(crate) body: Result<TokenStream, Token![;]>,
    /// The function is emitted where only its cell reaches it, and not beside the accessor.
    pub(crate) nested: bool,
    /// False after a mistake: the function is emitted only so that the compiler checks it.
    pub(crate) callable: bool,
}

impl Declaration {
    /// The user's function comes back if no static can hold what it returns.
    pub(crate) fn new(
        mut args: Args,
        mut function: Function,
        errors: &mut Errors,
    ) -> Result<Self, Box<Function>> {
        if function.sig.ident == "main" {
            errors.at(
                &function.sig.ident,
                "`main` is where the program starts, so it cannot be an accessor; choose another name",
            );
            return Err(Box::new(empty_main(function)));
        }
        let shape = check_signature(&mut function, errors).max(check_place(&function, errors));
        let returns = Returns::read(&function, errors);
        if shape == Shape::NoCell || returns.opaque {
            remove_from(&mut function.sig);
            return Err(Box::new(function));
        }
        let Function { attrs, vis, mut sig, body, repaired } = function;
        let accessor = sig.ident.clone();
        let attrs = Attributes::sort(attrs);
        let provided = args.provided.is_some();
        if provided && body.is_err() {
            check_without_factory(&mut sig, &attrs.factory, &mut args, errors);
        }

        let unraw = accessor.unraw();
        let generated_name = || LitStr::new(&unraw.to_string(), generated(accessor.span()));
        let name = args.name.take().map_or_else(generated_name, Given::into_value);
        let cell = static_name(args.cell.take(), &accessor, errors);
        let kind = CellKind::read(&sig, &args, errors);
        let running = Running::read(&mut args, &kind, errors);
        let dispose = dispose(&mut args, &kind, errors);
        let age = Age::read(&mut args, &kind, errors);
        let dependencies = if shape == Shape::Generic {
            remove_from(&mut sig);
            Dependencies::default()
        } else {
            Dependencies::read(&mut sig, args.after.take(), &cell, errors)
        };
        let callable_as = factory_name(args.factory.take(), &accessor, &cell, errors);
        let outcome = returns.outcome(&args, errors);
        let mode = Mode::read(!matches!(outcome, Outcome::Payload), !returns.replaced, &mut args, errors);
        let krate = crate_path(args.krate, errors);

        let blamed = returns.error_of_result().unwrap_or(&returns.ty).clone();
        let aliased = matches!(outcome, Outcome::Alias);
        let not_fallible = matches!(outcome, Outcome::NotFallible);
        let written = if let Outcome::Result(payload) = outcome { payload } else { &returns.ty }.clone();
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
        let no_body = || quote_spanned!(last(&sig)=> { ::core::panic!() });
        let body = body.or_else(|semicolon| {
            if provided {
                return Err(semicolon);
            }
            errors.at(
                semicolon,
                "a factory needs a body; write the code that builds the payload, or add the key `provided` if the program provides it",
            );
            Ok(no_body())
        });
        // The compiler cannot check a body whose type or parameters it does not know.
        let unknown = repaired || returns.replaced;
        let body = body.map(|body| if unknown { no_body() } else { body });
        if unknown {
            sig.inputs.clear();
        }
        let readable = !unknown && !dependencies.incomplete && !not_fallible;
        let callable = shape == Shape::Whole && readable && kind.is_supported();

        Ok(Self {
            hidden: format_ident!("__cell_{unraw}", span = generated(accessor.span())),
            attrs,
            factory: FactoryFn { sig, blamed, returns: returns.ty, aliased, body, nested, callable },
            eager: args.eager.is_some(),
            age,
            provided,
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
            running,
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

/// A `main` of which the compiler has nothing to say.
fn empty_main(mut function: Function) -> Function {
    let sig = &mut function.sig;
    sig.inputs.clear();
    (sig.constness, sig.asyncness, sig.output) = (None, None, ReturnType::Default);
    sig.generics = Generics::default();
    Function { body: Ok(quote!({})), ..function }
}

fn crate_path(given: Option<Given<Path>>, errors: &mut Errors) -> CratePath {
    let path = given.map(Given::into_value);
    let standard = |path: &Path| {
        ["std", "core", "alloc"].iter().any(|name| spell(path).trim_start_matches("::") == *name)
    };
    if let Some(path) = path.as_ref().filter(|path| standard(path)) {
        errors.at(path, "`crate` takes the path to the crate `cells`; write `crate = ::cells`");
    }
    CratePath(path.filter(|path| !standard(path)))
}

fn payload_of_alias(alias: &Type, krate: &CratePath) -> Type {
    let (open, _) = edges(alias);
    let krate = krate.at(open);
    parse_quote_spanned!(open=> <#alias as #krate::__private010::Alias>::Payload)
}
