//! What was found, grouped by kind, the most frequent first.

use crate::judge::{Fault, Kind};
use crate::known::{is_known, known};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

/// The faults of one case, if there are any.
pub(crate) struct Found {
    pub(crate) id: String,
    pub(crate) faults: Vec<Fault>,
}

/// The report, and whether the faults are those that are known.
pub struct Outcome {
    /// The faults, grouped.
    pub report: String,
    /// Whether these are the known ones.
    pub is_as_expected: bool,
}

pub(crate) fn outcome(found: &[Found], cases: usize) -> Outcome {
    let mut report = grouped(found);
    let faulty: Vec<_> = found.iter().filter(|case| !case.faults.is_empty()).collect();
    let unknown: BTreeSet<_> = faulty.iter().map(|case| &*case.id).filter(|id| !is_known(id)).collect();
    writeln!(report, "{cases} cases, {} with faults", faulty.len()).expect("a string");
    for id in &unknown {
        writeln!(report, "not in the list of known faults: {id}").expect("a string");
    }
    let clean = |id: &str| found.iter().any(|case| case.id == id && case.faults.is_empty());
    let mended = known().filter(|(id, _)| clean(id));
    let mut is_as_expected = unknown.is_empty();
    for (id, what) in mended {
        is_as_expected = false;
        writeln!(report, "mended, so remove it from the list: {id}: {what}").expect("a string");
    }
    Outcome { report, is_as_expected }
}

fn grouped(found: &[Found]) -> String {
    let mut groups: BTreeMap<(Kind, &str), Vec<&str>> = BTreeMap::new();
    for case in found {
        for fault in &case.faults {
            groups.entry((fault.kind, &fault.what)).or_default().push(&case.id);
        }
    }
    let mut groups: Vec<_> = groups.into_iter().collect();
    groups.sort_by_key(|(_, ids)| std::cmp::Reverse(ids.len()));
    let mut text = String::new();
    for ((kind, what), mut ids) in groups {
        // The simplest ones are examples enough.
        ids.sort_by_key(|id| (id.matches('+').count(), id.len(), *id));
        let count = ids.len();
        ids.dedup();
        ids.truncate(4);
        writeln!(text, "{count:5} {kind:?}: {what}\n      {}", ids.join("\n      ")).expect("a string");
    }
    text
}
