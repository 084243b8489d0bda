//! What was done, how often, and how it ended.

use cells::{CloseStatus, Error};
use std::collections::BTreeMap;
use std::sync::Mutex;

static COUNTS: Mutex<BTreeMap<&str, BTreeMap<&str, u64>>> = Mutex::new(BTreeMap::new());

/// Every operation, so that none can be forgotten.
const OPERATIONS: &[&str] = &[
    "thread: get",
    "thread: get async",
    "thread: cancel",
    "thread: peek",
    "thread: refresh",
    "thread: refresh with dependents",
    "thread: invalidate with dependents",
    "thread: close",
    "thread: close generation",
    "thread: close and drain",
    "thread: record failure",
    "thread: provide",
    "thread: seed",
    "thread: permanent",
    "thread: bare get",
    "thread: bare refresh",
    "thread: bare close",
    "thread: keep",
    "thread: let go",
    "thread: move",
    "thread: get aged",
    "thread: snapshot",
    "task: get",
    "task: blocking",
    "task: detached",
    "task: own",
    "task: cancel",
    "task: refresh",
    "task: refresh with dependents",
    "task: invalidate with dependents",
    "task: close",
    "task: close and drain",
    "task: bare get",
    "task: bare close",
    "task: try get ready",
    "task: keep",
    "task: get aged",
    "task: let go",
    "all: close_all",
    "all: warm_up",
    "all: graph",
    "runtime: drop",
    "runtime: shutdown_timeout",
    "runtime: shutdown_background",
];

/// Counts an operation that ended in `outcome`.
pub(crate) fn count(operation: &'static str, outcome: &'static str) {
    debug_assert!(OPERATIONS.contains(&operation), "{operation} is listed");
    let mut counts = COUNTS.lock().expect("nobody panics here");
    *counts.entry(operation).or_default().entry(outcome).or_default() += 1;
}

/// The kind of an error.
pub(crate) fn kind(error: &Error) -> &'static str {
    let kinds = [
        (error.is_timeout(), "timeout"),
        (error.is_waiters_full(), "waiters full"),
        (error.is_shut_down(), "shut down"),
        (error.is_unavailable(), "not ready"),
        (error.is_cooldown(), "cooldown"),
        (error.is_reentrant(), "reentrant"),
        (error.is_panicked(), "panicked"),
        (error.downcast_ref::<Error>().is_some(), "dependency"),
    ];
    kinds.into_iter().find_map(|(is, kind)| is.then_some(kind)).unwrap_or("failed")
}

pub(crate) fn closed(status: CloseStatus) -> &'static str {
    match status {
        CloseStatus::Ok => "ok",
        CloseStatus::Error => "disposer failed",
        CloseStatus::Noop => "noop",
        CloseStatus::Draining => "draining",
        _ => "superseded",
    }
}

/// A table of the operations.
pub(crate) fn print() {
    let counts = COUNTS.lock().expect("nobody panics here");
    println!("{:<38}{:>10}{:>10}  otherwise", "operation", "count", "ok");
    for (operation, outcomes) in &*counts {
        let ok = outcomes.get("ok").copied().unwrap_or(0);
        let others: Vec<_> = outcomes
            .iter()
            .filter(|(name, _)| **name != "ok")
            .map(|(name, n)| format!("{name} {n}"))
            .collect();
        let count = outcomes.values().sum::<u64>();
        println!("{operation:<38}{count:>10}{ok:>10}  {}", others.join(", "));
    }
}

/// The operations that never succeeded.
pub(crate) fn idle() -> Vec<String> {
    let counts = COUNTS.lock().expect("nobody panics here");
    OPERATIONS
        .iter()
        .filter(|operation| counts.get(*operation).is_none_or(|outcomes| !outcomes.contains_key("ok")))
        .map(|operation| format!("{operation} never succeeded"))
        .collect()
}
