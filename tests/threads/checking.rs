//! H9: what a check finds.

use cells::runtime_cell;
use cells::testing::{Finding, FindingKind, check};
use cells_test_support::{Boom, alone, message, panic_of};

mod first {
    #[cells::runtime_cell(name = "h9.twice")]
    pub(super) fn one() -> u8 {
        1
    }
}

#[runtime_cell(name = "h9.twice")]
fn two() -> u8 {
    2
}

#[runtime_cell(name = "h9.nobody asks")]
fn nobody_asks() -> u8 {
    1
}

#[runtime_cell(name = "h9.only depended on")]
fn only_depended_on() -> u8 {
    1
}

#[runtime_cell(name = "h9.not provided", provided)]
fn not_provided(only_depended_on: &u8) -> u8 {
    *only_depended_on
}

#[runtime_cell(name = "h9.provided", provided)]
fn from_outside() -> u8;

#[runtime_cell(name = "h9.asks", after = [FROM_OUTSIDE])]
fn asks() -> u8 {
    *first::one() + *from_outside()
}

#[runtime_cell(name = "h9.there")]
fn there() -> Result<u8, cells::Error> {
    if BACK.is_ready() { back().map(|back| *back) } else { Ok(1) }
}

#[runtime_cell(name = "h9.between")]
fn between(there: &u8) -> Result<u8, Boom> {
    Ok(*there)
}

#[runtime_cell(name = "h9.back")]
fn back(between: &u8) -> Result<u8, Boom> {
    Ok(*between)
}

#[runtime_cell(name = "h9.itself", permanent)]
fn itself() -> Result<u8, cells::Error> {
    Ok(itself().copied().unwrap_or(1))
}

#[runtime_cell(name = "h9.left alone", dispose = later)]
async fn left_alone() -> u8 {
    1
}

fn later(_: u8) -> impl Future<Output = ()> {
    std::future::ready(())
}

/// What there is about a cell of this file, by its line in the report without its place.
fn found() -> Vec<(FindingKind, String)> {
    let here = |finding: &Finding| finding.cell.module_path.starts_with(module_path!());
    let report = check().allow(|finding| !here(finding));
    assert_eq!(report.is_clean(), report.findings.is_empty());
    let lines = report.to_string();
    let lines = lines.lines().map(|line| line.split_once(": ").expect("place and finding"));
    let found = report.findings.iter().zip(lines).map(|(finding, (place, text))| {
        assert_eq!(place, format!("{}:{}", finding.cell.file, finding.cell.line));
        (finding.kind, text.to_owned())
    });
    found.collect()
}

fn of_kind(kind: FindingKind) -> Vec<String> {
    found().into_iter().filter(|(found, _)| *found == kind).map(|(_, text)| text).collect()
}

/// A cell as the report names it beside another one.
fn place(cell: &cells::CellInfo) -> String {
    format!("`{}` ({}:{})", cell.name, cell.file, cell.line)
}

#[test]
fn h9_two_cells_of_one_name_are_found() {
    let other = if TWO.any().info().module_path < first::ONE.any().info().module_path {
        &TWO
    } else {
        panic!("sorted")
    };
    let expected = format!("cell `h9.twice`: it has the name of {}", place(other.any().info()));
    assert_eq!(of_kind(FindingKind::SameName), [expected]);
}

#[test]
fn h9_cells_that_nobody_used_are_found() {
    alone(|| {
        let unused = || of_kind(FindingKind::Unused);
        let text = |name: &str| format!("cell `{name}`: it was never used, and no cell depends on it");
        let untouched = unused();
        assert!(untouched.contains(&text("h9.nobody asks")) && untouched.contains(&text("h9.twice")));
        assert!(
            !untouched.contains(&text("h9.only depended on")) && !untouched.contains(&text("h9.provided"))
        );
        drop((two(), nobody_asks(), left_alone_built(), itself()));
        NOBODY_ASKS.invalidate();
        FROM_OUTSIDE.provide(1).expect("it is empty");
        drop((asks(), back(), cells::snapshot(), cells::graph()));
        assert_eq!(unused(), [text("h9.not provided")]);
        drop(not_provided());
        assert!(unused().is_empty());
    });
}

fn left_alone_built() -> cells::Ref<'static, u8> {
    pollster::block_on(left_alone())
}

#[test]
fn h9_observed_calls_that_are_not_declared_are_found() {
    alone(|| {
        assert!(of_kind(FindingKind::Undeclared).is_empty());
        FROM_OUTSIDE.provide(1).expect("it is empty");
        assert_eq!(*asks(), 2);
        let one = place(first::ONE.any().info());
        let expected = format!("cell `h9.asks`: its factory calls {one}, which it does not declare");
        assert_eq!(of_kind(FindingKind::Undeclared), [expected]);
    });
}

#[test]
fn h9_circles_that_were_observed_are_found() {
    alone(|| {
        drop(back().expect("there is no circle yet"));
        assert!(of_kind(FindingKind::Circle).is_empty());
        drop(THERE.refresh().expect("back is there"));
        assert_eq!(itself().copied().ok(), Some(1));
        let found = of_kind(FindingKind::Circle);
        let circles = [
            "cell `h9.there`: circle of dependencies: h9.there -> h9.back -> h9.between -> h9.there",
            "cell `h9.itself`: circle of dependencies: h9.itself -> h9.itself",
        ];
        assert_eq!(found, circles);
    });
}

#[test]
fn h9_an_asynchronous_disposer_without_a_runtime_is_found() {
    alone(|| {
        drop(left_alone_built());
        pollster::block_on(LEFT_ALONE.close()).into_result().expect("its disposer was awaited");
        assert!(of_kind(FindingKind::AbandonedDisposer).is_empty());
        drop(left_alone_built());
        assert!(LEFT_ALONE.any().close().into_result().is_err());
        assert_eq!(LEFT_ALONE.snapshot().counts.abandoned, 1);
        let found = of_kind(FindingKind::AbandonedDisposer);
        let [found] = found.as_slice() else { panic!("{found:?}") };
        assert!(
            found.starts_with("cell `h9.left alone`: an asynchronous disposer was abandoned, "),
            "{found}"
        );
    });
}

#[test]
fn h9_a_report_is_clean_or_fails_the_test() {
    let nothing = check().allow(|_| true);
    nothing.assert_clean();
    assert_eq!(nothing.to_string(), "nothing found");
    let report = check().allow(|finding| finding.kind != FindingKind::SameName);
    let panic = panic_of(|| report.assert_clean());
    let text = message(&*panic);
    assert!(text.ends_with(&format!(" findings about cells:\n{report}")), "{text}");
    let json = serde_json::to_value(&report).expect("it can be written");
    let finding =
        json["findings"].as_array().into_iter().flatten().find(|found| found["cell"]["name"] == "h9.twice");
    let finding = finding.expect("two cells have that name");
    assert_eq!((&finding["kind"], &finding["others"][0]["name"]), (&"same_name".into(), &"h9.twice".into()));
    assert!(finding["cell"]["line"].is_u64() && finding["cell"]["file"].is_string());
}
