//! Which emitted item gets which attribute of the function.

use syn::parse::ParseStream;
use syn::punctuated::Punctuated;
use syn::{Attribute, Expr, ExprLit, Lit, Meta, Result, Token, parse_quote};

#[derive(Default)]
pub(crate) struct Attributes {
    /// `cfg`: for every item.
    pub(crate) cfg: Vec<Attribute>,
    /// Lint levels: for every item that contains the user's tokens.
    pub(crate) lints: Vec<Attribute>,
    /// Doc comments and whatever is only about the accessor's page: for the accessor.
    pub(crate) docs: Vec<Attribute>,
    /// `doc(…)`: for accessor and static, which are one thing to users.
    pub(crate) doc_options: Vec<Attribute>,
    /// `deprecated`: for accessor and static.
    pub(crate) deprecated: Vec<Attribute>,
    /// `must_use`: for the functions that users call.
    pub(crate) must_use: Vec<Attribute>,
    /// Everything else is about the body, or is no attribute that the compiler takes: for the factory.
    pub(crate) factory: Vec<Attribute>,
}

impl Attributes {
    pub(crate) fn sort(attrs: Vec<Attribute>) -> Self {
        let mut sorted = Self::default();
        for attr in attrs {
            let name = attr.path().get_ident().map(ToString::to_string);
            match name.as_deref() {
                Some("cfg") => sorted.cfg.push(attr),
                Some("allow" | "warn" | "deny" | "forbid") if is_list(&attr) => sorted.lints.push(attr),
                Some("expect") if is_list(&attr) => sorted.lints.push(allow(&attr)),
                Some("doc") if is_for_static(&attr) => sorted.doc_options.push(attr),
                Some("doc") => sorted.docs.push(attr),
                Some("deprecated") if is_deprecation(&attr) => sorted.deprecated.push(attr),
                Some("must_use") => sorted.must_use.push(attr),
                _ => sorted.factory.push(attr),
            }
        }
        sorted
    }
}

/// Whether the compiler takes the attribute of a lint, and so has nothing to say of each copy.
fn is_list(attr: &Attribute) -> bool {
    matches!(attr.meta, Meta::List(_)) && attr.parse_args_with(paths).is_ok()
}

/// The lints, and the reason.
fn paths(input: ParseStream<'_>) -> Result<Punctuated<Meta, Token![,]>> {
    Punctuated::parse_terminated(input)
}

/// Whether a static can have that `doc(…)` beside its accessor.
fn is_for_static(attr: &Attribute) -> bool {
    let Ok(options) = attr.parse_args_with(paths) else { return false };
    options.iter().all(|option| ["hidden", "cfg", "alias"].iter().any(|name| option.path().is_ident(name)))
}

fn is_deprecation(attr: &Attribute) -> bool {
    match &attr.meta {
        Meta::Path(_) => true,
        Meta::NameValue(text) => matches!(&text.value, Expr::Lit(ExprLit { lit: Lit::Str(_), .. })),
        Meta::List(_) => attr.parse_args_with(paths).is_ok_and(|facts| {
            facts.iter().all(|fact| {
                let known = ["since", "note", "suggestion"].iter().any(|name| fact.path().is_ident(name));
                known && fact.require_name_value().is_ok()
            })
        }),
    }
}

/// `expect` as `allow`: one function becomes several items, the lint fires in one of them, and we cannot know which.
fn allow(expect: &Attribute) -> Attribute {
    match &expect.meta {
        Meta::List(list) => {
            let lints = &list.tokens;
            parse_quote!(#[allow(#lints)])
        }
        _ => expect.clone(),
    }
}
