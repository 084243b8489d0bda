//! The keys of the attribute, in one table: the parser, its messages and the tests all go by it.

use proc_macro2::Ident;
use syn::{Expr, LitStr, Path, Result};

use crate::parse::spelling::{is_misspelled, slips};
use crate::parse::value::{Dispose, DurationArg, DurationRange, Given, LifetimeArg, Spec, ValueReader};

/// The arguments that were given.
#[derive(Default)]
pub(crate) struct Args {
    /// The keys that were written, also those whose value was refused.
    pub(crate) written: Vec<&'static str>,
    pub(crate) name: Option<Given<LitStr>>,
    pub(crate) cell: Option<Given<Ident>>,
    pub(crate) factory: Option<Given<Ident>>,
    pub(crate) fallible: Option<Given<()>>,
    pub(crate) infallible: Option<Given<()>>,
    pub(crate) permanent: Option<Given<()>>,
    pub(crate) provided: Option<Given<()>>,
    pub(crate) eager: Option<Given<()>>,
    pub(crate) after: Option<Given<Vec<Path>>>,
    pub(crate) blocking: Option<Given<()>>,
    pub(crate) detached: Option<Given<()>>,
    pub(crate) runtime: Option<Given<()>>,
    pub(crate) max_waiters: Option<Given<Expr>>,
    pub(crate) wait_timeout: Option<Given<DurationArg>>,
    pub(crate) cooldown: Option<Given<DurationRange>>,
    pub(crate) retry: Option<Given<Expr>>,
    pub(crate) backoff: Option<Given<DurationRange>>,
    pub(crate) transient: Option<Given<Expr>>,
    pub(crate) fresh: Option<Given<LifetimeArg>>,
    pub(crate) eager_refresh: Option<Given<()>>,
    pub(crate) fatal: Option<Given<Expr>>,
    pub(crate) expires: Option<Given<LifetimeArg>>,
    pub(crate) linger: Option<Given<DurationArg>>,
    pub(crate) dispose: Option<Given<Dispose>>,
    pub(crate) dispose_timeout: Option<Given<DurationArg>>,
    pub(crate) closed_last: Option<Given<()>>,
    pub(crate) optional: Option<Given<()>>,
    pub(crate) check: Option<Given<Expr>>,
    pub(crate) observer: Option<Given<Expr>>,
    pub(crate) adjuster: Option<Given<Expr>>,
    pub(crate) krate: Option<Given<Path>>,
}

impl Args {
    /// Whether the key was written, if only with a mistake. That has been reported, and what relies on the key is none.
    pub(crate) fn mentions(&self, key: &str) -> bool {
        self.written.contains(&key)
    }
}

