//! Where a declaration is deliberately not as its plain function, each with its reason.
//!
//! The chapter "Exceptions" of docs/contract.md has the same rows, which a test compares.

use crate::draft::Draft;

pub(crate) struct Exception {
    /// By what name the grammar refers to it.
    pub(crate) name: &'static str,
    /// What the compiler takes of a plain function.
    pub(crate) what: &'static str,
    pub(crate) reason: &'static str,
}

const fn exception(name: &'static str, what: &'static str, reason: &'static str) -> Exception {
    Exception { name, what, reason }
}

/// What is refused with one error.
pub(crate) const REFUSED: &[Exception] = &[
    exception("payload", "a payload that is not `Send + Sync`", "threads share it"),
    exception(
        "borrow",
        "a return type that borrows from a parameter, or has a hidden lifetime",
        "a static holds the payload",
    ),
    exception("impl-trait", "`impl Trait` in the return type", "the type of a static has a name"),
    exception("nothing", "no return type, or `!`", "there would be no payload"),
    exception("error", "an error that does not convert into `cells::BoxError`", "all callers share it"),
    exception("not-fallible", "`fallible` on what is no `Result`", "there is no error"),
    exception("const", "`const fn`", "the factory runs on first use"),
    exception("unsafe", "`unsafe fn`", "the accessor is safe to call"),
    exception("extern", "`extern fn`", "only the cell calls the factory"),
    exception(
        "generic",
        "type and const parameters, and `impl Trait` in a parameter",
        "a static has one type",
    ),
    exception("lifetime", "lifetime parameters", "a static outlives them"),
    exception("variadic", "`...`", "a parameter names a cell"),
    exception(
        "by-value",
        "a parameter that is neither `&T` nor `Ref<'static, T>`",
        "a parameter names a cell, and all callers share its payload",
    ),
    exception("exclusive", "`&mut T` as a parameter", "all callers share the payload"),
    exception(
        "static-borrow",
        "`&'static T` as a parameter, from a cell that is not permanent",
        "the payload is borrowed only while the factory runs",
    ),
    exception("pattern", "a parameter that is a pattern, `_` or `mut`", "a parameter names a cell"),
    exception("injected-twice", "two parameters of one cell", "one is enough"),
    exception("conditional", "`cfg` on a parameter", "a cell has the same dependencies in every build"),
    exception("no-such-cell", "a parameter or `after` that names no cell", "it is a dependency"),
    exception(
        "not-its-payload",
        "a parameter of another type than the cell's payload",
        "it gets that payload",
    ),
    exception("circle", "a cell that depends on itself", "it could never be built"),
    exception(
        "fallible-dependency",
        "an infallible factory with a fallible dependency",
        "it has no error to pass on",
    ),
    exception("async-dependency", "a plain factory with an asynchronous dependency", "it cannot await it"),
    exception(
        "async-borrow",
        "a parameter that is not `Sync`, of an `async` or `blocking` cell",
        "its future moves between threads",
    ),
    exception("future", "an `async fn` whose future is not `Send`", "tasks move between threads"),
    exception(
        "permanent-lease",
        "`Ref` from a permanent cell",
        "its payload is never closed, so it has no leases",
    ),
    exception(
        "no-capitals",
        "a name that is the same in capitals, without `cell = …`",
        "the static would have the accessor's name",
    ),
    exception(
        "static-taken",
        "a name whose capitals name another value in scope, without `cell = …`",
        "the cell is a static beside the accessor",
    ),
    exception("main", "the name `main`", "it is where a program starts"),
    exception(
        "permanent-async",
        "`permanent` with `async`, `blocking`, `detached` or `runtime`",
        "a permanent cell is built on its caller's thread",
    ),
    exception("permanent-drop", "`dispose = drop` of a permanent cell", "its payload is never dropped"),
    exception(
        "permanent-age",
        "`fresh`, `eager_refresh`, `fatal`, `expires` or `linger` of a permanent cell",
        "its payload never ends",
    ),
    exception("async-blocking", "`blocking` on an `async fn`", "it must not block"),
    exception(
        "needs-async",
        "`detached` or `runtime` on a plain function that is not `blocking`",
        "its factory runs on the caller's thread",
    ),
    exception(
        "limits",
        "`max_waiters`, `wait_timeout`, `cooldown`, `retry`, `backoff`, `transient` and `fatal` on an infallible cell",
        "it has no error to return at a limit, and none to look at",
    ),
    exception(
        "needs-key",
        "`backoff` and `transient` without `retry`, `eager_refresh` and `fatal` without `fresh`, `dispose_timeout` and `closed_last` of a permanent cell without `dispose`",
        "it would have no effect",
    ),
    exception(
        "never-stale",
        "a `fresh` that is not shorter than `expires`",
        "the payload would end before it is stale",
    ),
    exception("linger-refresh", "`eager_refresh` with `linger`", "one keeps what the other ends"),
    exception(
        "no-factory",
        "a parameter, attribute or key for a factory, where there is no body",
        "the program provides the payload, and nothing builds it",
    ),
    exception(
        "not-a-value",
        "a key with a value it does not take, or given twice",
        "it would have no effect",
    ),
    exception("unknown-key", "what is no key", "it would have no effect"),
];

