//! What it is called, and what has the names around it.

use crate::draft::{Callers, Draft};
use crate::grammar::Choice;

/// The accessor and the static have one name, which is the accessor's to callers.
pub(super) fn one_name(draft: &mut Draft) {
    draft.refuse("no-capitals");
    draft.callers = Callers::Accessor;
}

pub(super) const CHOICES: &[Choice] = &[
    ("usual", |_| {}),
    ("raw", |draft| (draft.name, draft.cell) = ("r#type", "TYPE")),
    ("camel", |draft| (draft.name, draft.cell) = ("connectionPool", "CONNECTION_POOL")),
    ("pascal", |draft| (draft.name, draft.cell) = ("ConnectionPool", "CONNECTION_POOL")),
    ("number", |draft| (draft.name, draft.cell) = ("pool2", "POOL2")),
    ("underscore", |draft| (draft.name, draft.cell) = ("_pool", "_POOL")),
    ("underscores", |draft| (draft.name, draft.cell) = ("__pool", "__POOL")),
    ("hidden", |draft| (draft.name, draft.cell) = ("__factory", "__FACTORY")),
    ("build", |draft| (draft.name, draft.cell) = ("build", "BUILD")),
    ("letter", |draft| (draft.name, draft.cell) = ("f", "F")),
    ("drop", |draft| (draft.name, draft.cell) = ("drop", "DROP")),
    ("cells", |draft| (draft.name, draft.cell) = ("cells", "CELLS")),
    ("std", |draft| (draft.name, draft.cell) = ("std", "STD")),
    ("payload", |draft| (draft.name, draft.cell) = ("payload", "PAYLOAD")),
    ("none", |draft| (draft.name, draft.cell) = ("none", "NONE")),
    ("umlaut", |draft| (draft.name, draft.cell) = ("größe", "GRÖSSE")),
    ("no_capitals", |draft| {
        (draft.name, draft.cell) = ("变量", "变量");
        one_name(draft);
    }),
    ("capitals", |draft| {
        (draft.name, draft.cell) = ("POOL", "POOL");
        one_name(draft);
    }),
    ("main", |draft| {
        (draft.name, draft.cell) = ("main", "MAIN");
        draft.crate_kind.program = false;
        draft.refuse("main");
        // It stays what it is, since a program starts there.
        draft.callers = Callers::None;
    }),
    ("constant_beside", |draft| {
        draft.items.push("/// Taken.\npub const POOL: u8 = 1;");
        draft.refuse("static-taken");
        draft.callers = Callers::Accessor;
    }),
    ("type_beside", |draft| {
        draft.items.push(
            "/// As the static, in another namespace.\n#[allow(non_camel_case_types)] pub struct POOL {}",
        );
    }),
    ("marker_beside", |draft| {
        draft.items.push("/// Of a user.\n#[allow(non_camel_case_types)] pub struct __pool;\n/// Of a user.\npub static __POOL: u8 = 1;\n/// Of a user.\npub fn __factory() {}");
    }),
    ("twice", |draft| {
        draft.items.push("/// Taken.\npub fn pool() {}");
        draft.callers = Callers::None;
    }),
    ("prelude_shadowed", |draft| {
        draft.items.push(
            "#[allow(unused, missing_docs, non_camel_case_types)] mod shadows { pub struct Result; pub struct Option; \
             pub struct Some; pub struct Ok; pub struct Err; pub struct Box; pub struct String; pub trait Into {} \
             pub trait From {} pub trait Send {} pub trait Sync {} pub trait Sized {} pub trait Drop {} pub fn drop() {} \
             pub struct u8x; pub struct str; pub struct bool; pub struct usize; pub mod core {} pub mod std {} \
             pub mod cells {} pub mod alloc {} pub struct Ref; pub struct Error; pub trait Deref {} \
             macro_rules! line { () => {} } pub(crate) use line; macro_rules! panic { () => {} } pub(crate) use panic; }\n\
             #[allow(unused)] use shadows::*;",
        );
    }),
];
