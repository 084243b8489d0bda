//! How far work on many cells has come, for whoever shows it.
//!
//! The thread or task that coordinates the work has the [`Watch`], and calls the program's function from it with nothing
//! locked: each time that cells have begun or one has ended, and nothing else can begin at once.

use crate::info::CellInfo;
#[cfg(feature = "serde")]
use crate::observe::in_json;
use crate::observe::user_panic::catch_user_panic;
use std::collections::HashSet;
use std::fmt;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How far a warm-up, a shutdown or a close of all cells has come. `Display` is a line.
///
/// See [`WarmUp::on_progress`](crate::WarmUp::on_progress) and
/// [`ShutdownOptions::on_progress`](crate::ShutdownOptions::on_progress).
///
/// ```
/// use cells::Progress;
///
/// /// A line for a terminal.
/// fn line(progress: &Progress) -> String {
///     format!("{}/{} {}", progress.ended(), progress.total(), progress.running.join(", "))
/// }
///
/// let report = cells::WarmUp::new().on_progress(|progress| eprintln!("{}", line(progress))).run();
/// assert!(report.is_ok());
/// assert_eq!(line(&Progress::default()), "0/0 ");
/// ```
#[derive(Clone, Debug, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Progress {
    /// The names of the cells that are being built or closed, in the order in which they have begun.
    pub running: Vec<&'static str>,
    /// How many cells are done, those of which nothing was to be done included.
    pub done: usize,
    /// The names of the cells that have failed: in a warm-up also those that were skipped because of one, in a shutdown
    /// those that are still in use, or disposing, after their time.
    pub failed: Vec<&'static str>,
    /// How many cells have not begun.
    pub left: usize,
    /// The time since the work began. In JSON it is `elapsed_us`, in whole microseconds.
    #[cfg_attr(feature = "serde", serde(rename = "elapsed_us", serialize_with = "in_json::exactly"))]
    pub elapsed: Duration,
}

impl Progress {
    /// Returns how many cells there are to do, whatever has become of them. A shutdown may find more on its way.
    ///
    /// The [type](Self) has an example.
    pub fn total(&self) -> usize {
        self.ended() + self.running.len() + self.left
    }

    /// Returns how many of them are done or have failed.
    ///
    /// The [type](Self) has an example.
    pub fn ended(&self) -> usize {
        self.done + self.failed.len()
    }
}

impl fmt::Display for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {} cells", self.ended(), self.total())?;
        if !self.failed.is_empty() {
            write!(f, ", {} failed", self.failed.len())?;
        }
        if !self.running.is_empty() {
            write!(f, ", running: {}", self.running.join(", "))?;
        }
        write!(f, " ({:.1?})", self.elapsed)
    }
}

/// The program's function.
#[derive(Clone)]
pub(crate) struct Listener(Arc<dyn Fn(&Progress) + Send + Sync>);

impl Listener {
    pub(crate) fn new(listener: impl Fn(&Progress) + Send + Sync + 'static) -> Self {
        Self(Arc::new(listener))
    }
}

/// Its panics are caught.
impl UnwindSafe for Listener {}
impl RefUnwindSafe for Listener {}

impl fmt::Debug for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Listener")
    }
}

/// What the function is called with. Without a function it keeps nothing.
pub(crate) struct Watch(Option<Watched>);

struct Watched {
    listener: Listener,
    started: Instant,
    waiting: HashSet<usize>,
    /// Those whose names are in `progress.running`.
    running: Vec<usize>,
    progress: Progress,
    changed: bool,
}

impl Watch {
    /// `nodes` are those with which something is probably to be done.
    pub(crate) fn new(listener: Option<Listener>, nodes: impl Iterator<Item = usize>) -> Self {
        Self(listener.map(|listener| Watched {
            listener,
            started: Instant::now(),
            waiting: nodes.collect(),
            running: Vec::new(),
            progress: Progress::default(),
            changed: true,
        }))
    }

    pub(crate) fn begun(&mut self, node: usize, cell: &CellInfo) {
        if let Some(this) = &mut self.0 {
            this.waiting.remove(&node);
            this.running.push(node);
            this.progress.running.push(cell.name);
            this.changed = true;
        }
    }

    /// Whether or not it had begun.
    pub(crate) fn ended(&mut self, node: usize, cell: &CellInfo, is_ok: bool) {
        let Some(this) = &mut self.0 else { return };
        this.waiting.remove(&node);
        if let Some(place) = this.running.iter().position(|&running| running == node) {
            this.running.remove(place);
            this.progress.running.remove(place);
        }
        if is_ok {
            this.progress.done += 1;
        } else {
            this.progress.failed.push(cell.name);
        }
        this.changed = true;
    }

    /// There is nothing to be done with it after all, if there seemed to be.
    pub(crate) fn untouched(&mut self, node: usize) {
        if let Some(this) = &mut self.0 {
            if this.waiting.remove(&node) {
                this.progress.done += 1;
                this.changed = true;
            }
        }
    }

    /// Calls the function, if something has changed since it was called.
    pub(crate) fn report(&mut self) {
        let Some(this) = &mut self.0 else { return };
        if std::mem::take(&mut this.changed) {
            this.progress.left = this.waiting.len();
            this.progress.elapsed = this.started.elapsed();
            catch_user_panic("", || (this.listener.0)(&this.progress));
        }
    }
}
