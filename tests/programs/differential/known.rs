//! Faults that are known and not mended. The list only shrinks: a row that does not fail any more is an error too.

/// A case, a mutant, or a group of mutants, and what is wrong with it.
pub(crate) const KNOWN: &[(&str, &str)] = &[];

/// Whether a case is one of the rows, or has all the choices of one.
pub(crate) fn is_known(id: &str) -> bool {
    KNOWN.iter().any(|(known, _)| is_of(id, known))
}

fn is_of(id: &str, known: &str) -> bool {
    id == known || known.split('+').all(|choice| id.split('+').any(|part| part == choice))
}
