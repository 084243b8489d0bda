//! What kind of function it is.

use crate::grammar::Choice;

pub(super) const CHOICES: &[Choice] = &[
    ("plain", |_| {}),
    ("async", |draft| draft.qualifiers = "async"),
    ("const", |draft| {
        draft.qualifiers = "const";
        draft.body = "{ loop {} }";
        draft.refuse("const");
    }),
    ("unsafe", |draft| {
        draft.qualifiers = "unsafe";
        draft.refuse("unsafe");
    }),
    ("extern", |draft| {
        draft.qualifiers = "extern \"C\"";
        draft.refuse("extern");
    }),
    ("generic", |draft| {
        draft.generics = "<T: Default>";
        draft.refuse("generic");
    }),
    ("const_generic", |draft| {
        draft.generics = "<const N: usize>";
        draft.refuse("generic");
    }),
    ("lifetime", |draft| {
        draft.generics = "<'a>";
        draft.refuse("lifetime");
    }),
    ("empty_generics", |draft| draft.generics = "<>"),
    ("empty_where", |draft| draft.returns.push_str(" where")),
    ("where", |draft| draft.returns.push_str(" where u8: Copy")),
    ("no_body", |draft| draft.body = ";"),
];
