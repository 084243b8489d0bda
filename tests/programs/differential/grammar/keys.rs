//! Its keys, alone and in company, with values in every form.

use crate::draft::Draft;
use crate::grammar::Choice;
use crate::grammar::names::one_name;

fn key(draft: &mut Draft, keys: &'static str) {
    draft.keys = keys;
}

/// Keys that need something around the declaration.
fn with(draft: &mut Draft, keys: &'static str, item: &'static str) {
    draft.keys = keys;
    draft.items.push(item);
}

fn refused(draft: &mut Draft, keys: &'static str, exception: &'static str) {
    draft.keys = keys;
    draft.refuse(exception);
}

const OTHER: &str =
    "/// Another.\n#[allow(dead_code)]\n#[::cells::runtime_cell]\npub fn other() -> u8 { crate::make() }";
const SECOND: &str = "/// A second.\n#[allow(dead_code)] pub const SECOND: ::core::time::Duration = ::core::time::Duration::from_secs(1);";
const SECOND_MACRO: &str =
    "#[allow(unused_macros)] macro_rules! second { () => { ::core::time::Duration::from_secs(1) } }";
const END: &str = "/// Ends it.\n#[allow(dead_code)] pub fn end<T>(_: T) {}";
const ENDS: &str = "/// Ends.\npub mod ends {\n/// Ends it.\n#[allow(dead_code)] pub fn end<T>(_: T) {} }";
const BOTH: &str = "/// A module.\npub mod near_by {\n#[allow(unused)] #[::cells::runtime_cell]\npub fn other() -> u8 { crate::make() }\n#[allow(unused)] #[::cells::runtime_cell]\npub fn second() -> u8 { crate::make() } }";
const AGE: &str =
    "/// Its age.\n#[allow(dead_code)] pub fn age<T>(_: &T) -> ::core::time::Duration { crate::make() }";
const JUDGE: &str =
    "/// Judges.\n#[allow(dead_code)] pub fn judge<E>(_: &E) -> ::core::primitive::bool { true }";
const JUDGE_LATER: &str = "/// Judges later.\n#[allow(dead_code, clippy::unused_async)] pub async fn judge_later<T>(_: &T) -> ::core::primitive::bool { true }";
const WATCH: &str =
    "/// Watches.\n#[allow(dead_code)] pub struct Watch;\nimpl ::cells::Observer for Watch {}";
const ALIAS: &str = "#[allow(unused_imports)] use ::cells as renamed;";

