//! Who sees it.

use crate::grammar::Choice;

pub(super) const CHOICES: &[Choice] = &[
    ("pub", |_| {}),
    ("private", |draft| draft.visibility = ""),
    ("crate", |draft| draft.visibility = "pub(crate)"),
    ("self", |draft| draft.visibility = "pub(self)"),
    ("super", |draft| draft.visibility = "pub(super)"),
    ("path", |draft| draft.visibility = "pub(in $path)"),
];
