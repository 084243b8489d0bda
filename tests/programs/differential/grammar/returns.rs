//! What it returns, and from what body.

use crate::draft::{Callers, Draft};
use crate::grammar::Choice;

/// The return type with what it needs around it, and the payload's type where callers can write it.
fn plain(draft: &mut Draft, ty: &str, items: &'static str, payload: Option<&'static str>) {
    set(draft, ty);
    if !items.is_empty() {
        draft.items.push(items);
    }
    draft.payload = payload;
}

/// The same of a type that makes the cell fallible.
fn result(draft: &mut Draft, ty: &str, items: &'static str, payload: Option<&'static str>) {
    plain(draft, ty, items, payload);
    draft.fallible = true;
}

/// Replaces the type, and leaves a `where` clause behind it.
fn set(draft: &mut Draft, ty: &str) {
    let clause = draft.returns.find(" where").map_or("", |at| &draft.returns[at..]).to_owned();
    draft.returns = format!(" -> {ty}{clause}");
}

/// Nobody knows the type of the static.
fn callers_not_knowing(draft: &mut Draft) {
    draft.callers = Callers::None;
}

/// What says `Self` may be in an `impl`, where a static cannot be, so callers find what is written.
fn in_impl(draft: &mut Draft) {
    draft.callers = Callers::None;
}

