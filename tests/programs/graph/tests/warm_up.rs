//! Warm-ups of the program.

use crate::history::History;
use crate::{at_random, edges, number};
use cells::{WarmUp, WarmUpOutcome};
use cells_graph_program::{PLAN, fail, most_at_once};
use cells_test_support::{LONG, alone};
use std::collections::{BTreeSet, HashMap};

#[test]
fn p8_warmed_up_in_order_on_no_more_threads_than_given() {
    alone(|| {
        let calls = PLAN.iter().flat_map(|planned| planned.called.iter().copied());
        let called = closure(calls, |cell| PLAN[cell].built_on().collect());
        for (round, threads) in [1, 2, 3, 8].into_iter().enumerate() {
            let report = WarmUp::new().all().threads(threads).run();
            assert!(report.is_ok(), "{report}");
            assert_eq!(report.cells.len(), PLAN.len());
            assert!(most_at_once() <= threads, "{} on {threads}", most_at_once());
            for warmed in &report.cells {
                // In the first round the calls of factories are unknown: a called cell may be ready before its turn.
                let was_ready = warmed.outcome == WarmUpOutcome::Ready
                    && round == 0
                    && called.contains(&number(warmed.info));
                assert!(was_ready || warmed.outcome == WarmUpOutcome::Built, "{warmed:?}");
            }
            let history = History::so_far();
            assert_eq!(history.alive().len(), PLAN.len(), "each once");
            if round > 0 {
                assert_eq!(history.built_in_order(true), edges());
            }
            is_a_critical_path(&report, round > 0);

            let report = cells::close_all(LONG);
            assert!(report.is_ok(), "{report}");
            assert_eq!(report.cells.len(), PLAN.len());
            let history = History::so_far();
            assert!(history.alive().is_empty());
            assert_eq!(history.disposed_in_order(), edges());
        }
    });
}

/// These cells and all that can be reached from them.
fn closure(cells: impl Iterator<Item = usize>, next: impl Fn(usize) -> Vec<usize>) -> BTreeSet<usize> {
    let mut stack: Vec<_> = cells.collect();
    let mut closure = BTreeSet::new();
    while let Some(cell) = stack.pop() {
        if closure.insert(cell) {
            stack.extend(next(cell));
        }
    }
    closure
}

/// Checks that the path follows dependencies, and is one that fits into the run.
fn is_a_critical_path(report: &cells::WarmUpReport, all_known: bool) {
    let path: Vec<_> = report.critical_path.iter().map(|info| number(info)).collect();
    assert!(!path.is_empty() && report.critical_time <= report.took, "{report}");
    if all_known {
        for step in path.windows(2) {
            assert!(PLAN[step[1]].dependencies().any(|on| on == step[0]), "{path:?}");
        }
    }
}

#[test]
fn p8_eager_cells_are_built_with_what_they_need_and_nothing_else() {
    alone(|| {
        let eager = (0..PLAN.len()).filter(|&cell| PLAN[cell].eager);
        let wanted = closure(eager.clone(), |cell| PLAN[cell].injected().collect());
        let built = closure(eager, |cell| PLAN[cell].built_on().collect());
        assert!(built.len() < PLAN.len(), "this graph does not exercise the test; use another seed");
        let report = cells::warm_up();
        assert!(report.is_ok(), "{report}");
        assert_eq!(report.cells.iter().map(|cell| number(cell.info)).collect::<BTreeSet<_>>(), wanted);
        let there = (0..PLAN.len()).filter(|&cell| (PLAN[cell].peek)().is_some());
        assert_eq!(there.collect::<BTreeSet<_>>(), built);
    });
}

#[test]
fn p8_a_failure_stops_only_what_depends_on_it() {
    alone(|| {
        let failing: BTreeSet<_> = at_random(7).take(PLAN.len() / 30).collect();
        fail(failing.iter().copied());
        let mut expected = HashMap::new();
        for cell in 0..PLAN.len() {
            expect(cell, &failing, &mut expected);
        }
        let report = WarmUp::new().all().threads(4).run();
        assert_eq!(report.cells.len(), PLAN.len());
        for warmed in &report.cells {
            let cell = number(warmed.info);
            let outcome = match warmed.outcome {
                WarmUpOutcome::Ready => WarmUpOutcome::Built,
                other => other,
            };
            assert_eq!(outcome, expected[&cell], "{warmed:?}");
            assert_eq!((PLAN[cell].peek)().is_some(), outcome == WarmUpOutcome::Built);
            assert_eq!(warmed.error.is_some(), outcome == WarmUpOutcome::Failed);
            if let Some(needs) = warmed.skipped_for {
                assert!(PLAN[cell].injected().any(|on| on == number(needs)));
                assert_ne!(expected[&number(needs)], WarmUpOutcome::Built);
            }
            assert_eq!(warmed.skipped_for.is_some(), outcome == WarmUpOutcome::Skipped);
        }
        for outcome in [WarmUpOutcome::Built, WarmUpOutcome::Failed, WarmUpOutcome::Skipped] {
            assert!(
                expected.values().any(|expected| *expected == outcome),
                "this graph does not exercise the test; use another seed"
            );
        }
    });
}

fn expect(
    cell: usize,
    failing: &BTreeSet<usize>,
    known: &mut HashMap<usize, WarmUpOutcome>,
) -> WarmUpOutcome {
    if let Some(&outcome) = known.get(&cell) {
        return outcome;
    }
    let mut lacks = |on| expect(on, failing, known) != WarmUpOutcome::Built;
    let outcome = if PLAN[cell].injected().any(&mut lacks) {
        WarmUpOutcome::Skipped
    } else if failing.contains(&cell) || PLAN[cell].called.iter().copied().any(&mut lacks) {
        WarmUpOutcome::Failed
    } else {
        WarmUpOutcome::Built
    };
    known.insert(cell, outcome);
    outcome
}