pub(super) const CHOICES: &[Choice] = &[
    ("none", |_| {}),
    ("empty", |draft| key(draft, " ")),
    ("name", |draft| key(draft, "name = \"a pool\"")),
    ("name_parens", |draft| key(draft, "name = (\"a pool\")")),
    ("name_raw", |draft| key(draft, "name = r#\"a pool\"#")),
    ("name_macro", |draft| refused(draft, "name = concat!(\"a\", \"b\")", "not-a-value")),
    ("name_number", |draft| refused(draft, "name = 1", "not-a-value")),
    ("name_none", |draft| refused(draft, "name = ", "not-a-value")),
    ("name_bytes", |draft| refused(draft, "name = b\"x\"", "not-a-value")),
    ("cell", |draft| {
        key(draft, "cell = THE_POOL");
        draft.cell = "THE_POOL";
        draft.refused.remove("no-capitals");
        draft.refused.remove("static-taken");
    }),
    ("cell_lower", |draft| {
        key(draft, "cell = the_pool");
        draft.cell = "the_pool";
        draft.refused.remove("no-capitals");
        draft.refused.remove("static-taken");
    }),
    ("cell_path", |draft| refused(draft, "cell = a::B", "not-a-value")),
    ("cell_keyword", |draft| refused(draft, "cell = self", "not-a-value")),
    ("cell_accessor", |draft| {
        key(draft, "cell = pool");
        draft.cell = "pool";
        if draft.name == "pool" {
            one_name(draft);
        }
    }),
    ("factory", |draft| key(draft, "factory = build_pool")),
    ("factory_camel", |draft| key(draft, "factory = buildPool")),
    ("factory_accessor", |draft| {
        key(draft, "factory = pool");
        if draft.name == "pool" {
            draft.refuse("static-taken");
        }
    }),
    ("fallible", |draft| {
        key(draft, "fallible");
        if !draft.returns.contains("Result") {
            // Of an alias it takes the payload out.
            if draft.returns.contains("Fallible<u8>") {
                (draft.payload, draft.fallible) = (Some("u8"), true);
            } else {
                draft.refuse("not-fallible");
                draft.fallible = true;
            }
        }
    }),
    ("permanent", |draft| key(draft, "permanent")),
    ("permanent_dispose", |draft| with(draft, "permanent, dispose = end", END)),
    ("permanent_drop", |draft| refused(draft, "permanent, dispose = drop", "permanent-drop")),
    ("provided", |draft| {
        // Without a body the plain function is a mistake.
        if draft.body != ";" {
            key(draft, if draft.provided { "" } else { "provided" });
        }
    }),
    ("eager", |draft| key(draft, "eager")),
    ("eager_comma", |draft| key(draft, "eager,")),
    ("after", |draft| with(draft, "after = [OTHER]", OTHER)),
    ("after_two", |draft| with(draft, "after = [near_by::OTHER, near_by::SECOND]", BOTH)),
    ("after_parens", |draft| with(draft, "after = ([OTHER])", OTHER)),
    ("after_no_cell", |draft| refused(draft, "after = [NOPE]", "no-such-cell")),
    ("after_accessor", |draft| {
        draft.items.push(OTHER);
        refused(draft, "after = [other]", "no-such-cell");
    }),
    ("after_itself", |draft| refused(draft, "after = [POOL]", "circle")),
    ("after_empty", |draft| refused(draft, "after = []", "not-a-value")),
    ("after_bare", |draft| {
        draft.items.push(OTHER);
        refused(draft, "after = OTHER", "not-a-value");
    }),
    ("blocking", |draft| key(draft, "blocking")),
    ("blocking_own", |draft| key(draft, "blocking, runtime = \"own\"")),
    ("detached", |draft| key(draft, "detached")),
    ("runtime", |draft| key(draft, "runtime = \"own\"")),
    ("runtime_other", |draft| refused(draft, "runtime = \"other\"", "not-a-value")),
    ("max_waiters", |draft| key(draft, "max_waiters = 4")),
    ("max_waiters_parens", |draft| key(draft, "max_waiters = (4)")),
    ("max_waiters_const", |draft| {
        with(draft, "max_waiters = N", "/// A number.\n#[allow(dead_code)] pub const N: usize = 4;");
    }),
    ("max_waiters_block", |draft| key(draft, "max_waiters = { 2 + 2 }")),
    ("max_waiters_macro", |draft| {
        with(draft, "max_waiters = four!()", "#[allow(unused_macros)] macro_rules! four { () => { 4 } }");
    }),
    ("max_waiters_cast", |draft| key(draft, "max_waiters = 4_u8 as usize")),
    ("max_waiters_type", |draft| refused(draft, "max_waiters = \"4\"", "not-a-value")),
    ("max_waiters_zero", |draft| refused(draft, "max_waiters = 0", "not-a-value")),
    ("max_waiters_u8", |draft| refused(draft, "max_waiters = 4_u8", "not-a-value")),
    ("wait_timeout", |draft| key(draft, "wait_timeout = \"5s\"")),
    ("wait_timeout_parens", |draft| key(draft, "wait_timeout = (\"5s\")")),
    ("wait_timeout_const", |draft| with(draft, "wait_timeout = SECOND", SECOND)),
    ("wait_timeout_call", |draft| key(draft, "wait_timeout = ::core::time::Duration::from_millis(5)")),
    ("wait_timeout_macro", |draft| with(draft, "wait_timeout = second!()", SECOND_MACRO)),
    ("wait_timeout_unit", |draft| refused(draft, "wait_timeout = \"5x\"", "not-a-value")),
    ("wait_timeout_number", |draft| refused(draft, "wait_timeout = 5", "not-a-value")),
    ("wait_timeout_undeclared", |draft| refused(draft, "wait_timeout = NOPE", "not-a-value")),
    ("cooldown", |draft| key(draft, "cooldown = \"5s\"")),
    ("cooldown_const", |draft| with(draft, "cooldown = SECOND", SECOND)),
    ("cooldown_block", |draft| with(draft, "cooldown = { SECOND }", SECOND)),
    ("cooldown_zero", |draft| refused(draft, "cooldown = \"0s\"", "not-a-value")),
    ("cooldown_range", |draft| key(draft, "cooldown = \"5s..1m\"")),
    ("cooldown_range_const", |draft| with(draft, "cooldown = SECOND..::core::time::Duration::MAX", SECOND)),
    ("cooldown_range_shrinks", |draft| refused(draft, "cooldown = \"1m..5s\"", "not-a-value")),
    ("cooldown_range_half", |draft| refused(draft, "cooldown = \"1m..\"", "not-a-value")),
    ("cooldown_range_open", |draft| {
        draft.items.push(SECOND);
        refused(draft, "cooldown = SECOND..", "not-a-value");
    }),
    ("retry", |draft| key(draft, "retry = 3")),
    ("retry_const", |draft| {
        with(draft, "retry = N", "/// A number.\n#[allow(dead_code)] pub const N: u32 = 4;");
    }),
    ("retry_zero", |draft| refused(draft, "retry = 0", "not-a-value")),
    ("retry_type", |draft| refused(draft, "retry = 3_u8", "not-a-value")),
    ("backoff", |draft| key(draft, "retry = 3, backoff = \"1ms..5s\"")),
    ("backoff_one", |draft| with(draft, "backoff = SECOND, retry = 3", SECOND)),
    ("backoff_alone", |draft| refused(draft, "backoff = \"1ms\"", "needs-key")),
    ("backoff_undeclared", |draft| refused(draft, "retry = 3, backoff = NOPE", "not-a-value")),
    ("transient", |draft| with(draft, "retry = 3, transient = judge", JUDGE)),
    ("transient_closure", |draft| key(draft, "retry = 3, transient = |_| true")),
    ("transient_alone", |draft| {
        draft.items.push(JUDGE);
        refused(draft, "transient = judge", "needs-key");
    }),
    ("fresh", |draft| key(draft, "fresh = \"5s\"")),
    ("fresh_const", |draft| with(draft, "fresh = SECOND", SECOND)),
    ("fresh_macro", |draft| with(draft, "fresh = second!()", SECOND_MACRO)),
    ("fresh_path", |draft| with(draft, "fresh = age", AGE)),
    ("fresh_closure", |draft| key(draft, "fresh = |_| ::std::time::Instant::now()")),
    ("fresh_zero", |draft| refused(draft, "fresh = \"0s\"", "not-a-value")),
    ("fresh_number", |draft| refused(draft, "fresh = 5", "not-a-value")),
    ("fresh_type", |draft| refused(draft, "fresh = { 5_u64 }", "not-a-value")),
    ("fresh_undeclared", |draft| refused(draft, "fresh = NOPE", "not-a-value")),
    ("fresh_half", |draft| refused(draft, "fresh = ::core::", "not-a-value")),
    ("fresh_as_long_as_expires", |draft| refused(draft, "fresh = \"1h\", expires = \"60m\"", "never-stale")),
    ("eager_refresh", |draft| key(draft, "eager_refresh, fresh = \"5s\"")),
    ("eager_refresh_alone", |draft| refused(draft, "eager_refresh", "needs-key")),
    ("eager_refresh_linger", |draft| key(draft, "fresh = \"5s\", eager_refresh, linger = \"5s\"")),
    ("fatal", |draft| with(draft, "fresh = \"5s\", fatal = judge", JUDGE)),
    ("fatal_closure", |draft| key(draft, "fresh = \"5s\", fatal = |error| { let _ = error; false }")),
    ("fatal_alone", |draft| {
        draft.items.push(JUDGE);
        refused(draft, "fatal = judge", "needs-key");
    }),
    ("fatal_call", |draft| {
        draft.items.push(JUDGE);
        refused(draft, "fresh = \"5s\", fatal = judge(&1)", "not-a-value");
    }),
    ("expires", |draft| key(draft, "expires = \"5s\"")),
    ("expires_path", |draft| with(draft, "expires = age::<_>", AGE)),
    ("expires_closure", |draft| {
        key(
            draft,
            "expires = |it| { let _ = it; ::core::option::Option::Some(::std::time::Instant::now()) }",
        );
    }),
    ("expires_closure_type", |draft| refused(draft, "expires = |_| 5_u64", "not-a-value")),
    ("expires_returns", |draft| {
        draft.items.push("/// Its age.\n#[allow(dead_code)] pub fn age<T>(_: &T) -> u64 { 1 }");
        refused(draft, "expires = age", "not-a-value");
    }),
    ("all_ages", |draft| {
        with(
            draft,
            "fresh = \"1s\", expires = \"1m\", eager_refresh, fatal = judge, retry = 3, backoff = \"1s\", transient = judge, cooldown = \"1s..1m\"",
            JUDGE,
        );
    }),
    ("linger", |draft| key(draft, "linger = \"5s\"")),
    ("linger_const", |draft| with(draft, "linger = SECOND", SECOND)),
    ("linger_zero", |draft| refused(draft, "linger = \"0s\"", "not-a-value")),
    ("dispose_timeout", |draft| key(draft, "dispose_timeout = \"5s\"")),
    ("dispose_timeout_const", |draft| with(draft, "dispose_timeout = SECOND", SECOND)),
    ("dispose_timeout_permanent", |draft| refused(draft, "permanent, dispose_timeout = \"5s\"", "needs-key")),
    ("dispose_timeout_zero", |draft| refused(draft, "dispose_timeout = \"0s\"", "not-a-value")),
    ("closed_last", |draft| key(draft, "closed_last")),
    ("closed_last_permanent", |draft| {
        with(draft, "permanent, dispose = end, closed_last, check = |_| true", END);
    }),
    ("optional", |draft| key(draft, "optional")),
    ("optional_value", |draft| refused(draft, "optional = 1", "not-a-value")),
    ("check", |draft| with(draft, "check = judge", JUDGE)),
    ("check_async", |draft| with(draft, "check = judge_later", JUDGE_LATER)),
    ("check_closure", |draft| {
        key(draft, "check = |it| { let _ = it; ::core::result::Result::<(), ::std::io::Error>::Ok(()) }");
    }),
    ("check_async_closure", |draft| key(draft, "check = async |_| true")),
    ("check_returns", |draft| refused(draft, "check = |_| 5_u64", "not-a-value")),
    ("check_call", |draft| {
        draft.items.push(JUDGE);
        refused(draft, "check = judge(&1)", "not-a-value");
    }),
    ("check_undeclared", |draft| refused(draft, "check = nope", "not-a-value")),
    ("check_type", |draft| {
        draft
            .items
            .push("/// Checks another.\n#[allow(dead_code)] pub fn check(_: &[u16; 9]) -> bool { true }");
        refused(draft, "check = check", "not-a-value");
    }),
    ("all_ends", |draft| {
        draft.items.push(JUDGE);
        with(draft, "check = judge, optional, closed_last, dispose = end, dispose_timeout = \"1s\"", END);
    }),
    ("dispose", |draft| with(draft, "dispose = end", END)),
    ("dispose_path", |draft| with(draft, "dispose = ends::end::<_>", ENDS)),
    ("dispose_drop", |draft| key(draft, "dispose = drop")),
    ("dispose_std_drop", |draft| key(draft, "dispose = ::core::mem::drop")),
    ("dispose_closure", |draft| refused(draft, "dispose = |_| {}", "not-a-value")),
    ("dispose_undeclared", |draft| refused(draft, "dispose = nope", "not-a-value")),
    ("dispose_half", |draft| refused(draft, "dispose = ::core::", "not-a-value")),
    ("dispose_type", |draft| {
        draft.items.push("/// Ends another.\n#[allow(dead_code)] pub fn end(_: [u16; 9]) {}");
        refused(draft, "dispose = end", "not-a-value");
    }),
    ("dispose_returns", |draft| {
        draft.items.push("/// Ends it.\n#[allow(dead_code)] pub fn end<T>(_: T) -> u8 { 1 }");
        refused(draft, "dispose = end", "not-a-value");
    }),
    ("observer", |draft| with(draft, "observer = Watch", WATCH)),
    ("observer_expression", |draft| with(draft, "observer = { let watch = Watch; watch }", WATCH)),
    ("observer_generic", |draft| with(draft, "observer = ::std::sync::Arc::<Watch>::new(Watch)", WATCH)),
    ("observer_half", |draft| refused(draft, "observer = ::cells::", "not-a-value")),
    ("observer_undeclared", |draft| refused(draft, "observer = Nope", "not-a-value")),
    ("observer_type", |draft| refused(draft, "observer = 1", "not-a-value")),
    ("adjuster", |draft| key(draft, "adjuster = ::cells::NoopFactoryAdjuster")),
    ("adjuster_type", |draft| refused(draft, "adjuster = 1", "not-a-value")),
    ("crate", |draft| key(draft, "crate = ::cells")),
    ("crate_alias", |draft| with(draft, "crate = renamed", ALIAS)),
    ("crate_other", |draft| refused(draft, "crate = ::core", "not-a-value")),
    ("crate_undeclared", |draft| refused(draft, "crate = nope", "not-a-value")),
    ("many", |draft| {
        with(
            draft,
            "eager, name = \"a\", dispose = end, after = [OTHER]",
            "/// Ends it.\n#[allow(dead_code)] pub fn end<T>(_: T) {}\n/// Another.\n#[allow(dead_code)]\n#[::cells::runtime_cell]\npub fn other() -> u8 { crate::make() }",
        );
    }),
    ("all_limits", |draft| key(draft, "cooldown = \"1s\", wait_timeout = \"1s\", max_waiters = 1")),
    ("twice", |draft| refused(draft, "eager, eager", "not-a-value")),
    ("unknown", |draft| refused(draft, "no_such_key", "unknown-key")),
    ("unknown_value", |draft| refused(draft, "no_such_key = 1", "unknown-key")),
    ("flag_value", |draft| refused(draft, "permanent = true", "not-a-value")),
    ("flag_typo", |draft| {
        refused(draft, "permanant", "unknown-key");
        draft.reads_as = "permanent";
    }),
    ("flag_typo_blocking", |draft| {
        refused(draft, "blockin", "unknown-key");
        draft.reads_as = "blocking";
    }),
    ("flag_value_eager", |draft| refused(draft, "eager = true", "not-a-value")),
    ("literal", |draft| refused(draft, "\"pool\"", "unknown-key")),
    ("no_comma", |draft| refused(draft, "eager name = \"a\"", "not-a-value")),
    ("two_commas", |draft| refused(draft, "eager,, name = \"a\"", "unknown-key")),
    ("equals", |draft| refused(draft, "= 1", "unknown-key")),
];
