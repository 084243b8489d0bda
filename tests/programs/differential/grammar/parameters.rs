//! What it takes.

use crate::draft::Draft;
use crate::grammar::Choice;

const STORE: &str = "/// A store.\n#[allow(dead_code)]\n#[::cells::runtime_cell]\npub fn store() -> ::std::string::String { crate::make() }";
const NEAR: &str = "/// A module.\npub mod near { #[allow(unused)] #[::cells::runtime_cell]\npub fn store() -> ::std::string::String { crate::make() } }";
const FALLIBLE: &str = "/// A store.\n#[allow(dead_code)]\n#[::cells::runtime_cell]\npub fn store() -> ::std::io::Result<::std::string::String> { crate::make() }";
const ASYNC: &str = "/// A store.\n#[allow(dead_code)]\n#[::cells::runtime_cell]\npub async fn store() -> ::std::string::String { crate::make() }";
const PERMANENT: &str = "/// A store.\n#[allow(dead_code)]\n#[::cells::runtime_cell(permanent)]\npub fn store() -> ::std::string::String { crate::make() }";
const CLOCK: &str = "/// A clock.\npub trait Clock: Send + Sync {}\n/// A store.\n#[allow(dead_code)]\n#[::cells::runtime_cell]\npub fn store() -> ::std::boxed::Box<dyn Clock> { crate::make() }";

fn one(draft: &mut Draft, store: &'static str, parameter: &'static str) {
    draft.items.push(store);
    draft.parameters = parameter;
    draft.arguments = 1;
}

fn refused(draft: &mut Draft, parameter: &'static str, exception: &'static str) {
    one(draft, STORE, parameter);
    draft.refuse(exception);
}

pub(super) const CHOICES: &[Choice] = &[
    ("none", |_| {}),
    ("borrowed", |draft| one(draft, STORE, "store: &::std::string::String")),
    ("comma", |draft| one(draft, STORE, "store: &::std::string::String,")),
    ("coerced", |draft| one(draft, STORE, "store: &str")),
    ("dynamic", |draft| one(draft, STORE, "store: &(dyn ::core::fmt::Debug + Sync)")),
    ("boxed", |draft| one(draft, CLOCK, "store: &dyn Clock")),
    ("boxed_itself", |draft| one(draft, CLOCK, "store: &::std::boxed::Box<dyn Clock>")),
    ("lease", |draft| one(draft, STORE, "store: ::cells::Ref<'static, ::std::string::String>")),
    ("from", |draft| one(draft, STORE, "⟨cell:#[from(STORE)]⟩ text: &str")),
    ("from_path", |draft| one(draft, NEAR, "⟨cell:#[from(near::STORE)]⟩ text: &str")),
    ("lint", |draft| one(draft, STORE, "#[allow(unused_variables)] store: &str")),
    ("underscored", |draft| one(draft, STORE, "⟨cell:#[from(STORE)]⟩ _store: &str")),
    ("two", |draft| {
        refused(draft, "store: &str, ⟨cell:#[from(STORE)]⟩ again: &str", "injected-twice");
        draft.arguments = 2;
    }),
    ("raw", |draft| one(draft, STORE, "⟨cell:#[from(STORE)]⟩ r#type: &str")),
    ("camel", |draft| one(draft, STORE, "⟨cell:#[from(STORE)]⟩ theStore: &str")),
    ("same_as_name", |draft| one(draft, STORE, "⟨cell:#[from(STORE)]⟩ pool: &str")),
    ("permanent", |draft| one(draft, PERMANENT, "store: &str")),
    ("permanent_lease", |draft| {
        one(draft, PERMANENT, "store: ::cells::Ref<'static, ::std::string::String>");
        draft.refuse("permanent-lease");
    }),
    ("fallible", |draft| {
        one(draft, FALLIBLE, "store: &str");
        if !draft.fallible {
            draft.refuse("fallible-dependency");
        }
    }),
    ("async", |draft| {
        one(draft, ASYNC, "store: &str");
        draft.needs_async = true;
    }),
    ("other_type", |draft| refused(draft, "store: &u8", "not-its-payload")),
    ("not_sync", |draft| refused(draft, "store: &dyn ::core::fmt::Debug", "async-borrow")),
    ("unknown", |draft| refused(draft, "nothing: &str", "no-such-cell")),
    ("no_cell", |draft| refused(draft, "⟨cell:#[from(u8::MAX)]⟩ nothing: &str", "no-such-cell")),
    ("accessor", |draft| refused(draft, "⟨cell:#[from(store)]⟩ text: &str", "no-such-cell")),
    ("itself", |draft| refused(draft, "⟨cell:#[from(POOL)]⟩ text: &u8", "circle")),
    ("mut", |draft| refused(draft, "mut store: &str", "pattern")),
    ("wild", |draft| refused(draft, "_: &str", "pattern")),
    ("pattern", |draft| {
        refused(draft, "(a, b): (u8, u8)", "pattern");
        draft.refuse("by-value");
    }),
    ("value", |draft| refused(draft, "store: ::std::path::PathBuf", "by-value")),
    ("number", |draft| refused(draft, "n: usize", "by-value")),
    ("exclusive", |draft| refused(draft, "store: &mut ::std::string::String", "exclusive")),
    ("static_borrow", |draft| refused(draft, "store: &'static str", "static-borrow")),
    ("elided_lease", |draft| refused(draft, "store: ::cells::Ref<'_, ::std::string::String>", "by-value")),
    ("undeclared", |draft| one(draft, STORE, "store: &Nope")),
    ("undeclared_lifetime", |draft| one(draft, STORE, "store: &'a str")),
    ("impl_trait", |draft| refused(draft, "store: &impl ::core::fmt::Debug", "generic")),
    ("cfg", |draft| refused(draft, "#[cfg(all())] store: &str", "conditional")),
    ("variadic", |draft| refused(draft, "_: ...", "variadic")),
    ("same_twice", |draft| {
        one(draft, STORE, "store: &str, store: &str");
        draft.arguments = 2;
    }),
    ("receiver", |draft| one(draft, STORE, "self")),
    ("receiver_borrowed", |draft| one(draft, STORE, "&self, store: &str")),
    ("half", |draft| one(draft, STORE, "store: ")),
    ("no_type", |draft| one(draft, STORE, "store")),
];
