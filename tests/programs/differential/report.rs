//! What was found, grouped by kind, the most frequent first.

use crate::judge::{Fault, Kind};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// The faults of one case.
pub(crate) struct Found {
    pub(crate) id: String,
    pub(crate) faults: Vec<Fault>,
}

pub(crate) fn report(found: &[Found], cases: usize) -> String {
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
        ids.sort_by_key(|id| (id.matches('+').count(), id.len()));
        ids.dedup();
        let count = ids.len();
        ids.truncate(3);
        writeln!(text, "{count:5} {kind:?}: {what}\n      {}", ids.join("\n      ")).expect("a string");
    }
    let wrong = found.iter().filter(|case| !case.faults.is_empty()).count();
    writeln!(text, "{cases} cases, {wrong} with faults").expect("a string");
    text
}
