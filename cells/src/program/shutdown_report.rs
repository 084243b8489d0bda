//! What closing all cells did, as data and as a table.

use crate::error::SharedError;
use crate::info::CellInfo;
#[cfg(feature = "serde")]
use crate::observe::in_json;
use crate::observe::observer::{CloseResult, CloseStatus};
use crate::program::all_cells::Names;
use crate::text::{TextTable, on_one_line};
use std::fmt;
use std::time::Duration;

/// What closing all cells did.
///
/// As JSON it is data for a dashboard: a cell is its name, an error its text with all causes, and a time, such as
/// `took_us`, whole microseconds.
///
/// ```
/// use cells::{ShutdownOutcome, runtime_cell};
/// use std::time::Duration;
///
/// #[runtime_cell]
/// fn index() -> Vec<u64> {
///     vec![1, 2, 3]
/// }
///
/// let lease = index();
/// let report = cells::shutdown(Duration::ZERO);
/// assert!(!report.is_ok());
/// let cell = &report.cells[0];
/// assert_eq!((cell.info.name, cell.outcome, cell.position), ("index", ShutdownOutcome::Draining, 1));
/// assert_eq!(report.errors().count(), 0); // no disposer has failed; one has yet to run
/// assert!(report.into_result().unwrap_err().to_string().contains("`index`"));
/// # drop(lease);
/// ```
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[must_use = "failed disposals and leases that are still out are reported here"]
#[non_exhaustive]
pub struct ShutdownReport {
    /// The cells that had something to close, in the order of [`all`](crate::all). In which order they were closed,
    /// [`position`](ClosedCell::position) says.
    pub cells: Vec<ClosedCell>,
    /// How long it took.
    #[cfg_attr(feature = "serde", serde(rename = "took_us", serialize_with = "in_json::exactly"))]
    pub took: Duration,
}

/// What closing all cells did with one of them.
///
/// [`ShutdownReport`] has an example.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct ClosedCell {
    /// The cell.
    #[cfg_attr(feature = "serde", serde(rename = "cell"))]
    pub info: &'static CellInfo,
    /// What became of it.
    pub outcome: ShutdownOutcome,
    /// Its place among the closes, in the order in which they began: 1 is the first.
    pub position: usize,
    /// How long after the beginning its close began.
    #[cfg_attr(feature = "serde", serde(rename = "began_after_us", serialize_with = "in_json::exactly"))]
    pub began_after: Duration,
    /// How long its close took, or was waited for.
    #[cfg_attr(feature = "serde", serde(rename = "duration_us", serialize_with = "in_json::exactly"))]
    pub duration: Duration,
    /// The disposer's error or panic, or why it was not waited for.
    #[cfg_attr(feature = "serde", serde(serialize_with = "in_json::text"))]
    pub error: Option<SharedError>,
}

/// What became of a cell when all were closed.
///
/// [`ShutdownReport`] has an example.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum ShutdownOutcome {
    /// Its payload is disposed.
    Disposed,
    /// Its payload is gone, and its disposer failed or panicked.
    Failed,
    /// A lease is still out, or a superseded factory still runs.
    Draining,
    /// Its disposer still runs; or it can run only after this call, and the error says so.
    Overdue,
    /// It had a flight under way and no payload; what the factory built is disposed.
    Superseded,
    /// It had nothing to close any more when its turn came.
    Empty,
}

/// What a report says of a cell that is still in use: the one case that is waited for in vain for certain.
const DRAINING: &str = "by a lease or a factory; a lease that the closing thread itself holds is waited for in \
                        vain: drop it first";

impl ClosedCell {
    /// What became of a cell of which one payload is disposed, and perhaps another one was closed later: the later
    /// outcome, unless that hides a failure or says nothing.
    pub(crate) fn followed_by(self, later: Option<Self>) -> Self {
        use ShutdownOutcome::{Disposed, Empty, Failed, Superseded};
        match later {
            Some(later) if self.outcome == Failed && later.outcome == Disposed => self,
            Some(later) if !matches!(later.outcome, Empty | Superseded) => later,
            _ => self,
        }
    }

    /// The same, behind those that an earlier shutdown has closed.
    pub(crate) fn after(mut self, earlier: usize) -> Self {
        self.position += earlier;
        self
    }

    /// Why it is not disposed, or not well: the error with its causes, or what uses it.
    fn note(&self) -> String {
        match (&self.error, self.outcome) {
            (Some(error), _) => format!("{error:#}"),
            (None, ShutdownOutcome::Draining) => DRAINING.to_owned(),
            (None, _) => String::new(),
        }
    }

