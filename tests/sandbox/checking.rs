//! H9 in a sandbox: a check is about its cells.

use crate::graph::{FOUR_TIMES, THRICE, greeting, thrice};
use cells::CellInfo;
use cells::testing::{FindingKind, Sandbox, check};

fn found(kind: FindingKind) -> Vec<&'static CellInfo> {
    let report =
        check().allow(|finding| finding.kind != kind || !finding.cell.module_path.ends_with("::graph"));
    report.findings.iter().map(|finding| finding.cell).collect()
}

fn idents(kind: FindingKind) -> Vec<&'static str> {
    found(kind).into_iter().map(|cell| cell.ident).collect()
}

#[test]
fn h9_in_a_sandbox_a_check_is_about_its_cells() {
    {
        let _cells = Sandbox::new().enter();
        assert!(idents(FindingKind::Undeclared).is_empty());
        drop((thrice(), greeting()));
        assert_eq!(idents(FindingKind::Undeclared), ["THRICE"]);
        assert_eq!(idents(FindingKind::Unused), ["FOUR_TIMES", "MODEL"]);
        assert!(!FOUR_TIMES.is_ready() && THRICE.is_ready());
    }
    let _cells = Sandbox::new().share(&FOUR_TIMES).enter();
    drop(thrice());
    let found = check().allow(|finding| finding.cell.ident != "THRICE");
    assert_eq!(
        found.findings.iter().flat_map(|found| &found.others).map(|cell| cell.ident).collect::<Vec<_>>(),
        ["LIMIT"]
    );
    assert_eq!(idents(FindingKind::Unused), ["GREETING", "MODEL"], "what is shared is not looked at");
}
