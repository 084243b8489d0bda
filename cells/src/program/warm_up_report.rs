//! What a warm-up did, as data and as a table.

use crate::error::Error;
use crate::info::CellInfo;
#[cfg(feature = "serde")]
use crate::observe::in_json;
use crate::program::all_cells::Names;
use crate::text::{TextTable, on_one_line};
use std::fmt;
use std::time::Duration;

/// What a warm-up did.
///
/// ```
/// use cells::{WarmUpOutcome, runtime_cell};
///
/// #[runtime_cell(eager)]
/// fn names() -> Vec<String> {
///     vec!["tea".to_owned()]
/// }
///
/// drop(names());
/// let report = cells::warm_up();
/// let cell = report.cells.iter().find(|cell| cell.info.name == "names").unwrap();
/// assert_eq!(cell.outcome, WarmUpOutcome::Ready); // somebody has asked for it before
/// assert_eq!(cell.outcome.to_string(), "was ready");
/// assert!(report.critical_time <= report.took);
/// ```
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[must_use = "a warm-up reports failures here and nowhere else"]
#[non_exhaustive]
pub struct WarmUpReport {
    /// The cells that were wanted, in the order of [`all`](crate::all).
    pub cells: Vec<WarmedCell>,
    /// The longest chain of cells of which each was the last that the next one needed: more threads cannot make a
    /// warm-up shorter than this.
    pub critical_path: Vec<&'static CellInfo>,
    /// How long that chain took: the time in which one of its cells was being built; never longer than the whole warm-up.
    #[cfg_attr(feature = "serde", serde(rename = "critical_time_us", serialize_with = "in_json::exactly"))]
    pub critical_time: Duration,
    /// How long the whole warm-up took.
    #[cfg_attr(feature = "serde", serde(rename = "took_us", serialize_with = "in_json::exactly"))]
    pub took: Duration,
}

/// What a warm-up did with one cell.
///
/// [`WarmUpReport`] has an example.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct WarmedCell {
    /// The cell.
    #[cfg_attr(feature = "serde", serde(rename = "cell"))]
    pub info: &'static CellInfo,
    /// What became of it.
    pub outcome: WarmUpOutcome,
    /// When its build began, counted from the start of the warm-up; `None` if nothing was built.
    #[cfg_attr(feature = "serde", serde(rename = "started_us", serialize_with = "in_json::maybe"))]
    pub started: Option<Duration>,
    /// How long the build took, whether it succeeded or failed.
    #[cfg_attr(feature = "serde", serde(rename = "took_us", serialize_with = "in_json::exactly"))]
    pub took: Duration,
    /// How long its factory ran, without what it waited for other cells; zero if it failed.
    #[cfg_attr(feature = "serde", serde(rename = "own_us", serialize_with = "in_json::exactly"))]
    pub own: Duration,
    /// How long its factory waited for other cells.
    #[cfg_attr(feature = "serde", serde(rename = "waiting_us", serialize_with = "in_json::exactly"))]
    pub waiting: Duration,
    /// Why it failed.
    #[cfg_attr(feature = "serde", serde(serialize_with = "in_json::text"))]
    pub error: Option<Error>,
    /// The failed dependency because of which it was skipped.
    pub skipped_for: Option<&'static CellInfo>,
}

/// What became of a cell in a warm-up.
///
/// [`WarmUpReport`] has an example.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum WarmUpOutcome {
    /// It was built.
    Built,
    /// It was ready already.
    Ready,
    /// Its factory failed, or it has none and its payload is not provided.
    Failed,
    /// Something that is injected into it failed.
    Skipped,
}

impl fmt::Display for WarmUpOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Built => "built",
            Self::Ready => "was ready",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
        })
    }
}

impl WarmedCell {
    /// A cell with which nothing had to be done.
    pub(crate) fn ready(info: &'static CellInfo) -> Self {
        let zero = Duration::ZERO;
        let outcome = WarmUpOutcome::Ready;
        Self {
            info,
            outcome,
            started: None,
            took: zero,
            own: zero,
            waiting: zero,
            error: None,
            skipped_for: None,
        }
    }

