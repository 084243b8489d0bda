//! How the process came up: which cell was built when, whoever asked for it.

use crate::flight::observed_calls;
use crate::image;
use crate::info::CellInfo;
use crate::observe::first_builds::{self, FirstBuild};
#[cfg(feature = "serde")]
use crate::observe::in_json;
use crate::program::critical;
use std::any::TypeId;
use std::collections::HashMap;
use std::time::Duration;

/// When each declared cell was built for the first time.
///
/// It is there whether or not the program warms up: the library keeps one entry for each cell that was built. Reads pay
/// nothing for it. In a [sandbox](crate::testing) it is about the sandbox's cells.
///
/// ```
/// use cells::runtime_cell;
///
/// #[runtime_cell]
/// fn limit() -> u32 {
///     100
/// }
///
/// #[runtime_cell]
/// fn twice(limit: &u32) -> u32 {
///     2 * limit
/// }
///
/// drop(twice());
/// let startup = cells::startup();
/// assert_eq!(startup.cells[0].name, "twice"); // it began first, and waited for `limit`
/// assert!(startup.to_svg().contains("limit"));
/// ```
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Startup {
    /// The cells that a factory has built, in the order in which that began.
    pub cells: Vec<StartedCell>,
    /// How long the [critical](StartedCell::critical) cells took together; in JSON `critical_time_us`, in whole
    /// microseconds.
    #[cfg_attr(feature = "serde", serde(rename = "critical_time_us", serialize_with = "in_json::exactly"))]
    pub critical_time: Duration,
    /// The time from the begin of the first build to the end of the last one; in JSON `took_us`.
    #[cfg_attr(feature = "serde", serde(rename = "took_us", serialize_with = "in_json::exactly"))]
    pub took: Duration,
}

/// The first build of one cell.
///
/// [`Startup`] has an example.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct StartedCell {
    /// The cell's name.
    pub name: &'static str,
    /// The module of the declaration, which tells cells of one name apart.
    pub module_path: &'static str,
    /// When its flight began, counted from the begin of the first one; in JSON `started_us`.
    #[cfg_attr(feature = "serde", serde(rename = "started_us", serialize_with = "in_json::exactly"))]
    pub started: Duration,
    /// How long its factory ran, without what it waited for other cells; in JSON `own_us`.
    #[cfg_attr(feature = "serde", serde(rename = "own_us", serialize_with = "in_json::exactly"))]
    pub own: Duration,
    /// How long its factory waited for other cells; in JSON `waiting_us`.
    #[cfg_attr(feature = "serde", serde(rename = "waiting_us", serialize_with = "in_json::exactly"))]
    pub waiting: Duration,
    /// Whether it belongs to the longest chain of cells each of which was the last that the next one needed.
    pub critical: bool,
    #[cfg_attr(feature = "serde", serde(skip))]
    pub(crate) info: &'static CellInfo,
}

/// Returns when each declared cell was built for the first time, as far as that has happened.
///
/// [`Startup`] has an example.
#[inline]
pub fn startup() -> Startup {
    image::note(image::here());
    of_builds(&first_builds::all())
}

fn of_builds(builds: &[FirstBuild]) -> Startup {
    let index: HashMap<TypeId, usize> =
        builds.iter().enumerate().map(|(index, build)| (build.info.id(), index)).collect();
    let mut dependencies: Vec<Vec<usize>> = builds
        .iter()
        .map(|build| {
            build.info.dependencies.iter().filter_map(|on| index.get(&on.cell.id()).copied()).collect()
        })
        .collect();
    for (caller, called) in observed_calls::all() {
        if let (Some(&from), Some(&to)) = (index.get(&caller.id()), index.get(&called.id())) {
            dependencies[from].push(to);
        }
    }
    let took = |build: &FirstBuild| build.own + build.waiting;
    let times: Vec<_> =
        builds.iter().map(|build| Some((build.started, build.started + took(build)))).collect();
    let (critical, critical_time) = critical::chain(&times, &dependencies);
    let first = builds.first().map(|build| build.started);
    let since = |build: &FirstBuild| first.map_or(Duration::ZERO, |first| build.started - first);
    let cells = builds.iter().enumerate().map(|(index, build)| StartedCell {
        name: build.info.name,
        module_path: build.info.module_path,
        started: since(build),
        own: build.own,
        waiting: build.waiting,
        critical: critical.contains(&index),
        info: build.info,
    });
    let whole = builds.iter().map(|build| since(build) + took(build)).max();
    Startup { cells: cells.collect(), critical_time, took: whole.unwrap_or_default() }
}
