//! The generated program: built lazily and warmed up, invalidated and shut down under readers.
//!
//! Every test concerns all cells, and runs in a process of its own. `CELLS_GRAPH_SEED=2` and so on make the same of
//! another graph.

use cells::{DependencyKind, Error, Ref, ShutdownOutcome, State, WarmUp, WarmUpOutcome};
use cells_graph_program::{Event, Node, PLAN, SEED, events, fail, most_at_once};
use cells_test_support::{LONG, Rng, alone, eventually};
use std::collections::{BTreeSet, HashMap, HashSet};
use std::error::Error as StdError;
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::thread;
use std::time::Duration;

/// The numbers of all cells, each once, for each thread in another order.
fn shuffled(thread: usize) -> impl Iterator<Item = usize> {
    const PRIMES: [usize; 8] = [1009, 1013, 1019, 1021, 1031, 1033, 1039, 1049];
    (0..PLAN.len()).map(move |n| (n * PRIMES[thread % PRIMES.len()] + thread * 37) % PLAN.len())
}

/// Cells at random, the same for the same seed.
fn at_random(seed: u64) -> impl Iterator<Item = usize> {
    let mut random = Rng::with_seed(seed);
    std::iter::repeat_with(move || random.usize(..PLAN.len()))
}

fn number(info: &cells::CellInfo) -> usize {
    info.name.trim_start_matches('c').parse().expect("a cell is named by its number")
}

/// What happened, by payload.
struct History {
    events: Vec<Event>,
    /// Where in the events it was built, and on what.
    built: HashMap<usize, (usize, Vec<(usize, usize)>)>,
    /// Where in the events its disposer began and ended.
    disposed: HashMap<usize, (usize, usize)>,
}

impl History {
    /// Fails if anything was disposed twice, or before it was there.
    fn so_far() -> Self {
        let (events, mut built, mut began, mut disposed) =
            (events(), HashMap::new(), HashMap::new(), HashMap::new());
        for (at, event) in events.iter().enumerate() {
            match event {
                Event::Built { serial, uses, .. } => {
                    assert!(built.insert(*serial, (at, uses.clone())).is_none(), "{event:?}");
                }
                Event::Disposing { serial, .. } => {
                    assert!(built.contains_key(serial), "{event:?}");
                    assert!(began.insert(*serial, at).is_none(), "{event:?} again");
                }
                Event::Disposed { serial, .. } => {
                    assert!(disposed.insert(*serial, (began[serial], at)).is_none(), "{event:?} again");
                }
                Event::Begin { .. } | Event::Failed { .. } => {}
            }
        }
        Self { events, built, disposed }
    }

    /// What has not been disposed.
    fn alive(&self) -> BTreeSet<usize> {
        self.built.keys().filter(|serial| !self.disposed.contains_key(serial)).copied().collect()
    }

    fn begin_of(&self, cell: usize) -> usize {
        self.events.iter().rposition(|event| *event == Event::Begin { cell }).expect("it was built")
    }

    fn built_at(&self, cell: usize) -> usize {
        let is_it = |event: &Event| matches!(event, Event::Built { cell: built, .. } if *built == cell);
        self.events.iter().rposition(is_it).expect("it was built")
    }

    /// Of the last payload of each cell: each was there before what it was injected into was begun.
    fn built_in_order(&self, after_too: bool) -> usize {
        let mut edges = 0;
        for (cell, planned) in PLAN.iter().enumerate() {
            let after = planned.after.iter().copied().filter(|_| after_too);
            for dependency in planned.injected().chain(after) {
                assert!(self.built_at(dependency) < self.begin_of(cell), "c{cell} before c{dependency}");
                edges += 1;
            }
            for &called in planned.called {
                assert!(self.built_at(called) < self.built_at(cell), "c{cell} before c{called}");
                edges += 1;
            }
        }
        edges
    }

    /// Of the last payload of each cell: each was disposed before what it depends on.
    fn disposed_in_order(&self) -> usize {
        let last = |cell: usize| match &self.events[self.built_at(cell)] {
            Event::Built { serial, .. } => self.disposed[serial],
            other => unreachable!("{other:?}"),
        };
        let mut edges = 0;
        for (cell, planned) in PLAN.iter().enumerate() {
            for dependency in planned.dependencies() {
                let ((_, end), (begin, _)) = (last(cell), last(dependency));
                assert!(end < begin, "c{cell} is disposed after c{dependency}");
                edges += 1;
            }
        }
        edges
    }

