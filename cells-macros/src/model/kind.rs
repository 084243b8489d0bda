//! In what a factory runs: the calling thread, once or again after each close, or a task.

use proc_macro2::{Ident, Span};
use syn::Signature;

use crate::parse::args::Given;
use crate::tokens::errors::Errors;

pub(crate) enum Running {
    Thread,
    /// The calling thread, and never again.
    Permanent,
    Task(Task),
}

/// What can be said of a factory that callers await.
pub(crate) struct Task {
    /// The factory is no `async fn`, and runs where it may block.
    pub(crate) blocking: bool,
    pub(crate) detached: bool,
    pub(crate) own_runtime: bool,
}

/// The keys that say so.
pub(crate) struct Wishes {
    pub(crate) permanent: Option<Given<()>>,
    pub(crate) blocking: Option<Given<()>>,
    pub(crate) detached: Option<Given<()>>,
    pub(crate) runtime: Option<Given<()>>,
}

impl Running {
    pub(crate) fn read(sig: &Signature, wishes: Wishes, errors: &mut Errors) -> Self {
        let Wishes { permanent, blocking, detached, runtime } = wishes;
        if let Some(permanent) = permanent {
            return Self::permanent(sig, &permanent.key, [blocking, detached, runtime], errors);
        }
        if let (Some(blocking), Some(_)) = (&blocking, &sig.asyncness) {
            errors.at(&blocking.key, "an `async fn` must not block; remove `async`, or remove `blocking`");
        }
        if blocking.is_some() || sig.asyncness.is_some() {
            return Self::Task(Task {
                blocking: blocking.is_some() && sig.asyncness.is_none(),
                // What blocks cannot be given up: its flight goes on without the caller, and disposes what it made.
                detached: detached.is_some() || blocking.is_some(),
                own_runtime: runtime.is_some(),
            });
        }
        for Given { key, .. } in detached.iter().chain(&runtime) {
            errors.at(key, format!("`{key}` needs an `async fn`"));
        }
        Self::Thread
    }

    /// A permanent cell, unless its factory is an `async fn`: that one's callers expect a cell to await.
    fn permanent(
        sig: &Signature,
        permanent: &Ident,
        wishes: [Option<Given<()>>; 3],
        errors: &mut Errors,
    ) -> Self {
        let refusal = |key: &str| {
            format!(
                "a permanent cell is built by a thread that calls it; remove `{key}`, or remove `permanent`"
            )
        };
        if sig.asyncness.is_some() {
            errors.at(permanent, refusal("async"));
            return Self::Task(Task { blocking: false, detached: false, own_runtime: false });
        }
        for Given { key, .. } in wishes.into_iter().flatten() {
            errors.at(&key, refusal(&key.to_string()));
        }
        Self::Permanent
    }

    pub(crate) fn is_permanent(&self) -> bool {
        matches!(self, Self::Permanent)
    }

    pub(crate) fn task(&self) -> Option<&Task> {
        match self {
            Self::Thread | Self::Permanent => None,
            Self::Task(task) => Some(task),
        }
    }

    /// Whether the factory can be called: without its feature, the runtime has no threads that may block.
    pub(crate) fn is_supported(&self) -> bool {
        cfg!(feature = "tokio") || !self.task().is_some_and(|task| task.blocking)
    }

    /// The type of the static.
    pub(crate) fn cell(&self, at: Span) -> Ident {
        let cell = match self {
            Self::Thread => "StaticCell",
            Self::Permanent => "PermanentCell",
            Self::Task(_) => "AsyncCell",
        };
        Ident::new(cell, at)
    }
}
