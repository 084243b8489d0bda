//! The generated program: built lazily, warmed up, invalidated and shut down, with readers at work.
//!
//! Every test concerns all cells, so it runs in a process of its own. `CELLS_GRAPH_SEED=2` and so on test another graph.

mod history;
mod warm_up;

use cells::{DependencyKind, Error, Ref, ShutdownOutcome, State};
use cells_graph_program::{Node, PLAN, SEED, events};
use cells_test_support::{LONG, Rng, alone, eventually};
use history::History;
use std::collections::{BTreeSet, HashSet};
use std::error::Error as StdError;
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::thread;

/// All cells, each once, in an order that differs from thread to thread.
fn shuffled(thread: u64) -> impl Iterator<Item = usize> {
    let mut cells: Vec<_> = (0..PLAN.len()).collect();
    Rng::with_seed(thread).shuffle(&mut cells);
    cells.into_iter()
}

/// Cells at random, the same for the same seed.
fn at_random(seed: u64) -> impl Iterator<Item = usize> {
    let mut random = Rng::with_seed(seed);
    std::iter::repeat_with(move || random.usize(..PLAN.len()))
}

fn number(info: &cells::CellInfo) -> usize {
    info.name.trim_start_matches('c').parse().expect("a cell is named by its number")
}

/// How many dependencies there are.
fn edges() -> usize {
    PLAN.iter().map(|planned| planned.dependencies().count()).sum()
}

/// Builds everything from many threads at once.
fn build_lazily(threads: usize) {
    let start = Barrier::new(threads);
    thread::scope(|scope| {
        for thread in 0..threads as u64 {
            let start = &start;
            scope.spawn(move || {
                start.wait();
                for cell in shuffled(thread) {
                    let node = (PLAN[cell].try_get)().expect("nothing fails");
                    assert_eq!(node.cell, cell);
                    node.touch();
                }
            });
        }
    });
}

/// Stops the readers, also when an assertion fails.
struct StopAtEnd<'a>(&'a AtomicBool);

impl Drop for StopAtEnd<'_> {
    fn drop(&mut self) {
        self.0.store(true, SeqCst);
    }
}

/// Keeps asking for cells at random until `stop`, and counts the payloads it gets.
fn read_until(stop: &AtomicBool, reader: u64, reads: &AtomicUsize, refused: impl Fn(&Error)) {
    let mut held: Vec<Ref<'static, Node>> = Vec::new();
    for cell in at_random(reader + 1) {
        if stop.load(SeqCst) {
            break;
        }
        match (PLAN[cell].try_get)() {
            Ok(node) => {
                node.touch();
                reads.fetch_add(1, SeqCst);
                held.push(node);
            }
            // A reader that is refused lets go of its leases, or a shutdown would wait for it.
            Err(error) => {
                held.clear();
                refused(&error);
            }
        }
        if held.len() > 3 {
            held.remove(0).touch();
        }
    }
    for node in &held {
        node.touch();
    }
}

