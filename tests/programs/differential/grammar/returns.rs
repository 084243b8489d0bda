//! What it returns.

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

/// A return type that callers do not write.
fn other(draft: &mut Draft, ty: &str) {
    plain(draft, ty, "", None);
}

/// The same as `plain` of a type that makes the cell fallible.
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
pub(super) fn in_impl(draft: &mut Draft) {
    draft.callers = Callers::None;
}

const FAILED: &str = "/// An error.\n#[derive(Debug)] pub struct Failed;\n\
                      impl ::core::fmt::Display for Failed { fn fmt(&self, _: &mut ::core::fmt::Formatter<'_>) \
                      -> ::core::fmt::Result { ::core::result::Result::Ok(()) } }\nimpl ::core::error::Error for Failed {}";
const PRIVATE_FAILED: &str = "#[derive(Debug)] struct Failed;\n\
                              impl ::core::fmt::Display for Failed { fn fmt(&self, _: &mut ::core::fmt::Formatter<'_>) \
                              -> ::core::fmt::Result { ::core::result::Result::Ok(()) } }\n\
                              impl ::core::error::Error for Failed {}";

pub(super) const CHOICES: &[Choice] = &[
    ("u8", |draft| plain(draft, "u8", "", Some("u8"))),
    ("unit", |draft| plain(draft, "()", "", Some("()"))),
    ("string", |draft| plain(draft, "String", "", Some("::std::string::String"))),
    ("vec", |draft| plain(draft, "Vec<u8>", "", Some("::std::vec::Vec<u8>"))),
    ("path", |draft| {
        other(draft, "::std::collections::BTreeMap<::std::string::String, ::std::vec::Vec<u8>>");
    }),
    ("tuple", |draft| plain(draft, "(u8, &'static str)", "", Some("(u8, &'static str)"))),
    ("array", |draft| plain(draft, "[u8; 1 + 2]", "", Some("[u8; 3]"))),
    ("static_str", |draft| plain(draft, "&'static str", "", Some("&'static str"))),
    ("static_slice", |draft| other(draft, "&'static [u8]")),
    ("fn_pointer", |draft| other(draft, "fn(u8) -> u8")),
    ("fn_pointer_borrow", |draft| other(draft, "fn(&u8) -> &u8")),
    ("fn_pointer_for", |draft| other(draft, "for<'a> fn(&'a u8) -> &'a u8")),
    ("unsafe_fn_pointer", |draft| other(draft, r#"unsafe extern "C" fn()"#)),
    ("box_dyn", |draft| other(draft, "Box<dyn Fn(&str) -> &str + Send + Sync>")),
    ("box_dyn_for", |draft| other(draft, "Box<dyn for<'a> Fn(&'a str) -> &'a str + Send + Sync>")),
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
    ("option", |draft| other(draft, "Option<u8>")),
    ("atomic", |draft| other(draft, "::std::sync::atomic::AtomicU8")),
    ("mutex", |draft| other(draft, "::std::sync::Mutex<::std::cell::Cell<u8>>")),
    ("parens", |draft| other(draft, "(u8)")),
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
    ("cow", |draft| other(draft, "::std::borrow::Cow<'static, str>")),
    ("cells_ref", |draft| other(draft, "::cells::Ref<'static, u8>")),
    ("never_alias", |draft| {
        other(draft, "::core::convert::Infallible");
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
        result(draft, "Result<u8, Failed>", FAILED, Some("u8"));
    }),
    ("result_private", |draft| {
        result(draft, "Result<u8, Failed>", PRIVATE_FAILED, Some("u8"));
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
        other(draft, "::std::rc::Rc<u8>");
        draft.refuse("payload");
    }),
    ("cell", |draft| {
        other(draft, "::std::cell::Cell<u8>");
        draft.refuse("payload");
    }),
    ("raw_pointer", |draft| {
        other(draft, "*const u8");
        draft.refuse("payload");
    }),
    ("not_sync_dyn", |draft| {
        other(draft, "Box<dyn Fn() -> u8 + Send>");
        draft.refuse("payload");
    }),
    ("not_send_in_result", |draft| {
        result(draft, "Result<::std::rc::Rc<u8>, String>", "", None);
        draft.refuse("payload");
    }),
    ("guard", |draft| {
        other(draft, "::std::sync::MutexGuard<'static, u8>");
        draft.refuse("payload");
    }),
    ("str", |draft| other(draft, "str")),
    ("slice", |draft| other(draft, "[u8]")),
    ("bare_dyn", |draft| other(draft, "dyn Send")),
    ("undeclared_lifetime", |draft| other(draft, "&'a u8")),
    ("undeclared_lifetime_in_path", |draft| other(draft, "::std::borrow::Cow<'a, str>")),
    ("elided", |draft| {
        other(draft, "&str");
        draft.borrows = true;
    }),
    ("elided_path", |draft| {
        other(draft, "::std::borrow::Cow<'_, str>");
        draft.borrows = true;
    }),
    ("impl_trait", |draft| {
        other(draft, "impl Send + Sync");
        draft.body = "{ 1_u8 }";
        callers_not_knowing(draft);
        draft.refuse("impl-trait");
    }),
    ("impl_trait_nested", |draft| {
        other(draft, "Option<impl Send + Sync>");
        draft.body = "{ ::core::option::Option::Some(1_u8) }";
        callers_not_knowing(draft);
        draft.refuse("impl-trait");
    }),
    ("placeholder", |draft| {
        other(draft, "_");
        draft.body = "{ 1_u8 }";
        callers_not_knowing(draft);
    }),
    ("never", |draft| {
        other(draft, "!");
        draft.body = "{ loop {} }";
        draft.refuse("nothing");
    }),
    ("missing", |draft| {
        draft.returns = draft.returns.replace(" -> u8", "");
        draft.payload = None;
        draft.body = "{}";
        draft.refuse("nothing");
    }),
    ("undeclared", |draft| other(draft, "Nope")),
    ("undeclared_path", |draft| other(draft, "nope::Nope")),
    ("undeclared_argument", |draft| other(draft, "Vec<Nope>")),
    ("undeclared_in_result", |draft| result(draft, "Result<Nope, String>", "", None)),
    ("undeclared_error", |draft| result(draft, "Result<u8, Nope>", "", None)),
    ("bare_trait", |draft| plain(draft, "Clock", "/// A clock.\npub trait Clock {}", None)),
    ("trait_path", |draft| other(draft, "::core::clone::Clone")),
    ("missing_generics", |draft| other(draft, "Vec")),
    ("too_many_generics", |draft| other(draft, "Vec<u8, u8, u8>")),
    ("result_no_arguments", |draft| result(draft, "Result", "", None)),
    ("result_one_argument", |draft| result(draft, "Result<u8>", "", None)),
    ("value", |draft| other(draft, "1")),
    ("string_typo", |draft| other(draft, "Strin")),
    ("self_type", |draft| {
        other(draft, "Self");
        in_impl(draft);
    }),
];
