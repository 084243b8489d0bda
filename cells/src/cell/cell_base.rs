//! What can be asked of every cell, whatever its kind and payload: the bottom of what cells dereference to.

use crate::cell::raw_cell::RawCell;
use crate::cell::snapshot::{CellSnapshot, State};
use crate::observe::observer::Observer;
use crate::payload::read_path::ReadPath;
use std::fmt;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::Arc;

/// What every cell can be asked, declared or not: its name and state, and who observes it.
///
/// All kinds of cells dereference to it. Nothing here runs a factory, waits for one, or ends a payload. Of a cell with
/// `runtime = "own"` it is about the cell of the tokio runtime that the caller runs on.
///
/// ```
/// use cells::{State, runtime_cell};
///
/// #[runtime_cell]
/// fn greeting() -> String {
///     "hello".to_owned()
/// }
///
/// assert_eq!((GREETING.name(), GREETING.state()), ("greeting", State::Empty));
/// drop(greeting());
/// assert!(GREETING.is_ready());
/// ```
pub struct CellBase {
    pub(crate) raw: RawCell,
}

impl CellBase {
    /// The cell that the caller means: in a sandbox one of its own, in the place of this one.
    #[inline]
    pub(crate) fn here(&self) -> &Self {
        #[cfg(feature = "testing")]
        if let Some(twin) = self.raw.twin_here() {
            return twin;
        }
        self
    }

    /// The same, without a payload that has ended.
    fn raw_now(&self) -> &RawCell {
        let here = self.raw.here();
        here.end_if_due();
        here
    }

    /// Returns the cell's name.
    ///
    /// ```
    /// # use cells::RuntimeCell;
    /// let port = RuntimeCell::<u16>::new("port");
    /// assert_eq!(port.name(), "port");
    /// ```
    pub fn name(&self) -> &'static str {
        self.raw.name()
    }

    /// Returns the current state.
    ///
    /// ```
    /// use cells::{RuntimeCell, State};
    ///
    /// let port = RuntimeCell::<u16>::new("port");
    /// assert_eq!(port.state(), State::Empty);
    /// let _ = port.get_or_initialize(|| "http".parse::<u16>());
    /// assert_eq!(port.state(), State::Failed);
    /// ```
    pub fn state(&self) -> State {
        self.raw_now().state()
    }

    /// Returns `true` if a payload is published.
    ///
    /// ```
    /// # use cells::RuntimeCell;
    /// let port = RuntimeCell::new("port");
    /// drop(port.get_or_init(|| 8080));
    /// assert!(port.is_ready());
    /// port.invalidate();
    /// assert!(!port.is_ready());
    /// ```
    pub fn is_ready(&self) -> bool {
        self.raw_now().is_ready()
    }

    /// Returns the generation of the published payload, if there is one.
    ///
    /// ```
    /// # use cells::RuntimeCell;
    /// let port = RuntimeCell::new("port");
    /// assert_eq!(port.generation(), None);
    /// drop(port.get_or_init(|| 8080));
    /// port.invalidate();
    /// drop(port.get_or_init(|| 8081));
    /// assert_eq!(port.generation(), Some(2));
    /// ```
    pub fn generation(&self) -> Option<u64> {
        self.raw_now().generation()
    }

    /// Returns how ready reads of the published payload are synchronized with closes, on which their cost depends; of an
    /// empty cell, how they are in this process ([`read_path`](crate::read_path)). A permanent cell's payload is read
    /// without any of this.
    ///
    /// ```
    /// # use cells::RuntimeCell;
    /// let port = RuntimeCell::new("port");
    /// drop(port.get_or_init(|| 8080));
    /// assert_eq!(port.read_path(), cells::read_path());
    /// ```
    pub fn read_path(&self) -> ReadPath {
        self.raw.here().control.published().read_path()
    }

    /// Returns the state and figures of the cell at this moment.
    ///
    /// The numbers of waiters and leases may change while they are counted: show them, but do not decide by them.
    ///
    /// ```
    /// # use cells::RuntimeCell;
    /// let port = RuntimeCell::new("port");
    /// let lease = port.get_or_init(|| 8080);
    /// let now = port.snapshot();
    /// assert_eq!((now.generation, now.leases, now.counts.builds), (Some(1), 1, 1));
    /// # drop(lease);
    /// ```
    pub fn snapshot(&self) -> CellSnapshot {
        self.raw_now().snapshot()
    }

    /// Sets the cell's observer, which is notified in addition to the global one. A flight under way keeps the observer
    /// that it began with.
    ///
    /// In its events the payload of a permanent cell is a `&'static T`.
    ///
    /// [`Observer`] has an example.
    pub fn configure_observer(&self, observer: Arc<dyn Observer>) {
        self.raw.here().config.observer.configure(observer);
    }
}

/// A panic of the factory, or of any other code of the program, leaves the cell as it was or failed, and poisons nothing.
impl UnwindSafe for CellBase {}
impl RefUnwindSafe for CellBase {}

/// Shows the name and the state, never the payload.
impl fmt::Debug for CellBase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.raw.here().debug("CellBase", f)
    }
}