/// Whether the shutdown caused it, in this cell or in a dependency.
fn is_shut_down(error: &Error) -> bool {
    let first: &(dyn StdError + 'static) = error;
    std::iter::successors(Some(first), |&error| error.source())
        .any(|error| error.downcast_ref::<Error>().is_some_and(Error::is_shut_down))
}

#[test]
fn p5_every_cell_is_listed_as_it_was_written() {
    alone(|| {
        let all = cells::all();
        assert_eq!(all.len(), PLAN.len(), "seed {SEED}");
        let listed: Vec<_> = all.iter().map(|cell| (cell.info().module_path, cell.info().line)).collect();
        assert!(listed.is_sorted());
        for cell in &all {
            let (info, planned) = (cell.info(), &PLAN[number(cell.info())]);
            let by = |kind| {
                let matching = info.dependencies.iter().filter(move |on| on.kind == kind);
                matching.map(|on| number(on.cell)).collect::<Vec<_>>()
            };
            assert_eq!(by(DependencyKind::Injected), planned.injected().collect::<Vec<_>>());
            assert_eq!(by(DependencyKind::After), planned.after);
            assert_eq!((info.fallible, info.eager), (planned.fallible, planned.eager));
            assert_eq!(info.disposer, "Node::dispose");
            assert!(std::ptr::eq(info, (planned.info)()));
            assert!(cell.observed().is_empty());
            assert_eq!(cell.snapshot().state, State::Empty);
        }
        assert!(events().is_empty(), "listing builds nothing");
    });
}

#[test]
fn p4_built_lazily_from_many_threads_each_once_and_after_what_it_needs() {
    alone(|| {
        build_lazily(16);
        let history = History::so_far();
        assert_eq!(history.built.len(), PLAN.len(), "each once");
        // `after` orders warm-ups and shutdowns only.
        let after: usize = PLAN.iter().map(|planned| planned.after.len()).sum();
        assert_eq!(history.built_in_order(false), edges() - after);

        // The graph is the one that was generated.
        let graph = cells::graph();
        let node = |index: usize| number(cells::all()[index].info());
        let seen = |kind| {
            let matching = graph.edges.iter().filter(move |edge| edge.kind == kind);
            matching.map(|edge| (node(edge.from), node(edge.to))).collect::<BTreeSet<_>>()
        };
        let written = |of: fn(&cells_graph_program::Planned) -> Vec<usize>| {
            let cells = PLAN.iter().enumerate();
            cells
                .flat_map(|(from, planned)| of(planned).into_iter().map(move |to| (from, to)))
                .collect::<BTreeSet<_>>()
        };
        assert_eq!(seen(DependencyKind::Injected), written(|planned| planned.injected().collect()));
        assert_eq!(seen(DependencyKind::After), written(|planned| planned.after.to_vec()));
        assert_eq!(seen(DependencyKind::Observed), written(|planned| planned.called.to_vec()));
        assert!(graph.nodes.iter().all(|node| node.state == State::Ready));
    });
}

#[test]
fn p9_nothing_built_on_an_invalidated_payload_survives() {
    alone(|| {
        const ROUNDS: usize = 10;
        build_lazily(4);
        for round in 0..ROUNDS {
            let (stop, reads) = (AtomicBool::new(false), AtomicUsize::new(0));
            thread::scope(|scope| {
                let _stop = StopAtEnd(&stop);
                for reader in 0..4 {
                    let (stop, reads) = (&stop, &reads);
                    scope.spawn(move || read_until(stop, reader, reads, |error| panic!("{error}")));
                }
                let invalidators: Vec<_> = (0..2)
                    .map(|thread| {
                        scope.spawn(move || {
                            let seed = (round * 2 + thread + 100) as u64;
                            for cell in at_random(seed).take(10) {
                                (PLAN[cell].invalidate_with_dependents)();
                            }
                        })
                    })
                    .collect();
                eventually("the invalidations and some reads", || {
                    invalidators.iter().all(thread::ScopedJoinHandle::is_finished)
                        && reads.load(SeqCst) > 1000
                });
            });
            // Whatever is published was built on payloads that are published.
            for planned in &PLAN {
                let Some(node) = (planned.peek)() else { continue };
                node.touch();
                for &(on, serial) in &node.uses {
                    let published = (PLAN[on].peek)().map(|node| node.serial);
                    assert_eq!(published, Some(serial), "round {round}: {:?} is built on c{on}", *node);
                }
            }
        }
        let report = cells::shutdown(LONG);
        assert!(report.is_ok(), "{report}");
        assert!(History::so_far().alive().is_empty(), "each disposed once");
    });
}

#[test]
fn p9_everything_is_there_for_readers_while_it_is_refreshed_with_its_dependents() {
    alone(|| {
        build_lazily(4);
        let (stop, reads) = (AtomicBool::new(false), AtomicUsize::new(0));
        thread::scope(|scope| {
            let _stop = StopAtEnd(&stop);
            for reader in 0..3 {
                let (stop, reads) = (&stop, &reads);
                scope.spawn(move || {
                    for cell in at_random(reader + 1) {
                        if stop.load(SeqCst) {
                            break;
                        }
                        (PLAN[cell].peek)().expect("it is always there").touch();
                        reads.fetch_add(1, SeqCst);
                    }
                });
            }
            for cell in at_random(50).take(30) {
                let before: Vec<_> =
                    PLAN.iter().map(|planned| (planned.peek)().map(|node| node.serial)).collect();
                let fresh = (PLAN[cell].refresh_with_dependents)().expect("nothing fails");
                assert_ne!(Some(fresh.serial), before[cell]);
                for (other, planned) in PLAN.iter().enumerate() {
                    let node = (planned.peek)().expect("it is always there");
                    let rebuilt = Some(node.serial) != before[other];
                    let dependent = other == cell || depends(other, cell, &mut HashSet::new());
                    assert_eq!(rebuilt, dependent, "c{other} when c{cell} is refreshed");
                    for &(on, serial) in &node.uses {
                        assert_eq!((PLAN[on].peek)().map(|node| node.serial), Some(serial));
                    }
                }
            }
            eventually("some reads", || reads.load(SeqCst) > 1000);
        });
        let report = cells::shutdown(LONG);
        assert!(report.is_ok(), "{report}");
        assert!(History::so_far().alive().is_empty(), "each disposed once");
    });
}

/// Whether a cell depends on another, directly or through others.
fn depends(cell: usize, on: usize, seen: &mut HashSet<usize>) -> bool {
    PLAN[cell].built_on().any(|next| next == on || (seen.insert(next) && depends(next, on, seen)))
}

#[test]
fn p7_shut_down_under_readers_each_before_what_it_depends_on() {
    alone(|| {
        build_lazily(8);
        let (stop, reads, refusals) = (AtomicBool::new(false), AtomicUsize::new(0), AtomicUsize::new(0));
        thread::scope(|scope| {
            let _stop = StopAtEnd(&stop);
            for reader in 0..6 {
                let (stop, reads, refusals) = (&stop, &reads, &refusals);
                scope.spawn(move || {
                    read_until(stop, reader, reads, |error| {
                        assert!(is_shut_down(error), "{error}");
                        refusals.fetch_add(1, SeqCst);
                    });
                });
            }
            // When it is closed, some payloads are new, some are being built, and some are in use.
            for cell in at_random(3).take(PLAN.len() / 10) {
                (PLAN[cell].invalidate_with_dependents)();
            }
            eventually("some reads", || reads.load(SeqCst) > 1000);
            let published = PLAN.iter().filter_map(|planned| (planned.peek)().map(|node| node.serial));
            let published: HashSet<_> = published.collect();
            let report = cells::shutdown(LONG);
            assert!(report.is_ok(), "{report}");
            let after = events().len();

            let history = History::so_far();
            assert!(history.alive().is_empty(), "each disposed once");
            assert!(history.nothing_outlives_what_it_is_built_on(&published) > 0);
            for closed in &report.cells {
                assert_ne!(closed.outcome, ShutdownOutcome::Overdue);
                assert!(closed.duration <= report.took);
            }
            for planned in &PLAN {
                assert!((planned.try_get)().is_err_and(|error| error.is_shut_down()));
                assert_eq!(((planned.state)(), (planned.peek)().is_none()), (State::Closed, true));
            }
            eventually("readers that are refused", || refusals.load(SeqCst) > 100);
            assert_eq!(events().len(), after, "nothing is built after a shutdown");
        });
    });
}

#[test]
fn p7_all_of_it_shut_down_in_order_on_every_edge() {
    alone(|| {
        build_lazily(4);
        let report = cells::shutdown(LONG);
        assert!(report.is_ok(), "{report}");
        assert_eq!(report.cells.len(), PLAN.len());
        assert!(report.cells.iter().all(|closed| closed.outcome == ShutdownOutcome::Disposed));
        let history = History::so_far();
        assert!(history.alive().is_empty());
        assert_eq!(history.disposed_in_order(), edges());
        // One line for each cell, between header and summary.
        assert_eq!(report.to_string().lines().count(), PLAN.len() + 2);
        // A second call does nothing.
        assert_eq!(cells::shutdown(LONG).to_string(), report.to_string());
    });
}
