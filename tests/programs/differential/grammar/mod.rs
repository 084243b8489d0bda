//! What a declaration can be: independent dimensions, each with its choices. The first choice of each is the usual one.

mod attributes;
mod bodies;
mod callers;
mod keys;
mod lints;
mod names;
mod parameters;
mod places;
mod qualifiers;
mod returns;
mod visibility;

use crate::draft::Draft;

/// A choice has a name, and sets what it is about.
pub(crate) type Choice = (&'static str, fn(&mut Draft));

pub(crate) struct Dimension {
    pub(crate) name: &'static str,
    pub(crate) choices: &'static [Choice],
}

/// In the order in which they are applied.
pub(crate) const DIMENSIONS: &[Dimension] = &[
    Dimension { name: "lints", choices: lints::CHOICES },
    Dimension { name: "place", choices: places::CHOICES },
    Dimension { name: "vis", choices: visibility::CHOICES },
    Dimension { name: "fn", choices: qualifiers::CHOICES },
    Dimension { name: "name", choices: names::CHOICES },
    Dimension { name: "returns", choices: returns::CHOICES },
    Dimension { name: "body", choices: bodies::CHOICES },
    Dimension { name: "params", choices: parameters::CHOICES },
    Dimension { name: "attr", choices: attributes::CHOICES },
    Dimension { name: "key", choices: keys::CHOICES },
    Dimension { name: "callers", choices: callers::CHOICES },
];
