//! What happened to each payload, and the checks of its order.

use cells_graph_program::{Event, PLAN, events};
use std::collections::{BTreeSet, HashMap, HashSet};

/// The log of events, by payload.
pub(crate) struct History {
    pub(crate) events: Vec<Event>,
    /// The index of the event that built it, and the payloads it was built on.
    pub(crate) built: HashMap<usize, (usize, Vec<(usize, usize)>)>,
    /// The indexes of the events in which its disposer began and ended.
    pub(crate) disposed: HashMap<usize, (usize, usize)>,
}

impl History {
    /// Fails if any payload was disposed twice, or before it was built.
    pub(crate) fn so_far() -> Self {
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

    /// The payloads that have not been disposed.
    pub(crate) fn alive(&self) -> BTreeSet<usize> {
        self.built.keys().filter(|serial| !self.disposed.contains_key(serial)).copied().collect()
    }

    pub(crate) fn begin_of(&self, cell: usize) -> usize {
        self.events.iter().rposition(|event| *event == Event::Begin { cell }).expect("it was built")
    }

    pub(crate) fn built_at(&self, cell: usize) -> usize {
        let is_it = |event: &Event| matches!(event, Event::Built { cell: built, .. } if *built == cell);
        self.events.iter().rposition(is_it).expect("it was built")
    }

    /// Checks, for the last payload of each cell, that it was built before the factories it was injected into began. Returns
    /// the number of edges it checked.
    pub(crate) fn built_in_order(&self, after_too: bool) -> usize {
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

    /// Checks, for the last payload of each cell, that it was disposed before what it depends on. Returns the number of edges
    /// it checked.
    pub(crate) fn disposed_in_order(&self) -> usize {
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

    /// Checks that whatever was built on these payloads was disposed before them. Returns the number of edges it checked.
    pub(crate) fn nothing_outlives_what_it_is_built_on(&self, payloads: &HashSet<usize>) -> usize {
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