    pub(crate) fn is_ok(&self) -> bool {
        use ShutdownOutcome::{Disposed, Empty, Superseded};
        matches!(self.outcome, Disposed | Superseded | Empty)
    }
}

impl ShutdownOutcome {
    pub(crate) fn of(result: &CloseResult) -> Self {
        match result.status {
            CloseStatus::Ok => Self::Disposed,
            CloseStatus::Error => Self::Failed,
            CloseStatus::Draining => Self::Draining,
            CloseStatus::Disposing => Self::Overdue,
            CloseStatus::Superseded => Self::Superseded,
            CloseStatus::Noop => Self::Empty,
        }
    }
}

impl fmt::Display for ShutdownOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Disposed => "disposed",
            Self::Failed => "failed",
            Self::Draining => "still in use",
            Self::Overdue => "still disposing",
            Self::Superseded => "superseded",
            Self::Empty => "empty",
        })
    }
}

impl ShutdownReport {
    pub(crate) const fn empty() -> Self {
        Self { cells: Vec::new(), took: Duration::ZERO }
    }

    /// Returns the errors and panics of the disposers, and why a disposer was not waited for.
    ///
    /// The [type](Self) has an example.
    pub fn errors(&self) -> impl Iterator<Item = (&'static CellInfo, &SharedError)> {
        self.cells.iter().filter_map(|cell| Some((cell.info, cell.error.as_ref()?)))
    }

    /// Returns `true` if nothing failed and nothing is left.
    ///
    /// The [type](Self) has an example.
    pub fn is_ok(&self) -> bool {
        self.cells.iter().all(ClosedCell::is_ok)
    }

    /// Turns a shutdown that failed somewhere, or that left something, into an error, for callers that propagate it.
    ///
    /// The [type](Self) has an example.
    ///
    /// # Errors
    /// If the report is not [ok](Self::is_ok).
    pub fn into_result(self) -> Result<(), ShutdownError> {
        if self.is_ok() { Ok(()) } else { Err(ShutdownError(self)) }
    }
}

/// When all cells were closed, not all payloads were disposed without a failure.
///
/// The text names each such cell with all causes, on one line, so there is no
/// [`source`](std::error::Error::source). `{:?}` is the same text.
///
/// ```
/// use std::time::Duration;
///
/// fn main() -> Result<(), cells::BoxError> {
///     // ... the program, and then:
///     match cells::shutdown(Duration::from_secs(5)).into_result() {
///         Err(error) if error.report().errors().count() == 0 => Ok(eprintln!("still in use: {error}")),
///         ended => Ok(ended?), // a disposer that failed is a failure of the program
///     }
/// }
/// ```
#[derive(Clone)]
pub struct ShutdownError(ShutdownReport);

impl ShutdownError {
    /// Returns the whole report.
    ///
    /// The [type](Self) has an example.
    pub fn report(&self) -> &ShutdownReport {
        &self.0
    }
}

impl fmt::Display for ShutdownError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = Names::of_all();
        let failed = self.0.cells.iter().filter(|cell| !cell.is_ok());
        let lines: Vec<_> = failed
            .map(|cell| {
                let (name, outcome, note) = (names.apart(cell.info, "` in `"), cell.outcome, cell.note());
                let between = match (cell.outcome, note.as_str()) {
                    (_, "") => "",
                    (ShutdownOutcome::Draining, _) => " ",
                    _ => ": ",
                };
                on_one_line(format!("cell `{name}`: {outcome}{between}{note}"))
            })
            .collect();
        let (failed, all) = (lines.len(), self.0.cells.len());
        write!(f, "{failed} of {all} cells did not close cleanly: {}", lines.join("; "))
    }
}

impl fmt::Debug for ShutdownError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for ShutdownError {}

/// A table with one cell a line, in the order in which they were closed.
impl fmt::Display for ShutdownReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut table = TextTable::new(["cell", "outcome", "began after", "took", ""]);
        let names = Names::of_all();
        let mut cells: Vec<_> = self.cells.iter().collect();
        cells.sort_by_key(|cell| cell.position);
        for cell in cells {
            let (began, took) = (format!("{:.1?}", cell.began_after), format!("{:.1?}", cell.duration));
            table.row([names.in_report(cell.info), cell.outcome.to_string(), began, took, cell.note()]);
        }
        write!(f, "{table}took {:.1?}", self.took)
    }
}
