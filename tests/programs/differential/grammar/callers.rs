//! What uses it.

use crate::draft::Callers;
use crate::grammar::Choice;

pub(super) const CHOICES: &[Choice] = &[
    ("both", |_| {}),
    ("none", |draft| draft.callers = Callers::None),
    ("dropped", |draft| draft.callers = Callers::Dropped),
    ("accessor", |draft| draft.callers = Callers::Accessor),
];
