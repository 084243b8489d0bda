//! Which of the user's attributes go where.

use syn::{Attribute, Meta, parse_quote};

#[derive(Default)]
pub(crate) struct Attributes {
    /// `cfg`: on every item.
    pub(crate) cfg: Vec<Attribute>,
    /// Lint levels: on every item in which the user's tokens stand.
    pub(crate) lints: Vec<Attribute>,
    /// Doc comments: on what users call.
    pub(crate) docs: Vec<Attribute>,
    /// `doc(…)`: on accessor and static, which are one thing to users.
    pub(crate) shown: Vec<Attribute>,
    /// On accessor and static likewise.
    pub(crate) deprecated: Vec<Attribute>,
    /// `must_use`: on what users call.
    pub(crate) must_use: Vec<Attribute>,
    /// Everything else speaks of the body: on the factory.
    pub(crate) factory: Vec<Attribute>,
}

impl Attributes {
    pub(crate) fn sort(attrs: Vec<Attribute>) -> Self {
        let mut sorted = Self::default();
        for attr in attrs {
            let name = attr.path().get_ident().map(ToString::to_string);
            match name.as_deref() {
                Some("cfg") => sorted.cfg.push(attr),
                Some("allow" | "warn" | "deny" | "forbid") => sorted.lints.push(attr),
                Some("expect") => sorted.lints.push(allowed(&attr)),
                Some("doc") if matches!(attr.meta, Meta::NameValue(_)) => sorted.docs.push(attr),
                Some("doc") => sorted.shown.push(attr),
                Some("deprecated") => sorted.deprecated.push(attr),
                Some("must_use") => sorted.must_use.push(attr),
                _ => sorted.factory.push(attr),
            }
        }
        sorted
    }
}

/// Takes out every attribute of that name.
pub(crate) fn take(attrs: &mut Vec<Attribute>, name: &str) -> Vec<Attribute> {
    attrs.extract_if(.., |attr| attr.path().is_ident(name)).collect()
}

/// What is expected of one function can be expected of only one of the items it becomes, and which one is
/// the lint's secret: `expect` is an `allow` everywhere.
fn allowed(expect: &Attribute) -> Attribute {
    match &expect.meta {
        Meta::List(list) => {
            let lints = &list.tokens;
            parse_quote!(#[allow(#lints)])
        }
        _ => expect.clone(),
    }
}
