//! Which emitted item gets which attribute of the function.

use syn::{Attribute, Meta, parse_quote};

#[derive(Default)]
pub(crate) struct Attributes {
    /// `cfg`: for every item.
    pub(crate) cfg: Vec<Attribute>,
    /// Lint levels: for every item that contains the user's tokens.
    pub(crate) lints: Vec<Attribute>,
    /// Doc comments: for the accessor.
    pub(crate) docs: Vec<Attribute>,
    /// `doc(…)`: for accessor and static, which are one thing to users.
    pub(crate) doc_options: Vec<Attribute>,
    /// `deprecated`: for accessor and static.
    pub(crate) deprecated: Vec<Attribute>,
    /// `must_use`: for the functions that users call.
    pub(crate) must_use: Vec<Attribute>,
    /// Everything else is about the body: for the factory.
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
                Some("expect") => sorted.lints.push(allow(&attr)),
                Some("doc") if matches!(attr.meta, Meta::NameValue(_)) => sorted.docs.push(attr),
                Some("doc") => sorted.doc_options.push(attr),
                Some("deprecated") => sorted.deprecated.push(attr),
                Some("must_use") => sorted.must_use.push(attr),
                _ => sorted.factory.push(attr),
            }
        }
        sorted
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
