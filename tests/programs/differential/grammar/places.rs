//! Where it is.

use crate::grammar::Choice;

pub(super) const CHOICES: &[Choice] = &[
    ("root", |_| {}),
    ("module", |draft| {
        draft.place = "/// A module.\npub mod inner {\n$items\n$declaration\n$callers\n}\n";
        draft.path = "crate::inner";
    }),
    ("private_module", |draft| {
        draft.place = "mod inner {\n$items\n$declaration\n$callers\n}\n";
        draft.path = "crate";
    }),
    ("used_outside", |draft| {
        draft.place = "/// A module.\npub mod inner {\n$items\n$declaration\n}\n#[allow(unused_imports)] use inner::*;\n$callers\n";
        draft.path = "crate";
    }),
    ("nested", |draft| {
        draft.place = "/// A module.\npub mod outer { mod inner {\n$items\n$declaration\n$callers\n} pub use inner::*; }\n";
        draft.path = "crate::outer";
    }),
    ("function", |draft| {
        draft.place = "/// A function.\npub fn outer() {\n$items\n$declaration\n$callers\n}\n";
    }),
    ("closure", |draft| {
        draft.place =
            "/// A function.\npub fn outer() { let _ = || {\n$items\n$declaration\n$callers\n}; }\n";
    }),
    ("constant", |draft| {
        draft.place = "/// A constant.\npub const OUTER: () = {\n$items\n$declaration\n$callers\n};\n";
    }),
    ("program", |draft| draft.crate_kind.program = true),
    ("program_module", |draft| {
        draft.crate_kind.program = true;
        draft.place = "mod inner {\n$items\n$declaration\n$callers\n}\n";
    }),
    ("macro", |draft| {
        draft.place =
            "$items\n⟨decl:macro_rules! declare { () => {\n$declaration\n} }\ndeclare!();⟩\n$callers\n";
    }),
    ("macro_tokens", |draft| {
        draft.place = "$items\nmacro_rules! declare { ($($t:tt)*) => { $($t)* } }\n⟨decl:declare! {\n$declaration\n}⟩\n$callers\n";
    }),
    ("macro_item", |draft| {
        draft.place = "$items\nmacro_rules! declare { ($i:item) => { $i } }\n⟨decl:declare! {\n$declaration\n}⟩\n$callers\n";
    }),
    ("macro_function", |draft| {
        draft.place = "/// A function.\npub fn outer() {\n$items\n⟨decl:macro_rules! declare { () => {\n$declaration\n} }\ndeclare!();⟩\n$callers\n}\n";
    }),
    ("macro_pieces", |draft| {
        // The macro writes attribute and function, the invocation its parts.
        draft.place = "$items\n⟨decl:macro_rules! declare { ($(#[$a:meta])* $v:vis $name:ident, $t:ty, $b:block) => {\n\
                       $(#[$a])* ⟨attr:#[::cells::runtime_cell]⟩ $v fn $name() -> $t $b\n} }\n\
                       declare!(#[doc = \"A pool.\"] $visibility $name, $returns, $body);⟩\n$callers\n";
        draft.pieces = true;
    }),
];
