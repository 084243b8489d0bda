//! What the compiler says of a declaration, compared with what it says of the plain function.

use crate::diagnostics::Diagnostic;
use crate::draft::Draft;
use crate::exceptions::LINTS;
use crate::marked::Source;
use std::collections::BTreeMap;
use std::ops::Range;

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Kind {
    /// The attribute panicked, or the compiler did.
    Panic,
    /// A diagnostic points at the whole attribute.
    WholeAttribute,
    /// A diagnostic points into the library.
    InLibrary,
    /// A caller gets an error because of a mistake in the declaration, or without one.
    InCaller,
    /// An error points neither at the declaration nor at a caller.
    Elsewhere,
    /// One place gets two errors, or two warnings of one lint.
    Twice,
    /// There are more errors than mistakes.
    FollowUp,
    /// What the plain function may be is refused.
    Refused,
    /// What has to be refused is accepted.
    Accepted,
    /// The plain function has other errors, or has them at other places.
    OtherError,
    /// The plain function has this lint.
    LintMissing,
    /// The plain function does not have this lint.
    LintAdded,
}

#[derive(Clone, Debug)]
pub(crate) struct Fault {
    pub(crate) kind: Kind,
    /// The same for all faults of one cause, as far as the compiler's words show it.
    pub(crate) what: String,
}

fn fault(kind: Kind, diagnostic: &Diagnostic) -> Fault {
    let code = diagnostic.code.as_deref().unwrap_or("error");
    Fault { kind, what: format!("{code}: {}", without_names(diagnostic.first_line())) }
}

/// The message without what it says in backticks.
fn without_names(message: &str) -> String {
    let pieces = message.split('`').enumerate();
    pieces.map(|(index, piece)| if index % 2 == 0 { piece } else { "`_`" }).collect()
}

/// Where a case's diagnostics are wrong whatever they say.
pub(crate) fn places(cell: &[Diagnostic], plain: &[Diagnostic], source: &Source) -> Vec<Fault> {
    let mut faults = Vec::new();
    for diagnostic in cell {
        if diagnostic.message.contains("panicked") || diagnostic.message.contains("internal compiler error") {
            faults.push(fault(Kind::Panic, diagnostic));
        } else if diagnostic.places.iter().flatten().any(|place| *place == source.attribute) {
            faults.push(fault(Kind::WholeAttribute, diagnostic));
        } else if diagnostic.places.is_empty() || diagnostic.places.contains(&None) {
            faults.push(fault(Kind::InLibrary, diagnostic));
        }
    }
    let mut at_one_place: BTreeMap<_, Vec<&Diagnostic>> = BTreeMap::new();
    for diagnostic in cell {
        if let Some(key) = same_thing(diagnostic) {
            at_one_place.entry(key).or_default().push(diagnostic);
        }
    }
    for (key, said) in at_one_place {
        let plain = plain.iter().filter(|plain| same_thing(plain).as_ref() == Some(&key)).count();
        faults.extend(said.into_iter().skip(plain.max(1)).map(|diagnostic| fault(Kind::Twice, diagnostic)));
    }
    faults
}

/// All errors at one place say the same, and so do all warnings of one lint.
fn same_thing(diagnostic: &Diagnostic) -> Option<(usize, usize, Option<String>)> {
    let place = diagnostic.place()?;
    Some((place.start, place.end, diagnostic.code.clone().filter(|_| diagnostic.is_lint())))
}

/// A generated declaration beside its plain function.
pub(crate) fn compare(draft: &Draft, cell: &[Diagnostic], plain: &[Diagnostic], source: &Source) -> Vec<Fault> {
    let mut faults = places(cell, plain, source);
    let (errors, lints) = split(cell);
    let (plain_errors, plain_lints) = split(plain);

    for error in &errors {
        let Some(place) = error.place() else { continue };
        let same = plain_errors.iter().any(|plain| plain.code == error.code && plain.place() == error.place());
        if overlaps(&place, &source.callers) && !same {
            faults.push(fault(Kind::InCaller, error));
        } else if !overlaps(&place, &source.declaration) && !same {
            faults.push(fault(Kind::Elsewhere, error));
        }
    }
    if draft.refused.is_empty() {
        if plain_errors.is_empty() {
            faults.extend(errors.iter().map(|error| fault(Kind::Refused, error)));
        } else {
            faults.extend(other_errors(&errors, &plain_errors));
        }
    } else if errors.is_empty() {
        let what = draft.refused.iter().copied().collect::<Vec<_>>().join(", ");
        faults.push(Fault { kind: Kind::Accepted, what });
    } else if errors.len() > plain_errors.len() + draft.refused.len() {
        // The library's own errors have no code, and are taken for the ones that are due.
        let due = plain_errors.len() + draft.refused.len();
        let (own, coded): (Vec<_>, Vec<_>) = errors.iter().partition(|error| error.code.is_none());
        faults.extend(own.into_iter().chain(coded).skip(due).map(|error| fault(Kind::FollowUp, error)));
    }
    // After an error the compiler leaves out many lints.
    if errors.is_empty() && plain_errors.is_empty() {
        faults.extend(other_lints(&lints, &plain_lints));
    }
    faults.dedup_by(|one, other| (one.kind, &one.what) == (other.kind, &other.what));
    faults
}

fn split(diagnostics: &[Diagnostic]) -> (Vec<&Diagnostic>, Vec<&Diagnostic>) {
    diagnostics.iter().partition(|diagnostic| !diagnostic.is_lint())
}

fn overlaps(one: &Range<usize>, other: &Range<usize>) -> bool {
    one.start < other.end && other.start < one.end
}

/// What only one of the two has, by code and place.
fn other_errors(cell: &[&Diagnostic], plain: &[&Diagnostic]) -> Vec<Fault> {
    let is_in = |error: &Diagnostic, list: &[&Diagnostic]| {
        list.iter().any(|other| {
            other.code == error.code
                && match (other.place(), error.place()) {
                    (Some(one), Some(other)) => overlaps(&one, &other) || one == other,
                    (one, other) => one == other,
                }
        })
    };
    if cell.is_empty() {
        return plain.iter().map(|error| fault(Kind::Accepted, error)).collect();
    }
    let kind = if cell.len() > plain.len() { Kind::FollowUp } else { Kind::OtherError };
    cell.iter().filter(|error| !is_in(error, plain)).map(|error| fault(kind, error)).collect()
}

fn other_lints(cell: &[&Diagnostic], plain: &[&Diagnostic]) -> Vec<Fault> {
    let is_in = |lint: &Diagnostic, list: &[&Diagnostic]| {
        list.iter().any(|other| other.code == lint.code && other.place() == lint.place())
    };
    let expected = |lint: &Diagnostic, of_cell: bool| {
        LINTS.iter().any(|row| row.of_cell == of_cell && lint.code.as_deref() == Some(row.lint))
    };
    let missing = plain.iter().filter(|lint| !is_in(lint, cell) && !expected(lint, false));
    let added = cell.iter().filter(|lint| !is_in(lint, plain) && !expected(lint, true));
    missing
        .map(|lint| fault(Kind::LintMissing, lint))
        .chain(added.map(|lint| fault(Kind::LintAdded, lint)))
        .collect()
}
