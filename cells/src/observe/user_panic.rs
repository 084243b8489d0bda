//! Calls into the program whose panic must not interrupt the library's work.

use crate::error::Panic;
use crate::observe::log;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Runs code of the program. Its panic is logged and goes no further.
pub(crate) fn catch_user_panic(cell: &str, callback: impl FnOnce()) {
    if let Err(panic) = catch_unwind(AssertUnwindSafe(callback)) {
        let panic = Panic::caught(panic);
        // The log's subscriber may be what panicked.
        let _ = catch_unwind(AssertUnwindSafe(|| log::observer_panicked(cell, &panic)));
    }
}
