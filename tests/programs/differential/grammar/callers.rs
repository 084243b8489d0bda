//! What uses it.

use crate::draft::{Callers, Draft};
use crate::grammar::Choice;

/// Sets the callers, unless the rest of the declaration has decided on them.
fn set(draft: &mut Draft, callers: Callers) {
    if draft.callers == Callers::Both {
        draft.callers = callers;
    }
}

pub(super) const CHOICES: &[Choice] = &[
    ("both", |_| {}),
    ("none", |draft| set(draft, Callers::None)),
    ("dropped", |draft| set(draft, Callers::Dropped)),
    ("accessor", |draft| set(draft, Callers::Accessor)),
];