/// A known key.
pub(crate) struct Key {
    pub(crate) spec: Spec,
    pub(crate) needs_tokio: bool,
    /// Reads the key's value into its place in [`Args`].
    pub(crate) read: fn(&mut Args, &ValueReader<'_>) -> Result<()>,
}

const DURATIONS: &str = "a string literal or a const expression of type `Duration`, or a range of two";
const LIFETIME: &str = "a string literal, a const expression of type `Duration`, or a function of `&T` that returns a `Duration`, an `Instant` or a `SystemTime`";
const OF_ERROR: &str =
    "the path to a function, or a closure, that takes the error by reference and returns a `bool`";

pub(crate) const KEYS: &[Key] = &[
    Key {
        spec: Spec { name: "name", takes: "a non-empty string literal", example: r#"name = "search""# },
        needs_tokio: false,
        read: |args, reader| reader.read_into(&mut args.name, ValueReader::text),
    },
    Key {
        spec: Spec { name: "cell", takes: "a name for the static", example: "cell = SEARCH" },
        needs_tokio: false,
        read: |args, reader| reader.read_into(&mut args.cell, ValueReader::ident),
    },
    Key {
        spec: Spec {
            name: "factory",
            takes: "a name for the function that builds the payload",
            example: "factory = build_search",
        },
        needs_tokio: false,
        read: |args, reader| reader.read_into(&mut args.factory, ValueReader::ident),
    },
    Key {
        spec: Spec { name: "fallible", takes: "no value", example: "fallible" },
        needs_tokio: false,
        read: |args, reader| reader.read_into(&mut args.fallible, ValueReader::flag),
    },
    Key {
        spec: Spec { name: "infallible", takes: "no value", example: "infallible" },
        needs_tokio: false,
        read: |args, reader| reader.read_into(&mut args.infallible, ValueReader::flag),
    },
    Key {
        spec: Spec { name: "permanent", takes: "no value", example: "permanent" },
        needs_tokio: false,
        read: |args, reader| reader.read_into(&mut args.permanent, ValueReader::flag),
    },
    Key {
        spec: Spec { name: "provided", takes: "no value", example: "provided" },
        needs_tokio: false,
        read: |args, reader| reader.read_into(&mut args.provided, ValueReader::flag),
    },
    Key {
        spec: Spec { name: "eager", takes: "no value", example: "eager" },
        needs_tokio: false,
        read: |args, reader| reader.read_into(&mut args.eager, ValueReader::flag),
    },
    Key {
        spec: Spec { name: "after", takes: "a list of cell statics", example: "after = [CONFIG, STORE]" },
        needs_tokio: false,
        read: |args, reader| reader.read_into(&mut args.after, ValueReader::paths),
    },
    Key {
        spec: Spec { name: "blocking", takes: "no value", example: "blocking" },
        needs_tokio: true,
        read: |args, reader| reader.read_into(&mut args.blocking, ValueReader::flag),
    },
    Key {
        spec: Spec { name: "detached", takes: "no value", example: "detached" },
        needs_tokio: true,
        read: |args, reader| reader.read_into(&mut args.detached, ValueReader::flag),
    },
    Key {
        spec: Spec { name: "runtime", takes: "only `\"own\"`", example: r#"runtime = "own""# },
        needs_tokio: true,
        read: |args, reader| reader.read_into(&mut args.runtime, ValueReader::own),
    },
    Key {
        spec: Spec {
            name: "max_waiters",
            takes: "a positive integer or a const expression of type `usize`",
            example: "max_waiters = 64",
        },
        needs_tokio: false,
        read: |args, reader| {
            reader.read_into(&mut args.max_waiters, |reader| {
                reader.count("a `max_waiters` of zero means no limit; leave `max_waiters` out")
            })
        },
    },
    Key {
        spec: Spec {
            name: "wait_timeout",
            takes: "a string literal or a const expression of type `Duration`",
            example: r#"wait_timeout = "1500ms""#,
        },
        needs_tokio: false,
        read: |args, reader| {
            reader.read_into(&mut args.wait_timeout, |reader| {
                reader.duration(
                    "a `wait_timeout` of zero means no limit; write `core::time::Duration::ZERO` if that is what you want",
                )
            })
        },
    },
    Key {
        spec: Spec { name: "cooldown", takes: DURATIONS, example: r#"cooldown = "5s""# },
        needs_tokio: false,
        read: |args, reader| {
            reader.read_into(&mut args.cooldown, |reader| {
                reader.durations("a `cooldown` of zero has no effect; leave `cooldown` out")
            })
        },
    },
    Key {
        spec: Spec {
            name: "retry",
            takes: "a positive integer or a const expression of type `u32`",
            example: "retry = 3",
        },
        needs_tokio: false,
        read: |args, reader| {
            reader.read_into(&mut args.retry, |reader| {
                reader.count("a `retry` of zero has no effect; leave `retry` out")
            })
        },
    },
    Key {
        spec: Spec { name: "backoff", takes: DURATIONS, example: r#"backoff = "100ms..5s""# },
        needs_tokio: false,
        read: |args, reader| {
            reader.read_into(&mut args.backoff, |reader| {
                reader.durations(
                    "a `backoff` of zero would repeat the factory at once; write how long to wait, as in `100ms`",
                )
            })
        },
    },
    Key {
        spec: Spec { name: "transient", takes: OF_ERROR, example: "transient = LoadError::is_timeout" },
        needs_tokio: false,
        read: |args, reader| reader.read_into(&mut args.transient, ValueReader::function),
    },
    Key {
        spec: Spec { name: "fresh", takes: LIFETIME, example: r#"fresh = "50m""# },
        needs_tokio: false,
        read: |args, reader| {
            reader.read_into(&mut args.fresh, |reader| {
                reader.lifetime("with a `fresh` of zero every call would refresh the payload; leave `fresh` out, or say how long it is fresh")
            })
        },
    },
    Key {
        spec: Spec { name: "eager_refresh", takes: "no value", example: "eager_refresh" },
        needs_tokio: false,
        read: |args, reader| reader.read_into(&mut args.eager_refresh, ValueReader::flag),
    },
    Key {
        spec: Spec { name: "fatal", takes: OF_ERROR, example: "fatal = AuthError::is_revoked" },
        needs_tokio: false,
        read: |args, reader| reader.read_into(&mut args.fatal, ValueReader::function),
    },
    Key {
        spec: Spec { name: "expires", takes: LIFETIME, example: "expires = Token::expires_at" },
        needs_tokio: false,
        read: |args, reader| {
            reader.read_into(&mut args.expires, |reader| {
                reader.lifetime("an `expires` of zero would end a payload at once; leave `expires` out, or say how long it may be used")
            })
        },
    },
    Key {
        spec: Spec {
            name: "linger",
            takes: "a string literal or a const expression of type `Duration`",
            example: r#"linger = "30s""#,
        },
        needs_tokio: false,
        read: |args, reader| {
            reader.read_into(&mut args.linger, |reader| {
                reader.duration("a `linger` of zero would end a payload at once; leave `linger` out, or say how long it stays")
            })
        },
    },
    Key {
        spec: Spec { name: "dispose", takes: "the path to a function", example: "dispose = Pool::shutdown" },
        needs_tokio: false,
        read: |args, reader| reader.read_into(&mut args.dispose, ValueReader::dispose),
    },
    Key {
        spec: Spec {
            name: "dispose_timeout",
            takes: "a string literal or a const expression of type `Duration`",
            example: r#"dispose_timeout = "10s""#,
        },
        needs_tokio: false,
        read: |args, reader| {
            reader.read_into(&mut args.dispose_timeout, |reader| {
                reader.duration("with a `dispose_timeout` of zero nobody would wait for the disposer; leave `dispose_timeout` out, or say how long it may take")
            })
        },
    },
    Key {
        spec: Spec { name: "closed_last", takes: "no value", example: "closed_last" },
        needs_tokio: false,
        read: |args, reader| reader.read_into(&mut args.closed_last, ValueReader::flag),
    },
    Key {
        spec: Spec { name: "optional", takes: "no value", example: "optional" },
        needs_tokio: false,
        read: |args, reader| reader.read_into(&mut args.optional, ValueReader::flag),
    },
    Key {
        spec: Spec {
            name: "check",
            takes: "the path to a function, or a closure, that takes the payload by reference and returns a `bool`, a `Result`, or a future of one of them",
            example: "check = Pool::ping",
        },
        needs_tokio: false,
        read: |args, reader| reader.read_into(&mut args.check, ValueReader::function),
    },
    Key {
        spec: Spec {
            name: "observer",
            takes: "an expression whose type implements `Observer`",
            example: "observer = TimelineObserver::default()",
        },
        needs_tokio: false,
        read: |args, reader| reader.read_into(&mut args.observer, ValueReader::any),
    },
    Key {
        spec: Spec {
            name: "adjuster",
            takes: "an expression whose type implements `FactoryAdjuster`, or `AsyncFactoryAdjuster` if callers await the cell",
            example: "adjuster = NoopFactoryAdjuster",
        },
        needs_tokio: false,
        read: |args, reader| reader.read_into(&mut args.adjuster, ValueReader::any),
    },
    Key {
        spec: Spec { name: "crate", takes: "the path to the crate `cells`", example: "crate = ::cells" },
        needs_tokio: false,
        read: |args, reader| reader.read_into(&mut args.krate, ValueReader::path),
    },
];

pub(crate) fn known_keys() -> String {
    let names: Vec<_> = KEYS.iter().map(|key| format!("`{}`", key.spec.name)).collect();
    format!("the known keys are {}", names.join(", "))
}

/// The key that somebody meant who wrote `name`.
pub(crate) fn nearest_key(name: &str) -> Option<&'static Key> {
    KEYS.iter().filter(|key| is_misspelled(name, key.spec.name)).min_by_key(|key| slips(name, key.spec.name))
}
