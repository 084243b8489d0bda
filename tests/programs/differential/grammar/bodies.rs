//! What builds it. The types of most fit the usual return type alone.

use crate::draft::Draft;
use crate::grammar::Choice;
use crate::grammar::returns::in_impl;

/// Sets the body, unless the rest needs a body of its own.
fn body(draft: &mut Draft, body: &'static str) {
    if draft.body == Draft::default().body {
        draft.body = body;
    }
}

pub(super) const CHOICES: &[Choice] = &[
    ("made", |_| {}),
    ("provided", |draft| {
        if draft.body == Draft::default().body && !draft.pieces {
            draft.body = "⟨plain:{ crate::make() }⟩⟨cell:;⟩";
            draft.provided = true;
        }
    }),
    ("wrong", |draft| body(draft, "{ \"text\" }")),
    ("empty", |draft| body(draft, "{}")),
    ("statement", |draft| body(draft, "{ 1; }")),
    ("unfinished", |draft| body(draft, "{ let n = }")),
    ("question_mark", |draft| body(draft, "{ let n: u8 = \"1\".parse()?; n }")),
    ("question_mark_result", |draft| {
        body(draft, "{ let n = \"1\".parse().map_err(|_| \"no\")?; ::core::result::Result::Ok(n) }");
    }),
    ("unused", |draft| body(draft, "{ let unused = 1; let mut x = 2; x }")),
    ("unreachable", |draft| body(draft, "{ return 1; 2 }")),
    ("panic", |draft| body(draft, "{ panic!() }")),
    ("recursion", |draft| body(draft, "{ loop { if false { break 1 } } }")),
    ("items", |draft| body(draft, "{ struct Inner; impl Inner { fn n(&self) -> u8 { 1 } } Inner.n() }")),
    ("macro", |draft| body(draft, "{ macro_rules! one { () => { 1 } } one!() }")),
    ("self_type", |draft| {
        body(draft, "{ let _: Self; 1 }");
        in_impl(draft);
    }),
    ("inner_attribute", |draft| body(draft, "{ #![allow(unused_variables)] let unused = 1; 1 }")),
    ("undeclared", |draft| body(draft, "{ nope() }")),
    ("borrow", |draft| {
        body(draft, "{ let s = ::std::string::String::new(); let r = &s; drop(s); r.len() as u8 }");
    }),
    ("unsafe", |draft| body(draft, "{ let n = 1; unsafe { *(&raw const n) } }")),
    ("closure", |draft| body(draft, "{ (|| 1)() }")),
    ("names", |draft| body(draft, "{ let CamelCase = 1; fn Shouting() -> u8 { 1 } CamelCase + Shouting() }")),
    ("deprecated", |draft| body(draft, "{ #[deprecated] fn old() -> u8 { 1 } old() }")),
    ("must_use", |draft| body(draft, "{ #[must_use] fn one() -> u8 { 1 } one(); 1 }")),
    ("await", |draft| body(draft, "{ ::core::future::ready(1).await }")),
    ("not_send", |draft| {
        body(
            draft,
            "{ let rc = ::std::rc::Rc::new(1); let n = *rc; ::core::future::ready(()).await; drop(rc); n }",
        );
        if draft.is_async() {
            draft.refuse("future");
        }
    }),
];
