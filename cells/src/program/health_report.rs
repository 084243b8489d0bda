//! Whether the program is well, as data and as text.

use crate::info::CellInfo;
use crate::program::all_cells::Names;
use crate::text::on_one_line;
use std::fmt;

/// Whether the program is well: the answers to the three questions that an orchestrator asks.
///
/// As text it is a few lines, one for each answer and one for each cell that is the reason for a "no". As JSON it is the
/// same as data; a cell is its name.
///
/// [`health`](crate::health()) has an example.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[must_use = "it is the answer to a question"]
#[non_exhaustive]
pub struct Health {
    /// Whether the program has started: every cell declared `eager` has been ready once. It never goes back to "no".
    pub startup: Verdict,
    /// Whether the program can take on work: it has started, is not shutting down, and every cell that it needs is well.
    pub ready: Verdict,
    /// Whether nothing is stuck: no factory and no disposer has been running for longer than the
    /// [limit](crate::HealthProbe::alive_limit). If it is not alive, only a restart helps.
    pub alive: Verdict,
    /// What is wrong with cells declared `optional`, which makes the program no less ready.
    pub degraded: Vec<Trouble>,
}

/// One of the answers in a [`Health`].
///
/// ```
/// let ready = cells::health().ready;
/// println!("{} {ready}", ready.status_code()); // `200 yes`, or `503 no` and the reasons
/// assert_eq!(ready.ok, ready.troubles.is_empty());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Verdict {
    /// Whether it is "yes".
    pub ok: bool,
    /// Why it is "no", in the order of [`all`](crate::all).
    pub troubles: Vec<Trouble>,
}

/// What is wrong, in one line.
///
/// ```standalone_crate
/// use cells::{BoxError, runtime_cell};
///
/// #[runtime_cell]
/// fn db() -> Result<u16, BoxError> {
///     Err("refused".into())
/// }
///
/// assert!(db().is_err());
/// let trouble = &cells::health().ready.troubles[0];
/// assert_eq!((trouble.cell.as_deref(), trouble.why.as_str()), (Some("db"), "it failed: refused"));
/// assert_eq!(trouble.to_string(), "db: it failed: refused");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Trouble {
    /// The cell's name, with its module where two cells have the same; `None` if it is about the program.
    pub cell: Option<String>,
    /// What is wrong with it.
    pub why: String,
}

impl Trouble {
    pub(crate) fn of(cell: &CellInfo, names: &Names, why: String) -> Self {
        Self { cell: Some(on_one_line(names.in_report(cell))), why: on_one_line(why) }
    }

    pub(crate) fn of_program(why: &str) -> Self {
        Self { cell: None, why: why.to_owned() }
    }
}

/// `db: it cools down for 1.2s: connection refused`
impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.cell {
            Some(cell) => write!(f, "{cell}: {}", self.why),
            None => f.write_str(&self.why),
        }
    }
}

impl Verdict {
    pub(crate) fn of(troubles: Vec<Trouble>) -> Self {
        Self { ok: troubles.is_empty(), troubles }
    }

    /// Returns the HTTP status that says it: 200 for "yes", 503 for "no".
    ///
    /// The [type](Self) has an example.
    pub fn status_code(&self) -> u16 {
        if self.ok { 200 } else { 503 }
    }
}

/// `yes`, or `no` and below it a line for each trouble.
impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.ok { "yes" } else { "no" })?;
        lines(&self.troubles, f)
    }
}

impl fmt::Display for Health {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { startup, ready, alive, degraded } = self;
        write!(f, "startup: {startup}\nready: {ready}\nalive: {alive}")?;
        if !degraded.is_empty() {
            f.write_str("\ndegraded")?;
        }
        lines(degraded, f)
    }
}

fn lines(troubles: &[Trouble], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    troubles.iter().try_for_each(|trouble| write!(f, "\n  {trouble}"))
}
