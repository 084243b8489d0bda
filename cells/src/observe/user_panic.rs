//! Callbacks of the program that must not end the library's work by a panic.

use crate::error::Panic;
use crate::observe::log;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Runs a callback of the program; a panic ends in the log and nowhere else.
pub(crate) fn catch_user_panic(cell: &str, callback: impl FnOnce()) {
    if let Err(panic) = catch_unwind(AssertUnwindSafe(callback)) {
        let panic = Panic::caught(panic);
        // The log's subscriber may be what panicked.
        let _ = catch_unwind(AssertUnwindSafe(|| log::observer_panicked(cell, &panic)));
    }
}
