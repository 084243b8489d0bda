//! What the compiler says of a declaration, compared with what it says of the plain function.

use crate::diagnostics::Diagnostic;
use crate::draft::Draft;
use crate::exceptions::{LINTS, LintOf};
use crate::marked::Source;
use crate::mutants::Mutant;
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
    /// Nothing is wrong with it after all.
    Forgiven,
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

/// What is wrong with each of a case's diagnostics, if anything is: the first thing that is found.
struct Verdicts<'a> {
    said: &'a [Diagnostic],
    kinds: Vec<Option<Kind>>,
}

impl<'a> Verdicts<'a> {
    /// Panics, and what points to a wrong place whatever it says.
    fn new(said: &'a [Diagnostic], plain: &[Diagnostic], source: &Source) -> Self {
        let mut verdicts = Self { said, kinds: vec![None; said.len()] };
        verdicts.mark(Kind::Panic, |diagnostic| {
            diagnostic.message.contains("panicked") || diagnostic.message.contains("internal compiler error")
        });
        verdicts.mark(Kind::WholeAttribute, |diagnostic| {
            // The compiler's own, of an attribute that has no item and is not expanded.
            let has_item = diagnostic.message != "expected item after attributes";
            let whole = |place: &Range<usize>| {
                place.start <= source.attribute.start && source.attribute.end <= place.end
            };
            has_item && !source.attribute.is_empty() && diagnostic.places.iter().flatten().any(whole)
        });
        verdicts.mark(Kind::InLibrary, |diagnostic| {
            diagnostic.places.is_empty() || diagnostic.places.contains(&None)
        });
        // What the plain function gets too, and at the same place, is not the attribute's.
        let is_plain = |error: &Diagnostic| {
            plain.iter().any(|plain| plain.code == error.code && plain.place() == error.place())
        };
        let is_within =
            |error: &Diagnostic, region| error.place().is_some_and(|place| overlaps(&place, region));
        verdicts.mark(Kind::InCaller, |error| {
            !error.is_lint() && is_within(error, &source.callers) && !is_plain(error)
        });
        verdicts.mark(Kind::Elsewhere, |error| {
            !error.is_lint()
                && !is_within(error, &source.callers)
                && !is_within(error, &source.declaration)
                && !is_plain(error)
        });
        let mut at_one_place: BTreeMap<_, usize> = BTreeMap::new();
        verdicts.mark(Kind::Twice, |diagnostic| {
            let Some(key) = same_thing(diagnostic) else { return false };
            let plain = plain.iter().filter(|plain| same_thing(plain).as_ref() == Some(&key)).count();
            let seen = at_one_place.entry(key).or_default();
            *seen += 1;
            *seen > plain.max(1)
        });
        verdicts
    }

    fn mark(&mut self, kind: Kind, mut is_wrong: impl FnMut(&Diagnostic) -> bool) {
        for (diagnostic, verdict) in self.said.iter().zip(&mut self.kinds) {
            if verdict.is_none() && is_wrong(diagnostic) {
                *verdict = Some(kind);
            }
        }
    }

    /// Marks the errors beyond the first `due`, and takes the library's own, which have no code, for these.
    fn mark_follow_ups(&mut self, due: usize, source: &Source) {
        let counts = |error: &Diagnostic| {
            !error.is_lint() && error.place().is_none_or(|place| overlaps(&place, &source.declaration))
        };
        for own in [true, false] {
            let mut seen = if own {
                0
            } else {
                self.unmarked().filter(|error| counts(error) && error.code.is_none()).count()
            };
            self.mark(Kind::FollowUp, |error| {
                let is_one = counts(error) && error.code.is_none() == own;
                seen += usize::from(is_one);
                is_one && seen > due
            });
        }
    }

    /// Takes the verdict back, and leaves these diagnostics out of all that follows.
    fn forgive(&mut self, kind: Kind) {
        for verdict in &mut self.kinds {
            if *verdict == Some(kind) {
                *verdict = Some(Kind::Forgiven);
            }
        }
    }

    /// What nothing is wrong with so far.
    fn unmarked(&self) -> impl Iterator<Item = &'a Diagnostic> {
        let unmarked = self.said.iter().zip(&self.kinds).filter(|(_, kind)| kind.is_none());
        unmarked.map(|(diagnostic, _)| diagnostic)
    }

    fn faults(&self) -> Vec<Fault> {
        let marked = self.said.iter().zip(&self.kinds);
        let faults = marked.filter_map(|(diagnostic, kind)| Some(fault((*kind)?, diagnostic)));
        faults.filter(|fault| fault.kind != Kind::Forgiven).collect()
    }
}

/// All errors at one place say the same, and so do all warnings of one lint.
fn same_thing(diagnostic: &Diagnostic) -> Option<(usize, usize, Option<String>)> {
    let place = diagnostic.place()?;
    Some((place.start, place.end, diagnostic.code.clone().filter(|_| diagnostic.is_lint())))
}