    /// Why it is not ready: the error with its causes, or what it needs.
    pub(crate) fn note(&self, names: &Names) -> String {
        match (self.outcome, &self.error, self.skipped_for) {
            (WarmUpOutcome::Failed, Some(error), _) => format!("{error:#}"),
            (WarmUpOutcome::Skipped, _, Some(needs)) => format!("needs {}", names.in_report(needs)),
            _ => String::new(),
        }
    }
}

impl WarmUpReport {
    /// Returns `true` if every cell that was wanted is ready.
    ///
    /// [`warm_up`](crate::warm_up()) has an example.
    pub fn is_ok(&self) -> bool {
        self.not_ready().next().is_none()
    }

    /// Turns a warm-up after which a wanted cell is not ready into an error, for callers that propagate it.
    ///
    /// ```
    /// # fn serve() {}
    /// fn main() -> Result<(), cells::BoxError> {
    ///     cells::warm_up().into_result()?;
    ///     Ok(serve())
    /// }
    /// ```
    ///
    /// # Errors
    /// If the report is not [ok](Self::is_ok).
    pub fn into_result(self) -> Result<(), WarmUpError> {
        if self.is_ok() { Ok(()) } else { Err(WarmUpError(self)) }
    }

    fn not_ready(&self) -> impl Iterator<Item = &WarmedCell> {
        self.cells.iter().filter(|cell| !matches!(cell.outcome, WarmUpOutcome::Built | WarmUpOutcome::Ready))
    }
}

/// After a warm-up, not all cells are ready that should be.
///
/// The text names each of them with all its causes, on one line, so there is no
/// [`source`](std::error::Error::source). `{:?}` is the same text.
///
/// ```standalone_crate
/// use cells::{BoxError, runtime_cell};
///
/// #[runtime_cell(eager)]
/// fn db() -> Result<u16, BoxError> {
///     Err("refused".into())
/// }
///
/// let error = cells::warm_up().into_result().unwrap_err();
/// assert!(error.to_string().contains("`db`") && error.to_string().contains("refused"));
/// assert_eq!(error.report().cells[0].info.name, "db");
/// ```
#[derive(Clone)]
pub struct WarmUpError(WarmUpReport);

impl WarmUpError {
    /// Returns the whole report.
    ///
    /// The [type](Self) has an example.
    pub fn report(&self) -> &WarmUpReport {
        &self.0
    }
}

impl fmt::Display for WarmUpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = Names::of_all();
        let lines = self.0.not_ready().map(|cell| match cell.outcome {
            // The error names the cell.
            WarmUpOutcome::Failed if cell.error.is_some() => cell.note(&names),
            _ => format!("cell `{}`: {}", names.apart(cell.info, "` in `"), cell.note(&names)),
        });
        let lines: Vec<_> = lines.map(on_one_line).collect();
        let (failed, all) = (lines.len(), self.0.cells.len());
        write!(f, "{failed} of {all} cells are not ready after the warm-up: {}", lines.join("; "))
    }
}

impl fmt::Debug for WarmUpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for WarmUpError {}

/// A table with one cell a line, and the critical path below it.
impl fmt::Display for WarmUpReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut table = TextTable::new(["cell", "outcome", "own", "waiting", ""]);
        let names = Names::of_all();
        for cell in &self.cells {
            let (own, waiting) = (format!("{:.1?}", cell.own), format!("{:.1?}", cell.waiting));
            table.row([
                names.in_report(cell.info),
                cell.outcome.to_string(),
                own,
                waiting,
                cell.note(&names),
            ]);
        }
        write!(f, "{table}")?;
        let path: Vec<_> = self.critical_path.iter().map(|info| on_one_line(names.in_report(info))).collect();
        write!(f, "took {:.1?}", self.took)?;
        if !path.is_empty() {
            write!(f, "; critical path {} ({:.1?})", path.join(" -> "), self.critical_time)?;
        }
        Ok(())
    }
}