    /// What was built on these payloads was disposed before them.
    fn nothing_outlives_what_it_is_built_on(&self, payloads: &HashSet<usize>) -> usize {
        let mut edges = 0;
        for (serial, (_, uses)) in &self.built {
            let (_, end) = self.disposed[serial];
            for (_, used) in uses.iter().filter(|(_, used)| payloads.contains(used)) {
                assert!(end < self.disposed[used].0, "payload {serial} outlives payload {used}");
                edges += 1;
            }
        }
        edges
    }
}

/// How many dependencies there are.
fn edges() -> usize {
    PLAN.iter().map(|planned| planned.dependencies().count()).sum()
}

/// Builds everything from many threads at once.
fn build_lazily(threads: usize) {
    let start = Barrier::new(threads);
    thread::scope(|scope| {
        for thread in 0..threads {
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

/// Ends the readers also where an assertion fails.
struct StopAtEnd<'a>(&'a AtomicBool);

impl Drop for StopAtEnd<'_> {
    fn drop(&mut self) {
        self.0.store(true, SeqCst);
    }
}

/// Keeps asking for cells at random until `stop`; counts how often each reader got a payload.
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
            // Who gets nothing more lets go, or a shutdown would wait for it.
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

/// Whether it comes of the shutdown, here or in a dependency.
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
        // `after` orders warm-ups and shutdowns alone.
        let after: usize = PLAN.iter().map(|planned| planned.after.len()).sum();
        assert_eq!(history.built_in_order(false), edges() - after);

        // What was seen is what was written.
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
                // At first nobody knows what factories call: it may be there before its own turn comes.
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
            is_the_critical_path(&report, round > 0);

            let report = cells::close_all(LONG);
            assert!(report.is_ok(), "{report}");
            assert_eq!(report.cells.len(), PLAN.len());
            let history = History::so_far();
            assert!(history.alive().is_empty());
            assert_eq!(history.disposed_in_order(), edges());
        }
    });
}

/// These cells, what comes next from each, and so on.
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

/// Its path follows dependencies, its time is that of its cells, and no way is longer.
fn is_the_critical_path(report: &cells::WarmUpReport, all_known: bool) {
    let own: HashMap<_, _> = report.cells.iter().map(|cell| (number(cell.info), cell.own)).collect();
    let path: Vec<_> = report.critical_path.iter().map(|info| number(info)).collect();
    assert_eq!(path.iter().map(|cell| own[cell]).sum::<Duration>(), report.critical_time);
    if all_known {
        for step in path.windows(2) {
            assert!(PLAN[step[1]].dependencies().any(|on| on == step[0]), "{path:?}");
        }
        let mut longest = HashMap::new();
        let longest = (0..PLAN.len()).map(|cell| way_to(cell, &own, &mut longest)).max();
        assert_eq!(longest, Some(report.critical_time));
    }
}

fn way_to(cell: usize, own: &HashMap<usize, Duration>, known: &mut HashMap<usize, Duration>) -> Duration {
    if let Some(&way) = known.get(&cell) {
        return way;
    }
    let before = PLAN[cell].dependencies().map(|on| way_to(on, own, known)).max();
    let way = before.unwrap_or_default() + own[&cell];
    known.insert(cell, way);
    way
}

#[test]
fn p8_eager_cells_are_built_with_what_they_need_and_nothing_else() {
    alone(|| {
        let eager = (0..PLAN.len()).filter(|&cell| PLAN[cell].eager);
        let wanted = closure(eager.clone(), |cell| PLAN[cell].injected().collect());
        let built = closure(eager, |cell| PLAN[cell].built_on().collect());
        assert!(built.len() < PLAN.len(), "another seed is needed");
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
            assert!(expected.values().any(|expected| *expected == outcome), "another seed is needed");
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
            // Whatever is there was built on what is there.
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

/// Whether a cell's payload is built on another's, directly or through others.
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
            // Some of it is new, some is being built, some is still in use when it is closed.
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
            assert_eq!(events().len(), after, "nothing is built any more");
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
        // A line a cell, between head and foot.
        assert_eq!(report.to_string().lines().count(), PLAN.len() + 2);
        // A second call does nothing.
        assert_eq!(cells::shutdown(LONG).to_string(), report.to_string());
    });
}
