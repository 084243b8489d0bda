//! The kind of a cell, which decides where its factory runs and what callers get.

use core::fmt::Display;
use proc_macro2::{Ident, Span};
use syn::Signature;

use crate::parse::keys::Args;
use crate::parse::value::Given;
use crate::tokens::errors::Errors;

pub(crate) enum CellKind {
    /// The factory runs on the caller's thread.
    Sync,
    /// The same, and once it has succeeded never again.
    Permanent,
    /// Callers await the payload.
    Async(AsyncOptions),
}

pub(crate) struct AsyncOptions {
    /// The factory is a plain function, which runs where it may block.
    pub(crate) blocking: bool,
    pub(crate) detached: bool,
    pub(crate) own_runtime: bool,
}

impl CellKind {
    pub(crate) fn read(sig: &Signature, args: &Args, errors: &mut Errors) -> Self {
        let Args { permanent, blocking, detached, runtime, .. } = args;
        if let Some(permanent) = permanent {
            return Self::permanent(sig, &permanent.key, [blocking, detached, runtime], errors);
        }
        if let (Some(blocking), Some(_)) = (blocking, &sig.asyncness) {
            conflict(
                &blocking.key,
                "an `async fn` must not block; remove `async`, or remove `blocking`",
                errors,
            );
        }
        if blocking.is_some() || sig.asyncness.is_some() {
            return Self::Async(AsyncOptions {
                blocking: blocking.is_some() && sig.asyncness.is_none(),
                // A blocking call cannot be cancelled, so its flight goes on when the caller is gone.
                detached: detached.is_some() || blocking.is_some(),
                own_runtime: runtime.is_some(),
            });
        }
        for Given { key, .. } in detached.iter().chain(runtime) {
            let message = format!(
                "`{key}` needs an `async fn` or the key `blocking`; add one of them, or remove `{key}`"
            );
            conflict(key, message, errors);
        }
        Self::Sync
    }

    /// A permanent cell, except that an `async fn` is treated as async, because its callers await it.
    fn permanent(
        sig: &Signature,
        permanent: &Ident,
        conflicts: [&Option<Given<()>>; 3],
        errors: &mut Errors,
    ) -> Self {
        let message = |key: &str| {
            format!("a permanent cell is built on its caller's thread; remove `{key}`, or remove `permanent`")
        };
        if sig.asyncness.is_some() {
            errors.at(permanent, message("async"));
            return Self::Async(AsyncOptions { blocking: false, detached: false, own_runtime: false });
        }
        for Given { key, .. } in conflicts.into_iter().flatten() {
            conflict(key, message(&key.to_string()), errors);
        }
        Self::Permanent
    }

    pub(crate) fn is_permanent(&self) -> bool {
        matches!(self, Self::Permanent)
    }

    pub(crate) fn is_async(&self) -> bool {
        matches!(self, Self::Async(_))
    }

    pub(crate) fn async_options(&self) -> Option<&AsyncOptions> {
        match self {
            Self::Sync | Self::Permanent => None,
            Self::Async(options) => Some(options),
        }
    }

    /// Whether the factory can be called: the pool of threads for `blocking` is there only with its feature.
    pub(crate) fn is_supported(&self) -> bool {
        cfg!(feature = "tokio") || !self.async_options().is_some_and(|options| options.blocking)
    }

    /// The type of the static, without its parameters.
    pub(crate) fn static_type(&self, at: Span) -> Ident {
        let name = match self {
            Self::Sync => "StaticCell",
            Self::Permanent => "PermanentCell",
            Self::Async(_) => "AsyncCell",
        };
        Ident::new(name, at)
    }
}

/// Reports a conflict of a key that needs tokio. Without that feature, the key has been reported already.
fn conflict(key: &Ident, message: impl Display, errors: &mut Errors) {
    if cfg!(feature = "tokio") {
        errors.at(key, message);
    }
}