/// A generated declaration beside its plain function.
pub(crate) fn compare(
    draft: &Draft,
    cell: &[Diagnostic],
    plain: &[Diagnostic],
    source: &Source,
) -> Vec<Fault> {
    let mut verdicts = Verdicts::new(cell, plain, source);
    // What the plain function's callers may not use is no use of the accessor either.
    if in_region(plain, &source.callers) > 0 {
        verdicts.forgive(Kind::InCaller);
    }
    let (errors, lints) = split(cell);
    let (plain_errors, plain_lints) = split(plain);
    let mut faults = Vec::new();

    if draft.refused.is_empty() {
        if plain_errors.is_empty() {
            verdicts.mark(Kind::Refused, |error| !error.is_lint());
        } else if errors.is_empty() {
            faults.extend(plain_errors.iter().map(|error| fault(Kind::Accepted, error)));
        } else {
            let kind = if errors.len() > plain_errors.len() { Kind::FollowUp } else { Kind::OtherError };
            verdicts.mark(kind, |error| !error.is_lint() && !has_error_at(error, &plain_errors));
        }
    } else if errors.is_empty() {
        let what = draft.refused.keys().copied().collect::<Vec<_>>().join(", ");
        faults.push(Fault { kind: Kind::Accepted, what });
    } else {
        let plain = in_region(plain, &source.declaration);
        verdicts.mark_follow_ups(plain + draft.refused.values().sum::<usize>(), source);
    }
    // After an error the compiler leaves out many lints.
    if errors.is_empty() && plain_errors.is_empty() {
        faults.extend(other_lints(&lints, &plain_lints, source, draft.fallible));
    }
    faults.extend(verdicts.faults());
    faults
}

/// A broken declaration: each mistake is worth one error more than the plain function has.
pub(crate) fn tolerate(
    mutant: &Mutant,
    cell: &[Diagnostic],
    plain: &[Diagnostic],
    source: &Source,
) -> Vec<Fault> {
    let mut verdicts = Verdicts::new(cell, plain, source);
    // A mutant may be right, or another declaration to its callers.
    let mistakes = in_region(cell, &source.declaration);
    if mistakes == 0 || in_region(plain, &source.callers) > 0 || !mutant.decided {
        verdicts.forgive(Kind::InCaller);
    }
    verdicts.mark_follow_ups(in_region(plain, &source.declaration) + mutant.mistakes, source);
    verdicts.faults()
}

/// How many errors are there.
fn in_region(said: &[Diagnostic], region: &Range<usize>) -> usize {
    let (errors, _) = split(said);
    errors.into_iter().filter(|error| error.place().is_none_or(|place| overlaps(&place, region))).count()
}

fn split(diagnostics: &[Diagnostic]) -> (Vec<&Diagnostic>, Vec<&Diagnostic>) {
    diagnostics.iter().partition(|diagnostic| !diagnostic.is_lint())
}

fn overlaps(one: &Range<usize>, other: &Range<usize>) -> bool {
    one.start < other.end && other.start < one.end
}

/// Whether there is an error at that place; the words may be our own.
fn has_error_at(error: &Diagnostic, list: &[&Diagnostic]) -> bool {
    list.iter().any(|other| match (other.place(), error.place()) {
        (Some(one), Some(other)) => overlaps(&one, &other) || one == other,
        (one, other) => one == other,
    })
}

fn other_lints(cell: &[&Diagnostic], plain: &[&Diagnostic], source: &Source, fallible: bool) -> Vec<Fault> {
    // A call of the accessor may be longer than one of the plain function, and its result is another.
    let start = |lint: &Diagnostic| lint.place().map(|place| place.start);
    let is_in = |lint: &Diagnostic, list: &[&Diagnostic]| {
        list.iter().any(|other| other.code == lint.code && start(other) == start(lint))
    };
    let expected = |lint: &Diagnostic, of: LintOf| {
        LINTS.iter().any(|row| row.of == of && lint.code.as_deref() == Some(row.lint))
    };
    let within = |lint: &Diagnostic, region: &Range<usize>| {
        lint.place().is_some_and(|place| overlaps(&place, region) && place != *region)
    };
    let of_cell = |lint: &&&Diagnostic| {
        source.cell_only.iter().any(|region| within(lint, region))
            || within(lint, &source.attribute) && expected(lint, LintOf::Argument)
            || within(lint, &source.callers) && expected(lint, LintOf::Caller)
    };
    let of_plain =
        |lint: &Diagnostic| expected(lint, LintOf::Plain) || fallible && expected(lint, LintOf::PlainError);
    let missing = plain.iter().filter(|lint| !is_in(lint, cell) && !of_plain(lint));
    let added = cell.iter().filter(|lint| !is_in(lint, plain) && !of_cell(lint));
    missing
        .map(|lint| fault(Kind::LintMissing, lint))
        .chain(added.map(|lint| fault(Kind::LintAdded, lint)))
        .collect()
}