pub(super) const CHOICES: &[Choice] = &[
    ("u8", |draft| plain(draft, "u8", "", Some("u8"))),
    ("unit", |draft| plain(draft, "()", "", Some("()"))),
    ("string", |draft| plain(draft, "String", "", Some("::std::string::String"))),
    ("vec", |draft| plain(draft, "Vec<u8>", "", Some("::std::vec::Vec<u8>"))),
    ("path", |draft| {
        plain(draft, "::std::collections::BTreeMap<::std::string::String, ::std::vec::Vec<u8>>", "", None);
    }),
    ("tuple", |draft| plain(draft, "(u8, &'static str)", "", Some("(u8, &'static str)"))),
    ("array", |draft| plain(draft, "[u8; 1 + 2]", "", Some("[u8; 3]"))),
    ("static_str", |draft| plain(draft, "&'static str", "", Some("&'static str"))),
    ("static_slice", |draft| plain(draft, "&'static [u8]", "", None)),
    ("fn_pointer", |draft| plain(draft, "fn(u8) -> u8", "", None)),
    ("fn_pointer_borrow", |draft| plain(draft, "fn(&u8) -> &u8", "", None)),
    ("fn_pointer_for", |draft| plain(draft, "for<'a> fn(&'a u8) -> &'a u8", "", None)),
    ("unsafe_fn_pointer", |draft| plain(draft, r#"unsafe extern "C" fn()"#, "", None)),
    ("box_dyn", |draft| plain(draft, "Box<dyn Fn(&str) -> &str + Send + Sync>", "", None)),
    ("box_dyn_for", |draft| plain(draft, "Box<dyn for<'a> Fn(&'a str) -> &'a str + Send + Sync>", "", None)),
    ("box_trait", |draft| {
        plain(
            draft,
            "Box<dyn Clock>",
            "/// A clock.\npub trait Clock: Send + Sync {}",
            Some("Box<dyn Clock>"),
        );
    }),
    ("box_private_trait", |draft| {
        plain(draft, "Box<dyn Clock>", "#[allow(dead_code)] trait Clock: Send + Sync {}", None);
    }),
    ("arc_trait", |draft| {
        plain(draft, "::std::sync::Arc<dyn Clock + Send + Sync>", "/// A clock.\npub trait Clock {}", None);
    }),
    ("option", |draft| plain(draft, "Option<u8>", "", None)),
    ("atomic", |draft| plain(draft, "::std::sync::atomic::AtomicU8", "", None)),
    ("mutex", |draft| plain(draft, "::std::sync::Mutex<::std::cell::Cell<u8>>", "", None)),
    ("parens", |draft| plain(draft, "(u8)", "", None)),
    ("projection", |draft| plain(draft, "<u8 as ::core::ops::Add>::Output", "", Some("u8"))),
    ("type_macro", |draft| plain(draft, "number!()", "macro_rules! number { () => { u8 } }", Some("u8"))),
    ("type_alias", |draft| plain(draft, "Number", "/// A number.\npub type Number = u8;", Some("u8"))),
    ("public", |draft| plain(draft, "Pool", "/// A pool.\npub struct Pool;", Some("Pool"))),
    ("private", |draft| plain(draft, "Pool", "struct Pool;", Some("Pool"))),
    ("private_in_vec", |draft| plain(draft, "Vec<Pool>", "struct Pool;", None)),
    ("private_in_option", |draft| plain(draft, "Option<(u8, Pool)>", "struct Pool;", None)),
    ("private_in_dyn", |draft| plain(draft, "Box<dyn Fn(Pool) -> Pool + Send + Sync>", "struct Pool;", None)),
    ("private_alias", |draft| plain(draft, "Alias", "struct Pool; type Alias = Pool;", None)),
    ("crate_visible", |draft| plain(draft, "Pool", "pub(crate) struct Pool;", Some("Pool"))),
    ("private_generic", |draft| {
        plain(draft, "Pool<Secret>", "/// A pool.\npub struct Pool<T>(pub T);\nstruct Secret;", None);
    }),
    ("deprecated_type", |draft| plain(draft, "Pool", "/// A pool.\n#[deprecated] pub struct Pool;", None)),
    ("must_use_type", |draft| plain(draft, "Pool", "/// A pool.\n#[must_use] pub struct Pool;", None)),
    ("non_exhaustive", |draft| {
        plain(draft, "Pool", "/// A pool.\n#[non_exhaustive] pub struct Pool {}", None);
    }),
    ("with_drop", |draft| {
        plain(
            draft,
            "Pool",
            "/// A pool.\npub struct Pool;\nimpl Drop for Pool { fn drop(&mut self) {} }",
            Some("Pool"),
        );
    }),
    ("with_close", |draft| {
        plain(
            draft,
            "Pool",
            "/// A pool.\npub struct Pool;\nimpl ::cells::Close for Pool { fn close(self) -> ::core::result::Result<(), ::cells::BoxError> { ::core::result::Result::Ok(()) } }",
            Some("Pool"),
        );
    }),
    ("generic_default", |draft| {
        plain(draft, "Pool", "/// A pool.\npub struct Pool<T = u8>(pub T);", Some("Pool<u8>"));
    }),
    ("const_generic", |draft| {
        plain(draft, "Pool<{ 1 + 2 }>", "/// A pool.\npub struct Pool<const N: usize>;", Some("Pool<3>"));
    }),
    ("lifetime_static", |draft| {
        plain(draft, "Pool<'static>", "/// A pool.\npub struct Pool<'a>(pub &'a u8);", Some("Pool<'static>"));
    }),
    ("hidden_lifetime", |draft| {
        plain(draft, "Pool", "/// A pool.\npub struct Pool<'a>(pub &'a u8);", None);
        draft.borrows = true;
    }),
    ("cow", |draft| plain(draft, "::std::borrow::Cow<'static, str>", "", None)),
    ("cells_ref", |draft| plain(draft, "::cells::Ref<'static, u8>", "", None)),
    ("never_alias", |draft| {
        plain(draft, "::core::convert::Infallible", "", None);
        // What follows a call of the plain function would be unreachable.
        draft.callers = Callers::None;
    }),
    ("result_io", |draft| result(draft, "Result<u8, ::std::io::Error>", "", Some("u8"))),
    ("result_string", |draft| result(draft, "Result<u8, String>", "", Some("u8"))),
    ("result_str", |draft| result(draft, "Result<u8, &'static str>", "", Some("u8"))),
    ("result_boxed", |draft| {
        result(draft, "Result<u8, Box<dyn ::core::error::Error + Send + Sync>>", "", Some("u8"));
    }),
    ("result_box_error", |draft| result(draft, "Result<u8, ::cells::BoxError>", "", Some("u8"))),
    ("result_infallible", |draft| result(draft, "Result<u8, ::core::convert::Infallible>", "", Some("u8"))),
    ("result_cells", |draft| result(draft, "Result<u8, ::cells::Error>", "", Some("u8"))),
    ("result_own", |draft| {
        result(
            draft,
            "Result<u8, Failed>",
            "/// An error.\n#[derive(Debug)] pub struct Failed;\nimpl ::core::fmt::Display for Failed { fn fmt(&self, _: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result { ::core::result::Result::Ok(()) } }\nimpl ::core::error::Error for Failed {}",
            Some("u8"),
        );
    }),
    ("result_private", |draft| {
        result(
            draft,
            "Result<u8, Failed>",
            "#[derive(Debug)] struct Failed;\nimpl ::core::fmt::Display for Failed { fn fmt(&self, _: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result { ::core::result::Result::Ok(()) } }\nimpl ::core::error::Error for Failed {}",
            Some("u8"),
        );
    }),
    ("result_private_payload", |draft| result(draft, "Result<Vec<Pool>, String>", "struct Pool;", None)),
    ("result_unit", |draft| result(draft, "Result<(), String>", "", Some("()"))),
    ("result_nested", |draft| result(draft, "Result<Result<u8, String>, String>", "", None)),
    ("result_full_path", |draft| {
        result(draft, "::std::result::Result<u8, ::std::fmt::Error>", "", Some("u8"));
    }),
    ("io_result", |draft| result(draft, "::std::io::Result<u8>", "", Some("u8"))),
    ("fmt_result", |draft| result(draft, "::std::fmt::Result", "", Some("()"))),
    ("thread_result", |draft| {
        result(draft, "::std::thread::Result<u8>", "", None);
        draft.refuse("error");
    }),
    ("own_result", |draft| {
        result(
            draft,
            "Result<u8>",
            "/// A result.\npub type Result<T> = ::core::result::Result<T, ::std::string::String>;",
            Some("u8"),
        );
    }),
    ("own_result_default", |draft| {
        result(
            draft,
            "Result<u8>",
            "/// A result.\npub type Result<T, E = ::std::string::String> = ::core::result::Result<T, E>;",
            Some("u8"),
        );
    }),
    ("own_result_plain", |draft| {
        result(
            draft,
            "Result",
            "/// A result.\npub type Result = ::core::result::Result<u8, ::std::string::String>;",
            Some("u8"),
        );
    }),
    ("own_result_vec", |draft| {
        result(
            draft,
            "Result<u8>",
            "/// A result.\npub type Result<T> = ::core::result::Result<::std::vec::Vec<T>, ::std::string::String>;",
            Some("::std::vec::Vec<u8>"),
        );
    }),
    ("own_result_swapped", |draft| {
        result(
            draft,
            "Result<::std::string::String, u8>",
            "/// A result.\npub type Result<E, T> = ::core::result::Result<T, E>;",
            Some("u8"),
        );
    }),
    ("own_result_struct", |draft| plain(draft, "Result", "/// No result.\npub struct Result;", None)),
    ("own_result_enum", |draft| {
        plain(draft, "Result<u8>", "/// No result.\npub enum Result<T> {\n/// One.\nOne(T) }", None);
    }),
    ("own_result_private", |draft| {
        result(
            draft,
            "Result<u8>",
            r#"type Result<T> = ::core::result::Result<T, Failed>;
struct Failed;
impl ::core::convert::From<Failed> for ::cells::BoxError { fn from(_: Failed) -> Self { "failed".into() } }"#,
            Some("u8"),
        );
    }),
    ("alias", |draft| {
        plain(
            draft,
            "Fallible<u8>",
            "/// A result.\npub type Fallible<T> = ::core::result::Result<T, ::std::string::String>;",
            None,
        );
    }),
    ("alias_result_name", |draft| {
        plain(
            draft,
            "PoolResult",
            "/// A result.\npub type PoolResult = ::core::result::Result<u8, ::std::string::String>;",
            None,
        );
    }),
    ("error_not_send", |draft| {
        result(draft, "Result<u8, Box<dyn ::core::error::Error>>", "", None);
        draft.refuse("error");
    }),
    ("error_unit", |draft| {
        result(draft, "Result<u8, ()>", "", None);
        draft.refuse("error");
    }),
    ("error_number", |draft| {
        result(draft, "Result<u8, u8>", "", None);
        draft.refuse("error");
    }),
    ("rc", |draft| {
        plain(draft, "::std::rc::Rc<u8>", "", None);
        draft.refuse("payload");
    }),
    ("cell", |draft| {
        plain(draft, "::std::cell::Cell<u8>", "", None);
        draft.refuse("payload");
    }),
    ("raw_pointer", |draft| {
        plain(draft, "*const u8", "", None);
        draft.refuse("payload");
    }),
    ("not_sync_dyn", |draft| {
        plain(draft, "Box<dyn Fn() -> u8 + Send>", "", None);
        draft.refuse("payload");
    }),
    ("not_send_in_result", |draft| {
        result(draft, "Result<::std::rc::Rc<u8>, String>", "", None);
        draft.refuse("payload");
    }),
    ("guard", |draft| {
        plain(draft, "::std::sync::MutexGuard<'static, u8>", "", None);
        draft.refuse("payload");
    }),
    ("str", |draft| plain(draft, "str", "", None)),
    ("slice", |draft| plain(draft, "[u8]", "", None)),
    ("bare_dyn", |draft| plain(draft, "dyn Send", "", None)),
    ("undeclared_lifetime", |draft| plain(draft, "&'a u8", "", None)),
    ("undeclared_lifetime_in_path", |draft| plain(draft, "::std::borrow::Cow<'a, str>", "", None)),
    ("elided", |draft| {
        plain(draft, "&str", "", None);
        draft.borrows = true;
    }),
    ("elided_path", |draft| {
        plain(draft, "::std::borrow::Cow<'_, str>", "", None);
        draft.borrows = true;
    }),
    ("impl_trait", |draft| {
        plain(draft, "impl Send + Sync", "", None);
        draft.body = "{ 1_u8 }";
        callers_not_knowing(draft);
        draft.refuse("impl-trait");
    }),
    ("impl_trait_nested", |draft| {
        plain(draft, "Option<impl Send + Sync>", "", None);
        draft.body = "{ ::core::option::Option::Some(1_u8) }";
        callers_not_knowing(draft);
        draft.refuse("impl-trait");
    }),
    ("placeholder", |draft| {
        plain(draft, "_", "", None);
        draft.body = "{ 1_u8 }";
        callers_not_knowing(draft);
    }),
    ("never", |draft| {
        plain(draft, "!", "", None);
        draft.body = "{ loop {} }";
        draft.refuse("nothing");
    }),
    ("missing", |draft| {
        draft.returns = draft.returns.replace(" -> u8", "");
        draft.payload = None;
        draft.body = "{}";
        draft.refuse("nothing");
    }),
    ("undeclared", |draft| plain(draft, "Nope", "", None)),
    ("undeclared_path", |draft| plain(draft, "nope::Nope", "", None)),
    ("undeclared_argument", |draft| plain(draft, "Vec<Nope>", "", None)),
    ("undeclared_in_result", |draft| result(draft, "Result<Nope, String>", "", None)),
    ("undeclared_error", |draft| result(draft, "Result<u8, Nope>", "", None)),
    ("bare_trait", |draft| plain(draft, "Clock", "/// A clock.\npub trait Clock {}", None)),
    ("trait_path", |draft| plain(draft, "::core::clone::Clone", "", None)),
    ("missing_generics", |draft| plain(draft, "Vec", "", None)),
    ("too_many_generics", |draft| plain(draft, "Vec<u8, u8, u8>", "", None)),
    ("result_no_arguments", |draft| result(draft, "Result", "", None)),
    ("result_one_argument", |draft| result(draft, "Result<u8>", "", None)),
    ("value", |draft| plain(draft, "1", "", None)),
    ("string_typo", |draft| plain(draft, "Strin", "", None)),
    ("self_type", |draft| {
        plain(draft, "Self", "", None);
        in_impl(draft);
    }),
    ("wrong_body", |draft| {
        plain(draft, "u8", "", Some("u8"));
        draft.body = r#"{ "text" }"#;
    }),
    ("wrong_body_result", |draft| {
        result(draft, "Result<u8, String>", "", Some("u8"));
        draft.body = "{ 1 }";
    }),
    ("question_mark", |draft| {
        result(draft, "Result<u8, String>", "", Some("u8"));
        draft.body = r#"{ let n: u8 = "1".parse().map_err(|_| "no")?; Ok(n) }"#;
    }),
    ("unused_in_body", |draft| {
        plain(draft, "u8", "", Some("u8"));
        draft.body = "{ let unused = 1; let mut x = 2; x }";
    }),
    ("unreachable_body", |draft| {
        plain(draft, "u8", "", Some("u8"));
        draft.body = "{ return 1; 2 }";
    }),
    ("panic_body", |draft| {
        plain(draft, "u8", "", Some("u8"));
        draft.body = "{ panic!() }";
    }),
    ("impl_in_body", |draft| {
        plain(draft, "u8", "", Some("u8"));
        draft.body = "{ struct Inner; impl Inner { fn n(&self) -> u8 { 1 } } Inner.n() }";
    }),
    ("macro_in_body", |draft| {
        plain(draft, "u8", "", Some("u8"));
        draft.body = "{ macro_rules! one { () => { 1 } } one!() }";
    }),
    ("self_in_body", |draft| {
        plain(draft, "u8", "", Some("u8"));
        draft.body = "{ let _: Self; 1 }";
        in_impl(draft);
    }),
    ("inner_attribute", |draft| {
        plain(draft, "u8", "", Some("u8"));
        draft.body = "{ #![allow(unused_variables)] let unused = 1; 1 }";
    }),
    ("not_send_await", |draft| {
        plain(draft, "u8", "", Some("u8"));
        draft.body = "{ let rc = ::std::rc::Rc::new(1_u8); let n = *rc; drop(rc); n }";
    }),
];
