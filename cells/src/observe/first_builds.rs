//! The first payload that each declared cell's factory built, and when: what the picture of a start-up is drawn from.
//!
//! A flight notes it when it ends, so a read pays nothing. One entry for each declared cell is all that is kept.

use crate::info::CellInfo;
use crate::sync::world::{self, Scope};
use parking_lot::Mutex;
use std::any::TypeId;
use std::collections::HashMap;
use std::time::{Duration, Instant};

#[derive(Clone, Copy)]
pub(crate) struct FirstBuild {
    pub(crate) info: &'static CellInfo,
    pub(crate) started: Instant,
    /// How long the flight took without its waits for other cells.
    pub(crate) own: Duration,
    /// How long those took.
    pub(crate) waiting: Duration,
}

#[derive(Default)]
struct Builds(Mutex<Option<HashMap<TypeId, FirstBuild>>>);

/// Those of the process.
static BUILDS: Builds = Builds(Mutex::new(None));

/// Notes that a flight of a cell of this world has published a payload.
pub(crate) fn note(scope: Scope, build: FirstBuild) {
    let mut builds = scope.own(&BUILDS).0.lock();
    builds.get_or_insert_default().entry(build.info.id()).or_insert(build);
}

/// Those of the caller's world, in the order in which they began.
pub(crate) fn all() -> Vec<FirstBuild> {
    let builds = world::own(&BUILDS).0.lock();
    let mut all: Vec<_> = builds.iter().flat_map(HashMap::values).copied().collect();
    drop(builds);
    all.sort_by_key(|build| (build.started, build.info.module_path, build.info.line));
    all
}
