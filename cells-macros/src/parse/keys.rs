//! The keys of the attribute: the parser, its messages and the docs all go by this table.

use syn::Result;

use crate::parse::args::Args;
use crate::parse::value::Value;

/// A known key: how messages name it, and where its value goes.
pub(crate) struct Key {
    pub(crate) name: &'static str,
    pub(crate) takes: &'static str,
    pub(crate) example: &'static str,
    pub(crate) needs_tokio: bool,
    pub(crate) set: fn(&mut Args, &Value<'_>) -> Result<()>,
}

pub(crate) const KEYS: &[Key] = &[
    Key {
        name: "name",
        takes: "a string literal that is not empty",
        example: r#"name = "search""#,
        needs_tokio: false,
        set: |args, value| value.set(&mut args.name, Value::text),
    },
    Key {
        name: "cell",
        takes: "the name of the static",
        example: "cell = SEARCH",
        needs_tokio: false,
        set: |args, value| value.set(&mut args.cell, Value::ident),
    },
    Key {
        name: "factory",
        takes: "the name of a function to be emitted",
        example: "factory = build_search",
        needs_tokio: false,
        set: |args, value| value.set(&mut args.factory, Value::ident),
    },
    Key {
        name: "fallible",
        takes: "no value",
        example: "fallible",
        needs_tokio: false,
        set: |args, value| value.set(&mut args.fallible, Value::flag),
    },
    Key {
        name: "permanent",
        takes: "no value",
        example: "permanent",
        needs_tokio: false,
        set: |args, value| value.set(&mut args.permanent, Value::flag),
    },
    Key {
        name: "eager",
        takes: "no value",
        example: "eager",
        needs_tokio: false,
        set: |args, value| value.set(&mut args.eager, Value::flag),
    },
    Key {
        name: "after",
        takes: "a list of cells' statics",
        example: "after = [CONFIG, STORE]",
        needs_tokio: false,
        set: |args, value| value.set(&mut args.after, Value::paths),
    },
    Key {
        name: "blocking",
        takes: "no value",
        example: "blocking",
        needs_tokio: true,
        set: |args, value| value.set(&mut args.blocking, Value::flag),
    },
    Key {
        name: "detached",
        takes: "no value",
        example: "detached",
        needs_tokio: true,
        set: |args, value| value.set(&mut args.detached, Value::flag),
    },
    Key {
        name: "runtime",
        takes: "`\"own\"` alone",
        example: r#"runtime = "own""#,
        needs_tokio: true,
        set: |args, value| value.set(&mut args.runtime, Value::own),
    },
    Key {
        name: "max_waiters",
        takes: "an integer or a const expression of type `usize`",
        example: "max_waiters = 64",
        needs_tokio: false,
        set: |args, value| value.set(&mut args.max_waiters, Value::count),
    },
    Key {
        name: "wait_timeout",
        takes: "a string literal or a const expression of type `Duration`",
        example: r#"wait_timeout = "1500ms""#,
        needs_tokio: false,
        set: |args, value| {
            value.set(&mut args.wait_timeout, |value| {
                value.length(
                    "a `wait_timeout` of zero waits for ever; write `core::time::Duration::ZERO` where that is meant",
                )
            })
        },
    },
    Key {
        name: "cooldown",
        takes: "a string literal or a const expression of type `Duration`",
        example: r#"cooldown = "5s""#,
        needs_tokio: false,
        set: |args, value| {
            value.set(&mut args.cooldown, |value| {
                value.length("a `cooldown` of zero is none; leave `cooldown` out")
            })
        },
    },
    Key {
        name: "dispose",
        takes: "the path of a function",
        example: "dispose = Pool::shutdown",
        needs_tokio: false,
        set: |args, value| value.set(&mut args.dispose, Value::dispose),
    },
    Key {
        name: "observer",
        takes: "an expression whose type is an `Observer`",
        example: "observer = TimelineObserver::default()",
        needs_tokio: false,
        set: |args, value| value.set(&mut args.observer, Value::expr),
    },
    Key {
        name: "adjuster",
        takes: "an expression whose type is a `FactoryAdjuster`, or an `AsyncFactoryAdjuster` of an `async fn`",
        example: "adjuster = NoopFactoryAdjuster",
        needs_tokio: false,
        set: |args, value| value.set(&mut args.adjuster, Value::expr),
    },
    Key {
        name: "crate",
        takes: "the path of the crate `cells`",
        example: "crate = ::cells",
        needs_tokio: false,
        set: |args, value| value.set(&mut args.krate, Value::path),
    },
];

pub(crate) fn known_keys() -> String {
    let names: Vec<_> = KEYS.iter().map(|key| format!("`{}`", key.name)).collect();
    format!("the known keys are {}", names.join(", "))
}