/// A lint that the compiler reports on one side alone.
pub(crate) struct LintException {
    pub(crate) lint: &'static str,
    pub(crate) of: LintOf,
    pub(crate) what: &'static str,
    pub(crate) reason: &'static str,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum LintOf {
    /// The plain function alone.
    Plain,
    /// The plain function alone, if it returns a `Result`.
    PlainError,
    /// A caller of the accessor alone.
    Caller,
    /// A name in the arguments of the attribute.
    Argument,
}

pub(crate) const LINTS: &[LintException] = &[
    LintException {
        lint: "unused_must_use",
        of: LintOf::Caller,
        what: "a call that drops what it got",
        reason: "leases and results are to be used",
    },
    LintException {
        lint: "unfulfilled_lint_expectations",
        of: LintOf::Plain,
        what: "`expect` of a lint",
        reason: "it becomes `allow`, because the lint fires in only one of the emitted items",
    },
    LintException {
        lint: "private_interfaces",
        of: LintOf::PlainError,
        what: "an error of a private type",
        reason: "the accessor returns a `cells::Error`",
    },
    LintException {
        lint: "unused_qualifications",
        of: LintOf::Plain,
        what: "a path in the body that could be shorter",
        reason: "the body is inside another item, where it could not",
    },
    LintException {
        lint: "non_snake_case",
        of: LintOf::Argument,
        what: "a name in `factory = …` that is not in snake case",
        reason: "it names a function",
    },
    LintException {
        lint: "non_upper_case_globals",
        of: LintOf::Argument,
        what: "a name in `cell = …` that is not in capitals",
        reason: "it names a static",
    },
];

/// Both tables as the rows of one in Markdown.
pub(crate) fn rows() -> Vec<String> {
    let refused = REFUSED.iter().map(|row| format!("| {} | refused | {} |", row.what, row.reason));
    let lints = LINTS.iter().map(|row| {
        let lint = row.lint;
        let what = if matches!(row.of, LintOf::Plain | LintOf::PlainError) {
            format!("no `{lint}`")
        } else {
            format!("`{lint}`")
        };
        format!("| {} | {what} | {} |", row.what, row.reason)
    });
    refused.chain(lints).collect()
}

/// What a declaration without a body cannot have.
fn without_factory(draft: &mut Draft) {
    for key in ["factory", "adjuster", "blocking", "detached", "max_waiters", "wait_timeout", "cooldown"]
        .into_iter()
        .chain(["retry", "backoff", "transient", "fresh", "eager_refresh", "fatal", "linger"])
    {
        if draft.has(key) {
            draft.refuse("no-factory");
        }
    }
    if draft.arguments > 0 {
        draft.refuse("no-factory");
    }
    let known =
        ["doc", "cfg", "cfg_attr", "deprecated", "must_use", "allow", "warn", "deny", "forbid", "expect"];
    let attributes = format!("{}{}", draft.above, draft.below);
    let names = attributes.split("#[").skip(1).map(|attribute| {
        attribute.split(|c: char| !c.is_alphanumeric() && c != '_' && c != ':').next().unwrap_or_default()
    });
    for _ in names.filter(|name| !known.contains(name)) {
        draft.refuse("no-factory");
    }
}

/// The exceptions that a draft meets because its parts do not go together.
pub(crate) fn combined(draft: &mut Draft) {
    let asynchronous = draft.is_async() || draft.has("blocking");
    if draft.has("permanent") && (asynchronous || draft.has("detached") || draft.has("runtime")) {
        draft.refuse("permanent-async");
    }
    let permanent = draft.has("permanent") && !draft.is_async();
    for key in ["fresh", "eager_refresh", "fatal", "expires", "linger"] {
        // What is for a factory is refused for that where there is none.
        let remains = !draft.provided || key == "expires";
        if permanent && draft.has(key) && remains {
            draft.refuse("permanent-age");
        }
    }
    if draft.has("eager_refresh") && draft.has("linger") && !permanent && !draft.provided {
        draft.refuse("linger-refresh");
    }
    if draft.is_async() && draft.has("blocking") {
        draft.refuse("async-blocking");
    }
    for key in ["detached", "runtime"] {
        if !asynchronous && draft.has(key) {
            draft.refuse("needs-async");
        }
    }
    for key in ["max_waiters", "wait_timeout", "cooldown", "retry", "backoff", "transient", "fatal"] {
        if !draft.fallible && draft.has(key) {
            draft.refuse("limits");
        }
    }
    if draft.provided {
        without_factory(draft);
    }
    let lifetime = !draft.generics.is_empty() && draft.returns.contains("'a");
    if draft.borrows && draft.arguments > 0 || lifetime {
        draft.refuse("borrow");
    }
    if draft.needs_async && !asynchronous {
        draft.refuse("async-dependency");
    }
    if draft.refused.contains_key("async-borrow") && !asynchronous {
        draft.refused.remove("async-borrow");
    }
    debug_assert!(
        draft.refused.keys().all(|name| REFUSED.iter().any(|row| row.name == *name)),
        "{:?}",
        draft.refused
    );
}
